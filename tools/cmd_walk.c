// SPDX-License-Identifier: MIT
/*
 * `fixmap walk`: how an address translates after a trace (or up to one of its operations), level by level.
 */

#include "options.h"
#include "replay.h"
#include "replay_settings.h"

#include <fixmap/fixmap.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] = "usage: fixmap walk [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]... ADDRESS...\n"
			   "\n"
			   "Prints every level's page-table entry for ADDRESS (hex), decoded: after the whole TRACE, after its\n"
			   "operation number SEQ, or on a machine that has just booted. TRACE - is standard input.\n";

struct walk_command {
	struct tool_target target;
	struct replay_settings settings;
	struct replay_options opt;
	char *after;
};

/* TRACE:SEQ, unless a file is really called so. */
static void split_after(struct walk_command *c)
{
	char *colon = strrchr(c->after, ':'), *end;

	if (!colon || !colon[1] || !access(c->after, F_OK))
		return;
	c->opt.stop_seq = strtoull(colon + 1, &end, 10);
	if (*end)
		return;
	c->opt.stop = true;
	*colon = '\0';
}

/* 0: go on; else the status, or -1 when --help was printed. */
static int parse(struct walk_command *c, int argc, char **argv)
{
	static const struct option longs[] = {
	    TOOL_LONG_OPTIONS,
	    {"after", required_argument, NULL, 'a'},
	    {NULL, 0, NULL, 0},
	};
	int opt;

	c->target.command = "walk";
	while ((opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (opt == 'a')
			c->after = optarg;
		else if (tool_option(&c->target, opt, argv))
			return 2;
	}
	replay_settings_of(&c->target, &c->settings);
	c->opt.profile = c->settings.profile;
	c->opt.settings = (const char *const *)c->settings.words.word;
	c->opt.nsettings = c->settings.words.nr;
	if (c->settings.record)
		return tool_error("walk", "trace=%s does not go with walk; use it with `fixmap replay`", c->settings.record);
	return optind == argc ? tool_error("walk", "which address? `fixmap help walk` tells more") : 0;
}

static bool read_address(const char *text, fxm_va *va)
{
	char *end;

	errno = 0;
	va->v = strtoull(text, &end, 16);
	return *text && *text != '-' && !*end && !errno;
}

static void print_result(const struct fxm_walk *walk)
{
	if (!walk->mapped) {
		printf("  not mapped\n");
		return;
	}
	printf("  -> %llx, page of %llu KiB, %s%s%s%s\n", (unsigned long long)walk->pa.v,
	       (unsigned long long)(walk->size_bytes >> 10), walk->writable ? "writable" : "read-only",
	       walk->executable ? ", executable" : "", walk->user ? ", user" : "", walk->global ? ", global" : "");
}

/* "FIX_KMAP_BEGIN+1": the last enumerator up to @index. */
static void print_fixed(const struct fxm_layout *layout, uint64_t index)
{
	struct fxm_fixed fixed, best = {0};

	for (size_t i = 0; !fxm_fixed_at(layout, i, &fixed); i++)
		if (fixed.index <= index && (!best.name || fixed.index > best.index))
			best = fixed;
	printf("  fixed address %llu", (unsigned long long)index);
	if (best.name)
		printf(", %s", best.name);
	if (best.name && index > best.index)
		printf("+%llu", (unsigned long long)(index - best.index));
}

static void print_region(const struct fxm_layout *layout, fxm_va va)
{
	struct fxm_region region;

	for (size_t i = 0; !fxm_region_at(layout, i, &region); i++)
		if (va.v - region.start.v < region.size_bytes)
			printf("  %s", region.name);
}

/* What the address is called: the pkmap slot, the fixed address, the region. */
static void print_name(struct fxm_machine *m, fxm_va va)
{
	const struct fxm_layout *layout = fxm_machine_layout(m);
	uint64_t slot = (va.v - fxm_layout_get(layout, "PKMAP_BASE")) >> FXM_PAGE_SHIFT;
	uint64_t index = fxm___virt_to_fix(m, va);
	int end = fxm_fixed_index(layout, "__end_of_fixed_addresses");

	printf("%08llx", (unsigned long long)va.v);
	if (slot < fxm_layout_get(layout, "LAST_PKMAP"))
		printf("  pkmap slot %llu, count %d", (unsigned long long)slot, fxm_pkmap_count(m, (uint32_t)slot, NULL));
	else if (end > 0 && index < (uint64_t)end)
		print_fixed(layout, index);
	else
		print_region(layout, va);
	putchar('\n');
}

static void print_walk(struct fxm_machine *m, fxm_va va)
{
	struct fxm_walk walk;
	char words[128];

	print_name(m, va);
	fxm_walk(m, va, &walk);
	for (unsigned i = 0; i < walk.levels; i++) {
		bool is_pte = !strcmp(walk.level[i].name, "pte");

		fxm_pte_describe(m, walk.level[i].entry, !is_pte && walk.level[i].leaf, words, sizeof(words));
		printf("  %-3s at %09llx: %016llx  %s\n", walk.level[i].name, (unsigned long long)walk.level[i].entry_at.v,
		       (unsigned long long)walk.level[i].entry.v, walk.level[i].present ? words : "not present");
	}
	print_result(&walk);
}

/* A machine that has just booted: as a script with nothing in it. */
static int boot(const struct walk_command *c, struct replay **rp)
{
	char script[] = "mark boot\nstate last_pkmap_nr=0\n";
	FILE *in = fmemopen(script, sizeof(script) - 1, "r");
	int ret;

	if (!in)
		return -1;
	ret = replay_run(in, "the new machine", &c->opt, rp);
	fclose(in);
	return ret;
}

static int replay_after(struct walk_command *c, struct replay **rp)
{
	bool is_stdin = !strcmp(c->after, "-");
	FILE *in;
	int ret;

	split_after(c);
	is_stdin = !strcmp(c->after, "-");
	in = is_stdin ? stdin : fopen(c->after, "r");
	if (!in)
		return -tool_error("walk", "cannot open %s: %s", c->after, strerror(errno));
	ret = replay_run(in, is_stdin ? "standard input" : c->after, &c->opt, rp);
	if (!is_stdin)
		fclose(in);
	if (!ret && c->opt.stop && !replay_result(*rp).stopped)
		return -tool_error("walk", "%s has no operation %llu; it has %llu", c->after, (unsigned long long)c->opt.stop_seq,
				   (unsigned long long)replay_result(*rp).operations);
	if (!ret && replay_result(*rp).differences)
		fprintf(stderr, "fixmap walk: note: %llu differences on the way; `fixmap replay %s` shows them\n",
			(unsigned long long)replay_result(*rp).differences, c->after);
	return ret;
}

static int walk_all(struct replay *rp, int argc, char **argv)
{
	struct fxm_machine *m = replay_machine(rp);
	fxm_va va;

	if (!m)
		return tool_error("walk", "the trace describes no machine");
	for (int i = optind; i < argc; i++) {
		if (!read_address(argv[i], &va))
			return tool_error("walk", "%s is no address; write one in hex", argv[i]);
		if (va.v > UINT32_MAX && fxm_layout_get(fxm_machine_layout(m), "PAGE_OFFSET") <= UINT32_MAX)
			return tool_error("walk", "%s is beyond this kernel's 32-bit addresses; write at most ffffffff", argv[i]);
		print_walk(m, va);
	}
	errno = 0;
	return fflush(stdout) || ferror(stdout) ? tool_output_failed("walk", errno) : 0;
}

static int walk(struct walk_command *c, int argc, char **argv)
{
	struct replay *rp = NULL;
	int status;

	if (c->after ? replay_after(c, &rp) : boot(c, &rp)) {
		if (rp && *replay_error(rp))
			fprintf(stderr, "%s\n", replay_error(rp));
		status = 2;
	} else {
		status = walk_all(rp, argc, argv);
	}
	replay_free(rp);
	return status;
}

int cmd_walk(int argc, char **argv)
{
	struct walk_command c = {0};
	int status = parse(&c, argc, argv);

	if (!status)
		status = walk(&c, argc, argv);
	replay_settings_free(&c.settings);
	return status < 0 ? 0 : status;
}
