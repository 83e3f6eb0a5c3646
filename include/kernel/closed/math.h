/* SPDX-License-Identifier: MIT */
#error "<math.h> is the C library's, and kernel code has none: include <linux/math.h>"
