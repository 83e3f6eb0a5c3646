/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BUILD_BUG_H
#define FXM_KERNEL_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

/* Refused while compiling when @cond is true or is not a constant; usable inside functions. */
#define BUILD_BUG_ON(cond) ((void)sizeof(char[1 - 2 * !!(cond)]))
#define BUILD_BUG_ON_MSG(cond, msg) _Static_assert(!(cond), msg)
#define BUILD_BUG_ON_ZERO(e) ((int)sizeof(struct { int : (-!!(e)); }))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || (((n) & ((n)-1)) != 0))
#define BUILD_BUG() BUILD_BUG_ON(1)

#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
