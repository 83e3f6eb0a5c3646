/* SPDX-License-Identifier: MIT */
/*
 * What kernel-tier code took and has not given back: pages, kmalloc memory, fixed mappings, each with the place that took it.
 * The simulated kernel does not know this table; it is for the list at rmmod.
 *
 * Open addressing, at most half full. Removal moves later entries of the same run up, so no marker is left behind.
 */
#include "report.h"
#include "state.h"
#include "tier.h"

#include <stdlib.h>

static uint64_t key_of(const struct fxm_held *h)
{
	switch (h->kind) {
	case FXM_HELD_PAGES:
		return h->pfn;
	case FXM_HELD_KMALLOC:
		return h->address.v;
	default:
		return h->index;
	}
}

static size_t home(const struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key)
{
	return (size_t)((key * 4 + kind) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (tier->held_places - 1);
}

static size_t find(const struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key)
{
	size_t i = home(tier, kind, key);
	while (tier->held[i].seq && (tier->held[i].held.kind != kind || key_of(&tier->held[i].held) != key))
		i = (i + 1) & (tier->held_places - 1);
	return i;
}

static bool grow(struct fxmi_tier *tier)
{
	struct fxmi_held *old = tier->held;
	size_t places = tier->held_places;

	if (tier->held_used * 2 < places)
		return true;
	struct fxmi_held *larger = calloc(places ? places * 2 : 64, sizeof(*larger));
	if (!larger)
		return false;
	tier->held = larger;
	tier->held_places = places ? places * 2 : 64;
	for (size_t i = 0; i < places; i++)
		if (old[i].seq)
			tier->held[find(tier, old[i].held.kind, key_of(&old[i].held))] = old[i];
	free(old);
	return true;
}

void fxmi_held_add(struct fxmi_tier *tier, const struct fxm_held *held, uint64_t entry_before)
{
	pthread_mutex_lock(&tier->lock);
	/* Out of memory: the thing is not listed, nothing else is lost. */
	if (grow(tier)) {
		struct fxmi_held *at = &tier->held[find(tier, held->kind, key_of(held))];
		if (!at->seq) {
			at->seq = ++tier->next_seq;
			at->entry_before = entry_before;
			tier->held_used++;
		}
		at->held = *held;
	}
	pthread_mutex_unlock(&tier->lock);
}

void fxmi_held_remove(struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key)
{
	pthread_mutex_lock(&tier->lock);
	size_t hole = tier->held_places ? find(tier, kind, key) : 0;
	if (tier->held_places && tier->held[hole].seq) {
		size_t mask = tier->held_places - 1;
		tier->held_used--;
		for (size_t i = (hole + 1) & mask; tier->held[i].seq; i = (i + 1) & mask) {
			size_t at = home(tier, tier->held[i].held.kind, key_of(&tier->held[i].held));
			/* An entry may fill the hole when its home does not lie between the hole and itself. */
			if (((i - at) & mask) >= ((i - hole) & mask)) {
				tier->held[hole] = tier->held[i];
				hole = i;
			}
		}
		tier->held[hole].seq = 0;
	}
	pthread_mutex_unlock(&tier->lock);
}

bool fxmi_held_find(struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key, struct fxm_held *held)
{
	pthread_mutex_lock(&tier->lock);
	const struct fxmi_held *at = tier->held_places ? &tier->held[find(tier, kind, key)] : NULL;
	bool found = at && at->seq;
	if (found)
		*held = at->held;
	pthread_mutex_unlock(&tier->lock);
	return found;
}

/* Whether an entry of the table is still a fact: pages and mappings can be given back past the kernel tier. */
static bool is_held(const struct fxmi_tier *tier, struct fxmi_held *h)
{
	struct fxm_machine *m = tier->k->m;
	switch (h->held.kind) {
	case FXM_HELD_PAGES:
		return fxm_page_count(m, fxm_page_of_pfn(m, h->held.pfn)) > 0;
	case FXM_HELD_KMALLOC:
		return fxm_ksize(m, h->held.address) != 0;
	case FXM_HELD_IRQ:
	case FXM_HELD_FILE:
		return true;
	default:
		break;
	}
	uint64_t entry = fxm_pte_at(m, h->held.address).v;
	/* ACCESSED and DIRTY are the hardware's doing. */
	uint64_t ignored = m->desc.format->accessed | m->desc.format->dirty;
	h->held.pfn = (entry & m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
	return (entry & m->desc.format->present) && (entry & ~ignored) != (h->entry_before & ~ignored);
}

/* A report was about it: that it stays is no second one. */
static bool is_told(const struct fxmi_tier *tier, const struct fxmi_held *h)
{
	struct fxmi_mapping m;

	return h->held.kind == FXM_HELD_FIXMAP && fxmi_mapping_at(tier->k, h->held.address.v, &m) && m.told;
}

static int by_age(const void *a, const void *b)
{
	const struct fxmi_held *x = a, *y = b;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int fxm_held_each(struct fxm_machine *m, int (*fn)(const struct fxm_held *held, void *arg), void *arg)
{
	if (!m || !fn)
		return -EINVAL;
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel(m));
	int result = 0;
	size_t n = 0;

	pthread_mutex_lock(&tier->lock);
	struct fxmi_held *list = calloc(tier->held_used + 1, sizeof(*list));
	for (size_t i = 0; list && i < tier->held_places; i++)
		if (tier->held[i].seq)
			list[n++] = tier->held[i];
	pthread_mutex_unlock(&tier->lock);
	if (!list)
		return -ENOMEM;
	qsort(list, n, sizeof(*list), by_age);
	for (size_t i = 0; i < n && !result; i++)
		if (is_held(tier, &list[i]) && !is_told(tier, &list[i]))
			result = fn(&list[i].held, arg);
	free(list);
	return result;
}

struct leaks {
	struct fxmi_kernel *k;
	unsigned n;
};

static int report_leak(const struct fxm_held *held, void *arg)
{
	struct leaks *leaks = arg;
	const char *fixed = fxm_fixed_name(fxm_machine_layout(leaks->k->m), held->index);
	unsigned long long pfn = held->pfn, va = held->address.v;
	struct fxmi_subject about = {.site = held->site.pc, .is_left = true, .pfn_plus_1 = held->pfn + 1};
	char place[512], path[256];

	leaks->n++;
	fxm_symbolize(held->site, place, sizeof(place));
	switch (held->kind) {
	case FXM_HELD_PAGES:
		fxmi_finding(leaks->k, NULL, FXMI_FIND_LEAK, &about, "page%s pfn %llx (order %u) never freed, allocated at %s",
			     held->order ? "s from" : "", pfn, held->order, place);
		break;
	case FXM_HELD_KMALLOC:
		about.va = va;
		about.pfn_plus_1 = 0;
		fxmi_finding(leaks->k, NULL, FXMI_FIND_LEAK, &about, "%zu bytes at %llx never freed, kmalloc() at %s",
			     held->size_bytes, va, place);
		break;
	case FXM_HELD_FIXMAP:
		about.va = va;
		about.slot_plus_1 = (uint32_t)held->index + 1;
		fxmi_finding(leaks->k, NULL, FXMI_FIND_LEAK, &about, "fixmap %u%s%s%s still maps pfn %llx at %llx, set at %s",
			     held->index, fixed ? " (" : "", fixed ? fixed : "", fixed ? ")" : "", pfn, va, place);
		break;
	case FXM_HELD_IRQ:
		about.pfn_plus_1 = 0;
		fxmi_finding(leaks->k, NULL, FXMI_FIND_LEAK, &about, "IRQ %u never freed, request_irq() at %s", held->index, place);
		break;
	case FXM_HELD_FILE:
		about.pfn_plus_1 = 0;
		fxmi_file_path(fxmi_tier(leaks->k), held->index, path, sizeof(path));
		fxmi_finding(leaks->k, NULL, FXMI_FIND_LEAK, &about, "%s never removed, registered at %s", path, place);
		break;
	}
	return 0;
}

unsigned fxmi_held_leaks(struct fxmi_kernel *k)
{
	struct leaks leaks = {.k = k};

	fxm_held_each(k->m, report_leak, &leaks);
	return leaks.n;
}

/* ---- what must hold ---- */

static bool held_are_valid_locked(const struct fxmi_tier *tier)
{
	size_t used = 0;

	fxm_invariant(!(tier->held_places & (tier->held_places - 1)));
	fxm_invariant(!tier->held_places == !tier->held);
	for (size_t i = 0; i < tier->held_places; i++) {
		const struct fxmi_held *h = &tier->held[i];

		if (!h->seq)
			continue;
		used++;
		fxm_invariant(h->seq <= tier->next_seq);
		fxm_invariant((unsigned)h->held.kind <= FXM_HELD_IRQ);
		fxm_invariant(find(tier, h->held.kind, key_of(&h->held)) == i);
	}
	fxm_invariant(used == tier->held_used && 2 * used <= tier->held_places + 1);
	return true;
}

bool fxmi_held_are_valid(struct fxmi_tier *tier)
{
	pthread_mutex_lock(&tier->lock);
	bool valid = held_are_valid_locked(tier);
	pthread_mutex_unlock(&tier->lock);
	return valid;
}
