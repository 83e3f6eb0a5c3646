/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_ERRNO_H
#define FXM_KERNEL_LINUX_ERRNO_H

/* The host's numbers are Linux's own. No `errno` variable is declared here: it is not the kernel's. */
#include <asm-generic/errno.h>

#define ERESTARTSYS 512
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517
#define ENOTSUPP 524

#endif
