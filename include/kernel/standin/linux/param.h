/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PARAM_H
#define FXM_KERNEL_LINUX_PARAM_H

#if __has_include_next(<linux/param.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/param.h>
#else

#include <asm/param.h>

#endif
#endif
