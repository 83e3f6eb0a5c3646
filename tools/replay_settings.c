// SPDX-License-Identifier: MIT
/* The -p and -o of a command that replays. What a setting may be is the config's business: here they are only taken apart. */

#include "replay_settings.h"

#include <stdbool.h>
#include <string.h>

/* The last value of word @name=, or NULL. */
static const char *value_of(const struct tool_words *words, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = words->nr; i-- > 0;)
		if (!strncmp(words->word[i], name, n) && words->word[i][n] == '=')
			return words->word[i] + n + 1;
	return NULL;
}

static void add(const char *words, struct replay_settings *out)
{
	for (const char *p = words; *(p += strspn(p, ", ")); p += strcspn(p, ", ")) {
		bool is_own = !strncmp(p, "profile=", 8) || !strncmp(p, "trace=", 6);

		tool_words_add(is_own ? &out->own : &out->words, "%.*s", (int)strcspn(p, ", "), p);
	}
}

void replay_settings_of(const struct tool_target *target, struct replay_settings *out)
{
	const char *profile;

	if (target->defaults)
		add(target->defaults, out);
	for (size_t i = 0; i < target->nr_words; i++)
		add(target->words[i], out);
	profile = value_of(&out->own, "profile");
	out->profile = profile ? profile : target->profile;
	out->record = value_of(&out->own, "trace");
}

void replay_settings_free(struct replay_settings *settings)
{
	tool_words_free(&settings->words);
	tool_words_free(&settings->own);
}
