// SPDX-License-Identifier: MIT
/*
 * Checking page tables: hw, pmd, pte and linear records, which only the layout files of booted kernels have.
 *
 * What a table entry points to is that kernel's own memory, so of tables only their being there is compared; of pages and large
 * pages every bit. An hw record is tried out: the mapping is made at a fixed address, and the hardware's entry looked at.
 */

#include "replay_internal.h"

#include <string.h>

#define FRAME UINT64_C(0xfffffff000)

/* Word @i in hex, or the value of field @name when @i is 0. False with the reader's error. */
static bool number(struct replay *rp, size_t i, const char *name, uint64_t *out)
{
	const char *text = i ? rp->line.word[i] : trace_field(&rp->line, 2, name);

	if (text && trace_number(text, 16, out))
		return true;
	trace_reader_fail(&rp->reader, "\"%.30s\" is not a number", text ? text : name);
	return false;
}

/* The entry of the last level but one for @va, as the hardware sees it. */
static uint64_t entry_above(struct replay *rp, fxm_va va, bool *is_large)
{
	struct fxm_walk walk;

	fxm_walk(rp->machine, va, &walk);
	for (unsigned i = 0; i < walk.levels; i++) {
		*is_large = walk.level[i].leaf && strcmp(walk.level[i].name, "pte") != 0;
		if (*is_large || (i + 1 < walk.levels && !strcmp(walk.level[i + 1].name, "pte")))
			return walk.level[i].entry.v;
	}
	*is_large = false;
	return 0;
}

static int check_pmd(struct replay *rp)
{
	const char *large = trace_field(&rp->line, 3, "large");
	uint64_t va, want, got;
	bool is_large;

	if (!number(rp, 1, NULL, &va) || !number(rp, 2, NULL, &want))
		return -1;
	got = entry_above(rp, fxm_va_of(va), &is_large);
	/* The kernel's image lies in the first 16 MB; and what it gives to CMA, it maps with base pages again. */
	if (va - fxm_layout_get(rp->layout, "PAGE_OFFSET") < 0x1000000 || (want && large && *large == '0' && is_large))
		return 0;
	if (large && (*large == '1') != is_large)
		replay_differ(rp, "large", large, is_large ? "1" : "0");
	else if ((is_large || !want) && want != got)
		replay_differ_hex(rp, "pmd", want, got);
	return 0;
}

/* The hardware's entry of the base page at @va. */
static uint64_t hardware_entry(struct replay *rp, fxm_va va)
{
	struct fxm_walk walk;

	fxm_walk(rp->machine, va, &walk);
	return walk.levels ? walk.level[walk.levels - 1].entry.v : 0;
}

/* "set_fixmap:PAGE_KERNEL", "set_fixmap:__pgprot(FIXMAP_PAGE_IO)"; kmap and kmap_local use kmap_prot. */
static bool prot_of(struct replay *rp, fxm_pte *out)
{
	const char *name = strchr(rp->line.word[1], ':');
	char bare[64];

	name = name ? name + 1 : "kmap_prot";
	if (!strncmp(name, "__pgprot(", 9))
		snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name + 9, ")"), name + 9);
	else
		snprintf(bare, sizeof(bare), "%s", name);
	return !fxm_prot_find(rp->layout, bare, out);
}

/* kmap and kunmap as the recorder did them, for the cursor of the pool. False: @what is another kind. */
static bool do_kmap(struct replay *rp, const char *what)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(rp->machine, 0);
	uint64_t pfn;

	if (!strcmp(what, "kmap") && trace_field(&rp->line, 2, "pfn") && number(rp, 0, "pfn", &pfn)) {
		rp->hw_page = fxm_page_of_pfn(rp->machine, pfn);
		fxm_kmap(cpu, rp->hw_page);
	} else if (!strcmp(what, "kmap-idle") && rp->hw_page) {
		fxm_kunmap(cpu, rp->hw_page);
	} else if (!strcmp(what, "kmap-flushed") && rp->hw_page) {
		fxm_kmap_flush_unused(cpu);
	} else {
		return false;
	}
	return true;
}

/* The two entries of @at. */
static void compare_hw(struct replay *rp, fxm_va at, uint64_t pte, uint64_t hw)
{
	if (fxm_pte_at(rp->machine, at).v != pte)
		replay_differ_hex(rp, "pte", pte, fxm_pte_at(rp->machine, at).v);
	if (hardware_entry(rp, at) != hw)
		replay_differ_hex(rp, "hw", hw, hardware_entry(rp, at));
}

static int check_hw(struct replay *rp)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(rp->machine, 0);
	uint32_t scratch = (uint32_t)fxm_fixed_index(rp->layout, "FIX_EARLYCON_MEM_BASE");
	fxm_va at = fxm_fix_to_virt_unchecked(rp->machine, scratch);
	fxm_pte prot = fxm_pte_of(0), before = fxm_pte_at(rp->machine, at);
	uint64_t pte, hw, va;

	if (!number(rp, 2, NULL, &va) || !number(rp, 0, "pte", &pte) || !number(rp, 0, "hw", &hw))
		return -1;
	rp->lines.used = 0;
	if (do_kmap(rp, rp->line.word[1])) {
		compare_hw(rp, fxm_va_of(va), pte, hw);
		replay_copy_lines(rp);
		return 0;
	}
	if (before.v)
		return 0; /* the machine has the address in use */
	if (pte && !prot_of(rp, &prot)) {
		replay_differ(rp, "protection", rp->line.word[1], "nothing");
		return 0;
	}
	if (pte)
		fxm_set_fixmap_prot(cpu, scratch, fxm_pa_of(pte & FRAME), prot);
	compare_hw(rp, at, pte, hw);
	fxm_clear_fixmap(cpu, scratch);
	replay_copy_lines(rp);
	return 0;
}

/*
 * A page of the direct map, whose address kmap() and kmap_local_page() gave. Of a large page the flags are compared:
 * whether it has 2 MB or 1 GB was the emulated CPU's choice. arm64 maps base pages there (rodata=full), which a machine does not.
 */
static int check_linear(struct replay *rp)
{
	const char *level = trace_field(&rp->line, 2, "level");
	struct fxm_walk walk;
	uint64_t va, phys, want;

	if (!number(rp, 1, NULL, &va) || !number(rp, 0, "phys", &phys) || !number(rp, 0, "leaf", &want))
		return -1;
	fxm_walk(rp->machine, fxm_va_of(va), &walk);
	if (!walk.mapped || walk.pa.v != phys)
		replay_differ_hex(rp, "phys", phys, walk.mapped ? walk.pa.v : 0);
	else if (level && *level == '2' && ((want ^ walk.level[walk.levels - 1].entry.v) & ~FRAME))
		replay_differ_hex(rp, "leaf", want, walk.level[walk.levels - 1].entry.v);
	return 0;
}

int replay_check_tables(struct replay *rp)
{
	switch (rp->line.kind) {
	case TRACE_HW:
		return check_hw(rp);
	case TRACE_PMD:
		return check_pmd(rp);
	case TRACE_LINEAR:
		return check_linear(rp);
	default:
		return 0; /* pte: of the vectors' page, which is not modelled */
	}
}
