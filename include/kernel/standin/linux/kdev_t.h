/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KDEV_T_H
#define FXM_KERNEL_LINUX_KDEV_T_H

#if __has_include_next(<linux/kdev_t.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/kdev_t.h>
#else

/* Device numbers: 12 bits of major, 20 of minor. */

#include <linux/types.h>

#define MINORBITS 20
#define MINORMASK ((1u << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev)&MINORMASK))
#define MKDEV(major, minor) ((dev_t)(major) << MINORBITS | (minor))

#endif
#endif
