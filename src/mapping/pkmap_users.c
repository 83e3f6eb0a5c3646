/* SPDX-License-Identifier: MIT */
/*
 * Who uses the pkmap pool: its records, who holds its slots, who waits for one. A slot's mapping lives from its first user (count
 * 1 -> 2) to its last (2 -> 1), whatever its entry shows before the next flush.
 */
#include "mapping.h"
#include "report.h"
#include "state.h"

/* ---- records ---- */

static void fill(const struct fxmi_kernel *k, uint32_t nr, struct fxmi_mapping *out)
{
	const struct fxmi_pkmap *p = &k->pkmap;
	uint64_t word = atomic_load_explicit(&p->slot[nr].word, memory_order_acquire);

	out->va = fxmi_pkmap_addr(p, nr);
	out->is_live = (int32_t)word >= 2;
	out->users = out->is_live ? (uint32_t)word - 1 : 0;
	out->pfn = word >> 32 ? (word >> 32) - 1 : UINT64_MAX;
	out->slot = out->record = nr;
	out->records = &p->records;
	fxmi_mapping_fill(out);
}

static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	int nr = fxmi_pkmap_nr(&k->pkmap, va);

	if (nr < 0)
		return false;
	fill(k, (uint32_t)nr, out);
	return true;
}

static void each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	for (uint32_t nr = 0; nr < k->pkmap.last_pkmap; nr++) {
		struct fxmi_mapping m = {.family = &fxmi_family_pkmap, .bytes = FXM_PAGE_SIZE, .cpu_id = -1};

		if ((int32_t)fxmi_pkmap_count(&k->pkmap, nr) < 2)
			continue;
		fill(k, nr, &m);
		if (m.is_live)
			fn(&m, arg);
	}
}

static bool of(const struct fxmi_kernel *k, uint64_t pfn, struct fxmi_mapping *out)
{
	uint32_t slot_plus_1 = fxmi_pfn_is_ram(k->m, pfn) ? atomic_load(&k->m->mem.mem_map[pfn].pkmap_slot) : 0;

	if (!slot_plus_1)
		return false;
	*out = (struct fxmi_mapping){.family = &fxmi_family_pkmap, .bytes = FXM_PAGE_SIZE, .cpu_id = -1};
	fill(k, slot_plus_1 - 1, out);
	return out->is_live;
}

static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	(void)k;
	snprintf(buf, size, "pkmap slot %u", m->slot);
}

const struct fxmi_family fxmi_family_pkmap = {
    .name = "kmap",
    .noun = "slot",
    .call = "kmap",
    .undo = "kunmap",
    .at = at,
    .each = each,
    .of = of,
    .describe = describe,
};

/* ---- who holds, who waits ---- */

/* The slots that one task mapped at one place. */
struct holding {
	uintptr_t site;
	int pid;
	char comm[16];
	unsigned slots;
};

enum { MAX_HOLDINGS = 8 };

struct holdings {
	struct holding of[MAX_HOLDINGS];
	unsigned nr;
};

static void group(const struct fxmi_mapping *m, void *arg)
{
	struct holdings *h = arg;
	unsigned i = 0;

	while (i < h->nr && (h->of[i].site != m->mapped_at || h->of[i].pid != m->pid))
		i++;
	if (i < h->nr) {
		h->of[i].slots++;
	} else if (h->nr < MAX_HOLDINGS) {
		h->of[i] = (struct holding){.site = m->mapped_at, .pid = m->pid, .slots = 1};
		memcpy(h->of[i].comm, m->comm, sizeof(m->comm));
		h->nr++;
	}
}

unsigned fxmi_pkmap_holders(struct fxmi_kernel *k, int pid, struct fxmi_notes *notes)
{
	struct holdings h = {.nr = 0};
	unsigned own = 0;

	if (!k->record_sites)
		return 0;
	each(k, group, &h);
	for (unsigned i = 0; i < h.nr; i++) {
		fxmi_note(notes, h.of[i].site, "%s[%d] holds %u slot%s, mapped", h.of[i].comm, h.of[i].pid, h.of[i].slots,
			  h.of[i].slots == 1 ? "" : "s");
		own += h.of[i].pid == pid ? h.of[i].slots : 0;
	}
	return own;
}

void fxmi_pkmap_waiters(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_notes *notes)
{
	struct fxmi_pkmap *p = &k->pkmap;

	if (!k->record_sites)
		return;
	fxmi_spin_lock(cpu, &p->kmap_lock);
	for (uint32_t colour = 0; colour < p->colours; colour++)
		for (const struct fxmi_waiter *w = p->map_wait[colour].head; w; w = w->next)
			fxmi_note(notes, w->site, "%s[%d] waits for a slot", w->task->comm, w->task->pid);
	fxmi_spin_unlock(cpu, &p->kmap_lock);
}
