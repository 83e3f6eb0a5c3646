/* SPDX-License-Identifier: MIT */
/*
 * The first lines of an oops, as each kernel's page-fault handler prints them. Models do_page_fault() and die() of
 * arch/i386/kernel/{traps,mm/fault}.c (2.6.12), show_fault_oops() and dump_pagetable() of arch/x86/mm/fault.c (4.7 to 6.1),
 * show_pte() and __die() of arch/arm/mm/fault.c and arch/arm64/mm/fault.c (4.7, which no recording of a booted kernel has
 * confirmed; 6.1 and 6.12).
 *
 * The style of a kernel is one row of styles[]: the line that names the address, the lines that show the page table, the line with
 * "Oops". Each part appends to the text and sees nothing but the fault.
 */
#include "base.h"
#include "report.h"
#include "state.h"

#include <dlfcn.h>

#define VERSION(major, minor) ((unsigned)(major) << 16 | (minor) << 8)

struct oops {
	const struct fxmi_kernel *k;
	const struct fxm_fault *fault;
	uintptr_t pc;
	bool is_access;
	struct fxm_walk walk;
	struct fxmi_text text;
};

#define add(o, ...) fxmi_text_add(&(o)->text, __VA_ARGS__)

static bool is_null(const struct oops *o)
{
	return o->fault->address.v < FXM_PAGE_SIZE;
}

static int address_digits(const struct oops *o)
{
	return o->k->va_mask > UINT32_MAX ? 16 : 8;
}

static bool is_highmem(const struct fxmi_kernel *k, uint64_t pa)
{
	return pa >> FXM_PAGE_SHIFT >= k->m->mem.highmem_pfn;
}

/* ---- the words after "[#1]" ---- */

static uint64_t setting(const struct fxmi_kernel *k, enum fxmi_setting_id id)
{
	return fxmi_setting(k->layout, id);
}

static bool is_preemptible(const struct fxmi_kernel *k)
{
	return (setting(k, FXMI_SETTING_PREEMPT) || setting(k, FXMI_SETTING_PREEMPTION)) && !k->preempt_rt;
}

static bool has_isolation(const struct fxmi_kernel *k)
{
	return setting(k, FXMI_SETTING_PAGE_TABLE_ISOLATION) || setting(k, FXMI_SETTING_MITIGATION_PAGE_TABLE_ISOLATION) ||
	       (!strcmp(fxmi_layout_arch(k->layout), "x86_64") && k->version >= VERSION(4, 15));
}

void fxmi_oops_words(const struct fxmi_kernel *k, char *buf, size_t size)
{
	bool is_arm = !strcmp(fxmi_layout_arch(k->layout), "arm");
	const struct {
		bool is_set;
		const char *word;
	} words[] = {
	    {k->preempt_rt, "PREEMPT_RT"},
	    {is_preemptible(k), "PREEMPT"},
	    {k->smp, "SMP"},
	    {has_isolation(k) && setting(k, FXMI_SETTING_pti), "PTI"},
	    {has_isolation(k) && !setting(k, FXMI_SETTING_pti), "NOPTI"},
	    {is_arm && setting(k, FXMI_SETTING_THUMB2_KERNEL), "THUMB2"},
	    {is_arm && !setting(k, FXMI_SETTING_THUMB2_KERNEL), "ARM"},
	};
	size_t used = 0;

	buf[0] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].is_set && used < size)
			used += (size_t)snprintf(buf + used, size - used, " %s", words[i].word);
}

static void add_words(struct oops *o)
{
	char words[64];

	fxmi_oops_words(o->k, words, sizeof(words));
	add(o, "%s\n", words);
}

/* ---- the address ---- */

/* Code has no simulated address: where it stands in its object, which is the same in every run. */
static unsigned long long code_address(const struct oops *o)
{
	Dl_info info;
	bool has_object = o->pc && dladdr((const void *)o->pc, &info) && info.dli_fbase;

	return (has_object ? o->pc - (uintptr_t)info.dli_fbase : o->pc) & o->k->va_mask;
}

static void address_of_2_6(struct oops *o)
{
	add(o, "Unable to handle kernel %s at virtual address %0*llx\n", is_null(o) ? "NULL pointer dereference" : "paging request",
	    8, (unsigned long long)o->fault->address.v);
}

/* The line is cut off for a bug report, and since 6.5 says how. */
static void address_of_arm_6(struct oops *o)
{
	static const char *const how[] = {[FXM_READ] = "read", [FXM_WRITE] = "write", [FXM_EXEC] = "execute"};

	add(o, "8<--- cut here ---\nUnable to handle kernel %s at virtual address %08llx",
	    is_null(o) ? "NULL pointer dereference" : "paging request", (unsigned long long)o->fault->address.v);
	if (o->k->version >= VERSION(6, 5))
		add(o, " when %s", how[o->fault->access]);
	add(o, "\n");
}

static const char *arm64_word(const struct oops *o)
{
	if (o->fault->present)
		return o->fault->access == FXM_WRITE  ? "write to read-only memory"
		       : o->fault->access == FXM_EXEC ? "execute from non-executable memory"
						      : "read from unreadable memory";
	return is_null(o) ? "NULL pointer dereference" : "paging request";
}

/* mem_abort_decode(). */
static void address_of_arm64_6(struct oops *o)
{
	unsigned esr = fxmi_fault_status(o->k, o->fault);
	bool is_data = o->fault->access != FXM_EXEC;

	add(o, "Unable to handle kernel %s at virtual address %016llx\n", arm64_word(o), (unsigned long long)o->fault->address.v);
	add(o, "Mem abort info:\n  ESR = 0x%016x\n  EC = 0x%02x: %s (current EL), IL = 32 bits\n", esr, esr >> 26,
	    is_data ? "DABT" : "IABT");
	add(o, "  SET = 0, FnV = 0\n  EA = 0, S1PTW = 0\n  FSC = 0x%02x: level %u %s fault\n", esr & 0x3f, esr & 3,
	    o->fault->present ? "permission" : "translation");
	if (!is_data)
		return;
	add(o, "Data abort info:\n  ISV = 0, ISS = 0x%08x%s\n  CM = 0, WnR = %u%s", esr & 0xffffff,
	    o->k->version >= VERSION(6, 7) ? ", ISS2 = 0x00000000" : "", esr >> 6 & 1,
	    o->k->version >= VERSION(6, 7) ? ", TnD = 0, TagAccess = 0\n  GCS = 0, Overlay = 0, DirtyBit = 0, Xs = 0\n" : "\n");
}

static void address_of_i386(struct oops *o)
{
	address_of_2_6(o);
	add(o, " printing eip:\n%08llx\n", code_address(o));
}

static void address_of_4(struct oops *o, bool is_bracketed)
{
	char ip[200];

	if (o->k->has_stacks)
		(o->is_access ? fxmi_symbolize_access : fxmi_symbolize)(o->pc, ip, sizeof(ip));
	else
		snprintf(ip, sizeof(ip), "%08llx", code_address(o));
	add(o, "BUG: unable to handle kernel %s at %0*llx\n", is_null(o) ? "NULL pointer dereference" : "paging request",
	    address_digits(o), (unsigned long long)o->fault->address.v);
	if (is_bracketed)
		add(o, "IP: [<%0*llx>] %s\n", address_digits(o), code_address(o), ip);
	else
		add(o, "IP: %s\n", ip);
}

static void address_of_4_7(struct oops *o)
{
	address_of_4(o, true);
}

static void address_of_4_15(struct oops *o)
{
	address_of_4(o, false);
}

static void address_of_5(struct oops *o)
{
	static const char *const tried[] = {
	    [FXM_READ] = "read access", [FXM_WRITE] = "write access", [FXM_EXEC] = "instruction fetch"};
	const struct fxm_fault *f = o->fault;

	add(o, "BUG: %s: %0*llx\n#PF: supervisor %s in kernel mode\n#PF: error_code(0x%04x) - %s\n",
	    is_null(o) ? "kernel NULL pointer dereference, address" : "unable to handle page fault for address", address_digits(o),
	    (unsigned long long)f->address.v, tried[f->access <= FXM_EXEC ? f->access : FXM_READ], f->code,
	    f->present ? "permissions violation" : "not-present page");
}

/* ---- the page table ---- */

/*
 * The word at address >> 22 of the page that CR3 points to, whatever the width of an entry is; and if its bit 0 is set, the word
 * that a table there would have. A large page is taken for a table too: what is printed then is its contents.
 */
static void tables_of_i386(struct oops *o)
{
	uint64_t va = o->fault->address.v, root = o->k->m->root_pfn << FXM_PAGE_SHIFT;
	uint64_t pde = fxmi_phys_word(o->k, root + (va >> 22 & 1023) * 4, 4);

	add(o, "*pde = %08llx\n", (unsigned long long)pde);
	if ((pde & 1) && !setting(o->k, FXMI_SETTING_HIGHPTE))
		add(o, "*pte = %08llx\n",
		    (unsigned long long)fxmi_phys_word(o->k, (pde & ~UINT64_C(0xfff)) + ((va & 0x3ff000) >> 12) * 4, 4));
}

/* Level by level until one is not present, maps a large page, or is a table in highmem. */
static void tables_of_x86(struct oops *o)
{
	static const char *const names_32[] = {"*pdpt", "*pde", "*pte"};
	unsigned skip = o->k->pte_bytes == 8 ? 0 : 1; /* two levels have no pdpt */
	int digits = o->k->pte_bytes == 8 ? 16 : 8;

	for (unsigned i = 0; i < o->walk.levels && i + skip < 3; i++) {
		if (i && is_highmem(o->k, o->walk.level[i].entry_at.v))
			break;
		add(o, "%s = %0*llx ", names_32[i + skip], digits, (unsigned long long)o->walk.level[i].entry.v);
	}
	add(o, "\n");
}

/* With four levels the P4D is the PGD's entry over again. Behind the PTE there is no blank. */
static void tables_of_x86_64(struct oops *o)
{
	static const char *const names[] = {"PGD", "P4D", "PUD", "PMD", "PTE"};
	unsigned folded = o->k->m->desc.format->levels == 4;

	for (unsigned i = 0; i < o->walk.levels; i++) {
		unsigned name = i ? i + folded : 0;

		add(o, name == 4 ? "%s %llx" : "%s %llx ", names[name], (unsigned long long)o->walk.level[i].entry.v);
		if (!i && folded && o->walk.level[0].present)
			add(o, "P4D %llx ", (unsigned long long)o->walk.level[0].entry.v);
	}
	add(o, "\n");
}

/* An entry of the first level is a pair of words, of which the first is shown. The hardware's PTE lies 2048 above Linux's. */
static void entries_of_arm(struct oops *o)
{
	uint64_t va = o->fault->address.v, root = o->k->m->root_pfn << FXM_PAGE_SHIFT;
	uint64_t pair = root + (va >> 21) * 8, pmd = fxmi_phys_word(o->k, pair + (va >> 20 & 1) * 4, 4);

	add(o, "[%08llx] *pgd=%08llx", (unsigned long long)va, (unsigned long long)fxmi_phys_word(o->k, pair, 4));
	if ((pmd & 3) == 2) {
		add(o, "(bad)");
	} else if (pmd && !is_highmem(o->k, pmd)) {
		uint64_t pte = (pmd & ~UINT64_C(0xfff)) + (va >> 12 & 511) * 4;

		add(o, ", *pte=%08llx, *ppte=%08llx", (unsigned long long)fxmi_phys_word(o->k, pte, 4),
		    (unsigned long long)fxmi_phys_word(o->k, pte + 2048, 4));
	}
	add(o, "\n");
}

static void tables_of_arm(struct oops *o)
{
	add(o, "pgd = %08llx\n", (unsigned long long)(o->k->linear_base + (o->k->m->root_pfn << FXM_PAGE_SHIFT)));
	entries_of_arm(o);
}

/* With long descriptors the entry of each level, the first one padded to 8 digits. */
static void tables_of_arm_6(struct oops *o)
{
	static const char *const names[] = {"*pgd", ", *pmd", ", *pte"};

	if (o->k->pte_bytes == 4) {
		entries_of_arm(o);
		return;
	}
	add(o, "[%08llx] ", (unsigned long long)o->fault->address.v);
	for (unsigned i = 0; i < o->walk.levels && i < 3; i++)
		add(o, "%s=%08llx%s", names[i], (unsigned long long)o->walk.level[i].entry.v,
		    o->walk.level[i].leaf && i < 2 ? "(bad)" : "");
	add(o, "\n");
}

/* A level that this geometry lacks repeats the entry above it; the P4D does always. */
static void tables_of_arm64_6(struct oops *o)
{
	static const char *const names[] = {"pgd", "p4d", "pud", "pmd", "pte"};
	const struct fxmi_pt_format *f = o->k->m->desc.format;
	const struct fxm_walk *w = &o->walk;

	add(o, "swapper pgtable: %lluk pages, %u-bit VAs, pgdp=%016llx\n[%016llx]", (unsigned long long)o->k->page_size >> 10,
	    f->va_bits, (unsigned long long)o->k->m->root_pfn << FXM_PAGE_SHIFT, (unsigned long long)o->fault->address.v);
	for (unsigned i = 0, level = 0; i < 5 && level < w->levels; i++) {
		if (level + 1 < w->levels && !strcmp(w->level[level + 1].name, names[i]))
			level++;
		add(o, "%s %s=%016llx", i ? "," : "", names[i], (unsigned long long)w->level[level].entry.v);
		if (!w->level[level].present || w->level[level].leaf)
			break;
	}
	add(o, "\n");
}

/* A level that this geometry lacks repeats the entry above it. */
static void tables_of_arm64(struct oops *o)
{
	static const char *const names[] = {"pgd", "pud", "pmd", "pte"};
	const struct fxm_walk *w = &o->walk;

	add(o, "pgd = %016llx\n[%08llx]", (unsigned long long)(o->k->linear_base + (o->k->m->root_pfn << FXM_PAGE_SHIFT)),
	    (unsigned long long)o->fault->address.v);
	for (unsigned i = 0, level = 0; i < 4 && level < w->levels; i++) {
		if (level + 1 < w->levels && !strcmp(w->level[level + 1].name, names[i]))
			level++;
		add(o, "%s *%s=%016llx", i ? "," : "", names[i], (unsigned long long)w->level[level].entry.v);
		if (!w->level[level].present || w->level[level].leaf)
			break;
	}
	add(o, "\n");
}

/* ---- "Oops" ---- */

static void die_of_i386(struct oops *o)
{
	char words[64];

	fxmi_oops_words(o->k, words, sizeof(words));
	add(o, "Oops: %04x [#%u]\n", o->fault->code, o->k->oopses);
	if (*words)
		add(o, "%s\n", words + 1);
}

static void die_of_x86(struct oops *o)
{
	add(o, "Oops: %04x [#%u]", o->fault->code, o->k->oopses);
	add_words(o);
}

static bool says_oops_first(const struct fxmi_kernel *k)
{
	return k->version >= VERSION(6, 9);
}

/* The kind of every death has "Oops: " before it, that of an oops too. */
static void die_of_6_12(struct oops *o)
{
	add(o, "Oops: ");
	die_of_x86(o);
}

static void die_of_arm(struct oops *o)
{
	add(o, "Internal error: Oops: %x [#%u]", fxmi_fault_status(o->k, o->fault), o->k->oopses);
	add_words(o);
}

/* Since 5.14 the code has the register's width. */
static void die_of_arm64(struct oops *o)
{
	const char *form = o->k->version < VERSION(5, 14) ? "Internal error: Oops: %x [#%u]" : "Internal error: Oops: %016x [#%u]";

	fxmi_text_add(&o->text, form, fxmi_fault_status(o->k, o->fault), o->k->oopses);
	add_words(o);
}

/* ---- styles ---- */

static const struct {
	const char *arch;
	unsigned since;
	void (*address)(struct oops *), (*tables)(struct oops *), (*die)(struct oops *);
} styles[] = {
    {"arm", VERSION(5, 4), address_of_arm_6, tables_of_arm_6, die_of_arm},
    {"arm", 0, address_of_2_6, tables_of_arm, die_of_arm},
    {"arm64", VERSION(5, 0), address_of_arm64_6, tables_of_arm64_6, die_of_arm64},
    {"arm64", 0, address_of_2_6, tables_of_arm64, die_of_arm64},
    {"x86_64", VERSION(6, 9), address_of_5, tables_of_x86_64, die_of_6_12},
    {"x86_64", VERSION(5, 0), address_of_5, tables_of_x86_64, die_of_x86},
    {"x86_64", 0, address_of_4_15, tables_of_x86_64, die_of_x86},
    {"x86_32", VERSION(6, 9), address_of_5, tables_of_x86, die_of_6_12},
    {"x86_32", VERSION(5, 0), address_of_5, tables_of_x86, die_of_x86},
    {"x86_32", VERSION(4, 10), address_of_4_15, tables_of_x86, die_of_x86},
    {"x86_32", 0, address_of_4_7, tables_of_x86, die_of_x86},
    {"i386", 0, address_of_i386, tables_of_i386, die_of_i386},
};

void fxmi_oops_head(const struct fxmi_kernel *k, const struct fxm_fault *fault, uintptr_t pc, bool is_access, char *head,
		    size_t size)
{
	struct oops o = {.k = k, .fault = fault, .pc = pc, .is_access = is_access, .text = {.buf = head, .size = size}};
	size_t i = 0, last = sizeof(styles) / sizeof(styles[0]) - 1;

	fxm_walk(k->m, fxm_va_of(fault->address.v & k->va_mask), &o.walk);
	while (i < last && (strcmp(styles[i].arch, fxmi_layout_arch(k->layout)) || k->version < styles[i].since))
		i++;
	head[0] = 0;
	styles[i].address(&o);
	styles[i].tables(&o);
	styles[i].die(&o);
}

/* "kernel BUG at" and the line below it: which trap BUG() is. */
void fxmi_bug_head(const struct fxmi_kernel *k, const char *name, unsigned number, char *head, size_t size)
{
	const char *arch = fxmi_layout_arch(k->layout);
	char words[64];

	fxmi_oops_words(k, words, sizeof(words));
	if (!strncmp(arch, "arm", 3))
		snprintf(head, size, "kernel BUG at %s!\nInternal error: Oops - BUG: 0 [#%u]%s\n", name, number, words);
	else if (!strcmp(arch, "i386"))
		snprintf(head, size, "kernel BUG at %s!\ninvalid operand: 0000 [#%u]\n%s%s", name, number, *words ? words + 1 : "",
			 *words ? "\n" : "");
	else
		snprintf(head, size, "kernel BUG at %s!\n%sinvalid opcode: 0000 [#%u]%s\n", name,
			 says_oops_first(k) ? "Oops: " : "", number, words);
}
