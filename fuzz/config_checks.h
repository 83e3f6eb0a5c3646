/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_CHECKS_H
#define CONFIG_CHECKS_H

#include <fixmap/fixmap.h>

/* The text that is told when something does not hold; it must stay while the checks run. */
void config_checks_input(const char *text);
_Noreturn void config_checks_fail(const char *what, int line);

/* An error is one of those documented, and one line of words goes with it. */
void config_checks_error(const struct fxm_config *cfg, int error);

/* Each setting, given its own text, stays what it is. */
void config_checks_options(struct fxm_config *cfg);

/* The config makes a layout that agrees with itself, or an error. */
void config_checks_layout(struct fxm_config *cfg);

#endif
