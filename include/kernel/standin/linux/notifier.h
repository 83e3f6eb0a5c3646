/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_NOTIFIER_H
#define FXM_KERNEL_LINUX_NOTIFIER_H

#if __has_include_next(<linux/notifier.h>)
#include_next <linux/notifier.h>
#else

/* Chains of functions that are told of an event, the highest priority first. */

#include <linux/errno.h>
#include <linux/types.h>

#define NOTIFY_DONE 0x0000
#define NOTIFY_OK 0x0001
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP (NOTIFY_OK | NOTIFY_STOP_MASK)

struct notifier_block {
	int (*notifier_call)(struct notifier_block *block, unsigned long action, void *data);
	struct notifier_block *next;
	int priority;
};

struct raw_notifier_head {
	struct notifier_block *head;
};
#define atomic_notifier_head raw_notifier_head
#define blocking_notifier_head raw_notifier_head
#define RAW_NOTIFIER_HEAD(name) struct raw_notifier_head name = {NULL}
#define ATOMIC_NOTIFIER_HEAD(name) RAW_NOTIFIER_HEAD(name)
#define BLOCKING_NOTIFIER_HEAD(name) RAW_NOTIFIER_HEAD(name)
#define RAW_INIT_NOTIFIER_HEAD(chain) ((void)((chain)->head = NULL))
#define ATOMIC_INIT_NOTIFIER_HEAD(chain) RAW_INIT_NOTIFIER_HEAD(chain)
#define BLOCKING_INIT_NOTIFIER_HEAD(chain) RAW_INIT_NOTIFIER_HEAD(chain)

FXM_K_INLINE int raw_notifier_chain_register(struct raw_notifier_head *chain, struct notifier_block *block)
{
	struct notifier_block **at = &chain->head;

	while (*at && *at != block && (*at)->priority >= block->priority)
		at = &(*at)->next;
	if (*at == block)
		return -EEXIST;
	block->next = *at;
	*at = block;
	return 0;
}

FXM_K_INLINE int raw_notifier_chain_unregister(struct raw_notifier_head *chain, struct notifier_block *block)
{
	for (struct notifier_block **at = &chain->head; *at; at = &(*at)->next)
		if (*at == block) {
			*at = block->next;
			return 0;
		}
	return -ENOENT;
}

FXM_K_INLINE int raw_notifier_call_chain(struct raw_notifier_head *chain, unsigned long action, void *data)
{
	struct notifier_block *next;
	int result = NOTIFY_DONE;

	for (struct notifier_block *block = chain->head; block && !(result & NOTIFY_STOP_MASK); block = next) {
		next = block->next;
		result = block->notifier_call(block, action, data);
	}
	return result;
}

#define atomic_notifier_chain_register raw_notifier_chain_register
#define atomic_notifier_chain_unregister raw_notifier_chain_unregister
#define atomic_notifier_call_chain raw_notifier_call_chain
#define blocking_notifier_chain_register raw_notifier_chain_register
#define blocking_notifier_chain_unregister raw_notifier_chain_unregister
#define blocking_notifier_call_chain raw_notifier_call_chain

#endif
#endif
