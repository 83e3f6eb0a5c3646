// SPDX-License-Identifier: MIT
/*
 * Checking what a machine looks like: layout, prot, enum, config, fixpte, kmtype, btslot and state records. Nothing is taken over
 * from them: each is compared with what the library computed from the machine line alone, or holds in its page tables.
 */

#include "replay_internal.h"

#include <string.h>

/* NAME and VALUE of a word; NAME is cut off in @name. */
static const char *name_and_value(const char *word, char *name, size_t size)
{
	const char *eq = strchr(word, '=');

	snprintf(name, size, "%.*s", (int)(eq - word), word);
	return eq + 1;
}

static int bad_number(struct replay *rp, const char *text)
{
	return trace_reader_fail(&rp->reader, "\"%.30s\" is not a number", text);
}

/* What the recorder measured of that boot, and no layout: how much was free, and which cache the emulator has. */
static bool is_of_that_boot(const char *name)
{
	static const char *const names[] = {"totalhigh_pages", "totalram_pages", "cacheid", "PHYS_PFN_OFFSET", "kimage_voffset"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* One NAME=VALUE of a layout record: of the layout, or a setting. */
static int check_layout_word(struct replay *rp, const char *word)
{
	char name[64];
	const char *value = name_and_value(word, name, sizeof(name)), *setting = fxm_config_get(rp->config, name);
	uint64_t want, got;

	if (!trace_number(value, 0, &want))
		return bad_number(rp, value);
	if (is_of_that_boot(name))
		return 0;
	if (!fxm_layout_find(rp->layout, name, &got)) {
		if (want != got)
			replay_differ_hex(rp, name, want, got);
		return 0;
	}
	if (!setting)
		replay_differ(rp, name, value, "nothing");
	else if (!(trace_number(setting, 0, &got) && got == want) && !(trace_number(setting, 16, &got) && got == want))
		replay_differ(rp, name, value, setting);
	return 0;
}

static int check_layout(struct replay *rp)
{
	for (size_t i = 1; i < rp->line.nwords; i++)
		if (check_layout_word(rp, rp->line.word[i]))
			return -1;
	return 0;
}
static int check_prot(struct replay *rp)
{
	char name[64];
	const char *value = name_and_value(rp->line.word[1], name, sizeof(name));
	uint64_t want;
	fxm_pte got;

	if (!trace_number(value, 0, &want))
		return bad_number(rp, value);
	if (fxm_prot_find(rp->layout, name, &got))
		replay_differ(rp, name, value, "nothing");
	else if (want != got.v)
		replay_differ_hex(rp, name, want, got.v);
	return 0;
}

/*
 * Fixed addresses of arm64 that show that boot's own memory: its device tree, pages of its kernel's image, a console of its command
 * line. A machine has none of these; their indices and addresses are compared.
 */
static bool shows_boots_memory(const struct replay *rp, uint64_t index)
{
	int fdt = fxm_fixed_index(rp->layout, "FIX_FDT_END"), fdt_end = fxm_fixed_index(rp->layout, "FIX_FDT");
	const char *name = fxm_fixed_name(rp->layout, (uint32_t)index);

	if (rp->dialect != REPLAY_BOOTED || fdt < 0)
		return false;
	if (index >= (uint64_t)fdt && index <= (uint64_t)fdt_end)
		return true;
	return name && (!strncmp(name, "FIX_ENTRY_TRAMP", 15) || !strcmp(name, "FIX_EARLYCON_MEM_BASE"));
}

static int check_enum(struct replay *rp)
{
	const char *name = rp->line.word[1];
	const char *pte = trace_field(&rp->line, 4, "pte");
	uint64_t index, address, entry;
	int got = fxm_fixed_index(rp->layout, name);
	fxm_va va;

	if (!trace_number(rp->line.word[2], 10, &index) || !trace_number(rp->line.word[3], 16, &address))
		return bad_number(rp, rp->line.word[2]);
	rp->enums++;
	if (got < 0) {
		replay_differ(rp, name, rp->line.word[2], "nothing");
		return 0;
	}
	va = fxm_fix_to_virt_unchecked(rp->machine, (uint32_t)got);
	if ((uint64_t)got != index)
		replay_differ_count(rp, name, index, (uint64_t)got);
	if (va.v != address)
		replay_differ_hex(rp, "VADDR", address, va.v);
	if (!pte || !strcmp(pte, "-") || shows_boots_memory(rp, index))
		return 0;
	if (!trace_number(pte, 16, &entry))
		return bad_number(rp, pte);
	if (fxm_pte_at(rp->machine, va).v != entry)
		replay_differ_hex(rp, "pte", entry, fxm_pte_at(rp->machine, va).v);
	return 0;
}

/* Options of the recorded kernel that are not settings of their own: they follow from the profile or from another setting. */
static const char *derived_config(const struct replay *rp, const char *name)
{
	static const struct {
		const char *name, *value; /* "=NAME": as setting NAME; "!NAME": its opposite */
	} derived[] = {
	    {"X86_PAE", "=pae"}, {"HIGHMEM64G", "=pae"}, {"HIGHMEM4G", "!pae"}, {"PAGE_TABLE_ISOLATION", "=pae"},
	    {"PREEMPTION", "0"}, {"DEBUG_VIRTUAL", "0"}, {"SMP", "1"}, {"STRICT_KERNEL_RWX", "1"},		{"KMAP_LOCAL", "0"},
	};

	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
		const char *v = derived[i].value;

		if (strcmp(derived[i].name, name))
			continue;
		if (*v != '=' && *v != '!')
			return v;
		v = fxm_config_get(rp->config, v + 1);
		if (v && derived[i].value[0] == '!')
			return strcmp(v, "0") ? "0" : "1";
		return v;
	}
	return NULL;
}

static int check_config(struct replay *rp)
{
	char name[64];
	const char *want = name_and_value(rp->line.word[1], name, sizeof(name));
	const char *bare = strncmp(name, "CONFIG_", 7) ? name : name + 7;
	const char *got = fxm_config_get(rp->config, bare);

	if (!got)
		got = derived_config(rp, bare);
	if (!got || strcmp(want, got))
		replay_differ(rp, name, want, got ? got : "nothing");
	return 0;
}

static int check_fixpte(struct replay *rp)
{
	uint64_t index, address, entry;
	fxm_va va;

	if (!trace_number(rp->line.word[1], 10, &index) || !trace_number(rp->line.word[2], 16, &address) ||
	    !trace_number(rp->line.word[3], 16, &entry))
		return bad_number(rp, rp->line.text);
	va = fxm_fix_to_virt_unchecked(rp->machine, (uint32_t)index);
	if (va.v != address)
		replay_differ_hex(rp, "VADDR", address, va.v);
	if (shows_boots_memory(rp, index))
		return 0;
	rp->fixptes++;
	if (fxm_pte_at(rp->machine, va).v != entry)
		replay_differ_hex(rp, "pte", entry, fxm_pte_at(rp->machine, va).v);
	const char *hw = trace_field(&rp->line, 4, "hw");
	if (hw && trace_number(hw, 16, &entry)) {
		struct fxm_walk walk;

		fxm_walk(rp->machine, va, &walk);
		if (walk.level[walk.levels - 1].entry.v != entry)
			replay_differ_hex(rp, "hw", entry, walk.level[walk.levels - 1].entry.v);
	}
	return 0;
}

static bool has_page_table(struct replay *rp, uint32_t index)
{
	struct fxm_walk walk;

	fxm_walk(rp->machine, fxm_fix_to_virt_unchecked(rp->machine, index), &walk);
	return walk.levels && !strcmp(walk.level[walk.levels - 1].name, "pte");
}

/* Below this index every fixed address has a page table, and only the fixpte entries above are set. */
static int check_fixpte_end(struct replay *rp)
{
	uint64_t end;
	size_t set = 0;

	if (!trace_number(rp->line.word[1], 10, &end) || end > UINT16_MAX)
		return bad_number(rp, rp->line.word[1]);
	/* What lies below the fixmap on arm are tables of the vmalloc area, made as it is used. */
	uint64_t top = fxm_layout_get(rp->layout, "FIXADDR_TOP"), pmd = fxm_layout_get(rp->layout, "PMD_SIZE");
	uint64_t pages = (top - (fxm_layout_get(rp->layout, "FIXADDR_START") & ~(pmd - 1))) / fxm_layout_page_size(rp->layout) + 1;
	if (rp->is_arm && end > pages)
		end = pages;
	for (uint32_t i = 0; i < end; i++) {
		set += fxm_pte_at(rp->machine, fxm_fix_to_virt_unchecked(rp->machine, i)).v != 0;
		if (has_page_table(rp, i))
			continue;
		replay_differ_count(rp, "fixpte_nopagetable_from", end, i);
		break;
	}
	if (set != rp->fixptes)
		replay_differ_count(rp, "fixed addresses set", rp->fixptes, set);
	return 0;
}

static int check_kmtype(struct replay *rp)
{
	uint64_t want;
	int got = fxm_km_type_index(rp->layout, rp->line.word[1]);

	if (!trace_number(rp->line.word[2], 10, &want))
		return bad_number(rp, rp->line.word[2]);
	rp->kmtypes++;
	if (got < 0)
		replay_differ(rp, rp->line.word[1], rp->line.word[2], "nothing");
	else if ((uint64_t)got != want)
		replay_differ_count(rp, rp->line.word[1], want, (uint64_t)got);
	return 0;
}

/* slot_virt[N] of early_ioremap: the slots lie one after the other, from FIX_BTMAP_BEGIN on. */
static int check_btslot(struct replay *rp)
{
	uint64_t slot, want, got;
	int begin = fxm_fixed_index(rp->layout, "FIX_BTMAP_BEGIN");

	if (!trace_number(rp->line.word[1], 10, &slot) || !trace_number(rp->line.word[2], 16, &want))
		return bad_number(rp, rp->line.word[1]);
	if (begin < 0) {
		replay_differ(rp, "btslot", rp->line.word[2], "nothing");
		return 0;
	}
	got =
	    fxm_fix_to_virt_unchecked(rp->machine, (uint32_t)((uint64_t)begin - slot * fxm_layout_get(rp->layout, "NR_FIX_BTMAPS")))
		.v;
	if (want != got)
		replay_differ_hex(rp, "btslot", want, got);
	return 0;
}

int replay_check_header(struct replay *rp)
{
	switch (rp->line.kind) {
	case TRACE_LAYOUT:
		return check_layout(rp);
	case TRACE_PROT:
		return check_prot(rp);
	case TRACE_ENUM:
		return check_enum(rp);
	case TRACE_CONFIG:
		return check_config(rp);
	case TRACE_FIXPTE:
		return check_fixpte(rp);
	case TRACE_FIXPTE_END:
		return check_fixpte_end(rp);
	case TRACE_KMTYPE:
		return check_kmtype(rp);
	case TRACE_BTSLOT:
		return check_btslot(rp);
	default:
		return 0;
	}
}

static int check_slot(struct replay *rp, const char *slot_text)
{
	const char *count_text = trace_field(&rp->line, 1, "count"), *pte_text = trace_field(&rp->line, 1, "pte");
	uint64_t slot, count, pte;
	fxm_va va;
	int got;

	if (!trace_number(slot_text, 10, &slot) || slot > UINT32_MAX)
		return bad_number(rp, slot_text);
	rp->snapshot_slots++;
	got = fxm_pkmap_count(rp->machine, (uint32_t)slot, NULL);
	if (count_text && !trace_number(count_text, 10, &count))
		return bad_number(rp, count_text);
	if (count_text && (got < 0 || (uint64_t)got != count))
		replay_differ_count(rp, "count", count, (uint64_t)got);
	if (!pte_text)
		return 0;
	if (!trace_number(pte_text, 16, &pte))
		return bad_number(rp, pte_text);
	va = fxm_va_of(fxm_layout_get(rp->layout, "PKMAP_BASE") + (slot << FXM_PAGE_SHIFT));
	if (fxm_pte_at(rp->machine, va).v != pte)
		replay_differ_hex(rp, "pte", pte, fxm_pte_at(rp->machine, va).v);
	return 0;
}

/* The last line of a snapshot: with as many non-zero slots as it lists, none was left out. */
static int check_cursor(struct replay *rp, const char *cursor_text)
{
	const char *nonzero_text = trace_field(&rp->line, 1, "nonzero");
	uint64_t cursor, nonzero;
	struct fxm_pkmap pkmap;

	fxm_get_pkmap(rp->machine, &pkmap);
	if (!trace_number(cursor_text, 10, &cursor))
		return bad_number(rp, cursor_text);
	if (cursor != pkmap.last_pkmap_nr)
		replay_differ_count(rp, "last_pkmap_nr", cursor, pkmap.last_pkmap_nr);
	if (nonzero_text && !trace_number(nonzero_text, 10, &nonzero))
		return bad_number(rp, nonzero_text);
	if (nonzero_text && nonzero != pkmap.used + pkmap.idle)
		replay_differ_count(rp, "nonzero", nonzero, pkmap.used + pkmap.idle);
	else if (nonzero_text && rp->snapshot_slots && rp->snapshot_slots != nonzero)
		replay_differ_count(rp, "slots in this snapshot", rp->snapshot_slots, nonzero);
	rp->snapshot_slots = 0;
	return 0;
}

int replay_check_state(struct replay *rp)
{
	const char *slot = trace_field(&rp->line, 1, "slot");
	const char *cursor = trace_field(&rp->line, 1, "last_pkmap_nr");

	if (slot)
		return check_slot(rp, slot);
	if (cursor)
		return check_cursor(rp, cursor);
	return trace_reader_fail(&rp->reader, "a state record wants slot= or last_pkmap_nr=");
}

void replay_check_complete(struct replay *rp)
{
	struct fxm_fixed fixed;
	const char *name;
	uint32_t value;
	size_t n;

	for (n = 0; !fxm_fixed_at(rp->layout, n, &fixed); n++)
		;
	if (rp->enums && rp->enums != n)
		replay_differ_count(rp, "enum records", rp->enums, n);
	for (n = 0; !fxm_km_type_at(rp->layout, n, &name, &value); n++)
		;
	if (rp->kmtypes && rp->kmtypes != n)
		replay_differ_count(rp, "kmtype records", rp->kmtypes, n);
}
