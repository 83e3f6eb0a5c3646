/* SPDX-License-Identifier: MIT */
#error "<stdio.h> is the C library's, and kernel code has none: include <linux/printk.h> and <linux/fs.h>"
