/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_INSMOD_H
#define FXM_TOOLS_INSMOD_H

/*
 * `fixmap insmod` in three parts: cmd_insmod.c understands the command line and watches over the run, insmod_build.c compiles,
 * insmod_run.c runs. All of the simulator lives in a child process, so a module that exits, loops or crashes ends only that.
 */

#include "options.h"

#include <fixmap/config.h>

#include <stdbool.h>
#include <sys/types.h>

struct insmod_module {
	const char *path; /* as given: a .c file, or a .so compiled with the flags of `fixmap cflags` */
	char name[64];	  /* without folder and ending */
	char *object;	  /* the shared object */
};

struct insmod {
	struct fxm_config *cfg;
	double time_limit; /* seconds */
	size_t nr_modules, nr_params;
	struct insmod_module *module;
	char **param;  /* NAME=VALUE */
	char dir[256]; /* the temporary directory, "" for none */
	struct insmod_shared *shared;
};

/* What the child tells its parent; in shared memory. */
struct insmod_shared {
	bool is_done;	 /* it ran to its end: its exit status counts */
	bool has_spoken; /* it has said itself why it ended */
	char doing[128]; /* "hello.c: hello_init()" */
};

/* ---- insmod_build.c ---- */

/* Makes the temporary directory. 0, or 2 after a message. */
int insmod_make_dir(struct insmod *job);
void insmod_remove_dir(struct insmod *job);

/* Compiles every .c file. The compiler's own messages go to standard error unchanged. 0, or 2 after a message. */
int insmod_compile(struct insmod *job);

/* ---- insmod_run.c ---- */

/* In the child: builds the machine, loads, runs, unloads, lists what was leaked. Does not return: exits with the status. */
_Noreturn void insmod_run(struct insmod *job);

/* One line on standard error, after everything on standard output. */
void insmod_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
