/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_BYTEORDER_H
#define FXM_KERNEL_ASM_BYTEORDER_H

/* The simulated kernel is little-endian, as its hosts are. */

#include <linux/compiler.h>
#include <linux/types.h>

#define __LITTLE_ENDIAN 1234
#define __LITTLE_ENDIAN_BITFIELD

#define swab16(x) ((u16)__builtin_bswap16(x))
#define swab32(x) ((u32)__builtin_bswap32(x))
#define swab64(x) ((u64)__builtin_bswap64(x))

#define cpu_to_le16(x) ((__le16)(u16)(x))
#define le16_to_cpu(x) ((u16)(__le16)(x))
#define cpu_to_be16(x) ((__be16)swab16(x))
#define be16_to_cpu(x) swab16((u16)(x))
#define __constant_cpu_to_le16(x) cpu_to_le16(x)
#define __constant_cpu_to_be16(x) cpu_to_be16(x)
#define le16_add_cpu(p, n) (*(p) = cpu_to_le16(le16_to_cpu(*(p)) + (n)))
#define be16_add_cpu(p, n) (*(p) = cpu_to_be16(be16_to_cpu(*(p)) + (n)))

#define cpu_to_le32(x) ((__le32)(u32)(x))
#define le32_to_cpu(x) ((u32)(__le32)(x))
#define cpu_to_be32(x) ((__be32)swab32(x))
#define be32_to_cpu(x) swab32((u32)(x))
#define __constant_cpu_to_le32(x) cpu_to_le32(x)
#define __constant_cpu_to_be32(x) cpu_to_be32(x)
#define le32_add_cpu(p, n) (*(p) = cpu_to_le32(le32_to_cpu(*(p)) + (n)))
#define be32_add_cpu(p, n) (*(p) = cpu_to_be32(be32_to_cpu(*(p)) + (n)))

#define cpu_to_le64(x) ((__le64)(u64)(x))
#define le64_to_cpu(x) ((u64)(__le64)(x))
#define cpu_to_be64(x) ((__be64)swab64(x))
#define be64_to_cpu(x) swab64((u64)(x))
#define __constant_cpu_to_le64(x) cpu_to_le64(x)
#define __constant_cpu_to_be64(x) cpu_to_be64(x)
#define le64_add_cpu(p, n) (*(p) = cpu_to_le64(le64_to_cpu(*(p)) + (n)))
#define be64_add_cpu(p, n) (*(p) = cpu_to_be64(be64_to_cpu(*(p)) + (n)))

/* Of what lies at an address. */
#define FXM_K_BYTEORDER(order, bits)                                                                                               \
	FXM_K_INLINE u##bits order##bits##_to_cpup(const __##order##bits *p)                                                       \
	{                                                                                                                          \
		return order##bits##_to_cpu(*p);                                                                                   \
	}                                                                                                                          \
	FXM_K_INLINE __##order##bits cpu_to_##order##bits##p(const u##bits *p)                                                     \
	{                                                                                                                          \
		return cpu_to_##order##bits(*p);                                                                                   \
	}
FXM_K_BYTEORDER(le, 16)
FXM_K_BYTEORDER(le, 32)
FXM_K_BYTEORDER(le, 64)
FXM_K_BYTEORDER(be, 16)
FXM_K_BYTEORDER(be, 32)
FXM_K_BYTEORDER(be, 64)

/* A program's <netinet/in.h> has macros of these names too. */
#undef ntohl
#undef htonl
#undef ntohs
#undef htons
#define ntohl(x) be32_to_cpu(x)
#define htonl(x) cpu_to_be32(x)
#define ntohs(x) be16_to_cpu(x)
#define htons(x) cpu_to_be16(x)

#endif
