/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_LIST_H
#define FXM_KERNEL_LINUX_LIST_H

/* Circular doubly linked lists: a head that points at itself is empty. */

#include <linux/container_of.h>
#include <linux/types.h>

#define LIST_POISON1 ((void *)0x100)
#define LIST_POISON2 ((void *)0x122)

#define LIST_HEAD_INIT(name)                                                                                                       \
	{                                                                                                                          \
		&(name), &(name)                                                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

FXM_K_INLINE void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

FXM_K_INLINE void __list_add(struct list_head *entry, struct list_head *before, struct list_head *after)
{
	entry->prev = before;
	entry->next = after;
	before->next = entry;
	after->prev = entry;
}

FXM_K_INLINE void list_add(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head, head->next);
}

FXM_K_INLINE void list_add_tail(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

FXM_K_INLINE void __list_del(struct list_head *before, struct list_head *after)
{
	before->next = after;
	after->prev = before;
}

FXM_K_INLINE void list_del(struct list_head *entry)
{
	__list_del(entry->prev, entry->next);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

FXM_K_INLINE void list_del_init(struct list_head *entry)
{
	__list_del(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

FXM_K_INLINE void list_move(struct list_head *entry, struct list_head *head)
{
	__list_del(entry->prev, entry->next);
	list_add(entry, head);
}

FXM_K_INLINE void list_move_tail(struct list_head *entry, struct list_head *head)
{
	__list_del(entry->prev, entry->next);
	list_add_tail(entry, head);
}

FXM_K_INLINE int list_empty(const struct list_head *head)
{
	return head->next == head;
}

FXM_K_INLINE int list_is_last(const struct list_head *entry, const struct list_head *head)
{
	return entry->next == head;
}

FXM_K_INLINE void list_splice_init(struct list_head *from, struct list_head *head)
{
	if (list_empty(from))
		return;
	from->next->prev = head;
	from->prev->next = head->next;
	head->next->prev = from->prev;
	head->next = from->next;
	INIT_LIST_HEAD(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) (list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head) for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_prev_safe(pos, n, head) for (pos = (head)->prev, n = pos->prev; pos != (head); pos = n, n = pos->prev)
#define list_for_each_safe(pos, n, head) for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_entry(pos, head, member)                                                                                     \
	for (pos = list_first_entry(head, __typeof__(*pos), member); &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)                                                                             \
	for (pos = list_last_entry(head, __typeof__(*pos), member); &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)                                                                             \
	for (pos = list_first_entry(head, __typeof__(*pos), member), n = list_next_entry(pos, member); &pos->member != (head);     \
	     pos = n, n = list_next_entry(n, member))

#define list_for_each_entry_safe_reverse(pos, n, head, member)                                                                     \
	for (pos = list_last_entry(head, __typeof__(*pos), member), n = list_prev_entry(pos, member); &pos->member != (head);      \
	     pos = n, n = list_prev_entry(n, member))
#define list_for_each_entry_from(pos, head, member) for (; &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_continue(pos, head, member)                                                                            \
	for (pos = list_next_entry(pos, member); &pos->member != (head); pos = list_next_entry(pos, member))
#define list_entry_is_head(pos, head, member) (&pos->member == (head))

FXM_K_INLINE int list_is_first(const struct list_head *entry, const struct list_head *head)
{
	return entry->prev == head;
}

FXM_K_INLINE int list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

FXM_K_INLINE void list_splice_tail_init(struct list_head *from, struct list_head *head)
{
	list_splice_init(from, head->prev);
}

/* ---- lists with a head of one pointer; a node knows what points at it ---- */

#define HLIST_HEAD_INIT                                                                                                            \
	{                                                                                                                          \
		.first = NULL                                                                                                      \
	}
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head) ((void)((head)->first = NULL))

FXM_K_INLINE void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

FXM_K_INLINE int hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

FXM_K_INLINE int hlist_empty(const struct hlist_head *head)
{
	return !head->first;
}

FXM_K_INLINE void __hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}

FXM_K_INLINE void hlist_del(struct hlist_node *node)
{
	__hlist_del(node);
	node->next = (struct hlist_node *)LIST_POISON1;
	node->pprev = (struct hlist_node **)LIST_POISON2;
}

FXM_K_INLINE void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	__hlist_del(node);
	INIT_HLIST_NODE(node);
}

/* Puts @node where @link points. */
FXM_K_INLINE void fxm_k_hlist_insert(struct hlist_node *node, struct hlist_node **link)
{
	node->next = *link;
	node->pprev = link;
	if (node->next)
		node->next->pprev = &node->next;
	*link = node;
}

FXM_K_INLINE void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	fxm_k_hlist_insert(node, &head->first);
}

FXM_K_INLINE void hlist_add_before(struct hlist_node *node, struct hlist_node *other)
{
	fxm_k_hlist_insert(node, other->pprev);
}

FXM_K_INLINE void hlist_add_behind(struct hlist_node *node, struct hlist_node *other)
{
	fxm_k_hlist_insert(node, &other->next);
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member)                                                                                        \
	({                                                                                                                         \
		__typeof__(ptr) fxm_k_node = (ptr);                                                                                \
		fxm_k_node ? hlist_entry(fxm_k_node, type, member) : NULL;                                                         \
	})
#define hlist_for_each(pos, head) for (pos = (head)->first; pos; pos = pos->next)
#define hlist_for_each_safe(pos, n, head) for (pos = (head)->first; pos && (n = pos->next, 1); pos = n)
#define hlist_for_each_entry(pos, head, member)                                                                                    \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos;                                               \
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member)                                                                            \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos && (n = pos->member.next, 1);                  \
	     pos = hlist_entry_safe(n, __typeof__(*(pos)), member))

#endif
