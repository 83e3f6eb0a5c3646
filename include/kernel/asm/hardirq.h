/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_HARDIRQ_H
#define FXM_KERNEL_ASM_HARDIRQ_H

#include <linux/hardirq.h>

#endif
