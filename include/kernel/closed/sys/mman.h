/* SPDX-License-Identifier: MIT */
#error "<sys/mman.h> is the C library's, and kernel code has none: include <linux/mm.h>"
