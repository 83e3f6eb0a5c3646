/* SPDX-License-Identifier: MIT */
#ifndef _ASM_SPINLOCK_TYPES_H
#define _ASM_SPINLOCK_TYPES_H

/* struct fxm_k_lock of the library, which knows who holds what and says when nobody will release it. */
typedef struct {
	volatile unsigned int taken;
	const void *holder;
} arch_spinlock_t;

/* Readers, or -1: a writer. */
typedef struct {
	volatile int count;
} arch_rwlock_t;

#define __ARCH_SPIN_LOCK_UNLOCKED                                                                                                  \
	{                                                                                                                          \
		0                                                                                                                  \
	}
#define __ARCH_RW_LOCK_UNLOCKED                                                                                                    \
	{                                                                                                                          \
		0                                                                                                                  \
	}

#endif
