/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_VERSION_H
#define FXM_KERNEL_LINUX_VERSION_H

/* The version of the profile, so that out-of-tree modules choose the code they have for it. */

#include <fxm/unit.h>

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define LINUX_VERSION_CODE FXM_K_VERSION_CODE

#endif
