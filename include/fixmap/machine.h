/* SPDX-License-Identifier: MIT */
#ifndef FXM_MACHINE_H
#define FXM_MACHINE_H

/*
 * A machine: simulated memory, page tables, vCPUs, and the booted state of the simulated kernel's mapping code. Several can
 * exist in a process; they share nothing. After fork() the child's copy is dead: its first use says so.
 *
 * Of all, unless a function says otherwise: Context: any thread. Errors: a null pointer gives 0, NULL or -EINVAL; -ECHILD @m is
 * dead. Ownership: what is returned is the machine's, valid for its lifetime. Models nothing of the kernel.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Builds and boots a machine (mem_init, kmap_init, page_address_init, the boot-time fixmaps). @cfg is not kept. Models setup_arch()
 * and mem_init() of arch/x86/mm/init_32.c and their kin of each architecture, 2.6.12 to 6.12.
 * The window is off unless the config says otherwise (window=checked|strict|retain|eager).
 * Context: any thread that is not inside the simulator. Errors: -EINVAL impossible settings (fxm_config_error() has the
 * line), -EBUSY identity addresses were demanded and are taken, -ENOMEM the host has no memory; else the error of the host's call
 * that failed, which fxm_config_error() names: -EMFILE, -ENFILE, -EFBIG the file-size limit is below the size of the RAM, -EPERM.
 * Ownership: the caller's; fxm_machine_destroy() frees it.
 */
FXM_API int fxm_machine_create(struct fxm_config *cfg, struct fxm_machine **out);

/**
 * Reports what is still mapped (detector `leak`), then frees everything. Threads must have detached; fibres that still
 * sleep are dropped. NULL is allowed. Context: outside fxm_task_run() and callbacks of @m.
 * Errors: -EBUSY a host thread other than the caller still sits on a vCPU; nothing was freed.
 */
FXM_API int fxm_machine_destroy(struct fxm_machine *m);

/**
 * Makes @m what it was when fxm_machine_create() returned it, in a few microseconds: tasks, mappings, page tables, TLBs, memory and
 * its contents, devices, findings, injections and counters; the listeners that were set since are gone, vCPUs that came online
 * since too, reserve_top_address() is undone. The settings of its config stay, and so do its place among the host's addresses and
 * whether it is the default machine. Pointers to its vCPUs from the first on, to its layout where nothing moved, and to pages stay
 * good. A trace= file begins anew.
 * Nothing is reported: fxm_report_leaks() before it says what was left. What fxm_report_fail_with() keeps fails the test now.
 * Context: outside fxm_task_run() and callbacks of @m; the caller is detached. Errors: -EINVAL @m is NULL; -EBUSY, -ECHILD as
 * fxm_machine_destroy(), nothing was changed; -ENOMEM, or the error of opening the trace= file: it can only be destroyed.
 */
FXM_API int fxm_machine_reset(struct fxm_machine *m);

/**
 * The default machine: made at the first call from FIXMAP_OPTIONS (unless it says otherwise, window=checked where the program's
 * kernel tier was compiled with checks, else strict; the profile is the one that the program's kernel tier was compiled for, if
 * any), at identity addresses where the host allows it. If it cannot be made, the reason goes to standard error and the process
 * exits with status 2: there is nobody to return an error to. Context: any thread. Ownership: the library's; destroyed at exit.
 */
FXM_API struct fxm_machine *fxm_machine_default(void);

/**
 * Makes @m the default machine, instead of one from FIXMAP_OPTIONS: threads that sit nowhere attach to it at their first call of
 * the kernel tier. For programs that make the machine for kernel code themselves. Context: before any other thread uses the
 * library. Errors: -EINVAL @m is NULL; -EBUSY there is a default machine already. Ownership: stays the caller's; nothing may use
 * the default machine any more when @m is destroyed.
 */
FXM_API int fxm_machine_set_default(struct fxm_machine *m);

/** The machine that @cpu belongs to. */
FXM_API struct fxm_machine *fxm_vcpu_machine(const struct fxm_vcpu *cpu);

/** The number of @cpu. Models smp_processor_id(), include/linux/smp.h, 2.6.12 to 6.12. */
FXM_API unsigned fxm_vcpu_id(const struct fxm_vcpu *cpu);

/** vCPU number @n, or NULL when it is not online. Ownership: the machine's; valid for its lifetime. */
FXM_API struct fxm_vcpu *fxm_machine_vcpu(struct fxm_machine *m, unsigned n);

/** How many vCPUs are online; they are numbered from 0. */
FXM_API unsigned fxm_machine_cpus_online(const struct fxm_machine *m);

/**
 * Brings one more vCPU online and returns its number. Errors: -ENOSPC when NR_CPUS are, -ENOMEM. Models cpu_up(), kernel/cpu.c,
 * 2.6.12 to 6.12, of which it has the result only.
 */
FXM_API int fxm_machine_cpu_add(struct fxm_machine *m);

/** The name of the machine's profile. Ownership: the machine's. */
FXM_API const char *fxm_machine_profile(const struct fxm_machine *m);

#ifdef __cplusplus
}
#endif

#endif
