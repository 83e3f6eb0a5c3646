/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BITOPS_H
#define FXM_KERNEL_LINUX_BITOPS_H

/* Bits of arrays of words. The forms without underscores are atomic; those that return the old bit order everything. */

#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/types.h>

#define BIT_MASK(nr) (1UL << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define BITS_PER_BYTE 8
#define BITS_TO_U64(bits) (((bits) + 63) / 64)
#define BITS_TO_U32(bits) (((bits) + 31) / 32)
#define BITS_TO_BYTES(bits) (((bits) + 7) / 8)
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

FXM_K_INLINE int test_and_change_bit(long nr, volatile unsigned long *words)
{
	return (__atomic_fetch_xor(&words[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}

FXM_K_INLINE void __change_bit(long nr, volatile unsigned long *words)
{
	words[BIT_WORD(nr)] ^= BIT_MASK(nr);
}

FXM_K_INLINE void __set_bit(long nr, volatile unsigned long *words)
{
	words[BIT_WORD(nr)] |= BIT_MASK(nr);
}

FXM_K_INLINE void __clear_bit(long nr, volatile unsigned long *words)
{
	words[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

FXM_K_INLINE int __test_and_set_bit(long nr, volatile unsigned long *words)
{
	int old = test_bit(nr, words);
	__set_bit(nr, words);
	return old;
}

FXM_K_INLINE int __test_and_clear_bit(long nr, volatile unsigned long *words)
{
	int old = test_bit(nr, words);
	__clear_bit(nr, words);
	return old;
}

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

#define ffs(word) __builtin_ffs((int)(word))
FXM_K_INLINE u32 rol32(u32 word, unsigned int n)
{
	return word << (n & 31) | word >> (-n & 31);
}

FXM_K_INLINE u32 ror32(u32 word, unsigned int n)
{
	return rol32(word, -n);
}

#define fls_long(word) ((unsigned int)fls64(word))

#if __has_include(<asm-generic/bitops/le.h>)
#include <asm-generic/bitops/le.h>
#endif

#endif
