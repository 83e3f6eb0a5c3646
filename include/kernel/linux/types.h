/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_TYPES_H
#define FXM_KERNEL_LINUX_TYPES_H

/* Integer types. Those that the C library has too are declared as it declares them on 64-bit hosts, so both can be included. */

#include <fxm/unit.h>
#include <linux/stddef.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

typedef s8 __s8;
typedef u8 __u8;
typedef s16 __s16;
typedef u16 __u16;
typedef s32 __s32;
typedef u32 __u32;
typedef s64 __s64;
typedef u64 __u64;

/* Headers that are missing here may be found among the host's, and want the __kernel_ types. */
#if __has_include(<asm/posix_types.h>)
#include <asm/posix_types.h>
#endif

/* no sparse here */
#define __bitwise
#define __bitwise__

typedef u16 __le16;
typedef u16 __be16;
typedef u32 __le32;
typedef u32 __be32;
typedef u64 __le64;
typedef u64 __be64;
typedef u32 __wsum;
typedef u16 __sum16;

typedef long ssize_t;
typedef long off_t;
typedef long loff_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned short umode_t;
typedef unsigned long pgoff_t;
typedef unsigned int gfp_t;
typedef unsigned int fmode_t;
typedef unsigned int slab_flags_t;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned short ushort;
typedef unsigned long sector_t;
typedef unsigned long dev_t;
typedef unsigned long ino_t;
typedef int clockid_t;
typedef long clock_t;
typedef long blkcnt_t;
typedef int key_t;
typedef int mqd_t;
typedef unsigned int mode_t;
#if __has_include(<uapi/linux/posix_types.h>)
#include <uapi/linux/posix_types.h>
typedef __kernel_fd_set fd_set;
#endif
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef unsigned char unchar;
typedef int daddr_t;
typedef char *caddr_t;
typedef void *timer_t;
typedef int (*cmp_func_t)(const void *a, const void *b);
typedef int (*cmp_r_func_t)(const void *a, const void *b, const void *arg);
typedef void (*swap_func_t)(void *a, void *b, int size);
typedef void (*swap_r_func_t)(void *a, void *b, int size, const void *arg);
typedef s64 time64_t;
typedef unsigned int __poll_t;
typedef u64 __attribute__((aligned(8))) __aligned_u64;
typedef unsigned int blk_opf_t;
typedef u8 blk_status_t;

/* As wide as the simulated machine's physical addresses. */
#ifdef CONFIG_X86_PAE
typedef u64 phys_addr_t;
#else
typedef u32 phys_addr_t;
#endif
typedef phys_addr_t resource_size_t;
typedef phys_addr_t dma_addr_t;

#define BITS_PER_LONG 64
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG]

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

struct list_head {
	struct list_head *next, *prev;
};

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head
typedef void (*rcu_callback_t)(struct rcu_head *head);

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#endif
