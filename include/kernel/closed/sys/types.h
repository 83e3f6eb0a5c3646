/* SPDX-License-Identifier: MIT */
#error "<sys/types.h> is the C library's, and kernel code has none: include <linux/types.h>"
