/* SPDX-License-Identifier: MIT */
/*
 * From settings to a machine and the model of it. The numbers of the layout are the library's (its own tests compare them with
 * those of real kernels); the model gets nothing else from it.
 */
#include "ops.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model the_model;

static void on_report(const struct fxm_report *report, void *arg)
{
	struct ops_run *run = arg;

	run->reports.count[report->kind]++;
	if (report->kind == FXM_REPORT_BUG)
		snprintf(run->reports.where, sizeof(run->reports.where), "%s", report->where ? report->where : "");
}

/* ---- the model ---- */

static uint64_t prot(const struct fxm_layout *layout, const char *name, const char *otherwise)
{
	fxm_pte value;

	if (fxm_prot_find(layout, name, &value) && fxm_prot_find(layout, otherwise, &value))
		assert(!"a protection value is missing");
	return value.v;
}

struct boot {
	const struct ops_run *run;
	struct ops_tables tables;
};

static uint64_t boot_pte(void *arg, uint64_t va)
{
	struct boot *boot = arg;
	return ops_next_pte(boot->run, &boot->tables, va);
}

/* Where memory without a permanent address begins: of the machine, which stays when FIXADDR_TOP moves, and the layout's with it. */
static uint64_t first_high(struct fxm_machine *m)
{
	struct fxm_zone_info zone;

	if (fxm_get_zone_info(m, FXM_ZONE_HIGHMEM, &zone))
		assert(!"no highmem zone");
	return zone.start_pfn;
}

static void describe(const struct ops_run *run, const struct fxm_layout *layout, struct model_config *c)
{
	*c = (struct model_config){
	    .typed = !strcmp(run->set.profile, "i386-2.6.12"),
	    .local = !strcmp(run->set.profile, "x86_32-6.1"),
	    .force_map = !strcmp(run->set.profile, "x86_32-6.1") && run->set.debug_highmem,
	    /* follows DEBUG_KMAP_LOCAL, and that DEBUG_HIGHMEM */
	    .debug_virtual = !strcmp(run->set.profile, "x86_32-6.1") && run->set.debug_highmem,
	    .kunmap_might_sleep = strcmp(run->set.profile, "i386-2.6.12") && strcmp(run->set.profile, "x86_32-4.15"),
	    .pae = run->set.pae,
	    .debug_highmem = run->set.debug_highmem,
	    .debug_atomic_sleep = run->set.debug_atomic_sleep,
	    .preempt_count = run->set.preempt_count,
	    .nr_cpus = run->set.nr_cpus,
	    .page_offset = fxm_layout_get(layout, "PAGE_OFFSET"),
	    .high_memory = fxm_layout_get(layout, "high_memory"),
	    .fixaddr_top = fxm_layout_get(layout, "FIXADDR_TOP"),
	    .fixaddr_start = fxm_layout_get(layout, "FIXADDR_START"),
	    .pkmap_base = fxm_layout_get(layout, "PKMAP_BASE"),
	    .nr_fixed = (uint32_t)fxm_fixed_index(layout, "__end_of_fixed_addresses"),
	    .kmap_begin = (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_BEGIN"),
	    .highmem_pfn = first_high(run->m),
	    .nr_frames = fxm_layout_get(layout, "max_pfn"),
	    .kmap_prot = prot(layout, "kmap_prot", "PAGE_KERNEL"),
	    .prot_normal = prot(layout, "FIXMAP_PAGE_NORMAL", "PAGE_KERNEL"),
	    .prot_nocache = prot(layout, "FIXMAP_PAGE_NOCACHE", "PAGE_KERNEL_NOCACHE"),
	    .prot_io = prot(layout, "FIXMAP_PAGE_IO", "PAGE_KERNEL"),
	};
	/* Every protection value comes masked already; only PAE has a 63rd bit, and only with NX. */
	uint64_t nx = UINT64_C(1) << 63;
	c->supported_mask = c->prot_normal & nx ? UINT64_MAX : ~nx;
}

void ops_machine_adopt(struct ops_run *run)
{
	const struct fxm_layout *layout = fxm_machine_layout(run->m);
	struct boot boot = {.run = run};
	struct model_config c;

	describe(run, layout, &c);
	model_init(&the_model, &c, boot_pte, &boot);
	run->model = &the_model;
	ops_interrupts_start(run);
	if (the_model.last_pkmap != fxm_layout_get(layout, "LAST_PKMAP"))
		ops_differ(run, "LAST_PKMAP is %u, the model says %u", (unsigned)fxm_layout_get(layout, "LAST_PKMAP"),
			   the_model.last_pkmap);
	uint32_t slots = (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_END") - c.kmap_begin + 1;
	if (slots != the_model.km_type_nr * c.nr_cpus)
		ops_differ(run, "there are %u kmap_atomic slots, the model says %u", slots, the_model.km_type_nr * c.nr_cpus);
}

/* ---- the machine ---- */

static const char *window_word(enum fxm_window_mode mode)
{
	static const char *const words[] = {
	    [FXM_WINDOW_OFF] = "off", [FXM_WINDOW_STRICT] = "strict", [FXM_WINDOW_RETAIN] = "retain", [FXM_WINDOW_EAGER] = "eager"};
	return words[mode];
}

static int configure(const struct ops_settings *s, struct fxm_config *cfg)
{
	char words[256];

	snprintf(words, sizeof(words),
		 "pae=%d NR_CPUS=%u cpus=%u DEBUG_HIGHMEM=%d DEBUG_ATOMIC_SLEEP=%d PREEMPT_COUNT=%d window=%s identity=0 "
		 "stacks=off detect=%s",
		 s->pae, s->nr_cpus, s->cpus, s->debug_highmem, s->debug_atomic_sleep, s->preempt_count, window_word(s->window),
		 s->detect ? "on" : "off");
	return fxm_config_parse(cfg, words);
}

static void init_actors(struct ops_run *run)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++)
		run->idle[i] = (struct ops_actor){.run = run, .cpu = i, .task = i};
	for (unsigned i = 0; i < OPS_FIBRES; i++)
		run->fibre[i] = (struct ops_actor){.run = run, .task = MODEL_CPUS + i};
}

static uint32_t key_of(const struct ops_settings *s)
{
	return (uint32_t)(unsigned char)s->profile[strlen(s->profile) - 1] | (uint32_t)s->pae << 8 |
	       (uint32_t)s->debug_highmem << 9 | (uint32_t)s->debug_atomic_sleep << 10 | (uint32_t)s->preempt_count << 11 |
	       (uint32_t)s->detect << 12 | (uint32_t)s->window << 13 | (uint32_t)s->nr_cpus << 16 | (uint32_t)s->cpus << 20;
}

/* Reading settings costs as much as building a machine, so configs are kept. */
static struct fxm_config *config_for(const struct ops_settings *s)
{
	static struct {
		uint32_t key;
		struct fxm_config *cfg;
	} kept[61];
	uint32_t key = key_of(s), n = key % 61;

	if (kept[n].key == key)
		return kept[n].cfg;
	fxm_config_destroy(kept[n].cfg);
	kept[n].key = key;
	if (fxm_config_create(s->profile, &kept[n].cfg) || configure(s, kept[n].cfg)) {
		fprintf(stderr, "%s\n", fxm_config_error(kept[n].cfg));
		abort();
	}
	return kept[n].cfg;
}

bool ops_machine_make(struct ops_run *run)
{
	struct fxm_config *cfg = config_for(&run->set);
	int error = fxm_machine_create(cfg, &run->m);

	if (error == -ENOMEM)
		return false;
	if (error) {
		fprintf(stderr, "fxm_machine_create: %s: %s\n", fxm_strerror(error), fxm_config_error(cfg));
		abort();
	}
	fxm_report_set(run->m, on_report, run);
	run->cpus = run->set.cpus;
	run->held_by_ended = run->nr_injections = 0;
	ops_machine_adopt(run);
	init_actors(run);
	if (run->set.window != FXM_WINDOW_OFF)
		memset(run->resident, 0, sizeof(run->resident));
	return true;
}

void ops_machine_end(struct ops_run *run)
{
	int error = fxm_machine_destroy(run->m);

	if (error)
		ops_differ(run, "fxm_machine_destroy: %s", fxm_strerror(error));
}
