/* SPDX-License-Identifier: MIT */
#error "<sys/stat.h> is the C library's, and kernel code has none: include <linux/stat.h>"
