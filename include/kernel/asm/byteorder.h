/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_BYTEORDER_H
#define FXM_KERNEL_ASM_BYTEORDER_H

/* The simulated kernel is little-endian, as its hosts are. */

#include <linux/types.h>

#define __LITTLE_ENDIAN 1234

#define swab16(x) ((u16)__builtin_bswap16(x))
#define swab32(x) ((u32)__builtin_bswap32(x))
#define swab64(x) ((u64)__builtin_bswap64(x))

#define cpu_to_le16(x) ((__le16)(u16)(x))
#define le16_to_cpu(x) ((u16)(__le16)(x))
#define cpu_to_be16(x) ((__be16)swab16(x))
#define be16_to_cpu(x) swab16((u16)(x))
#define __constant_cpu_to_le16(x) cpu_to_le16(x)
#define __constant_cpu_to_be16(x) cpu_to_be16(x)
#define cpu_to_le16p(p) cpu_to_le16(*(p))
#define le16_to_cpup(p) le16_to_cpu(*(p))
#define cpu_to_be16p(p) cpu_to_be16(*(p))
#define be16_to_cpup(p) be16_to_cpu(*(p))
#define le16_add_cpu(p, n) (*(p) = cpu_to_le16(le16_to_cpu(*(p)) + (n)))
#define be16_add_cpu(p, n) (*(p) = cpu_to_be16(be16_to_cpu(*(p)) + (n)))

#define cpu_to_le32(x) ((__le32)(u32)(x))
#define le32_to_cpu(x) ((u32)(__le32)(x))
#define cpu_to_be32(x) ((__be32)swab32(x))
#define be32_to_cpu(x) swab32((u32)(x))
#define __constant_cpu_to_le32(x) cpu_to_le32(x)
#define __constant_cpu_to_be32(x) cpu_to_be32(x)
#define cpu_to_le32p(p) cpu_to_le32(*(p))
#define le32_to_cpup(p) le32_to_cpu(*(p))
#define cpu_to_be32p(p) cpu_to_be32(*(p))
#define be32_to_cpup(p) be32_to_cpu(*(p))
#define le32_add_cpu(p, n) (*(p) = cpu_to_le32(le32_to_cpu(*(p)) + (n)))
#define be32_add_cpu(p, n) (*(p) = cpu_to_be32(be32_to_cpu(*(p)) + (n)))

#define cpu_to_le64(x) ((__le64)(u64)(x))
#define le64_to_cpu(x) ((u64)(__le64)(x))
#define cpu_to_be64(x) ((__be64)swab64(x))
#define be64_to_cpu(x) swab64((u64)(x))
#define __constant_cpu_to_le64(x) cpu_to_le64(x)
#define __constant_cpu_to_be64(x) cpu_to_be64(x)
#define cpu_to_le64p(p) cpu_to_le64(*(p))
#define le64_to_cpup(p) le64_to_cpu(*(p))
#define cpu_to_be64p(p) cpu_to_be64(*(p))
#define be64_to_cpup(p) be64_to_cpu(*(p))
#define le64_add_cpu(p, n) (*(p) = cpu_to_le64(le64_to_cpu(*(p)) + (n)))
#define be64_add_cpu(p, n) (*(p) = cpu_to_be64(be64_to_cpu(*(p)) + (n)))

#define ntohl(x) be32_to_cpu(x)
#define htonl(x) cpu_to_be32(x)
#define ntohs(x) be16_to_cpu(x)
#define htons(x) cpu_to_be16(x)

#endif
