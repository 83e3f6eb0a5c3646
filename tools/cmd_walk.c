// SPDX-License-Identifier: MIT
/*
 * `fixmap walk`: how an address translates after a trace (or up to one of its operations), level by level.
 */

#include "after.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: fixmap walk [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]... ADDRESS...\n"
			   "\n"
			   "Prints every level's page-table entry for ADDRESS (hex), decoded: after the whole TRACE, after its\n"
			   "operation number SEQ, or on a machine that has just booted. TRACE - is standard input.\n";

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

static int walk_all(struct fxm_machine *m, int argc, char **argv)
{
	fxm_va va;

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

int cmd_walk(int argc, char **argv)
{
	struct after a = {0};
	int status = after_parse(&a, "walk", help, argc, argv);

	if (!status && optind == argc)
		status = tool_error("walk", "which address? `fixmap help walk` tells more");
	if (!status) {
		struct fxm_machine *m = after_machine(&a);
		status = m ? walk_all(m, argc, argv) : 2;
	}
	after_free(&a);
	return status < 0 ? 0 : status;
}
