/* SPDX-License-Identifier: MIT */
#ifndef _ASM_BUG_H
#define _ASM_BUG_H

/* BUG() is the machine's: it says where, and ends the task. */

#include <linux/stringify.h>

#ifdef CONFIG_BUG
#define HAVE_ARCH_BUG
#ifndef __ASSEMBLY__
void __attribute__((noreturn)) fxm_k_bug(const char *where);
#endif
#define BUG() fxm_k_bug(__FILE__ ":" __stringify(__LINE__))
#endif
#include <asm-generic/bug.h>

#endif
