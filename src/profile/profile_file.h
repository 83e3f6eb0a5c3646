/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PROFILE_FILE_H
#define FXMI_PROFILE_FILE_H

/* Profiles that are read from files while the program runs. */

#include "expr.h"
#include "profile.h"

#include <stdbool.h>

/* Whether @name is a file's and not a profile's: it has a slash, or ends in .def. */
bool fxmi_profile_is_path(const char *name);

/* Reads @path. The profile stays for the life of the process. Errors: -EINVAL with @error set ("FILE:LINE: rule"), -ENOMEM. */
int fxmi_profile_load(const char *path, const struct fxmi_profile **out, struct fxmi_error *error);

/*
 * Puts "FILE:LINE: " of @row in front of @error, when @err says that there is one and @profile is a file's. The first call
 * counts: the innermost row is meant. Returns @err.
 */
int fxmi_error_at(const struct fxmi_profile *profile, const struct fxmi_row *row, int err, struct fxmi_error *error);

/* The profile of that name that was read last, or NULL. */
const struct fxmi_profile *fxmi_profile_find_loaded(const char *name);

#endif
