/* SPDX-License-Identifier: MIT */
#error "<sys/ioctl.h> is the C library's, and kernel code has none: include <linux/fs.h>"
