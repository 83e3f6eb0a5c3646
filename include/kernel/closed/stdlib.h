/* SPDX-License-Identifier: MIT */
#error "<stdlib.h> is the C library's, and kernel code has none: include <linux/slab.h> and <linux/kernel.h>"
