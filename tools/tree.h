/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_TREE_H
#define FXM_TOOLS_TREE_H

/*
 * A kernel source tree for which libfixmap is the architecture (include/arch): its own headers, used whole, and what its build
 * would generate. That is made once, by libfixmap and the user's compiler, in a cache outside the tree, which is never written to.
 */

#include "kconfig.h"
#include "options.h"

#include <limits.h>
#include <stdbool.h>

struct tree {
	const char *command, *given; /* for messages; the path as the user wrote it */
	char dir[PATH_MAX];	     /* resolved */
	char arch[PATH_MAX];	     /* include/arch, or where it is installed */
	char cache[PATH_MAX];	     /* what was prepared */
	char answer[PATH_MAX + 64];  /* the stored configuration that fits best */
	int version, patchlevel, sublevel;
	bool is_exact;		   /* the answer is for this version */
	struct tool_words profile; /* the words of the profile, for the compiler */
	struct kconfig *kconfig;   /* NULL until tree_configure() */
};

/* The numbers of the version; 0, or 2 after a message that says what a tree is. @path: as the user wrote it. */
int tree_open(struct tree *t, const char *command, const char *path, struct fxm_config *cfg);
void tree_close(struct tree *t);

/*
 * Makes what the tree's build would generate, unless the cache has it for this tree, compiler, profile and settings. With
 * @progress, says what it does. 0, or 2 after a message.
 */
int tree_prepare(struct tree *t, bool progress);

/* Reads the configuration and every Kconfig file, for tree_file(). 0, or 2 after a message. */
int tree_configure(struct tree *t);

/* The words that every file is compiled with. */
void tree_flags(const struct tree *t, struct tool_words *flags);

/* What the tree's Makefiles and Kconfig files say of one file. */
struct tree_file {
	char path[PATH_MAX];	 /* from the top of the tree */
	char option[128];	 /* that builds it; "" when it is always built */
	bool is_built;		 /* a Makefile names it, and this architecture can have it */
	char missing[128];	 /* the option that this architecture has not, when it cannot */
	struct tool_words flags; /* its own: -I, -D, and the options that its option brings */
};

/* False: @path is none of the tree's. Free @file->flags. */
bool tree_file(struct tree *t, const char *path, struct tree_file *file);

#endif
