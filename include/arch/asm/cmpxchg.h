/* SPDX-License-Identifier: MIT */
#ifndef _ASM_CMPXCHG_H
#define _ASM_CMPXCHG_H

/* Exchanges of 1, 2, 4 and 8 bytes, by the compiler. */

#include <linux/compiler.h>
#include <linux/types.h>

extern void __fxm_xchg_bad_size(void);

static __always_inline unsigned long __fxm_xchg(volatile void *at, unsigned long value, int size)
{
	switch (size) {
	case 1:
		return __atomic_exchange_n((volatile u8 *)at, (u8)value, __ATOMIC_SEQ_CST);
	case 2:
		return __atomic_exchange_n((volatile u16 *)at, (u16)value, __ATOMIC_SEQ_CST);
	case 4:
		return __atomic_exchange_n((volatile u32 *)at, (u32)value, __ATOMIC_SEQ_CST);
	case 8:
		return __atomic_exchange_n((volatile u64 *)at, value, __ATOMIC_SEQ_CST);
	}
	__fxm_xchg_bad_size();
	return 0;
}

static __always_inline unsigned long __fxm_cmpxchg(volatile void *at, unsigned long old, unsigned long value, int size)
{
	switch (size) {
	case 1:
		return __sync_val_compare_and_swap((volatile u8 *)at, (u8)old, (u8)value);
	case 2:
		return __sync_val_compare_and_swap((volatile u16 *)at, (u16)old, (u16)value);
	case 4:
		return __sync_val_compare_and_swap((volatile u32 *)at, (u32)old, (u32)value);
	case 8:
		return __sync_val_compare_and_swap((volatile u64 *)at, old, value);
	}
	__fxm_xchg_bad_size();
	return 0;
}

#define arch_xchg(at, value) ((__typeof__(*(at)))__fxm_xchg((at), (unsigned long)(value), sizeof(*(at))))
#define arch_cmpxchg(at, old, value)                                                                                               \
	((__typeof__(*(at)))__fxm_cmpxchg((at), (unsigned long)(old), (unsigned long)(value), sizeof(*(at))))
#define arch_cmpxchg_local arch_cmpxchg
#define arch_cmpxchg64 arch_cmpxchg
#define arch_cmpxchg64_local arch_cmpxchg

#endif
