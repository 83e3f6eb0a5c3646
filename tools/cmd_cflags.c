/* SPDX-License-Identifier: MIT */

/* `fixmap cflags`: how code of the kernel tier is compiled for one profile and its settings. */

#include "compiler.h"
#include "options.h"

#include <fixmap/layout.h>

#include <getopt.h>
#include <string.h>

static const char help[] = "usage: fixmap cflags [-p PROFILE] [-o NAME=VALUE]...\n"
			   "\n"
			   "Prints the compiler flags of the kernel tier: include directories, language options and a\n"
			   "-DCONFIG_ for every option that is on. They contain nothing that a shell or make touches:\n"
			   "\n"
			   "  gcc $(fixmap cflags -p x86_32-4.15) -c driver.c\n"
			   "\n"
			   "  -p PROFILE      the kernel (`fixmap profiles`)\n"
			   "  -o NAME=VALUE   a setting of it (`fixmap layout --settings`); window=strict: without the checks\n"
			   "                  of each access, which are clang's where CC names it, else gcc's\n"
			   "\n"
			   "FIXMAP_INCLUDE names the include directory when it is not found beside the program.\n";

/* What the profile's enums and constants are made from. */
static void add_definitions(const struct fxm_config *cfg, const struct fxm_layout *layout, struct tool_words *flags)
{
	const char *name;
	uint64_t value;
	struct fxm_profile_info profile;
	fxm_config_get_profile_info(cfg, &profile);
	tool_words_add(flags, "-DFXM_KERNEL_PROFILE_NAME=%s", profile.name);
	tool_words_add(flags, "-DFXM_KERNEL_VERSION=0x%06x", profile.version);
	for (size_t i = 0; !fxm_kernel_config_at(layout, i, &name, &value); i++)
		if (value)
			tool_words_add(flags, "-DCONFIG_%s=%llu", name, (unsigned long long)value);
}

/* A profile of the user's own: its folder, and that of the tables which it may include. */
static void add_profile_file(const struct fxm_config *cfg, const struct tool_words *dirs, struct tool_words *flags)
{
	struct fxm_profile_info profile;
	fxm_config_get_profile_info(cfg, &profile);
	const char *file = profile.file, *slash = file ? strrchr(file, '/') : NULL;
	if (!file)
		return;
	tool_words_add(flags, "-I%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
	for (size_t i = 0; i < dirs->nr; i++)
		if (!strstr(dirs->word[i], "/kernel"))
			tool_words_add(flags, "-I%s/fixmap/profiles", dirs->word[i]);
	tool_words_add(flags, "-DFXM_KERNEL_PROFILE_FILE=%s", slash ? slash + 1 : file);
}

int tool_profile_flags(const char *command, struct fxm_config *cfg, struct tool_words *flags)
{
	struct fxm_layout *layout;
	struct tool_words dirs = {0};
	int err = fxm_layout_create(cfg, &layout);

	if (err)
		return tool_error(command, "%s", *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(err));
	if (fxm_layout_get(layout, "FIXADDR_TOP") > UINT32_MAX)
		err = tool_error(command,
				 "%s is a 64-bit kernel, and the kernel tier is for 32-bit ones: `fixmap layout`, `fixmap walk` "
				 "and `fixmap replay` take it",
				 fxm_config_profile(cfg));
	if (!err)
		err = tool_include_dirs(command, &dirs);
	if (!err) {
		add_profile_file(cfg, &dirs, flags);
		add_definitions(cfg, layout, flags);
	}
	tool_words_free(&dirs);
	fxm_layout_destroy(layout);
	return err;
}

int tool_cflags(const char *command, struct fxm_config *cfg, struct tool_words *flags)
{
	static const char *const language[] = {"-std=gnu11", "-fno-strict-aliasing", "-fno-strict-overflow",
					       "-fno-delete-null-pointer-checks"};
	struct tool_words dirs = {0}, profile = {0};
	int err = tool_profile_flags(command, cfg, &profile);

	if (!err)
		err = tool_include_dirs(command, &dirs);
	for (size_t i = 0; i < dirs.nr; i++)
		tool_words_add(flags, "-I%s", dirs.word[i]);
	for (size_t i = 0; i < profile.nr && !strncmp(profile.word[i], "-I", 2); i++)
		tool_words_add(flags, "%s", profile.word[i]);
	for (size_t i = 0; i < sizeof(language) / sizeof(language[0]); i++)
		tool_words_add(flags, "%s", language[i]);
	for (size_t i = 0; i < profile.nr; i++)
		if (strncmp(profile.word[i], "-I", 2))
			tool_words_add(flags, "%s", profile.word[i]);
	tool_words_free(&dirs);
	tool_words_free(&profile);
	return err;
}

/* Quoted for a shell when it must be: only a path can need it. */
static void print_word(const char *word)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=./+,:@%";
	if (strspn(word, safe) == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	putchar('\'');
}

int cmd_cflags(int argc, char **argv)
{
	static const struct option longs[] = {TOOL_LONG_OPTIONS, {0}};
	struct tool_target target = {.command = "cflags", .defaults = "window=checked"};
	struct tool_words flags = {0};
	int opt, status = 0;
	while (!status && (opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		status = tool_option(&target, opt, argv);
	}
	if (status || tool_no_arguments(&target, argc, argv))
		return 2;
	struct fxm_config *cfg = tool_config(&target);
	status = cfg ? tool_cflags(target.command, cfg, &flags) : 2;
	if (!status && !strcmp(fxm_config_get(cfg, "window"), "checked"))
		tool_checks_add(!tool_wants_clang(), &flags);
	for (size_t i = 0; i < flags.nr && !status; i++) {
		print_word(flags.word[i]);
		putchar(i + 1 < flags.nr ? ' ' : '\n');
	}
	tool_words_free(&flags);
	fxm_config_destroy(cfg);
	return status;
}
