/* SPDX-License-Identifier: MIT */
#error "<unistd.h> is the C library's, and kernel code has none: include <linux/delay.h> and <linux/fs.h>"
