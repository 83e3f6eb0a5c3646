/* SPDX-License-Identifier: MIT */
#ifndef FXM_SHOW_H
#define FXM_SHOW_H

/*
 * What a running kernel shows of its memory, in its own form: the page-table dump, the boot log's table of areas, and the files
 * of /proc that count zones. All of it is read off the simulated machine; nothing of it changes one. Texts are for a reader, in
 * bytes of ASCII.
 */

#include <fixmap/types.h>

/* Kernel code that includes <fixmap/fixmap.h> (in fixmap insmod) has no FILE. */
#ifndef __KERNEL__
#include <stdio.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes how @va translates into @buf, in lines: what the address is called, every level's entry, decoded, and what it comes to.
 * Returns the length of the whole text, as snprintf() does. Models nothing of the kernel.
 * Context: any thread; nobody may change the page table meanwhile. Errors: -EINVAL.
 */
FXM_API int fxm_walk_describe(struct fxm_machine *m, fxm_va va, char *buf, size_t size);

#ifndef __KERNEL__
/**
 * Writes the kernel's page-table dump to @out, as that version's debugfs file shows it: a line for each run of entries with equal
 * attributes, under the names of the areas. Virtual addresses.
 * Context: any thread; nobody may change the page table meanwhile. Errors: -EINVAL; -ENOSYS this kernel has no such file; -EIO @out
 * does not take it.
 * Models arch/x86/mm/dump_pagetables.c (4.7 to 6.1), arch/arm/mm/dump.c and arch/arm64/mm/dump.c (4.7).
 */
FXM_API int fxm_ptdump(struct fxm_machine *m, FILE *out);

/**
 * Writes the line that the boot-time check of writable and executable pages (CONFIG_DEBUG_WX) ends with to @out.
 * Context: as there. Errors: as there; -ENOSYS also when the CPU has no NX bit to check.
 * Models ptdump_walk_pgd_level_checkwx() of arch/x86/mm/dump_pagetables.c (4.7 to 6.1).
 */
FXM_API int fxm_ptdump_check_wx(struct fxm_machine *m, FILE *out);

/**
 * Writes what this kernel prints of its memory while it boots to @out: the table "virtual kernel memory layout", or the lines with
 * the megabytes of memory. Rows of the kernel image (.text, .data, .init) are left out: there is no image.
 * Context: any thread. Errors: -EINVAL; -ENOSYS this version prints nothing of the kind; -EIO.
 * Models mem_init() of arch/x86/mm/init_32.c (4.7, 4.15), arch/arm/mm/init.c, arch/arm64/mm/init.c (4.7), setup_memory() and
 * mem_init() of arch/i386 (2.6.12).
 */
FXM_API int fxm_print_boot_log(struct fxm_machine *m, FILE *out);

/**
 * Writes /proc/@name ("meminfo", "buddyinfo", "zoneinfo") to @out, with the lines whose numbers the machine has.
 * Context: any thread. Errors: -EINVAL; -ENOENT no such file here; -ENOSYS this version does not have it yet; -EIO.
 * Models fs/proc/proc_misc.c (2.6.12), fs/proc/meminfo.c and mm/vmstat.c (4.7 to 6.1).
 */
FXM_API int fxm_print_proc(struct fxm_machine *m, const char *name, FILE *out);
#endif

#ifdef __cplusplus
}
#endif

#endif
