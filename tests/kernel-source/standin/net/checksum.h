/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_NET_CHECKSUM_H
#define STANDIN_NET_CHECKSUM_H

/* The Internet's checksum, byte by byte. */

#include <linux/string.h>
#include <linux/types.h>

static inline __wsum csum_partial(const void *from, int len, __wsum sum)
{
	const unsigned char *byte = from;
	u64 total = sum;

	for (int i = 0; i < len; i++)
		total += (u32)byte[i] << 8 * (i % 2);
	while (total >> 32)
		total = (total & 0xffffffff) + (total >> 32);
	return (__wsum)total;
}

static inline __wsum csum_partial_copy_nocheck(const void *from, void *to, int len)
{
	memcpy(to, from, (size_t)len);
	return csum_partial(from, len, 0);
}

static inline __wsum csum_add(__wsum a, __wsum b)
{
	u64 total = (u64)a + b;
	return (__wsum)(total + (total >> 32));
}

static inline __wsum csum_shift(__wsum sum, int offset)
{
	return offset & 1 ? sum >> 8 | sum << 24 : sum;
}

#define csum_block_add(a, b, offset) csum_add(a, csum_shift(b, offset))
#define csum_and_copy_from_user(from, to, len) csum_partial_copy_nocheck(from, to, len)
#define csum_and_copy_to_user(from, to, len) csum_partial_copy_nocheck(from, to, len)

#endif
