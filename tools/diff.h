/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_DIFF_H
#define FXM_TOOLS_DIFF_H

/* The two sides of `fixmap diff`, and what is asked of a side by having its kernel complain. */

#include <fixmap/config.h>
#include <fixmap/layout.h>

#define DIFF_TEXT_BYTES 1024

struct diff_side {
	const char *words; /* the profile, and settings after commas */
	struct fxm_config *cfg;
	struct fxm_layout *layout;
	struct fxm_profile_info profile;
	char text[3][DIFF_TEXT_BYTES]; /* diff_texts() */
};

/* What the texts are: "an oops, reading"; NULL past the end. */
const char *diff_text_name(size_t i);

/*
 * Fills @side->text with what this kernel prints first when something is wrong, by a machine that does it. Numbers of 8 hexadecimal
 * digits and more are written as xxxxxxxx: addresses and entries differ with every layout. 0, or 2 after a message.
 */
int diff_texts(struct diff_side *side);

#endif
