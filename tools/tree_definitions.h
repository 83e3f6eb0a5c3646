/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_TREE_DEFINITIONS_H
#define FXM_TOOLS_TREE_DEFINITIONS_H

/*
 * Which files of a kernel tree may define a name: those of the passive code that include/arch/passive lists, and of the folders of
 * drivers that were asked for.
 */

#include "tree.h"

#include <stdint.h>

struct definitions;

/* Reads, or makes, the index in the tree's cache, which is prepared. NULL after a message. */
struct definitions *definitions_open(struct tree *tree);
void definitions_close(struct definitions *d);

/* Drivers are not in the index: the folder of @path, from the top of the tree, is read when that is one. */
void definitions_look_into(struct definitions *d, const char *path);

/* Calls @fn for each file that may define @name. */
void definitions_each(const struct definitions *d, const char *name, void (*fn)(const char *path, void *arg), void *arg);

/* FNV-1a of a line more, from DEFINITIONS_SUM on. */
#define DEFINITIONS_SUM 0xcbf29ce484222325u
uint64_t definitions_sum(uint64_t hash, const char *text);

/* What is in a file, with a 0 behind it; NULL when it cannot be read. The caller frees. */
char *definitions_contents(const char *path);

#endif
