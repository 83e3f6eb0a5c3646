/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_UACCESS_H
#define FXM_KERNEL_LINUX_UACCESS_H

/* Page-fault control only: simulated tasks have no user memory. */

#include <linux/preempt.h>

#define pagefault_disable() fxm_pagefault_disable(fxm_k_cpu())
#define pagefault_enable() fxm_pagefault_enable(fxm_k_cpu())
#define pagefault_disabled() (fxm_k_pagefault_count() != 0)
#define faulthandler_disabled() (pagefault_disabled() || in_atomic())

#endif
