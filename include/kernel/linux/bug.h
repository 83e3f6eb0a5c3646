/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BUG_H
#define FXM_KERNEL_LINUX_BUG_H

/* BUG ends the task, as in the kernel; WARN reports and goes on. */

#include <linux/build_bug.h>
#include <linux/stringify.h>
#include <linux/types.h>

#define FXM_K_WHERE __FILE__ ":" __stringify(__LINE__)

#define BUG() fxm_k_bug(FXM_K_WHERE)
#define BUG_ON(cond) ((void)(unlikely(cond) ? (BUG(), 0) : 0))

#define WARN(cond, ...)                                                                                                            \
	({                                                                                                                         \
		int fxm_warn_cond = !!(cond);                                                                                      \
		if (unlikely(fxm_warn_cond))                                                                                       \
			fxm_k_warn(FXM_K_WHERE, __VA_ARGS__);                                                                      \
		unlikely(fxm_warn_cond);                                                                                           \
	})
#define WARN_ON(cond) WARN(cond, "%s", "")
#define WARN_ONCE(cond, ...)                                                                                                       \
	({                                                                                                                         \
		static bool fxm_warned;                                                                                            \
		int fxm_once_cond = !!(cond);                                                                                      \
		if (unlikely(fxm_once_cond && !fxm_warned)) {                                                                      \
			fxm_warned = true;                                                                                         \
			fxm_k_warn(FXM_K_WHERE, __VA_ARGS__);                                                                      \
		}                                                                                                                  \
		unlikely(fxm_once_cond);                                                                                           \
	})
#define WARN_ON_ONCE(cond) WARN_ONCE(cond, "%s", "")

#define dump_stack() fxm_k_dump_stack()

#endif
