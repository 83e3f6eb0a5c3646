/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_TYPECHECK_H
#define FXM_KERNEL_LINUX_TYPECHECK_H

/* 1; a warning when @x is of another type. */
#define typecheck(type, x)                                                                                                         \
	({                                                                                                                         \
		type fxm_k_wanted;                                                                                                 \
		__typeof__(x) fxm_k_given;                                                                                         \
		(void)(&fxm_k_wanted == &fxm_k_given);                                                                             \
		1;                                                                                                                 \
	})
#define typecheck_fn(type, function)                                                                                               \
	({                                                                                                                         \
		__typeof__(type) fxm_k_function = (function);                                                                      \
		(void)fxm_k_function;                                                                                              \
	})

#endif
