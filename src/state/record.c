/* SPDX-License-Identifier: MIT */
/* The records of mappings, and the questions about them. What a family is, and the invariants: record.h. */
#include "state.h"

#include <stdlib.h>

/* ---- what is kept ---- */

int fxmi_records_init(struct fxmi_records *r, uint32_t nr)
{
	if (r->mapped_at) /* a machine's layout can be adopted anew */
		return 0;
	uint32_t places = nr ? nr : 1;
	r->mapped_at = calloc(3 * (size_t)places, sizeof(*r->mapped_at));
	r->more = calloc(places, sizeof(*r->more));
	if (!r->mapped_at || !r->more) {
		fxmi_records_free(r);
		return -ENOMEM;
	}
	_Static_assert(sizeof(*r->mapped_at) == sizeof(*r->serial), "one allocation serves the three arrays");
	r->unmapped_at = r->mapped_at + places;
	r->serial = (uint64_t *)(r->unmapped_at + places);
	r->nr = nr;
	return 0;
}

void fxmi_records_free(struct fxmi_records *r)
{
	free(r->mapped_at);
	free(r->more);
	*r = (struct fxmi_records){0};
}

void fxmi_records_clear(struct fxmi_records *r, uint32_t nr)
{
	fxm_assert_internal(nr <= r->nr);
	memset(r->mapped_at, 0, nr * sizeof(*r->mapped_at));
	memset(r->unmapped_at, 0, nr * sizeof(*r->unmapped_at));
	memset(r->serial, 0, nr * sizeof(*r->serial));
	memset(r->more, 0, nr * sizeof(*r->more));
}

static void set_holder(struct fxmi_record *more, uint64_t serial, int pid, const char comm[16])
{
	uint64_t words[2];

	memcpy(words, comm, sizeof(words));
	atomic_store_explicit(&more->pid, pid, memory_order_relaxed);
	atomic_store_explicit(&more->comm[0], words[0], memory_order_relaxed);
	atomic_store_explicit(&more->comm[1], words[1], memory_order_relaxed);
	atomic_store_explicit(&more->holder_serial, serial, memory_order_relaxed);
}

void fxmi_record_map(struct fxmi_records *r, int64_t n, uintptr_t site, const struct fxm_task *task, const char *call)
{
	if (n < 0 || n >= r->nr)
		return;
	struct fxmi_record *more = &r->more[n];
	uint64_t serial = __atomic_add_fetch(&r->serial[n], 1, __ATOMIC_RELAXED);

	__atomic_store_n(&r->mapped_at[n], site, __ATOMIC_RELAXED);
	if (task)
		set_holder(more, serial, task->pid, task->comm);
	if (call) {
		atomic_store_explicit(&more->call, call, memory_order_relaxed);
		atomic_store_explicit(&more->call_serial, serial, memory_order_relaxed);
	}
}

void fxmi_record_unmap(struct fxmi_records *r, int64_t n, uintptr_t site)
{
	if (n >= 0 && n < r->nr)
		__atomic_store_n(&r->unmapped_at[n], site, __ATOMIC_RELAXED);
}

void fxmi_record_keep_holder(struct fxmi_records *r, uint32_t n, const struct fxm_task *task)
{
	uint64_t serial = __atomic_load_n(&r->serial[n], __ATOMIC_RELAXED);

	if (atomic_load_explicit(&r->more[n].holder_serial, memory_order_relaxed) != serial)
		set_holder(&r->more[n], serial, task->pid, task->comm);
}

void fxmi_record_copy(struct fxmi_records *to, uint32_t n, const struct fxmi_records *from, uint32_t from_n)
{
	struct fxmi_record *a = &to->more[n], *b = &from->more[from_n];

	fxmi_write_once(to->mapped_at[n], from->mapped_at[from_n]);
	fxmi_write_once(to->unmapped_at[n], from->unmapped_at[from_n]);
	fxmi_write_once(to->serial[n], from->serial[from_n]);
	a->told = atomic_load_explicit(&b->told, memory_order_relaxed);
	a->holder_serial = atomic_load_explicit(&b->holder_serial, memory_order_relaxed);
	a->call_serial = atomic_load_explicit(&b->call_serial, memory_order_relaxed);
	a->call = atomic_load_explicit(&b->call, memory_order_relaxed);
	a->pid = atomic_load_explicit(&b->pid, memory_order_relaxed);
	a->comm[0] = atomic_load_explicit(&b->comm[0], memory_order_relaxed);
	a->comm[1] = atomic_load_explicit(&b->comm[1], memory_order_relaxed);
}

/* ---- one mapping ---- */

void fxmi_mapping_fill(struct fxmi_mapping *m)
{
	const struct fxmi_records *r = m->records;

	m->call = m->call ? m->call : m->family->call;
	if (!r)
		return;
	struct fxmi_record *more = &r->more[m->record];
	uint64_t serial = __atomic_load_n(&r->serial[m->record], __ATOMIC_RELAXED);
	uint64_t told = atomic_load_explicit(&more->told, memory_order_relaxed);

	m->serial = serial;
	m->mapped_at = __atomic_load_n(&r->mapped_at[m->record], __ATOMIC_RELAXED);
	m->unmapped_at = m->is_live ? 0 : __atomic_load_n(&r->unmapped_at[m->record], __ATOMIC_RELAXED);
	m->told = told >> FXMI_MISTAKE_BITS == serial ? told & ((1u << FXMI_MISTAKE_BITS) - 1) : 0;
	if (!serial)
		return;
	if (atomic_load_explicit(&more->call_serial, memory_order_relaxed) == serial)
		m->call = atomic_load_explicit(&more->call, memory_order_relaxed);
	if (atomic_load_explicit(&more->holder_serial, memory_order_relaxed) == serial) {
		uint64_t words[2] = {atomic_load_explicit(&more->comm[0], memory_order_relaxed),
				     atomic_load_explicit(&more->comm[1], memory_order_relaxed)};

		memcpy(m->comm, words, sizeof(m->comm));
		m->comm[sizeof(m->comm) - 1] = 0;
		m->pid = atomic_load_explicit(&more->pid, memory_order_relaxed);
	}
}

bool fxmi_slot_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_slot *out)
{
	uint64_t index = fxmi_va_is_fixed(k, va) ? fxmi_virt_to_fix(k, va) - k->fix_kmap_begin : UINT64_MAX;

	if (!k->has_kmap_group || index > (uint64_t)k->fix_kmap_end - k->fix_kmap_begin)
		return false;
	uint64_t slot = index / k->cache_colours;
	out->cpu = fxm_machine_vcpu(k->m, (unsigned)(slot / k->km_type_nr));
	out->cpu_id = (unsigned)(slot / k->km_type_nr);
	out->level = (int)(slot % k->km_type_nr);
	return true;
}

bool fxmi_va_is_fixed(const struct fxmi_kernel *k, uint64_t va)
{
	uint64_t lowest = fxmi_fix_to_virt(k, k->nr_fixed - 1);
	return va >= lowest && va <= k->va_mask && va - lowest < (uint64_t)k->nr_fixed << k->page_shift &&
	       fxmi_pkmap_nr(&k->pkmap, va) < 0;
}

const char *fxmi_km_type_name(const struct fxmi_kernel *k, uint32_t type)
{
	const char *name;
	uint32_t value;

	for (size_t i = 0; !fxm_km_type_at(k->layout, i, &name, &value); i++)
		if (value == type)
			return name;
	return "?";
}

/* ---- questions ---- */

bool fxmi_mapping_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	for (unsigned i = 0; i < FXMI_FAMILIES; i++) {
		*out = (struct fxmi_mapping){.family = k->family[i], .cpu_id = -1, .pfn = UINT64_MAX, .bytes = FXM_PAGE_SIZE};
		if (k->family[i] && k->family[i]->at(k, va, out))
			return true;
	}
	*out = (struct fxmi_mapping){.cpu_id = -1, .pfn = UINT64_MAX};
	return false;
}

bool fxmi_is_mapped(const struct fxmi_kernel *k, uint64_t va)
{
	struct fxmi_mapping m;

	if (!(fxm_pte_at(k->m, fxm_va_of(va)).v & k->m->desc.format->present))
		return false;
	return !fxmi_mapping_at(k, va, &m) || (m.is_live && !m.is_away);
}

/* A task's own first. */
static const enum fxmi_family_place order[] = {FXMI_FAMILY_TEMPORARY, FXMI_FAMILY_PKMAP, FXMI_FAMILY_EARLY, FXMI_FAMILY_FIXED,
						FXMI_FAMILY_AREA};

void fxmi_mapping_each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	for (unsigned i = 0; i < FXMI_FAMILIES; i++)
		if (k->family[order[i]])
			k->family[order[i]]->each(k, fn, arg);
}

struct search {
	const struct fxm_vcpu *cpu;
	uint64_t pfn;
	struct fxmi_mapping *out;
	bool is_found;
};

static void match(const struct fxmi_mapping *at, void *arg)
{
	struct search *s = arg;

	if (s->is_found || at->is_away || at->pfn != s->pfn || (at->cpu_id >= 0 && at->cpu != s->cpu))
		return;
	*s->out = *at;
	s->is_found = true;
}

bool fxmi_mapping_of(const struct fxm_vcpu *cpu, uint64_t pfn, struct fxmi_mapping *out)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct search s = {.cpu = cpu, .pfn = pfn, .out = out};

	for (unsigned i = 0; i < FXMI_FAMILIES && !s.is_found; i++) {
		const struct fxmi_family *family = k->family[order[i]];

		if (family && family->of)
			s.is_found = family->of(k, pfn, out);
		else if (family)
			family->each(k, match, &s);
	}
	return s.is_found;
}

bool fxmi_mapping_innermost(const struct fxm_vcpu *cpu, struct fxmi_mapping *out)
{
	const struct fxmi_family *family = fxmi_kernel_of(cpu)->family[FXMI_FAMILY_TEMPORARY];

	return family && family->innermost(cpu, out);
}

const char *fxmi_mapping_undo(const struct fxmi_mapping *m)
{
	return m->undo ? m->undo : m->is_atomic ? "kunmap_atomic" : m->family->undo;
}

void fxmi_mapping_tell(const struct fxmi_mapping *m, enum fxmi_mistake kind)
{
	if (!m->records || !m->serial) /* nobody would know the next mapping from this one */
		return;
	_Atomic uint64_t *at = &m->records->more[m->record].told;
	uint64_t old = atomic_load_explicit(at, memory_order_relaxed), told;

	do
		told = (old >> FXMI_MISTAKE_BITS == m->serial ? old : m->serial << FXMI_MISTAKE_BITS) | kind;
	while (!atomic_compare_exchange_weak(at, &old, told));
}

void fxmi_mapping_describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	m->family->describe(k, m, buf, size);
}

void fxmi_tell(const struct fxmi_kernel *k, uint64_t va, enum fxmi_mistake kind)
{
	struct fxmi_mapping m;

	if (fxmi_mapping_at(k, va, &m))
		fxmi_mapping_tell(&m, kind);
}
