/* SPDX-License-Identifier: MIT */
#error "<pthread.h> is the C library's, and kernel code has none: include <linux/kthread.h> and <linux/mutex.h>"
