/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_IO_H
#define FXM_KERNEL_LINUX_IO_H

#include <asm/io.h>

#endif
