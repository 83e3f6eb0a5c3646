/* SPDX-License-Identifier: MIT */

/* `fixmap tree`: makes a kernel source tree ready, once, for what `fixmap insmod -K` compiles of it. */

#include "tree.h"

#include <getopt.h>
#include <string.h>

static const char help[] = "usage: fixmap tree [-p PROFILE] [-o NAME=VALUE]... TREE [FILE.c]...\n"
			   "\n"
			   "Makes what the build of the kernel source TREE would generate, for libfixmap as its architecture:\n"
			   "the configuration, and headers. It goes to a cache ($XDG_CACHE_HOME/fixmap, ~/.cache/fixmap); TREE\n"
			   "is only read. Needs a C compiler, and neither make nor flex. `fixmap insmod -K TREE` does it too.\n"
			   "For each FILE.c of the tree, says which option builds it, and with which flags.\n"
			   "\n"
			   "  -p PROFILE      the kernel to simulate (`fixmap profiles`)\n"
			   "  -o NAME=VALUE   a setting of it (`fixmap layout --settings`)\n";

static int tell_file(struct tree *t, const char *path)
{
	struct tree_file file;

	if (!tree_file(t, path, &file))
		return tool_error("tree", "%s is no file of %s", path, t->given);
	if (*file.missing)
		printf("%s: CONFIG_%s wants %s, which this architecture has not\n", file.path, file.option, file.missing);
	else if (!file.is_built)
		printf("%s: no Makefile names it\n", file.path);
	else
		printf("%s: %s%s\n", file.path, *file.option ? "CONFIG_" : "always built", file.option);
	for (size_t i = 0; i < file.flags.nr; i++)
		printf("  %s\n", file.flags.word[i]);
	tool_words_free(&file.flags);
	return 0;
}

int cmd_tree(int argc, char **argv)
{
	static const struct option longs[] = {TOOL_LONG_OPTIONS, {0}};
	struct tool_target target = {.command = "tree"};
	struct tree t = {0};
	int opt, status = 0;

	while (!status && (opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		status = tool_option(&target, opt, argv);
	}
	if (status)
		return 2;
	if (optind == argc)
		return tool_error("tree", "which tree? Give the top directory of a kernel source; see `fixmap help tree`");
	struct fxm_config *cfg = tool_config(&target);
	status = cfg ? tree_open(&t, "tree", argv[optind], cfg) : 2;
	if (!status)
		status = tree_prepare(&t, true);
	if (!status && optind + 1 < argc)
		status = tree_configure(&t);
	for (int i = optind + 1; i < argc && !status; i++)
		status = tell_file(&t, argv[i]);
	tree_close(&t);
	fxm_config_destroy(cfg);
	return status;
}
