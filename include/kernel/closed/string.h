/* SPDX-License-Identifier: MIT */
#error "<string.h> is the C library's, and kernel code has none: include <linux/string.h>"
