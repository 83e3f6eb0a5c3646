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

/*
 * "set_fixmap:PAGE_KERNEL", "set_fixmap:__pgprot(FIXMAP_PAGE_IO)"; kmap and kmap_local use kmap_prot, and what undoes a mapping
 * none.
 */
static bool prot_of(struct replay *rp, fxm_pte *out)
{
	const char *what = rp->line.word[1], *name = "kmap_prot";
	char bare[64];

	*out = fxm_pte_of(0);
	if (!strcmp(what, "clear_fixmap") || !strcmp(what, "kunmap_local"))
		return true;
	if (!strncmp(what, "set_fixmap:", 11))
		name = what + 11;
	else if (strcmp(what, "kmap_local_page") != 0)
		return false;
	if (!strncmp(name, "__pgprot(", 9))
		snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name + 9, ")"), name + 9);
	else
		snprintf(bare, sizeof(bare), "%s", name);
	return !fxm_prot_find(rp->layout, bare, out);
}

/* kmap and kunmap as the recorder did them, for the cursor of the pool; @at is where. False: @what is another kind. */
static bool do_kmap(struct replay *rp, const char *what, fxm_va *at)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(rp->machine, 0);
	uint64_t pfn;

	if (!strcmp(what, "kmap") && trace_field(&rp->line, 2, "pfn") && number(rp, 0, "pfn", &pfn)) {
		rp->hw_page = fxm_page_of_pfn(rp->machine, pfn);
		rp->hw_at = fxm_kmap(cpu, rp->hw_page);
	} else if (!strcmp(what, "kmap-idle") && rp->hw_page) {
		fxm_kunmap(cpu, rp->hw_page);
	} else if (!strcmp(what, "kmap-flushed") && rp->hw_page) {
		fxm_kmap_flush_unused(cpu);
	} else {
		return false;
	}
	*at = rp->hw_at;
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
	uint64_t pte, hw, va;
	fxm_pte prot;
	uint32_t index;
	fxm_va at = {0};

	if (!number(rp, 2, NULL, &va) || !number(rp, 0, "pte", &pte) || !number(rp, 0, "hw", &hw))
		return -1;
	rp->lines.used = 0;
	index = (uint32_t)fxm_virt_to_fix_unchecked(rp->machine, fxm_va_of(va));
	if (!do_kmap(rp, rp->line.word[1], &at)) {
		if (!prot_of(rp, &prot)) {
			replay_differ(rp, "protection", rp->line.word[1], "nothing");
			return 0;
		}
		if (index < (uint32_t)fxm_fixed_index(rp->layout, "__end_of_fixed_addresses"))
			at = fxm_fix_to_virt_unchecked(rp->machine, index);
		if (at.v == va)
			fxm_set_fixmap_prot(cpu, index, fxm_pa_of(pte & FRAME), prot);
	}
	if (at.v != va)
		replay_differ_hex(rp, "VADDR", va, at.v);
	else
		compare_hw(rp, at, pte, hw);
	replay_copy_lines(rp);
	return 0;
}

/* Whether a call gave the address of the direct map, as field @name says. */
static void check_gave(struct replay *rp, const char *name, fxm_va va, fxm_va got)
{
	const char *want = trace_field(&rp->line, 2, name), *is = got.v == va.v ? "1" : "0";

	if (want && strcmp(want, is))
		replay_differ(rp, name, want, is);
}

/*
 * A page of the direct map, whose address kmap() and kmap_local_page() gave. Of a large page the flags are compared:
 * whether it has 2 MB or 1 GB was the emulated CPU's choice. arm64 maps base pages there (rodata=full), which a machine does not.
 */
static int check_linear(struct replay *rp)
{
	const char *level = trace_field(&rp->line, 2, "level");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(rp->machine, 0);
	struct fxm_walk walk;
	uint64_t va, phys, want;

	if (!number(rp, 1, NULL, &va) || !number(rp, 0, "phys", &phys) || !number(rp, 0, "leaf", &want))
		return -1;
	fxm_walk(rp->machine, fxm_va_of(va), &walk);
	if (!walk.mapped || walk.pa.v != phys)
		replay_differ_hex(rp, "phys", phys, walk.mapped ? walk.pa.v : 0);
	else if (level && *level == '2' && ((want ^ walk.level[walk.levels - 1].entry.v) & ~FRAME))
		replay_differ_hex(rp, "leaf", want, walk.level[walk.levels - 1].entry.v);
	rp->lines.used = 0;
	struct fxm_page *page = fxm_page_of_pfn(rp->machine, phys / FXM_PAGE_SIZE);
	fxm_va local = page ? fxm_kmap_local_page(cpu, page) : fxm_va_of(0);

	check_gave(rp, "kmap", fxm_va_of(va), page ? fxm_kmap(cpu, page) : fxm_va_of(0));
	check_gave(rp, "kmap_local", fxm_va_of(va), local);
	if (page)
		fxm_kunmap(cpu, page);
	if (page)
		fxm_kunmap_local(cpu, local);
	replay_copy_lines(rp);
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
