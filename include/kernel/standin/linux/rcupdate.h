/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RCUPDATE_H
#define FXM_KERNEL_LINUX_RCUPDATE_H

/* Nothing is ever read while it is replaced: a grace period is over at once. */

#include <linux/atomic.h>
#include <linux/slab.h>

#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define rcu_read_lock_held() 1
#define synchronize_rcu() ((void)0)
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_raw(p) READ_ONCE(p)
#define rcu_dereference_check(p, c) READ_ONCE(p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, v)
#define kfree_rcu(object, member) kfree(object)
#define call_rcu(head, fn) (fn)(head)
#define __rcu_access_pointer(p) READ_ONCE(p)
#define rcu_lock_acquire(map) ((void)0)
#define rcu_lock_release(map) ((void)0)
#define rcu_barrier() ((void)0)
#define rcu_head_init(head) ((void)(head))
#define RCU_INITIALIZER(v) (v)

#endif
