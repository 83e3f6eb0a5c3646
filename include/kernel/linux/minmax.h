/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MINMAX_H
#define FXM_KERNEL_LINUX_MINMAX_H

/* Each argument is evaluated once. */

#include <linux/compiler.h>

#define FXM_K_PICK(x, y, op)                                                                                                       \
	({                                                                                                                         \
		__typeof__(x) fxm_x = (x);                                                                                         \
		__typeof__(y) fxm_y = (y);                                                                                         \
		fxm_x op fxm_y ? fxm_x : fxm_y;                                                                                    \
	})
#define FXM_K_PICK_T(type, x, y, op)                                                                                               \
	({                                                                                                                         \
		type fxm_x = (x);                                                                                                  \
		type fxm_y = (y);                                                                                                  \
		fxm_x op fxm_y ? fxm_x : fxm_y;                                                                                    \
	})

#ifndef min
#define min(x, y) FXM_K_PICK(x, y, <)
#endif
#ifndef max
#define max(x, y) FXM_K_PICK(x, y, >)
#endif
#define min_t(type, x, y) FXM_K_PICK_T(type, x, y, <)
#define max_t(type, x, y) FXM_K_PICK_T(type, x, y, >)
#define min3(x, y, z) min(min(x, y), z)
#define max3(x, y, z) max(max(x, y), z)
#define clamp(val, lo, hi) min(max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#define swap(a, b)                                                                                                                 \
	do {                                                                                                                       \
		__typeof__(a) fxm_swap = (a);                                                                                      \
		(a) = (b);                                                                                                         \
		(b) = fxm_swap;                                                                                                    \
	} while (0)

#endif
