/* SPDX-License-Identifier: MIT */
/* What is left when a task or a machine ends, as findings: the mappings that are still live, and what the rooms above hold. */
#include "detect.h"
#include "machine.h"
#include "report.h"
#include "state.h"

struct leaks {
	struct fxmi_kernel *k;
	const struct fxmi_family *family;
	struct fxm_vcpu *task_of; /* only what the task on this CPU holds; NULL: everybody's */
	bool is_silent;		  /* they are told nobody about, now and later */
	unsigned nr;
};

static void text_of(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	unsigned long long pfn = m->pfn, va = m->va, bytes = m->bytes;
	char where[96], users[32] = "", page[32] = "no page";
	/* on this generation kmap_atomic() and kmap_local_page() share their slots */
	const char *name = m->family->has_sizes || !strcmp(m->call, m->family->call) ? m->family->name : m->call;

	fxmi_mapping_describe(k, m, where, sizeof(where));
	if (m->pfn != UINT64_MAX)
		snprintf(page, sizeof(page), "page pfn %llx", pfn);
	if (m->users)
		snprintf(users, sizeof(users), ", %u use%s", m->users, m->users == 1 ? "" : "s");
	if (m->undo) /* "iounmapped", "vfreed" */
		snprintf(buf, size, "%s() never %s%s: %llx bytes at %llx", m->call, m->undo,
			 m->undo[strlen(m->undo) - 1] == 'e' ? "d" : "ped", bytes, va);
	else if (m->family->has_sizes)
		snprintf(buf, size, "%s never undone: %llx bytes of frame %llx at %llx, %s", name, bytes, pfn, va, where);
	else
		snprintf(buf, size, "%s never undone: %s at %llx, %s%s", name, page, va, where, users);
}

static void report_mapping(const struct fxmi_mapping *m, void *arg)
{
	struct leaks *leaks = arg;
	struct fxmi_subject about = {.is_left = true, .va = m->va, .pfn_plus_1 = m->pfn + 1};
	char text[256];

	if (fxmi_is_consequence(FXMI_FIND_LEAK, m->told) || (leaks->task_of && (m->cpu != leaks->task_of || m->is_away)))
		return;
	leaks->nr++;
	if (!leaks->is_silent) {
		about.slot_plus_1 = 1 + (uint32_t)(m->cpu_id >= 0 ? fxmi_virt_to_fix(leaks->k, m->va) : m->slot);
		fxmi_about_mapping(&about, m);
		text_of(leaks->k, m, text, sizeof(text));
		fxmi_finding(leaks->k, m->is_away ? NULL : m->cpu, FXMI_FIND_LEAK, &about, "%s", text);
	}
	if (leaks->task_of)
		fxmi_mapping_tell(m, FXMI_MISTAKE_LEAK);
}

static unsigned leaks_of(struct fxmi_kernel *k, enum fxmi_family_place place)
{
	struct leaks leaks = {.k = k};

	if (k->family[place])
		k->family[place]->each(k, report_mapping, &leaks);
	return leaks.nr;
}

void fxmi_report_left_mapped(struct fxm_vcpu *cpu)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	/* What a task held that a BUG ended is no leak of its own, and none of who uses the CPU next. */
	struct leaks leaks = {.k = k, .task_of = cpu, .is_silent = cpu->current->was_killed};

	if (k->family[FXMI_FAMILY_TEMPORARY] && (!k->local || !leaks.is_silent))
		k->family[FXMI_FAMILY_TEMPORARY]->each(k, report_mapping, &leaks);
}

unsigned fxm_report_leaks(struct fxm_machine *m)
{
	if (!m || m->dead)
		return 0;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct fxm_vcpu *cpu = fxm_current_or_null();

	if (cpu && cpu->machine == m)
		fxmi_pointer_settle(cpu, cpu->current);
	unsigned n = leaks_of(k, FXMI_FAMILY_PKMAP) + leaks_of(k, FXMI_FAMILY_EARLY) + leaks_of(k, FXMI_FAMILY_AREA);
	n += fxmi_parts_leaks(k);
	n += leaks_of(k, FXMI_FAMILY_TEMPORARY);
	return n + fxmi_kmalloc_check(m);
}
