/* SPDX-License-Identifier: MIT */
/*
 * Fixed mappings. Models include/asm-i386/fixmap.h and arch/i386/mm/pgtable.c (2.6.12), include/asm-generic/fixmap.h,
 * arch/x86/mm/pgtable.c and pgtable_32.c (4.15, 5.10).
 *
 * There is no lock and no "already set" check: setting over a mapping replaces it, and only the calling CPU's TLB learns of it.
 */
#include "base.h"
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <stdlib.h>

/* ---- records ---- */

int fxmi_fixed_init(struct fxmi_kernel *k)
{
	k->fixed.group_serial = calloc(k->nr_fixed, sizeof(*k->fixed.group_serial));
	return k->fixed.group_serial ? fxmi_records_init(&k->fixed.records, k->nr_fixed) : -ENOMEM;
}

void fxmi_fixed_free(struct fxmi_kernel *k)
{
	fxmi_records_free(&k->fixed.records);
	free(k->fixed.group_serial);
}

void fxmi_fixed_reset(struct fxmi_kernel *k)
{
	struct fxmi_fixed *f = &k->fixed;

	memset(f->group_serial, 0, f->used * sizeof(*f->group_serial));
	fxmi_records_clear(&f->records, f->used);
	f->used = 0;
}

bool fxmi_fixed_took_slot(const struct fxmi_kernel *k, uint64_t va, uint64_t serial)
{
	const struct fxmi_fixed *f = &k->fixed;
	uint64_t index = fxmi_virt_to_fix(k, va);

	return index < f->records.nr && fxmi_read_once(f->records.serial[index]) &&
	       fxmi_read_once(f->group_serial[index]) == serial;
}

/* The serial of the temporary mapping whose slot index @index is; 0: of none. */
static uint64_t group_serial(const struct fxmi_kernel *k, uint32_t index)
{
	const struct fxmi_family *group = k->family[FXMI_FAMILY_TEMPORARY];
	struct fxmi_mapping was = {.family = group};

	if (group)
		group->at(k, fxmi_fix_to_virt(k, index), &was);
	return was.serial;
}

/* Index @index was set by @call, or cleared, as its entry shows. */
static void note(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, const char *call)
{
	struct fxmi_fixed *f = &k->fixed;
	uintptr_t site = k->record_sites ? fxmi_note_caller(cpu) : 0;
	uint64_t entry = fxm_pte_at(k->m, fxm_va_of(fxmi_fix_to_virt(k, index))).v;
	uint32_t used = atomic_load_explicit(&f->used, memory_order_relaxed);

	while (index < f->records.nr && index >= used && !atomic_compare_exchange_weak(&f->used, &used, index + 1)) {
	}
	if (!(entry & k->m->desc.format->present)) {
		fxmi_record_unmap(&f->records, index, site);
		return;
	}
	if (index < f->records.nr)
		fxmi_write_once(f->group_serial[index], group_serial(k, index));
	fxmi_record_map(&f->records, index, site, cpu->current, call);
}

static void fill(const struct fxmi_kernel *k, uint32_t index, struct fxmi_mapping *out)
{
	out->va = fxmi_fix_to_virt(k, index);
	out->bytes = k->page_size;
	uint64_t entry = fxm_pte_at(k->m, fxm_va_of(out->va)).v;
	out->is_live = entry & k->m->desc.format->present;
	out->pfn = out->is_live ? fxmi_pte_pfn(k, entry) : UINT64_MAX;
	out->slot = out->record = index;
	out->records = index < k->fixed.records.nr ? &k->fixed.records : NULL;
	fxmi_mapping_fill(out);
}

static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	if (!fxmi_va_is_fixed(k, va))
		return false;
	fill(k, (uint32_t)fxmi_virt_to_fix(k, va), out);
	return true;
}

/* Those that set_fixmap() made; what boot has set is nobody's. */
static void each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	const struct fxmi_fixed *f = &k->fixed;

	for (uint32_t index = 0; index < f->records.nr; index++) {
		struct fxmi_mapping m = {.family = &fxmi_family_fixed, .cpu_id = -1};

		if (!fxmi_read_once(f->records.serial[index]) || fxmi_read_once(f->group_serial[index]) != group_serial(k, index))
			continue;
		fill(k, index, &m);
		if (m.is_live)
			fn(&m, arg);
	}
}

/* "fixed address 1534, FIX_BTMAP_BEGIN+2". */
static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	char name[64];

	fxmi_fixed_name(k, m->slot, name, sizeof(name));
	snprintf(buf, size, "index %u%s%s", m->slot, *name ? ", " : "", name);
}

const struct fxmi_family fxmi_family_fixed = {
    .name = "fixed",
    .noun = "index",
    .call = "set_fixmap",
    .undo = "clear_fixmap",
    .is_set = true,
    .at = at,
    .each = each,
    .describe = describe,
};

fxm_va fxm_fix_to_virt_unchecked(const struct fxm_machine *m, uint32_t index)
{
	return m ? fxm_va_of(fxmi_fix_to_virt(fxmi_kernel(m), index)) : fxmi_va_error(-EINVAL);
}

uint64_t fxm_virt_to_fix_unchecked(const struct fxm_machine *m, fxm_va va)
{
	return m ? fxmi_virt_to_fix(fxmi_kernel(m), va.v) : UINT64_MAX;
}

fxm_va fxm_fix_to_virt(const struct fxm_machine *m, uint32_t index)
{
	if (!m || index >= fxmi_kernel(m)->nr_fixed)
		return fxmi_va_error(-EINVAL);
	return fxm_fix_to_virt_unchecked(m, index);
}

uint64_t fxm_virt_to_fix(struct fxm_vcpu *cpu, fxm_va va)
{
	if (fxmi_check_cpu(cpu))
		return UINT64_MAX;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, "virt_to_fix", NULL, va.v);
	if (va.v >= k->fixaddr_top || va.v < k->fixaddr_start)
		fxmi_bug(cpu, "virt_to_fix", &(struct fxmi_subject){.va = va.v},
			 "virt_to_fix: %llx is not in [FIXADDR_START %llx, FIXADDR_TOP %llx)%s", (unsigned long long)va.v,
			 (unsigned long long)k->fixaddr_start, (unsigned long long)k->fixaddr_top,
			 va.v - k->fixaddr_top < k->page_size ? ": index 0 lies above FIXADDR_TOP" : "");
	uint64_t index = fxmi_virt_to_fix(k, va.v);
	fxmi_op_end_fields(cpu, &op, "fix=%llu", (unsigned long long)index);
	return index;
}

/* ---- the setter ---- */

/* The kernel's BUG for an index out of range, with what the user probably meant. */
static FXMI_COLD _Noreturn void index_bug(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, uint32_t index)
{
	struct fxmi_subject about = {.slot_plus_1 = index + 1};
	uint64_t as_address = index & FXMI_PAGE_MASK;

	if (!index)
		fxmi_bug(cpu, "set_fixmap_index", &about, "set_fixmap: index 0 is FIX_HOLE, which this architecture refuses");
	if (k->va_mask == UINT32_MAX && as_address >= fxmi_fix_to_virt(k, k->nr_fixed - 1))
		fxmi_bug(cpu, "set_fixmap_index", &about,
			 "set_fixmap takes an index, and %#x is an address: its index would be %llu (__virt_to_fix)", index,
			 (unsigned long long)fxmi_virt_to_fix(k, as_address));
	fxmi_bug(cpu, "set_fixmap_index", &about, "set_fixmap: index %u is not below __end_of_fixed_addresses, which is %u here",
		 index, k->nr_fixed);
}

/*
 * PAE computes the entry in 64 bits from a phys_addr_t of 64 bits, except 2.6, whose argument is an unsigned long: above 4 GB it
 * is cut silently. Unsupported protection bits are dropped by pfn_pte(), from 4.x on for present entries only.
 */
static uint64_t make_entry(const struct fxmi_kernel *k, uint64_t pa, uint64_t prot)
{
	if (!k->setter_is_x86)
		return prot ? ((pa & ~(k->page_size - 1)) | prot) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX) : 0;
	if (k->typed)
		pa &= UINT32_MAX;
	if (k->typed || (prot & k->m->desc.format->present))
		prot &= k->pte_mask;
	return ((pa & FXMI_PAGE_MASK) | prot) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);
}

/* x86 and arm flush the calling CPU's page, whatever it is set to; arm64 every CPU's, but only when it clears. */
static void flush(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, uint64_t va, uint64_t entry)
{
	if (k->setter_is_x86)
		fxmi_flush_tlb_one(cpu, va);
	else if (!k->flush_on_clear_only)
		fxmi_flush_tlb_local_range(cpu, va, va + k->page_size);
	else if (!entry)
		fxmi_flush_tlb_kernel_range(cpu, va, va + k->page_size);
}

void fxmi_set_fixed_pte(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t entry)
{
	uint64_t va = fxmi_fix_to_virt(k, index);
	void *pte = fxmi_pte_ptr(k->m, va);

	/* Boot populated the tables of every index below __end_of_fixed_addresses; fixmap_remap_fdt() put blocks in their place. */
	if (!pte)
		fxmi_bug(cpu, "set_fixmap_index", &(struct fxmi_subject){.slot_plus_1 = index + 1},
			 "set_fixmap: index %u belongs to the device tree, which fixmap_remap_fdt() mapped in blocks", index);
	fxmi_set_pte(k->m, pte, entry);
	flush(cpu, k, va, entry);
	if (fxmi_unlikely(k->m->watched))
		fxmi_watch_replaced(cpu, k, va);
	if (k->page_size == FXM_PAGE_SIZE && (entry & k->m->desc.format->present))
		fxmi_window_begin(cpu, va, entry);
	else
		fxmi_window_end_range(cpu, va, k->page_size >> FXM_PAGE_SHIFT);
}

void fxmi_set_fixmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t pa, uint64_t prot)
{
	if (index >= k->nr_fixed || (!index && k->refuses_hole))
		index_bug(cpu, k, index);
	fxmi_set_fixed_pte(cpu, k, index, make_entry(k, pa, prot));
	__atomic_fetch_add(&k->fixmaps_set, 1, __ATOMIC_RELAXED);
}

static FXMI_COLD void trace_begin(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, uint32_t index, uint64_t pa,
				  uint64_t prot, const char *prot_name)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const char *fixed = fxm_fixed_name(k->layout, index);
	const char *prot_at;
	fxm_pte value;

	for (size_t i = 0; !prot_name && !fxm_prot_at(k->layout, i, &prot_at, &value); i++)
		if (value.v == prot)
			prot_name = prot_at;
	fxmi_op_begin(cpu, op, name, NULL, 0);
	snprintf(op->detail, sizeof(op->detail), "name=%s fix=%u phys=%llx prot=%s:%llx", fixed ? fixed : "-", index,
		 (unsigned long long)pa, prot_name ? prot_name : "-", (unsigned long long)prot);
}

static void do_set(struct fxm_vcpu *cpu, const char *name, uint32_t index, uint64_t pa, uint64_t prot, const char *prot_name,
		   uint64_t offset)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_tracing(cpu)) {
		fxmi_set_fixmap(cpu, k, index, pa, prot);
		note(cpu, k, index, name);
		return;
	}
	trace_begin(cpu, &op, name, index, pa, prot, prot_name);
	fxmi_set_fixmap(cpu, k, index, pa, prot);
	note(cpu, k, index, name);
	op.address = fxmi_fix_to_virt(k, index) + offset;
	fxmi_op_end_fixmap(cpu, &op, index);
}

void fxm_set_fixmap_prot(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa, fxm_pte prot)
{
	if (!fxmi_check_cpu(cpu))
		do_set(cpu, "set_fixmap", index, pa.v, prot.v, NULL, 0);
}

int fxm_set_fixmap(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	do_set(cpu, "set_fixmap", index, pa.v, k->prot_normal, k->prot_normal_name, 0);
	return 0;
}

int fxm_set_fixmap_nocache(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!k->prot_nocache)
		return -ENOSYS;
	do_set(cpu, "set_fixmap", index, pa.v, k->prot_nocache, k->prot_nocache_name, 0);
	return 0;
}

int fxm_set_fixmap_io(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!fxmi_has(k, "set_fixmap_io"))
		return -ENOSYS;
	do_set(cpu, "set_fixmap", index, pa.v, k->prot_io, k->prot_io_name, 0);
	return 0;
}

void fxm_clear_fixmap(struct fxm_vcpu *cpu, uint32_t index)
{
	if (!fxmi_check_cpu(cpu))
		do_set(cpu, "clear_fixmap", index, 0, 0, "FIXMAP_PAGE_CLEAR", 0);
}

/* @function: whose versions have it; @name: what a trace calls it. */
static fxm_va set_offset(struct fxm_vcpu *cpu, const char *function, const char *name, uint32_t index, uint64_t pa, uint64_t prot,
			 const char *prot_name)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t offset = pa & (k->page_size - 1);

	if (!fxmi_has(k, function))
		return fxmi_va_error(-ENOSYS);
	do_set(cpu, name, index, pa, prot, prot_name, offset);
	return fxm_va_of(fxmi_fix_to_virt(k, index) + offset);
}

fxm_va fxm_set_fixmap_offset(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return set_offset(cpu, "set_fixmap_offset", "set_fixmap_offset", index, pa.v, k->prot_normal, k->prot_normal_name);
}

fxm_va fxm_set_fixmap_offset_nocache(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!k->prot_nocache)
		return fxmi_va_error(-ENOSYS);
	return set_offset(cpu, "set_fixmap_offset", "set_fixmap_offset_nocache", index, pa.v, k->prot_nocache,
			  k->prot_nocache_name);
}

fxm_va fxm_set_fixmap_offset_io(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return set_offset(cpu, "set_fixmap_offset_io", "set_fixmap_offset_io", index, pa.v, k->prot_io, k->prot_io_name);
}
