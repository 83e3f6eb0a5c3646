/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_INIT_H
#define FXM_KERNEL_LINUX_INIT_H

/*
 * Where code is called from. `fixmap insmod` runs fixmap_initcall()s, then kmap_initcall()s, then module_init(), and
 * module_exit() at the end. A program that links the library runs none of these: it calls its functions itself.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#define __init
#define __exit
#define __initdata
#define __exitdata
#define __initconst
#define __devinit
#define __devexit
#define __meminit
#define __ref

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

#define FXM_K_INITCALL(kind, fn) FXM_K_ENTRY(kind, #fn, .init = (fn))

#define module_exit(fn) FXM_K_ENTRY(FXM_ENTRY_EXIT, #fn, .exit = (fn))

/* In a module every level is module_init(). What is built in is called level by level, and in the order of the files. */
#ifdef MODULE
#define FXM_K_LEVEL(level, fn) FXM_K_INITCALL(FXM_ENTRY_INIT, fn)
#else
#define FXM_K_LEVEL(level, fn) FXM_K_ENTRY(FXM_ENTRY_INIT, #fn, .text = (level), .init = (fn))
#endif
#define early_initcall(fn) FXM_K_LEVEL("0", fn)
#define core_initcall(fn) FXM_K_LEVEL("1", fn)
#define postcore_initcall(fn) FXM_K_LEVEL("2", fn)
#define arch_initcall(fn) FXM_K_LEVEL("3", fn)
#define subsys_initcall(fn) FXM_K_LEVEL("4", fn)
#define fs_initcall(fn) FXM_K_LEVEL("5", fn)
#define device_initcall(fn) FXM_K_LEVEL("6", fn)
#define late_initcall(fn) FXM_K_LEVEL("7", fn)
#define module_init(fn) device_initcall(fn)

/* Boot parameters: there is no boot command line, so their functions are never called. */
#define early_param(name, fn) static int (*const fxm_k_early_##fn)(char *) __attribute__((unused)) = (fn)
#define __setup(name, fn) early_param(name, fn)

/* Right after the fixmap, or kmap, is up. The second spelling is that of a well-known set of tutorials. */
#define fixmap_initcall(fn) FXM_K_INITCALL(FXM_ENTRY_FIXMAP_INITCALL, fn)
#define kmap_initcall(fn) FXM_K_INITCALL(FXM_ENTRY_KMAP_INITCALL, fn)
#define fixmap_initcall_bs(fn) fixmap_initcall(fn)
#define kmap_initcall_bs(fn) kmap_initcall(fn)

#endif
