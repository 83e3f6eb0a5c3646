/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BUILD_BUG_H
#define FXM_KERNEL_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

/*
 * Refused while compiling when @cond is true as far as the optimiser can tell; inside functions. Without an optimiser nothing is
 * checked, as in the kernel.
 */
#ifdef __OPTIMIZE__
#define FXM_K_REFUSE_(cond, msg, id)                                                                                               \
	do {                                                                                                                       \
		extern void fxm_k_refused_##id(void) __attribute__((error(msg)));                                                  \
		if (cond)                                                                                                          \
			fxm_k_refused_##id();                                                                                      \
	} while (0)
#else
#define FXM_K_REFUSE_(cond, msg, id) ((void)sizeof((cond)))
#endif
#define FXM_K_REFUSE(cond, msg, id) FXM_K_REFUSE_(cond, msg, id)
#define BUILD_BUG_ON_MSG(cond, msg) FXM_K_REFUSE(cond, msg, __COUNTER__)
#define BUILD_BUG_ON(cond) BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON failed: " #cond)
#define BUILD_BUG_ON_INVALID(e) ((void)sizeof((long)(e)))
#define compiletime_assert(cond, msg) BUILD_BUG_ON_MSG(!(cond), msg)
#define BUILD_BUG_ON_ZERO(e) ((int)sizeof(struct { int : (-!!(e)); }))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || (((n) & ((n)-1)) != 0))
#define BUILD_BUG() BUILD_BUG_ON(1)

#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
