/* SPDX-License-Identifier: MIT */
#error "<ctype.h> is the C library's, and kernel code has none: include <linux/kernel.h>"
