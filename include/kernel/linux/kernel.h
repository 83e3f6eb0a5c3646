/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KERNEL_H
#define FXM_KERNEL_LINUX_KERNEL_H

#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/typecheck.h>
#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]) + BUILD_BUG_ON_ZERO(__same_type((array), &(array)[0])))

#define ALIGN(x, a) (((x) + (__typeof__(x))(a)-1) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((unsigned long long)(n), (unsigned long long)(d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (unsigned long long)(d))
#define DIV_ROUND_CLOSEST(n, d) (((n) + (d) / 2) / (d))
#define roundup(x, y) (((x) + (y)-1) / (y) * (y))
#define rounddown(x, y) ((x) - (x) % (y))
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y)-1)))

int abs(int); /* the C library's: long arguments are cut */

enum system_states { SYSTEM_BOOTING, SYSTEM_SCHEDULING, SYSTEM_FREEING_INITMEM, SYSTEM_RUNNING };
#define system_state SYSTEM_RUNNING

#define READ 0
#define WRITE 1

#define upper_32_bits(n) ((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n) ((u32)((n)&0xffffffff))

#define _RET_IP_ ((unsigned long)__builtin_return_address(0))
#define _THIS_IP_                                                                                                                  \
	({                                                                                                                         \
		__label__ fxm_k_here;                                                                                              \
	fxm_k_here:                                                                                                                \
		(unsigned long)&&fxm_k_here;                                                                                       \
	})

#define might_sleep() fxm_k_might_sleep(FXM_K_WHERE)
#define might_sleep_if(cond) ((cond) ? might_sleep() : (void)0)

/* Hexadecimal digits, two for a byte. */
FXM_K_INLINE char *bin2hex(char *to, const void *from, size_t count)
{
	const unsigned char *byte = (const unsigned char *)from;

	for (; count; count--, byte++) {
		*to++ = "0123456789abcdef"[*byte >> 4];
		*to++ = "0123456789abcdef"[*byte & 15];
	}
	return to;
}

#define panic(...) (printk(KERN_EMERG "Kernel panic - not syncing: " __VA_ARGS__), fxm_k_bug(FXM_K_WHERE))

#endif
