/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KALLSYMS_H
#define FXM_KERNEL_LINUX_KALLSYMS_H

#if __has_include_next(<linux/kallsyms.h>)
#include_next <linux/kallsyms.h>
#else

/* Names of places; addresses of the kernel's own names are not simulated. */

#include <linux/string.h>

#define KSYM_NAME_LEN 512
#define KSYM_SYMBOL_LEN (KSYM_NAME_LEN + 64)
#define sprint_symbol(buf, address) snprintf(buf, KSYM_SYMBOL_LEN, "%pS", (void *)(address))
#define kallsyms_lookup_name(name) ((void)(name), 0UL)

#endif
#endif
