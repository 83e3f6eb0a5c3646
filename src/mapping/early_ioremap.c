/* SPDX-License-Identifier: MIT */
/*
 * Early mappings since 2.6.27. Models mm/early_ioremap.c (4.7, 4.15, 5.10, 6.1) and arch/x86/mm/ioremap.c.
 *
 * A slot is NR_FIX_BTMAPS consecutive fixed addresses; slot 0 has the lowest address, which is the highest index. A slot is
 * busy while prev_map is not 0, whatever its entries say. In the early phase entries are written straight into the boot page
 * table, without the bits that __supported_pte_mask gains later; then by __set_fixmap(). Both write the same table here.
 *
 * No locks: boot code runs on one CPU.
 */
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <inttypes.h>

static uint64_t slot_index(const struct fxmi_early *e, uint32_t slot)
{
	return e->begin - (uint64_t)slot * e->pages;
}

/* resource_size_t of a 32-bit kernel has 64 bits with PAE only. */
static uint64_t phys_mask(const struct fxmi_kernel *k)
{
	return k->pte_bytes == 8 ? UINT64_MAX : UINT32_MAX;
}

static uint64_t page_align(const struct fxmi_kernel *k, uint64_t size)
{
	return (size + k->page_size - 1) & ~(k->page_size - 1);
}

/* ---- phases, set-up ---- */

void fxmi_early_adopt(struct fxmi_kernel *k)
{
	static const char *const words[] = {"early", "reset", "running"};
	struct fxmi_early *e = &k->early;
	const char *phase = fxmi_setting_text(k->layout, FXMI_SETTING_phase);

	for (unsigned i = 0; !e->nr_slots && i < sizeof(words) / sizeof(words[0]); i++) /* at boot only */
		if (!strcmp(words[i], phase))
			e->phase = (enum fxm_boot_phase)i;
	e->debug = fxmi_setting(k->layout, FXMI_SETTING_early_ioremap_debug);
	e->begin = (uint32_t)fxm_fixed_index(k->layout, "FIX_BTMAP_BEGIN");
	e->pages = (uint32_t)fxm_layout_get(k->layout, "NR_FIX_BTMAPS");
	e->nr_slots = (uint32_t)fxm_layout_get(k->layout, "FIX_BTMAPS_SLOTS");
	fxm_assert(e->nr_slots <= FXMI_EARLY_SLOTS);
	for (uint32_t i = 0; i < e->nr_slots; i++)
		e->slot[i].base = fxmi_fix_to_virt(k, slot_index(e, i));
}

void fxmi_early_reset(struct fxmi_kernel *k)
{
	struct fxmi_records records = k->early.records;

	fxmi_records_clear(&records, records.nr);
	k->early = (struct fxmi_early){.records = records};
	fxmi_early_adopt(k);
}

/* after_paging_init */
static bool is_reset(const struct fxmi_early *e)
{
	return e->phase == FXM_PHASE_RESET || e->phase == FXM_PHASE_RUNNING;
}

enum fxm_boot_phase fxm_boot_phase(const struct fxm_machine *m)
{
	return m ? fxmi_kernel(m)->early.phase : FXM_PHASE_RUNNING;
}

int fxm_boot_phase_set(struct fxm_machine *m, enum fxm_boot_phase phase)
{
	static const char *const marks[] = {"phase=early", "phase=reset", "phase=running", "phase=running-unreset"};

	if (!m || (unsigned)phase > FXM_PHASE_RUNNING_UNRESET)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	if (k->early.phase == phase)
		return 0;
	k->early.phase = phase;
	fxmi_trace_mark(k, marks[phase]);
	return 0;
}

/* 0, or why a call of this generation is refused. */
static int check(const struct fxm_vcpu *cpu, const char *function)
{
	int error = fxmi_check_cpu(cpu);
	return error ? error : fxmi_has(fxmi_kernel_of(cpu), function) ? 0 : -ENOSYS;
}

int fxm_early_ioremap_setup(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_ioremap");
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_early *e = &k->early;

	for (uint32_t i = 0; i < e->nr_slots; i++)
		if (e->slot[i].prev_map) {
			fxmi_warn(cpu, "early_setup_busy",
				  &(struct fxmi_subject){.va = e->slot[i].prev_map, .mapped_at = e->records.mapped_at[i]},
				  "early_ioremap_setup while slot %u is mapped", i);
			break;
		}
	for (uint32_t i = 0; i < e->nr_slots; i++)
		e->slot[i].base = fxmi_fix_to_virt(k, slot_index(e, i));
	return 0;
}

int fxm_early_ioremap_reset(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_ioremap");
	if (!error && fxm_boot_phase(cpu->machine) == FXM_PHASE_EARLY)
		error = fxm_boot_phase_set(cpu->machine, FXM_PHASE_RESET);
	return error;
}

/* ---- mapping ---- */

/* __early_set_fixmap(), or its late form once paging_init() is over. @prot 0 clears. */
static void set_page(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t index, uint64_t pa, uint64_t prot)
{
	const struct fxmi_pt_format *f = k->m->desc.format;

	if (is_reset(&k->early) && k->is_arm)
		fxmi_bug(cpu, prot ? "early_late_map" : "early_late_clear", NULL,
			 "early mappings end with early_ioremap_reset() on this architecture: it has no late way to set them");
	if (is_reset(&k->early)) {
		fxmi_set_fixmap(cpu, k, (uint32_t)index, pa, prot);
		return;
	}
	if (prot)
		prot = (pa & ~(k->page_size - 1)) | (prot & k->pte_mask & ~(k->setter_is_x86 ? f->global | f->nx : 0));
	fxmi_set_fixed_pte(cpu, k, (uint32_t)index, prot);
}

static void debug_line(struct fxm_vcpu *cpu, const char *function, uint32_t slot, uint64_t address, uint64_t size)
{
	const struct fxmi_early *e = &fxmi_kernel_of(cpu)->early;

	if (e->debug)
		fxmi_warn(cpu, "early_debug", &(struct fxmi_subject){.va = e->slot[slot].base},
			  "%s(%08" PRIx64 ", %08" PRIx64 ") [%u], early_ioremap_debug is set", function, address, size, slot);
}

/* The pages of a mapping into a slot that is free. The last address was computed before; here it only counts pages. */
static uint64_t map_slot(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const char *function, uint32_t slot, uint64_t phys,
			 uint64_t size, uint64_t prot)
{
	struct fxmi_early *e = &k->early;
	uint64_t offset = phys & (k->page_size - 1);
	uint64_t end = page_align(k, phys + size);
	/* On x86 PAGE_MASK is an unsigned long: of a physical address beyond its width the upper half is lost. On arm, an int. */
	uint64_t pa = phys & ~(k->page_size - 1) & (k->is_arm ? UINT64_MAX : k->va_mask);
	uint64_t bytes = (end - pa) & k->va_mask;
	uint64_t pages = bytes >> k->page_shift;
	uint64_t index = slot_index(e, slot);

	if (pages > e->pages) {
		fxmi_warn(cpu, "early_too_big", &(struct fxmi_subject){.va = e->slot[slot].base, .slot_plus_1 = slot + 1},
			  "%s(%08" PRIx64 ", %" PRIx64 ") touches %" PRIu64 " pages, and a slot has %u: map less at a time",
			  function, phys, size, pages, e->pages);
		return 0;
	}
	for (uint64_t i = 0; i < pages; i++)
		set_page(cpu, k, index - i, pa + (i << k->page_shift), prot);
	debug_line(cpu, function, slot, phys, bytes);
	e->slot[slot].prev_map = e->slot[slot].base + offset;
	fxmi_early_note(cpu, k, slot, e->slot[slot].prev_map, e->slot[slot].prev_size, function);
	return e->slot[slot].prev_map;
}

/* Whether the arguments are as WARN_ON(!size || last_addr < phys_addr) wants them. */
static bool is_range(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const char *function, uint64_t phys, uint64_t size)
{
	uint64_t last = (phys + size - 1) & phys_mask(k);

	if (size && last >= phys)
		return true;
	fxmi_warn(cpu, "early_bad_size", NULL, "%s(%08" PRIx64 ", %" PRIx64 "): %s", function, phys, size,
		  size ? "the last byte lies beyond the end of physical addresses" : "nothing to map");
	return false;
}

/* __early_ioremap() */
static uint64_t map(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const char *function, uint64_t phys, uint64_t size, uint64_t prot)
{
	struct fxmi_early *e = &k->early;
	uint32_t slot = 0;

	if (e->phase >= FXM_PHASE_RUNNING)
		fxmi_warn(cpu, "early_running", NULL,
			  "%s(%08" PRIx64 ", %" PRIx64 ") while the system is running: use ioremap or kmap", function, phys, size);
	while (slot < e->nr_slots && e->slot[slot].prev_map)
		slot++;
	if (slot == e->nr_slots) {
		fxmi_warn(cpu, "early_no_slot", &(struct fxmi_subject){.mapped_at = e->records.mapped_at[0]},
			  "%s(%08" PRIx64 ", %08" PRIx64 ") not found slot: all %u are mapped; unmap one first", function, phys,
			  size, e->nr_slots);
		return 0;
	}
	if (!is_range(cpu, k, function, phys, size))
		return 0;
	e->slot[slot].prev_size = size;
	return map_slot(cpu, k, function, slot, phys, size, prot);
}

/* An entry point: what the caller's types make of the arguments, and the trace. */
static fxm_va map_traced(struct fxm_vcpu *cpu, const char *function, uint64_t phys, uint64_t size, uint64_t prot)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	phys &= phys_mask(k);
	size &= k->va_mask;
	fxmi_op_begin(cpu, &op, function, NULL, 0);
	if (fxmi_tracing(cpu))
		snprintf(op.detail, sizeof(op.detail), "phys=%" PRIx64 " size=%" PRIx64, phys, size);
	op.address = map(cpu, k, function, phys, size, prot);
	if (!op.address)
		fxmi_note_null(cpu, function);
	if (fxmi_tracing(cpu))
		fxmi_op_end_fields(cpu, &op, "%s pte=%" PRIx64, op.detail,
				   op.address ? fxm_pte_at(k->m, fxm_va_of(op.address)).v : 0);
	return fxm_va_of(op.address);
}

fxm_va fxm_early_ioremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size)
{
	int error = check(cpu, "early_ioremap");
	return error ? fxmi_va_error(error) : map_traced(cpu, "early_ioremap", pa.v, size, fxmi_kernel_of(cpu)->prot_io);
}

fxm_va fxm_early_memremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size)
{
	int error = check(cpu, "early_memremap");
	return error ? fxmi_va_error(error) : map_traced(cpu, "early_memremap", pa.v, size, fxmi_kernel_of(cpu)->prot_normal);
}

fxm_va fxm_early_memremap_ro(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size)
{
	int error = check(cpu, "early_memremap_ro");
	fxm_pte prot;

	if (!error && fxm_prot_find(fxmi_kernel_of(cpu)->layout, "FIXMAP_PAGE_RO", &prot))
		error = -ENOSYS;
	return error ? fxmi_va_error(error) : map_traced(cpu, "early_memremap_ro", pa.v, size, prot.v);
}

fxm_va fxm_early_memremap_prot(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size, fxm_pte prot)
{
	int error = check(cpu, "early_memremap_prot");
	uint64_t configured = 0;

	if (!error && (fxm_kernel_config_find(fxmi_kernel_of(cpu)->layout, "ARCH_USE_MEMREMAP_PROT", &configured) || !configured))
		error = -ENOSYS;
	return error ? fxmi_va_error(error) : map_traced(cpu, "early_memremap_prot", pa.v, size, prot.v);
}

/* ---- unmapping ---- */

/* The slot whose mapping is @va of @size bytes, or a WARN and nr_slots. 0 finds a free slot, which remembers its last size. */
static uint32_t find_slot(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t size)
{
	struct fxmi_early *e = &k->early;
	uint32_t slot = 0;

	while (slot < e->nr_slots && e->slot[slot].prev_map != va)
		slot++;
	if (slot == e->nr_slots) {
		fxmi_warn(cpu, "early_unmap_unknown", &(struct fxmi_subject){.va = va},
			  "early_iounmap(%08" PRIx64 ", %08" PRIx64 ") not found slot: no mapping begins exactly there", va, size);
		return slot;
	}
	if (e->slot[slot].prev_size == size)
		return slot;
	fxmi_warn(cpu, "early_unmap_size", &(struct fxmi_subject){.va = va, .mapped_at = e->records.mapped_at[slot]},
		  "early_iounmap(%08" PRIx64 ", %08" PRIx64 ") [%u] size not consistent %08" PRIx64 ": it stays mapped", va, size,
		  slot, e->slot[slot].prev_size);
	fxmi_tell(k, va, FXMI_MISTAKE_LEAK); /* at the end it is no second report */
	return e->nr_slots;
}

static void unmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t size)
{
	struct fxmi_early *e = &k->early;
	uint32_t slot = find_slot(cpu, k, va, size);
	uint64_t index = slot_index(e, slot);

	if (slot == e->nr_slots)
		return;
	debug_line(cpu, "early_iounmap", slot, va, size);
	if (va < e->slot[0].base) {
		fxmi_warn(cpu, "early_unmap_low", &(struct fxmi_subject){.va = va},
			  "early_iounmap(%08" PRIx64 ", %08" PRIx64 "): below the boot maps; a free slot's address is 0", va, size);
		return;
	}
	uint64_t pages = (page_align(k, (va & (k->page_size - 1)) + size) & k->va_mask) >> k->page_shift;
	for (uint64_t i = 0; i < pages; i++)
		set_page(cpu, k, index - i, 0, 0);
	e->slot[slot].prev_map = 0;
	fxmi_early_note(cpu, k, slot, 0, 0, NULL);
}

int fxm_early_iounmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size)
{
	int error = check(cpu, "early_ioremap");
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	va.v &= k->va_mask;
	size &= k->va_mask;
	fxmi_op_begin(cpu, &op, "early_iounmap", NULL, va.v);
	if (fxmi_tracing(cpu))
		snprintf(op.detail, sizeof(op.detail), "size=%" PRIx64, size);
	unmap(cpu, k, va.v, size);
	if (fxmi_tracing(cpu))
		fxmi_op_end_fields(cpu, &op, "%s pte=%" PRIx64, op.detail, fxm_pte_at(k->m, va).v);
	return 0;
}

int fxm_early_memunmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size)
{
	return fxm_early_iounmap(cpu, va, size);
}

/* ---- what is built on them ---- */

int fxm_copy_from_early_mem(struct fxm_vcpu *cpu, void *dest, fxm_pa src, uint64_t size)
{
	int error = check(cpu, "copy_from_early_mem");
	if (error || (!dest && size))
		return error ? error : -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t slot_bytes = (uint64_t)k->early.pages << k->page_shift;
	unsigned char *to = dest;

	size &= k->va_mask;
	while (size) {
		uint64_t slop = src.v & (k->page_size - 1);
		uint64_t chunk = size < slot_bytes - slop ? size : slot_bytes - slop;
		fxm_va p = fxm_early_memremap(cpu, fxm_pa_of(src.v & ~(k->page_size - 1) & k->va_mask), chunk + slop);

		if (fxm_read(cpu, fxm_va_of(p.v + slop), to, chunk))
			fxm_oops(cpu, &cpu->last_fault);
		fxm_early_memunmap(cpu, p, chunk + slop);
		to += chunk;
		src.v += chunk;
		size -= chunk;
	}
	return 0;
}

int fxm_check_early_ioremap_leak(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_ioremap");
	if (error)
		return error;
	struct fxmi_early *e = &fxmi_kernel_of(cpu)->early;
	struct fxmi_op op;
	unsigned count = 0;
	uintptr_t site = 0;

	fxmi_op_begin(cpu, &op, "check_early_ioremap_leak", NULL, 0);
	for (uint32_t i = 0; i < e->nr_slots; i++)
		if (e->slot[i].prev_map) {
			count++;
			site = e->records.mapped_at[i];
		}
	if (count)
		fxmi_warn(cpu, "early_leak", &(struct fxmi_subject){.mapped_at = site},
			  "%u early mapping%s never undone: boot with early_ioremap_debug, which tells each", count,
			  count == 1 ? "" : "s");
	fxmi_op_end_fields(cpu, &op, "result=%d", count != 0);
	return count != 0;
}

/* ---- looking ---- */

int fxm_early_slot_at(struct fxm_machine *m, uint32_t i, struct fxm_early_slot *out)
{
	if (!m || !out)
		return -EINVAL;
	const struct fxmi_kernel *k = fxmi_kernel(m);

	if (i >= k->early.nr_slots)
		return -ENOENT;
	const struct fxmi_early_slot *slot = &k->early.slot[i];

	*out = (struct fxm_early_slot){.base = fxm_va_of(slot->base),
				       .prev_map = fxm_va_of(slot->prev_map),
				       .size = slot->prev_size,
				       .pages = k->early.pages,
				       .first_pte = fxm_pte_at(m, fxm_va_of(slot->base))};
	for (uint32_t page = 0; page < k->early.pages; page++)
		out->ptes_set += fxm_pte_at(m, fxm_va_of(slot->base + ((uint64_t)page << k->page_shift))).v != 0;
	return 0;
}

/* ---- records ---- */

void fxmi_early_note(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t slot, uint64_t va, uint64_t size, const char *call)
{
	struct fxmi_early_slot *s = &k->early.slot[slot];
	uintptr_t site = k->record_sites ? fxmi_note_caller(cpu) : 0;

	if (!va) {
		fxmi_record_unmap(&k->early.records, slot, site);
		return;
	}
	s->last_map = va;
	s->last_size = size;
	fxmi_record_map(&k->early.records, slot, site, cpu->current, call);
}

static void fill(const struct fxmi_kernel *k, uint32_t slot, struct fxmi_mapping *out)
{
	const struct fxmi_early_slot *s = &k->early.slot[slot];

	out->is_live = s->prev_map != 0;
	out->va = s->last_map;
	out->bytes = s->last_size;
	uint64_t entry = fxm_pte_at(k->m, fxm_va_of(out->va)).v;
	out->pfn = entry ? (entry & k->m->desc.format->frame_mask) >> k->page_shift : UINT64_MAX;
	out->slot = out->record = slot;
	out->records = &k->early.records;
	fxmi_mapping_fill(out);
}

/* The pages of a slot's last mapping. One that has ended may have lost them to a set_fixmap() of that index. */
static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	for (uint32_t slot = 0; slot < k->early.nr_slots; slot++) {
		const struct fxmi_early_slot *s = &k->early.slot[slot];
		uint64_t first = s->last_map & ~(k->page_size - 1);

		if (!s->last_map || va < first || va >= page_align(k, s->last_map + s->last_size))
			continue;
		fill(k, slot, out);
		return out->is_live || !(fxm_pte_at(k->m, fxm_va_of(va)).v & k->m->desc.format->present);
	}
	return false;
}

static void each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	for (uint32_t slot = 0; slot < k->early.nr_slots; slot++) {
		struct fxmi_mapping m = {.family = &fxmi_family_early, .cpu_id = -1};

		if (!k->early.slot[slot].prev_map)
			continue;
		fill(k, slot, &m);
		fn(&m, arg);
	}
}

static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	(void)k;
	snprintf(buf, size, "slot %u", m->slot);
}

const struct fxmi_family fxmi_family_early = {
    .name = "early mapping",
    .noun = "slot",
    .call = "early_ioremap",
    .undo = "early_iounmap",
    .has_sizes = true,
    .at = at,
    .each = each,
    .describe = describe,
};
