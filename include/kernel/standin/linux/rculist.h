/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RCULIST_H
#define FXM_KERNEL_LINUX_RCULIST_H

#if __has_include_next(<linux/rculist.h>)
#include_next <linux/rculist.h>
#else

/* Nothing is read while it is replaced, so these are the lists. */

#include <linux/list.h>
#include <linux/rcupdate.h>

#define INIT_LIST_HEAD_RCU(head) INIT_LIST_HEAD(head)
#define list_add_rcu(entry, head) list_add(entry, head)
#define list_add_tail_rcu(entry, head) list_add_tail(entry, head)
#define list_del_rcu(entry) list_del(entry)
#define list_replace_rcu(old, entry) list_replace(old, entry)
#define list_for_each_entry_rcu(pos, head, member, ...) list_for_each_entry(pos, head, member)
#define list_entry_rcu(pointer, type, member) list_entry(pointer, type, member)
#define list_first_or_null_rcu(head, type, member) (list_empty(head) ? NULL : list_first_entry(head, type, member))
#define hlist_add_head_rcu(node, head) hlist_add_head(node, head)
#define hlist_del_rcu(node) hlist_del(node)
#define hlist_for_each_entry_rcu(pos, head, member, ...) hlist_for_each_entry(pos, head, member)

#endif
#endif
