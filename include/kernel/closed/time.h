/* SPDX-License-Identifier: MIT */
#error "<time.h> is the C library's, and kernel code has none: include <linux/jiffies.h> and <linux/delay.h>"
