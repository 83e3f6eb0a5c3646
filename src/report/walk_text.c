/* SPDX-License-Identifier: MIT */
/*
 * A page-table walk in words: what the address is called, the entry of each level, and what it comes to. No lock, no memory: a
 * debugger asks for it too.
 */
#include "base.h"
#include "report.h"
#include "state.h"

void fxmi_fixed_name(const struct fxmi_kernel *k, uint64_t index, char *buf, size_t size)
{
	struct fxm_fixed fixed, best = {0};
	char offset[24] = "";

	for (size_t i = 0; !fxm_fixed_at(k->layout, i, &fixed); i++)
		if (fixed.index <= index && strncmp(fixed.name, "__", 2) != 0 && (!best.name || fixed.index > best.index))
			best = fixed; /* "__end_of_permanent_fixed_addresses" is no address */
	if (best.name && index > best.index)
		snprintf(offset, sizeof(offset), "+%llu", (unsigned long long)(index - best.index));
	snprintf(buf, size, "%s%s", best.name ? best.name : "", offset);
}

static void add_fixed(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t index)
{
	char name[80];

	fxmi_fixed_name(k, index, name, sizeof(name));
	fxmi_text_add(t, "  fixed address %llu%s%s", (unsigned long long)index, *name ? ", " : "", name);
}

static void add_regions(struct fxmi_text *t, const struct fxm_layout *layout, uint64_t va)
{
	struct fxm_region region;

	for (size_t i = 0; !fxm_region_at(layout, i, &region); i++)
		if (va - region.start.v < region.size_bytes)
			fxmi_text_add(t, "  %s", region.name);
}

void fxmi_text_add_name(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va)
{
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	uint64_t index = fxmi_virt_to_fix(k, va);

	fxmi_text_add(t, "%08llx", (unsigned long long)va);
	if (nr >= 0)
		fxmi_text_add(t, "  pkmap slot %d, count %d", nr, (int)fxmi_pkmap_count(&k->pkmap, (uint32_t)nr));
	else if (index < k->nr_fixed)
		add_fixed(t, k, index);
	else
		add_regions(t, k->layout, va);
	fxmi_text_add(t, "\n");
}

static void add_result(struct fxmi_text *t, const struct fxm_walk *walk)
{
	if (!walk->mapped) {
		fxmi_text_add(t, "  not mapped\n");
		return;
	}
	fxmi_text_add(t, "  -> %llx, page of %llu KiB, %s%s%s%s\n", (unsigned long long)walk->pa.v,
		      (unsigned long long)(walk->size_bytes >> 10), walk->writable ? "writable" : "read-only",
		      walk->executable ? ", executable" : "", walk->user ? ", user" : "", walk->global ? ", global" : "");
}

void fxmi_text_add_walk(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va)
{
	struct fxm_walk walk;
	char words[128];

	fxmi_text_add_name(t, k, va);
	fxm_walk(k->m, fxm_va_of(va), &walk);
	for (unsigned i = 0; i < walk.levels; i++) {
		bool is_pte = !strcmp(walk.level[i].name, "pte");

		fxm_pte_describe(k->m, walk.level[i].entry, !is_pte && walk.level[i].leaf, words, sizeof(words));
		fxmi_text_add(t, "  %-3s at %09llx: %016llx  %s\n", walk.level[i].name,
			      (unsigned long long)walk.level[i].entry_at.v, (unsigned long long)walk.level[i].entry.v,
			      walk.level[i].present ? words : "not present");
	}
	add_result(t, &walk);
}

int fxm_walk_describe(struct fxm_machine *m, fxm_va va, char *buf, size_t size)
{
	struct fxmi_text t = {.buf = buf, .size = size};

	if (!m || (!buf && size))
		return -EINVAL;
	fxmi_text_add_walk(&t, fxmi_kernel(m), va.v);
	return (int)t.used;
}
