/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_TREE_OBJECTS_H
#define FXM_TOOLS_TREE_OBJECTS_H

/*
 * The objects of a kernel tree: compiled when something wants them, and kept in the tree's cache for as long as compiler, flags,
 * source and headers stay what they were. Of the tree there is the passive code that include/arch/passive names; what runs the
 * machine is libfixmap's own, include/arch/native, compiled against the tree's headers.
 */

#include "graph.h"
#include "tree.h"

struct tree_objects;

/* Reads, or makes, the index of where names are defined. @tree is configured, and outlives it. NULL after a message. */
struct tree_objects *tree_objects_open(struct tree *tree);
void tree_objects_close(struct tree_objects *o);

/* A word for every compilation besides the tree's and the file's own: -I, -D. Before anything is compiled. */
void tree_objects_flag(struct tree_objects *o, const char *word);

/* Compiles libfixmap's own part, and puts it into the graph: what it defines, nothing of the tree does. */
void tree_objects_native(struct tree_objects *o);

/*
 * Compiles files, as many at once as there are processors; what the cache has stays. The paths are from the top of the tree, or
 * absolute. @progress: says how far it is.
 */
void tree_objects_compile(struct tree_objects *o, const struct tool_words *paths, bool progress);

/*
 * The object of a file that was compiled; NULL when it does not compile: then @log is what the compiler said. Until the next call.
 */
const char *tree_objects_object(struct tree_objects *o, const char *path, const char **log);

/* Puts the object of a file into the graph, compiled if need be. Its number there, or negative. */
int tree_objects_add(struct tree_objects *o, const char *path);

/* The graph of what was added, and of what tree_objects_link() found. */
struct graph *tree_objects_graph(struct tree_objects *o);

/*
 * Follows the parts of the objects @root (of the graph), and compiles what defines the names that they want, until nothing more is
 * found. @missing: called at the end, for each name that nothing defines.
 */
void tree_objects_link(struct tree_objects *o, const int *root, size_t n, graph_missing_fn missing, void *arg);

/* Why the native part does not compile with this tree, or NULL. */
const char *tree_objects_native_error(const struct tree_objects *o);

#endif
