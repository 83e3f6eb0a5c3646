/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BITMAP_H
#define FXM_KERNEL_LINUX_BITMAP_H

#if __has_include_next(<linux/bitmap.h>)
#include_next <linux/bitmap.h>
#else

/* Bits in arrays of words. */

#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/types.h>

#define bitmap_zero(map, bits) ((void)memset(map, 0, BITS_TO_LONGS(bits) * sizeof(unsigned long)))
#define bitmap_fill(map, bits) ((void)memset(map, 0xff, BITS_TO_LONGS(bits) * sizeof(unsigned long)))
#define bitmap_copy(to, from, bits) ((void)memcpy(to, from, BITS_TO_LONGS(bits) * sizeof(unsigned long)))

FXM_K_INLINE void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__set_bit(start++, map);
}

FXM_K_INLINE void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__clear_bit(start++, map);
}

/* @size: there is none. */
FXM_K_INLINE unsigned long fxm_k_find_bit(const unsigned long *map, unsigned long size, unsigned long from, int wanted)
{
	while (from < size && test_bit((long)from, map) != wanted)
		from++;
	return from < size ? from : size;
}
#define find_first_bit(map, size) fxm_k_find_bit(map, size, 0, 1)
#define find_next_bit(map, size, from) fxm_k_find_bit(map, size, from, 1)
#define find_first_zero_bit(map, size) fxm_k_find_bit(map, size, 0, 0)
#define find_next_zero_bit(map, size, from) fxm_k_find_bit(map, size, from, 0)
#define for_each_set_bit(bit, map, size)                                                                                           \
	for ((bit) = find_first_bit(map, size); (bit) < (size); (bit) = find_next_bit(map, size, (bit) + 1))

FXM_K_INLINE unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int n = 0;
	unsigned long bit;

	for_each_set_bit(bit, map, bits) n++;
	return n;
}
#define bitmap_empty(map, bits) (find_first_bit(map, bits) == (bits))
#define bitmap_full(map, bits) (find_first_zero_bit(map, bits) == (bits))

#endif
#endif
