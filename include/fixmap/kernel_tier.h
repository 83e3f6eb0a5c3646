/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_TIER_H
#define FXM_KERNEL_TIER_H

/*
 * What the kernel tier (<fixmap/kernel.h>, include/kernel/) is made of, and what a loader of modules (`fixmap insmod`) needs.
 *
 * What stands behind the kernel's names is in include/kernel/fxm/calls.h, for the headers there alone: code calls those names.
 * Simulated-kernel failures (BUG, oops) end the task; a call that the profile's kernel does not have does not compile, or
 * prints one line that names the versions that have it and is a BUG.
 *
 * Of all, unless a function says otherwise: Context: any thread, outside callbacks. Errors: -EINVAL a null pointer. Ownership:
 * texts are static storage, or the module's, valid while it is loaded. Pointers are the host's, sizes bytes. Models nothing of
 * the kernel. What models something: init/main.c, kernel/module.c, kernel/params.c, kernel/sched/core.c, fs/read_write.c,
 * 2.6.12 to 6.12.
 */

#include <fixmap/memory.h>
#include <fixmap/report.h>
#include <fixmap/task.h>
#include <fixmap/types.h>

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- translation units and modules ------------------------------------------------------------------------------------ */

/** What an object was compiled for: the profile, and each number that moves an index, a size or a width. */
struct fxm_stamp {
	size_t struct_size;
	const char *profile;
	uint32_t fix_kmap_begin;
	uint32_t end_of_fixed_addresses;
	uint32_t km_type_nr;
	uint32_t nr_cpus;
	uint32_t last_pkmap;
	uint32_t pte_bytes;
	uint32_t enum_sum; /**< of every enumerator of `enum fixed_addresses`: value times length of the name with its 0 */
};

enum fxm_entry_kind {
	FXM_ENTRY_INIT,		   /**< module_init() */
	FXM_ENTRY_EXIT,		   /**< module_exit() */
	FXM_ENTRY_FIXMAP_INITCALL, /**< fixmap_initcall(): runs when the fixmap is up, before every module_init() */
	FXM_ENTRY_KMAP_INITCALL,   /**< kmap_initcall(): the same for kmap, after the fixmap's */
	FXM_ENTRY_PARAM,	   /**< module_param() */
	FXM_ENTRY_INFO,		   /**< MODULE_LICENSE() and so on */
	FXM_ENTRY_BORDER	   /**< FIXADDR_TOP and so on: the unit computes with the borders of the area of mappings */
};

/** One such macro in a source file. */
struct fxm_entry {
	enum fxm_entry_kind kind;
	const char *name; /**< function, parameter or tag */
	const char *text; /**< PARAM: its type; INFO: its value; INIT, not in a module: "0" to "7", its level */
	int (*init)(void);
	void (*exit)(void);
	void *data; /**< PARAM: the variable */
	const char *file;
	int line;
};

/** The unit's loads and stores are announced: it was compiled with the checks that `fixmap cflags` prints for window=checked. */
#define FXM_UNIT_CHECKED 1u

/** What FXM_ENTRY_PARAM's data is for an array ("array of int") and for a "string". */
struct fxm_param_array {
	const char *text; /**< the type of one */
	size_t size, most; /**< of one, in bytes; how many there can be (string: bytes, with the 0) */
	unsigned *number;  /**< how many were given; may be NULL */
	void *data;
};

/** What FXM_ENTRY_PARAM's data is for a "callback", module_param_cb(): @set is given the text and @param. */
struct fxm_param_callback {
	int (*set)(const char *value, const void *param);
	const void *param;
};

/** One translation unit that includes the kernel tier. Registered while its object is loaded. */
struct fxm_unit {
	size_t struct_size;
	const struct fxm_stamp *stamp;
	const struct fxm_entry *const *entries; /**< of the whole object (program or module) that the unit is linked into */
	const struct fxm_entry *const *entries_end;
	const char *file;
	struct fxm_unit *next; /**< the library's */
	unsigned flags;	       /**< FXM_UNIT_* */
};

/**
 * Announces / withdraws a unit: done by a constructor and a destructor in each translation unit. Ownership: the caller's, as
 * before.
 */
FXM_API void fxm_unit_register(struct fxm_unit *unit);
FXM_API void fxm_unit_unregister(struct fxm_unit *unit);

/** The unit registered most recently, or NULL; the others by ->next. For loaders: read it while nothing is being loaded. */
FXM_API const struct fxm_unit *fxm_unit_first(void);

/**
 * Whether code stamped @stamp can run on @m.
 * Errors: -EINVAL it cannot; @line (may be NULL) then says for what it was compiled and what the machine is, both named.
 */
FXM_API int fxm_stamp_check(const struct fxm_machine *m, const struct fxm_stamp *stamp, char *line, size_t size);

/**
 * Sets the variable of a FXM_ENTRY_PARAM from text, as insmod NAME=VALUE does. Models parse_args(), kernel/params.c.
 * Errors: -EINVAL not a value of the parameter's type, -ERANGE does not fit, -ENOMEM; of a callback, what it returns.
 */
FXM_API int fxm_param_set(const struct fxm_entry *param, const char *value);

/**
 * Calls a module's init function, on the task of the calling thread: one that returns with another preempt count or interrupts
 * off gets the kernel's WARN, where the kernel has it, and the finding "imbalance" otherwise. Returns what @fn does. Models
 * do_one_initcall().
 */
FXM_API int fxm_k_do_one_initcall(int (*fn)(void));

/** The same of a module's exit function. Models sys_delete_module(). */
FXM_API void fxm_k_do_exitcall(void (*fn)(void));

/**
 * Others get their turns, and a task that set its state sleeps until it is woken. A wait that cannot end is told. Models
 * schedule().
 */
FXM_API void fxm_k_schedule(void);

/* ---- the log ----------------------------------------------------------------------------------------------------------- */

/** One line of the machine's log. */
struct fxm_log_line {
	uint64_t time_ns; /**< since the kernel tier first used the machine */
	int level;	  /**< KERN_: 0 emergency to 7 debug */
	const char *text; /**< without its newline */
};

/** Receives a line when it is complete. Called on the printing thread; must not print. */
typedef void (*fxm_log_fn)(const struct fxm_log_line *line, void *arg);

/** Sets who receives the log of @m; NULL restores the default, which prints "[ssss.uuuuuu] text" to standard error. */
FXM_API void fxm_log_set(struct fxm_machine *m, fxm_log_fn fn, void *arg);

/** Completes a line that still waits for its newline. */
FXM_API void fxm_log_flush(struct fxm_machine *m);

/* ---- what is held ------------------------------------------------------------------------------------------------------ */

enum fxm_held_kind { FXM_HELD_PAGES, FXM_HELD_KMALLOC, FXM_HELD_FIXMAP, FXM_HELD_IRQ, FXM_HELD_FILE };

/** Something that kernel-tier code took and did not give back. */
struct fxm_held {
	enum fxm_held_kind kind;
	uint64_t pfn;	      /**< PAGES: the first frame; FIXMAP: the frame mapped */
	unsigned order;	      /**< PAGES */
	uint32_t index;	      /**< FIXMAP; IRQ: its number; FILE: a number of the library's */
	size_t size_bytes;    /**< KMALLOC */
	fxm_va address;	      /**< KMALLOC, FIXMAP */
	struct fxm_site site; /**< where it was taken */
};

/** Calls @fn for each thing held on @m, oldest first, until it returns non-zero; returns that. @fn must not allocate or free. */
FXM_API int fxm_held_each(struct fxm_machine *m, int (*fn)(const struct fxm_held *held, void *arg), void *arg);

/* ---- files that kernel-tier code offers: /proc, /dev, debugfs, sysfs --------------------------------------------------- */

/** What is behind a file; headers make it of file_operations, proc_ops and attributes. Any may be NULL. Sizes in bytes. */
struct fxm_file_ops {
	int (*open)(void *object, void **file); /**< @file: what the others get; *file is @object at first */
	long (*read)(void *file, char *buf, size_t size, int64_t *pos);
	long (*write)(void *file, const char *buf, size_t size, int64_t *pos);
	long (*ioctl)(void *file, unsigned command, unsigned long argument);
	void (*release)(void *file);
};

/** A file that is open. */
struct fxm_file;

/**
 * Opens the file that a module registered as @path ("/proc/x", "/dev/y"), on the current task, as a process would. Models open().
 * Errors: -ENOENT no such file, -ENOMEM, and what the module's open returns. Ownership: *@file ends with fxm_file_close().
 */
FXM_API int fxm_file_open(struct fxm_machine *m, const char *path, struct fxm_file **file);

/**
 * The module's read, write and ioctl at the file's position, with @buf as user memory. The kernel's return value. Model
 * vfs_read(), vfs_write(), ioctl(); close ends the file. Context: the task that opened it. Errors: -EINVAL the file has no such
 * operation (-ENOTTY for ioctl).
 */
FXM_API long fxm_file_read(struct fxm_file *file, void *buf, size_t size);
FXM_API long fxm_file_write(struct fxm_file *file, const void *buf, size_t size);
FXM_API long fxm_file_ioctl(struct fxm_file *file, unsigned command, unsigned long argument);
FXM_API void fxm_file_close(struct fxm_file *file);

/** Calls @fn for each file that there is, oldest first, until it returns non-zero; returns that. */
FXM_API int fxm_file_each(struct fxm_machine *m, int (*fn)(const char *path, void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
