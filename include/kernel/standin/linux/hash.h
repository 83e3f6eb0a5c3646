/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_HASH_H
#define FXM_KERNEL_LINUX_HASH_H

#if __has_include_next(<linux/hash.h>)
#include_next <linux/hash.h>
#else

#include <linux/types.h>

#define GOLDEN_RATIO_32 0x61C88647u
#define GOLDEN_RATIO_64 0x61C8864680B583EBull
#define hash_32(value, bits) (((u32)(value)*GOLDEN_RATIO_32) >> (32 - (bits)))
#define hash_64(value, bits) ((u32)(((u64)(value)*GOLDEN_RATIO_64) >> (64 - (bits))))
#define hash_long(value, bits) hash_64(value, bits)
#define hash_ptr(pointer, bits) hash_long((unsigned long)(pointer), bits)

#endif
#endif
