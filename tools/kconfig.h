/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_KCONFIG_H
#define FXM_TOOLS_KCONFIG_H

/*
 * A kernel tree's configuration, as far as one option more needs it: what it depends on and selects, and the values that options
 * then have by default. The base is an answer of the tree's own kconfig.
 */

#include "options.h"

#include <stdbool.h>

struct kconfig;

/*
 * Reads every Kconfig file of @tree but those of its architectures, @own instead, then @answer, lines CONFIG_NAME=VALUE. NULL after
 * a message.
 */
struct kconfig *kconfig_open(const char *command, const char *tree, const char *own, const char *answer);
void kconfig_close(struct kconfig *k);

/* The value of an option: "y", "m", a number or a string in quotes; "" for off. */
const char *kconfig_value(const struct kconfig *k, const char *name);

/* Sets an option, as a line NAME=VALUE of .config does; nothing else follows from it. */
void kconfig_set(struct kconfig *k, const char *name, const char *value);

/*
 * Turns @name on, with what it depends on and selects, until kconfig_undo(). False when it depends on what this architecture has
 * not; @why (NULL: not wanted) is then that.
 */
bool kconfig_enable(struct kconfig *k, const char *name, const char **why);

/* The options that kconfig_enable() has set since kconfig_undo(), as -DCONFIG_NAME=VALUE. */
void kconfig_flags(const struct kconfig *k, struct tool_words *flags);
void kconfig_undo(struct kconfig *k);

#endif
