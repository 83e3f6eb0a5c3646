/* SPDX-License-Identifier: MIT */
/* Strings of JSON (RFC 8259), in UTF-8 (RFC 3629). */
#include "base.h"

#include <fixmap/json.h>

#include <errno.h>
#include <stdint.h>

/* How many bytes the character at @c has; 0: it is none. No longer forms of short ones, no surrogates, nothing past U+10FFFF. */
static int utf8_length(const unsigned char *c)
{
	static const struct {
		unsigned char first, last, second_first, second_last, length;
	} forms[] = {{0x00, 0x7f, 0, 0, 1},	  {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		     {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		     {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*c < forms[i].first || *c > forms[i].last)
			continue;
		if (forms[i].length > 1 && (c[1] < forms[i].second_first || c[1] > forms[i].second_last))
			return 0;
		for (int n = 2; n < forms[i].length; n++)
			if ((c[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

void fxmi_text_add_json(struct fxmi_text *t, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	fxmi_text_add(t, "\"");
	while (*c) {
		int length = utf8_length(c);

		if (!length)
			fxmi_text_add(t, "\\ufffd");
		else if (*c == '"' || *c == '\\')
			fxmi_text_add(t, "\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			fxmi_text_add(t, "\\u%04x", *c);
		else
			fxmi_text_add(t, "%.*s", length, (const char *)c);
		c += length ? length : 1;
	}
	fxmi_text_add(t, "\"");
}

int fxm_json_quote(const char *text, char *buf, size_t size)
{
	struct fxmi_text t = {.buf = buf, .size = size};

	if (!text || (size && !buf))
		return -EINVAL;
	fxmi_text_add_json(&t, text);
	return (int)t.used;
}
