/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_INSMOD_H
#define FXM_TOOLS_INSMOD_H

/*
 * `fixmap insmod` in parts: cmd_insmod.c understands the command line, insmod_child.c watches over the run, insmod_build.c
 * compiles, insmod_kernel.c makes a kernel tree ready for that, insmod_run.c runs, insmod_symbols.c tells what a file misses.
 * All of the simulator lives in a child process, so a module that exits, loops or crashes ends only that.
 */

#include "options.h"

#include <fixmap/config.h>
#include <fixmap/machine.h>

#include <stdbool.h>
#include <sys/types.h>

struct insmod_module {
	const char
	    *path;     /* as given: a .c file, or a .so compiled with the flags of `fixmap cflags`; of a folder, FOLDER/NAME.ko */
	char name[64]; /* without folder and ending */
	struct tool_words source, flag; /* what it is compiled from, and with; no source: it is compiled already */
	char *object;			/* the shared object; of a file of the kernel tree what is linked into one */
	bool is_builtin;		/* a file of the kernel tree, or -B */
	bool is_of_folder; /* its Makefile named it, so that its place among the others follows from symbols */
};

struct insmod {
	struct fxm_config *cfg;
	double time_limit; /* seconds */
	size_t nr_modules, nr_params;
	struct insmod_module *module;
	char **param;		   /* NAME=VALUE */
	char dir[256];		   /* the temporary directory, "" for none */
	const char *tree;	   /* -K, NULL for none */
	const char **config;	   /* -C NAME=VALUE, without CONFIG_ */
	const char **include;	   /* -I */
	const char **builtin_file; /* -B */
	size_t nr_config, nr_include, nr_builtin_files;
	const char *const *setting; /* -o */
	size_t nr_settings;
	const char *profile, *trace; /* -p, --trace, as given; NULL */
	const char **define;	     /* -D */
	size_t nr_defines;
	const char **use; /* --read, --write, --ioctl, in order: the option's letter, then its word */
	size_t nr_uses;
	const char *init; /* --init: the function that is called, whatever module_init() says; NULL */
	const char *keep; /* --keep: the directory that stays, and is the temporary one */
	bool check;	  /* --check: compile, and no more */
	bool stubs;	  /* --stubs: what nothing defines names itself when it is called */
	bool gdb;
	bool json;	   /* --json: the log and the reports as lines of JSON */
	char builtin[320]; /* the shared object of the tree's files, "" for none */
	struct insmod_shared *shared;
};

/* What the child tells its parent; in shared memory. */
struct insmod_shared {
	bool is_done;	 /* it ran to its end: its exit status counts */
	bool has_spoken; /* it has said itself why it ended */
	bool is_listing; /* the modules are through: what follows is the library's, and has no time limit */
	char doing[128]; /* "hello.c: hello_init()" */
};

/* The name of the entry that --init makes. */
#define INSMOD_INIT "--init"

/* One more module, of no file yet. */
struct insmod_module *insmod_add_module(struct insmod *job, const char *path);

/* ---- insmod_folder.c ---- */

/* Adds the modules that @folder's Kbuild or Makefile makes, and those of its subfolders. 0, or 2 after a message. */
int insmod_add_folder(struct insmod *job, const char *folder);

/* Brings modules of folders whose symbols others want before those, as depmod does. All are compiled. */
void insmod_order(struct insmod *job);

/* ---- insmod_build.c ---- */

/* Makes the temporary directory. 0, or 2 after a message. */
int insmod_make_dir(struct insmod *job);
void insmod_remove_dir(struct insmod *job);

/* Compiles every .c file. The compiler's own messages go to standard error unchanged. 0, or 2 after a message. */
int insmod_compile(struct insmod *job);

/* The words that @module is compiled with, up to its end; its object is named by then. 0, or 2 after a message. */
int insmod_command_line(const struct insmod *job, const struct insmod_module *module, struct tool_words *argv);

/* "compiling FILE" while it goes on, where somebody watches. */
void insmod_progress(const char *what, bool is_running);

/* Copies what a compiler said to standard error. */
void insmod_copy_messages(const char *path);

/* ---- insmod_kernel.c ---- */

/* Checks the tree, marks its files among the modules, and makes what its headers need. 0, or 2 after a message. */
int insmod_kernel_prepare(struct insmod *job);

/* The compiler's words for it, behind the library's own. */
void insmod_kernel_flags(const struct insmod *job, struct tool_words *argv);

/* "linux/NAME.h" of the tree, which seems to declare @symbol, or NULL. Valid until the next call. */
const char *insmod_kernel_header_of(const struct insmod *job, const char *symbol);

/* ---- insmod_symbols.c ---- */

/* Names, a line each, the symbols that @object wants and nothing that is loaded has; returns how many. */
size_t insmod_list_missing(const struct insmod *job, const char *object);

/* Calls @fn for each symbol that @object, compiled and not linked, defines for others or wants from them. */
typedef void (*insmod_symbol_fn)(const char *name, bool is_wanted, void *arg);
void insmod_each_symbol(const char *object, insmod_symbol_fn fn, void *arg);

/* ---- insmod_check.c ---- */

/* --check: compiles every file, and says what the others and the linker would miss. 0; 2 when a file does not compile. */
int insmod_check(struct insmod *job);

/* ---- insmod_files.c ---- */

/* Reads, writes and controls the modules' files as --read and its kin ask. Returns how many could not be. In kernel code's task. */
int insmod_use_files(const struct insmod *job, struct fxm_machine *m);

/* ---- insmod_run.c ---- */

/* In the child: builds the machine, loads, runs, unloads, lists what was leaked. Does not return: exits with the status. */
_Noreturn void insmod_run(struct insmod *job);

/* ---- insmod_child.c ---- */

/* Runs the modules in a child process. Returns the exit status of this one, after a message where one is due. */
int insmod_run_child(struct insmod *job);

/* One line on standard error, after everything on standard output. */
void insmod_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
