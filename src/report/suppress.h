/* SPDX-License-Identifier: MIT */
#ifndef FXMI_SUPPRESS_H
#define FXMI_SUPPRESS_H

/* Reports that the user does not want to see: suppress=FILE. */

#include "expr.h"

#include <fixmap/report.h>

struct fxmi_suppressions;

/*
 * Reads the file at @path into *@out, which the caller frees; NULL for an empty @path. Errors: -EINVAL with "FILE:LINE: what is
 * wrong" in @error, -ENOMEM.
 */
int fxmi_suppress_read(const char *path, struct fxmi_suppressions **out, struct fxmi_error *error);
void fxmi_suppress_free(struct fxmi_suppressions *s);

/* Whether a line of @s covers @report. */
bool fxmi_suppress_covers(const struct fxmi_suppressions *s, const struct fxm_report *report);

#endif
