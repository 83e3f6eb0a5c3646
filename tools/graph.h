/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_GRAPH_H
#define FXM_TOOLS_GRAPH_H

/*
 * Which parts of compiled objects a linker would keep: sections, and what their relocations name, as `ld --gc-sections` follows
 * them. A part that nothing reaches wants nothing.
 */

#include <stdbool.h>
#include <stddef.h>

struct graph;

struct graph *graph_new(void);
void graph_free(struct graph *g);

/* Adds an object; what an earlier one defines stays that one's. Its number, or -1 when it is no object. */
int graph_add(struct graph *g, const char *path);

/* How many objects there are, and the path of one. */
size_t graph_size(const struct graph *g);
const char *graph_path(const struct graph *g, int object);

/* Whether an object defines @name for others. */
bool graph_defines(const struct graph *g, const char *name);

/*
 * Forgets what was reached, then follows every part of the objects @root. @missing: called once for each name that is reached and
 * that no object defines, with the object that wants it; @is_call: it is only called, and not looked at.
 */
typedef void (*graph_missing_fn)(const char *name, int object, bool is_call, void *arg);
void graph_reach(struct graph *g, const int *root, size_t n, graph_missing_fn missing, void *arg);

/* Whether graph_reach() came to a part of the object. */
bool graph_is_reached(const struct graph *g, int object);

#endif
