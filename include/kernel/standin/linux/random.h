/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RANDOM_H
#define FXM_KERNEL_LINUX_RANDOM_H

#if __has_include_next(<linux/random.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/random.h>
#else

/* Numbers that look random and are the same in every run. */

#include <linux/types.h>

FXM_K_INLINE u64 fxm_k_random(void)
{
	static u64 state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

FXM_K_INLINE void get_random_bytes(void *to, size_t size)
{
	unsigned char *byte = (unsigned char *)to;

	while (size--)
		*byte++ = (unsigned char)(fxm_k_random() >> 24);
}

#define get_random_u8() ((u8)(fxm_k_random() >> 24))
#define get_random_u16() ((u16)(fxm_k_random() >> 24))
#define get_random_u32() ((u32)(fxm_k_random() >> 24))
#define get_random_u64() fxm_k_random()
#define get_random_int() get_random_u32()
#define get_random_long() ((unsigned long)fxm_k_random())
#define prandom_u32() get_random_u32()
#define prandom_bytes(to, size) get_random_bytes(to, size)
#define get_random_u32_below(end) ((u32)(get_random_u32() % (u32)(end)))
#define prandom_u32_max(end) get_random_u32_below(end)

#endif
#endif
