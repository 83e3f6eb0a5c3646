/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BITOPS_H
#define FXM_KERNEL_LINUX_BITOPS_H

/* Bits of arrays of words. The forms without underscores are atomic; those that return the old bit order everything. */

#include <linux/bits.h>
#include <linux/types.h>

#define BIT_MASK(nr) (1UL << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define BITS_PER_BYTE 8
#define BITS_TO_LONGS(bits) (((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG)

FXM_K_INLINE void set_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_or(words + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED);
}

FXM_K_INLINE void clear_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_and(words + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_RELAXED);
}

FXM_K_INLINE void change_bit(long nr, volatile unsigned long *words)
{
	__atomic_fetch_xor(words + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED);
}

FXM_K_INLINE int test_bit(long nr, const volatile unsigned long *words)
{
	return (words[BIT_WORD(nr)] & BIT_MASK(nr)) != 0;
}

FXM_K_INLINE int test_and_set_bit(long nr, volatile unsigned long *words)
{
	return (__atomic_fetch_or(words + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}

FXM_K_INLINE int test_and_clear_bit(long nr, volatile unsigned long *words)
{
	return (__atomic_fetch_and(words + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}

#define __set_bit(nr, words) ((void)((words)[BIT_WORD(nr)] |= BIT_MASK(nr)))
#define __clear_bit(nr, words) ((void)((words)[BIT_WORD(nr)] &= ~BIT_MASK(nr)))
#define smp_mb__before_atomic() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_mb__after_atomic() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#define __ffs(word) ((unsigned long)__builtin_ctzl(word))
#define __fls(word) ((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(word)))
#define ffz(word) __ffs(~(word))
#define hweight8(word) ((unsigned int)__builtin_popcount((u8)(word)))
#define hweight16(word) ((unsigned int)__builtin_popcount((u16)(word)))
#define hweight32(word) ((unsigned int)__builtin_popcount((u32)(word)))
#define hweight64(word) ((unsigned long)__builtin_popcountll((u64)(word)))
#define hweight_long(word) hweight64(word)

/* The position of the highest bit, counted from 1; 0 for none. */
FXM_K_INLINE int fls(unsigned int word)
{
	return word ? 32 - __builtin_clz(word) : 0;
}

FXM_K_INLINE int fls64(u64 word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

#define fls_long(word) ((unsigned int)fls64(word))

#endif
