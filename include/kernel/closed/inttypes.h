/* SPDX-License-Identifier: MIT */
#error "<inttypes.h> is the C library's, and kernel code has none: include <linux/types.h>"
