/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_KBUILD_H
#define FXM_TOOLS_KBUILD_H

/*
 * A Kbuild file, or a Makefile for the kernel's build, read as data: which objects it makes of which files, under which options of
 * the configuration, with which flags. It is never executed: what make would ask a shell, and what is not understood, is kept as
 * words for a message.
 */

#include "options.h"

#include <stdbool.h>

/* One `NAME += words`, in the order of the file. In both, $(CONFIG_X) that has no value stays as it is written. */
struct kbuild_line {
	char *name;
	struct tool_words words;
};

struct kbuild {
	struct kbuild_line *line;
	size_t nr;
	struct tool_words strange; /* "FILE:LINE: text" of what is not understood */
};

/* What the Makefile's variables stand for. */
struct kbuild_place {
	const char *src;     /* $(src), $(obj), $(M), $(PWD), $(CURDIR): the folder of the file */
	const char *srctree; /* $(srctree), $(objtree), $(KDIR): the kernel tree, or NULL */
	const char *release; /* $(KERNELRELEASE): "6.1.0" */
	/* The value of CONFIG_@name: "y", "m", a number; "" for off; NULL to keep $(CONFIG_NAME) in the words. */
	const char *(*config)(void *arg, const char *name);
	void *arg;
};

/* Reads @path. 0, or a negative errno value when it cannot be read. Free @k in both cases. */
int kbuild_read(struct kbuild *k, const char *path, const struct kbuild_place *place);
void kbuild_free(struct kbuild *k);

/* Adds the words of every line called @name to @words. Returns how many lines there are. */
size_t kbuild_words(const struct kbuild *k, const char *name, struct tool_words *words);

/*
 * Adds to @options by what @object, "iov_iter.o" or "ext4/", is made: X of each obj-$(CONFIG_X), of it or of a composite object
 * that it is a part of; "y" or "m" when that is no option. Nothing is added when this file does not make it.
 */
void kbuild_options(const struct kbuild *k, const char *object, struct tool_words *options);

#endif
