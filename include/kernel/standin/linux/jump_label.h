/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_JUMP_LABEL_H
#define FXM_KERNEL_LINUX_JUMP_LABEL_H

#if __has_include_next(<linux/jump_label.h>)
#include_next <linux/jump_label.h>
#else

/* Switches that code seldom changes: here a test like any other. */

#include <linux/atomic.h>
#include <linux/compiler.h>

struct static_key {
	atomic_t enabled;
};
struct static_key_true {
	struct static_key key;
};
struct static_key_false {
	struct static_key key;
};
#define FXM_K_STATIC_KEY(n)                                                                                                        \
	{                                                                                                                          \
		{                                                                                                                  \
			ATOMIC_INIT(n)                                                                                             \
		}                                                                                                                  \
	}
#define STATIC_KEY_TRUE_INIT FXM_K_STATIC_KEY(1)
#define STATIC_KEY_FALSE_INIT FXM_K_STATIC_KEY(0)
#define DEFINE_STATIC_KEY_TRUE(name) struct static_key_true name = STATIC_KEY_TRUE_INIT
#define DEFINE_STATIC_KEY_FALSE(name) struct static_key_false name = STATIC_KEY_FALSE_INIT
#define DECLARE_STATIC_KEY_TRUE(name) extern struct static_key_true name
#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define static_key_enabled(x) (atomic_read(&(x)->key.enabled) > 0)
#define static_branch_likely(x) likely(static_key_enabled(x))
#define static_branch_unlikely(x) unlikely(static_key_enabled(x))
#define static_branch_enable(x) atomic_set(&(x)->key.enabled, 1)
#define static_branch_disable(x) atomic_set(&(x)->key.enabled, 0)
#define static_branch_inc(x) atomic_inc(&(x)->key.enabled)
#define static_branch_dec(x) atomic_dec(&(x)->key.enabled)

#endif
#endif
