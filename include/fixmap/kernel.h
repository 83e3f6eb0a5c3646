/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_H
#define FXM_KERNEL_H

/*
 * The kernel tier in one header: the kernel's own names, for programs that call mapping code from main(). Kernel source files
 * include <linux/...> as they always did instead. Both need the include path and the definitions that `fixmap cflags` prints.
 *
 * The names act for the vCPU of the calling thread, which sits down on the default machine at its first call.
 */

#ifdef __cplusplus
#error "the kernel tier is C: kernel code does not compile as C++ (the explicit tier, <fixmap/fixmap.h>, does)"
#else

#ifdef __has_include
#if !__has_include(<fxm/unit.h>)
#error "<fixmap/kernel.h> needs the flags that `fixmap cflags -p PROFILE -o NAME=VALUE` prints"
#endif
#endif

/*
 * A program has the C library's headers too, and names of theirs are macros here. Declared first, they do not become uses of those
 * macros, in whichever order the program includes both.
 */
#ifndef __KERNEL__
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#endif

#include <asm/apicdef.h>
#include <asm/io.h>
#include <asm/tlbflush.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/version.h>

#endif /* C */
#endif
