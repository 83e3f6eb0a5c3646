/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_STAT_H
#define FXM_KERNEL_LINUX_STAT_H

/* Permissions of module parameters; without a kernel tree nothing has files. */
#if __has_include_next(<linux/stat.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/stat.h>
#endif
#ifndef S_IRUSR
#define S_IRUSR 00400
#define S_IWUSR 00200
#define S_IRGRP 00040
#define S_IROTH 00004
#endif
#ifndef S_IRUGO
#define S_IRUGO 00444
#define S_IWUGO 00222
#endif
#endif
