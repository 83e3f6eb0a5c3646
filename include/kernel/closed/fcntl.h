/* SPDX-License-Identifier: MIT */
#error "<fcntl.h> is the C library's, and kernel code has none: include <linux/fs.h>"
