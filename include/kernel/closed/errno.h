/* SPDX-License-Identifier: MIT */
#error "<errno.h> is the C library's, and kernel code has none: include <linux/errno.h>"
