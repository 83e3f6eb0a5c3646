/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_THREADS_H
#define FXM_KERNEL_LINUX_THREADS_H

/* Limits. NR_CPUS is the profile's setting. */

#include <fxm/unit.h>

#define PID_MAX_DEFAULT 0x8000
#define PID_MAX_LIMIT (4 * 1024 * 1024)

#endif
