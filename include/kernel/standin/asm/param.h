/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_PARAM_H
#define FXM_KERNEL_ASM_PARAM_H

#if __has_include_next(<asm/param.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <asm/param.h>
#else

/* The timer's frequency: in a second of simulated time so many jiffies pass. */

#ifndef CONFIG_HZ
#define CONFIG_HZ 250
#endif
#ifndef HZ
#define HZ CONFIG_HZ
#endif
#define USER_HZ 100

#endif
#endif
