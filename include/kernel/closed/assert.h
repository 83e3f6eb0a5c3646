/* SPDX-License-Identifier: MIT */
#error "<assert.h> is the C library's, and kernel code has none: include <linux/bug.h>"
