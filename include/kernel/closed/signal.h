/* SPDX-License-Identifier: MIT */
#error "<signal.h> is the C library's, and kernel code has none: include <linux/sched/signal.h>"
