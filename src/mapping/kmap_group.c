/* SPDX-License-Identifier: MIT */
/*
 * The records of the FIX_KMAP group where it belongs to the CPUs: the families of typed slots (2.6) and of the stack per CPU
 * (2.6.37 to 5.10, arm). Who maps and unmaps is noted by kmap_atomic_typed.c, kmap_atomic_stack.c and kmap_atomic_arm.c.
 *
 * What is live: a type, from its map to its unmap, whatever the kernel leaves in the page table; a level, while it is below the
 * depth.
 */
#include "mapping.h"
#include "state.h"

/* Whether a CPU below is nested so deep that slot @slot of the group, another CPU's, is its. */
static bool runs_over(const struct fxmi_kernel *k, unsigned cpu_id, int level)
{
	for (unsigned i = 0; i < cpu_id; i++) {
		const struct fxm_vcpu *below = fxm_machine_vcpu(k->m, i);
		if (below && (int)((cpu_id - i) * k->km_type_nr) + level < fxmi_count_depth(fxmi_counts(below)))
			return true;
	}
	return false;
}

static bool is_live_type(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, int type)
{
	(void)k;
	return fxmi_read_once(fxmi_percpu(cpu)->live_types) >> type & 1;
}

static bool is_live_level(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, int level)
{
	return level < fxmi_count_depth(fxmi_counts(cpu)) || runs_over(k, cpu->id, level);
}

/* The mapping of @level, or type, of @cpu; its page is at @va. */
static void fill(const struct fxmi_kernel *k, struct fxm_vcpu *cpu, int level, uint64_t va, bool is_live, struct fxmi_mapping *out)
{
	uint64_t entry = fxm_pte_at(k->m, fxm_va_of(va)).v;

	out->va = va;
	out->slot = out->record = (uint32_t)level;
	out->cpu = cpu;
	out->cpu_id = (int)cpu->id;
	out->pfn = entry ? fxmi_pte_pfn(k, entry) : UINT64_MAX;
	out->is_live = is_live;
	out->is_atomic = true;
	out->records = &fxmi_percpu(cpu)->slots;
	fxmi_mapping_fill(out);
	if (is_live && !out->pid) /* nobody leaves the CPU while it is mapped */
		out->pid = fxmi_task_name_on(cpu, out->comm);
}

static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out,
	       bool (*is_live)(const struct fxmi_kernel *, const struct fxm_vcpu *, int))
{
	struct fxmi_slot slot;

	/* A CPU that is not online has none: only a map that ran off its own CPU's levels gets there. */
	if (!fxmi_slot_at(k, va, &slot) || !slot.cpu)
		return false;
	fill(k, slot.cpu, slot.level, va & FXMI_PAGE_MASK, is_live(k, slot.cpu, slot.level), out);
	return !fxmi_fixed_took_slot(k, va, out->serial);
}

static void each(const struct fxmi_kernel *k, const struct fxmi_family *family, fxmi_mapping_fn *fn, void *arg)
{
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++) {
		struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, i);
		uint64_t types = k->typed ? fxmi_read_once(fxmi_percpu(cpu)->live_types) : UINT64_MAX;
		int depth = k->typed ? (int)k->km_type_nr : fxmi_count_depth(fxmi_counts(cpu));

		for (int level = 0; level < depth && level < (int)k->km_type_nr; level++) {
			struct fxmi_mapping m = {.family = family, .bytes = FXM_PAGE_SIZE};

			if (k->typed && !(types >> level & 1))
				continue;
			fill(k, cpu, level, fxmi_percpu(cpu)->kmap_va - (uint64_t)level * FXM_PAGE_SIZE * k->cache_colours, true,
			     &m);
			fn(&m, arg);
		}
	}
}

static bool innermost(const struct fxm_vcpu *cpu, int level, const struct fxmi_family *family, struct fxmi_mapping *out)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (level < 0 || level >= (int)k->km_type_nr)
		return false;
	*out = (struct fxmi_mapping){.family = family, .bytes = FXM_PAGE_SIZE};
	fill(k, fxm_machine_vcpu(k->m, cpu->id), level,
	     fxmi_percpu(cpu)->kmap_va - (uint64_t)level * FXM_PAGE_SIZE * k->cache_colours, true, out);
	return true;
}

/* ---- typed slots ---- */

static bool at_type(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	return at(k, va, out, is_live_type);
}

static void each_type(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	each(k, &fxmi_family_typed, fn, arg);
}

static bool innermost_type(const struct fxm_vcpu *cpu, struct fxmi_mapping *out)
{
	uint32_t live = fxmi_percpu(cpu)->live_types;

	return live && innermost(cpu, 31 - __builtin_clz(live), &fxmi_family_typed, out);
}

static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	(void)k;
	snprintf(buf, size, "%s %u of CPU %d", m->family->noun, m->slot, m->cpu_id);
}

const struct fxmi_family fxmi_family_typed = {
    .name = "kmap_atomic",
    .noun = "type",
    .call = "kmap_atomic",
    .undo = "kunmap_atomic",
    .at = at_type,
    .each = each_type,
    .innermost = innermost_type,
    .describe = describe,
};

/* ---- the stack of a CPU ---- */

static bool at_level(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	return at(k, va, out, is_live_level);
}

static void each_level(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	each(k, &fxmi_family_stack, fn, arg);
}

static bool innermost_level(const struct fxm_vcpu *cpu, struct fxmi_mapping *out)
{
	return innermost(cpu, fxmi_count_depth(cpu->counts) - 1, &fxmi_family_stack, out);
}

const struct fxmi_family fxmi_family_stack = {
    .name = "kmap_atomic",
    .noun = "level",
    .call = "kmap_atomic",
    .undo = "kunmap_atomic",
    .at = at_level,
    .each = each_level,
    .innermost = innermost_level,
    .describe = describe,
};

/* ---- who holds them ---- */

void fxmi_kmap_group_keep_holders(struct fxm_vcpu *cpu, const struct fxm_task *task)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	for (uint32_t level = 0; level < pc->slots.nr; level++)
		if (k->typed ? pc->live_types >> level & 1 : (int)level < fxmi_count_depth(cpu->counts))
			fxmi_record_keep_holder(&pc->slots, level, task);
}
