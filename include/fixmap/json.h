/* SPDX-License-Identifier: MIT */
#ifndef FXM_JSON_H
#define FXM_JSON_H

/* Text as JSON has it: what reports, logs and tables are made with. Models nothing of the kernel. */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes @text as a string of JSON, quotes included, into @buf of @size bytes; returns how long it is, as snprintf() does. The
 * result is UTF-8 whatever @text is: characters stay, and a byte that is part of none becomes U+FFFD. Context: any thread,
 * signal handlers too. Errors: -EINVAL.
 */
FXM_API int fxm_json_quote(const char *text, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
