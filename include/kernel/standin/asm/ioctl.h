/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_IOCTL_H
#define FXM_KERNEL_ASM_IOCTL_H

#if __has_include_next(<asm/ioctl.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <asm/ioctl.h>
#else

#include <linux/ioctl.h>

#endif
#endif
