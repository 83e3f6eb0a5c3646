/* SPDX-License-Identifier: MIT */
/*
 * A machine's birth and death: from a config to booted mapping code. Models, in their order, setup_memory / paging_init
 * (direct map), page_table_range_init (tables of pkmap and of the fixed addresses), kmap_init, page_address_init and the
 * boot-time fixmaps of each version.
 */
#include "config.h"
#include "detect.h"
#include "machine.h"
#include "mapping.h"
#include "profile.h"
#include "report.h"
#include "state.h"
#include "suppress.h"
#include "tier.h"
#include "trace.h"

#include <fixmap/kernel_tier.h>

#include <stdlib.h>
#include <unistd.h>

/* ---- numbers from the layout ---- */

static uint64_t prot(const struct fxm_layout *layout, const char *name, const char **used_name, const char *fallback)
{
	fxm_pte value;
	const char *found = !fxm_prot_value(layout, name, &value) ? name : fallback;
	if (used_name)
		*used_name = found;
	return fxm_prot_value(layout, found, &value) ? 0 : value.v;
}

static bool is_x86(const struct fxm_layout *layout)
{
	return fxmi_trait(layout, "page_table_format") == 0;
}

/* __supported_pte_mask: what the CPU and the boot options leave of a protection value. */
static uint64_t supported_mask(const struct fxm_layout *layout)
{
	uint64_t mask = UINT64_MAX;
	if (!is_x86(layout))
		return mask;
	if ((!fxmi_layout_pae(layout) && fxmi_layout_address_bits(layout) == 32) || !fxmi_setting(layout, "nx"))
		mask &= ~(UINT64_C(1) << 63);
	if (!fxmi_setting(layout, "pge") || fxmi_setting(layout, "pti"))
		mask &= ~UINT64_C(0x100);
	return mask;
}

static void adopt_fixed(struct fxmi_kernel *k)
{
	int begin = fxm_fixed_index(k->layout, "FIX_KMAP_BEGIN");
	int end = fxm_fixed_index(k->layout, "FIX_KMAP_END");

	k->nr_fixed = (uint32_t)fxm_fixed_index(k->layout, "__end_of_fixed_addresses");
	k->has_kmap_group = begin >= 0 && end >= 0;
	/* Without the group the range is empty, for every address. */
	k->fix_kmap_begin = k->has_kmap_group ? (uint32_t)begin : 1;
	k->fix_kmap_end = k->has_kmap_group ? (uint32_t)end : 0;
	k->km_type_nr = (uint32_t)fxm_layout_get(k->layout, "KM_TYPE_NR");
	if (!k->km_type_nr)
		k->km_type_nr = (uint32_t)fxm_layout_get(k->layout, "KM_MAX_IDX");
}

static void adopt_values(struct fxmi_kernel *k)
{
	const struct fxm_layout *l = k->layout;
	unsigned bits = fxmi_layout_address_bits(l);

	k->version = fxmi_layout_version(l);
	k->pte_bytes = k->m->desc.format->entry_bytes;
	k->page_shift = (unsigned)fxm_layout_get(l, "PAGE_SHIFT");
	k->page_size = UINT64_C(1) << k->page_shift;
	k->typed = fxmi_trait(l, "kmap_atomic_generation") == 1;
	k->local = fxmi_trait(l, "kmap_atomic_generation") == 3;
	k->force_map = fxmi_setting(l, "DEBUG_KMAP_LOCAL_FORCE_MAP");
	k->preempt_rt = fxmi_setting(l, "PREEMPT_RT");
	k->km_incr = fxmi_trait(l, "kmap_local_increment");
	k->highmem = fxmi_setting(l, "HIGHMEM");
	k->debug_highmem = fxmi_setting(l, "DEBUG_HIGHMEM");
	k->debug_atomic_sleep = fxmi_setting(l, "DEBUG_ATOMIC_SLEEP");
	k->smp = fxmi_setting(l, "SMP");
	k->preemptible = fxmi_setting(l, "PREEMPT") || fxmi_setting(l, "PREEMPTION");
	k->flush_pkmap_always = fxmi_trait(l, "flush_pkmap_always");
	k->flush_range_is_all = fxmi_trait(l, "flush_kernel_range_is_all");
	k->kunmap_bug_in_irq = fxmi_trait(l, "kunmap_bug_in_interrupt");
	k->kunmap_might_sleep = fxmi_trait(l, "kunmap_might_sleep");
	k->setter_is_x86 = !fxmi_trait(l, "fixmap_clear_by_prot");
	k->flush_on_clear_only = fxmi_trait(l, "fixmap_flush_on_clear_only");
	k->refuses_hole = fxmi_trait(l, "fixmap_hole_is_refused");
	k->arm = fxmi_trait(l, "atomic_arm");
	k->has_high_get = fxmi_trait(l, "kmap_high_get");
	k->atomic_high_get = k->has_high_get && fxmi_trait(l, "atomic_high_get");
	k->cache_colours = fxmi_trait(l, "cache_colours") ? (uint32_t)fxmi_trait(l, "cache_colours") : 1;
	k->cache_vivt = fxmi_trait(l, "cache_vivt");
	k->detect = strcmp(fxmi_setting_text(l, "detect"), "off") != 0;
	k->has_stacks = strcmp(fxmi_setting_text(l, "stacks"), "off") != 0;
	k->full_stacks = !strcmp(fxmi_setting_text(l, "stacks"), "full");
	k->record_sites = k->detect && k->has_stacks;
	fxmi_watch_init(k);
	k->checks_sleep = k->debug_atomic_sleep || fxmi_detects(l, "sleep-in-atomic");
	k->va_mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	k->fixaddr_top = fxm_layout_get(l, "FIXADDR_TOP");
	k->fixaddr_start = fxm_layout_get(l, "FIXADDR_START");
	k->page_offset = fxm_layout_get(l, "PAGE_OFFSET");
	k->high_memory = k->page_offset + (k->m->mem.highmem_pfn << FXM_PAGE_SHIFT);
	k->pte_mask = supported_mask(l);
	k->kmap_prot = prot(l, "kmap_prot", NULL, "PAGE_KERNEL") & k->pte_mask;
	k->prot_normal = prot(l, "FIXMAP_PAGE_NORMAL", &k->prot_normal_name, "PAGE_KERNEL");
	k->prot_nocache = prot(l, "FIXMAP_PAGE_NOCACHE", &k->prot_nocache_name, "PAGE_KERNEL_NOCACHE");
	k->prot_io = prot(l, "FIXMAP_PAGE_IO", &k->prot_io_name, "PAGE_KERNEL");
	k->pkmap.base = fxm_layout_get(l, "PKMAP_BASE");
	fxmi_early_adopt(k);
	k->pkmap.colours = k->cache_colours;
	k->pkmap.last_pkmap = k->highmem ? (uint32_t)fxm_layout_get(l, "LAST_PKMAP") : 0;
}

/* ---- per CPU ---- */

int fxmi_percpu_init(struct fxmi_kernel *k, struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint32_t first = k->fix_kmap_begin + k->km_type_nr * k->cache_colours * cpu->id;
	uint64_t highmem_pfn = k->m->mem.highmem_pfn;

	pc->kernel = k;
	if (!pc->site && !(pc->site = calloc(2 * (size_t)k->km_type_nr, sizeof(*pc->site))))
		return -ENOMEM;
	pc->unmap_site = pc->site + k->km_type_nr;
	pc->kmap_va = k->has_kmap_group ? fxmi_fix_to_virt(k, first) : 0;
	pc->kmap_pte = k->has_kmap_group ? fxmi_pte_ptr(k->m, pc->kmap_va) : NULL;
	pc->high_map = k->m->mem.mem_map + highmem_pfn;
	pc->nr_high = k->has_kmap_group ? k->m->mem.nr_frames - highmem_pfn : 0;
	pc->high_entry = highmem_pfn << FXM_PAGE_SHIFT | k->kmap_prot;
	pc->map_step = FXMI_DEPTH_ONE + FXMI_PAGEFAULT_ONE + (k->m->desc.preempt_count ? FXMI_PREEMPT_ONE : 0);
	pc->nr_resident = &k->m->window->nr_resident;
	fxmi_kmap_atomic_typed_init(cpu);
	if (k->arm && !k->typed)
		fxmi_kmap_atomic_arm_init(cpu);
	else if (!k->local && !k->typed)
		fxmi_kmap_atomic_stack_init(cpu);
	fxmi_kmap_local_init(cpu);
	return 0;
}

static int init_cpus(struct fxmi_kernel *k)
{
	int error = 0;
	for (unsigned i = 0; !error && i < fxm_machine_cpus_online(k->m); i++)
		error = fxmi_percpu_init(k, fxm_machine_vcpu(k->m, i));
	return error;
}

/* ---- page tables ---- */

/* The kernel steps from PTE to PTE of the KMAP group by pointer arithmetic: its tables must lie next to each other. */
static bool kmap_ptes_are_contiguous(const struct fxmi_kernel *k)
{
	const unsigned char *first = fxmi_pte_ptr(k->m, fxmi_fix_to_virt(k, k->fix_kmap_begin));
	for (uint32_t i = 1; i <= k->fix_kmap_end - k->fix_kmap_begin; i++)
		if (fxmi_pte_ptr(k->m, fxmi_fix_to_virt(k, k->fix_kmap_begin + i)) != (void *)(first - (size_t)i * k->pte_bytes))
			return false;
	return true;
}

/* The end of the addresses that get tables at boot: of the address space on x86, else of the fixed addresses' last PMD. */
static uint64_t fixed_end(const struct fxmi_kernel *k, uint64_t pmd)
{
	if (is_x86(k->layout) && k->va_mask == UINT32_MAX)
		return k->va_mask + 1;
	return (k->fixaddr_top + k->page_size + pmd - 1) & ~(pmd - 1);
}

/* Tables for pkmap and for [__fix_to_virt(last) & PMD_MASK, fixed_end()). */
static int populate_tables(struct fxmi_kernel *k)
{
	uint64_t pmd = fxm_layout_get(k->layout, "PMD_SIZE");
	uint64_t fixed = fxmi_fix_to_virt(k, k->nr_fixed - 1) & ~(pmd - 1);
	int error = 0;

	if (k->highmem)
		error = fxmi_pgtable_populate(k->m, k->pkmap.base, fxmi_pkmap_addr(&k->pkmap, k->pkmap.last_pkmap));
	if (!error)
		error = fxmi_pgtable_populate(k->m, fixed, fixed_end(k, pmd));
	if (error)
		return error;
	k->pkmap.pte = k->highmem ? fxmi_pte_ptr(k->m, k->pkmap.base) : NULL;
	fxm_assert(!k->has_kmap_group || k->arm || kmap_ptes_are_contiguous(k));
	return 0;
}

static int boot_fixmaps(struct fxmi_kernel *k)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, 0);
	uint32_t index;
	fxm_pa phys;
	fxm_pte bits;

	for (size_t i = 0; !fxmi_boot_at(k->layout, i, &index, &phys, &bits); i++)
		fxm___set_fixmap(cpu, index, phys, bits);
	return 0;
}

/* ---- the hardware that a layout asks for ---- */

static enum fxm_window_mode window_mode(const struct fxm_layout *layout)
{
	static const char *const words[] = {
	    [FXM_WINDOW_OFF] = "off", [FXM_WINDOW_STRICT] = "strict", [FXM_WINDOW_RETAIN] = "retain", [FXM_WINDOW_EAGER] = "eager"};
	const char *word = fxmi_setting_text(layout, "window");

	for (unsigned i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return (enum fxm_window_mode)i;
	return FXM_WINDOW_OFF;
}

static void describe_segments(struct fxmi_desc *d, const struct fxm_layout *layout)
{
	uint64_t pkmap = fxm_layout_get(layout, "PKMAP_BASE");
	uint64_t pkmap_end = pkmap + (fxm_layout_get(layout, "LAST_PKMAP") << FXM_PAGE_SHIFT);
	uint64_t page = fxm_layout_page_size(layout);
	uint64_t top = fxm_layout_get(layout, "FIXADDR_TOP") + page;
	uint64_t fixed = top - (uint64_t)fxm_fixed_index(layout, "__end_of_fixed_addresses") * page;

	d->segment[d->nr_segments++] =
	    (struct fxmi_segment_desc){.start = d->page_offset, .size = fxm_layout_get(layout, "max_low_pfn") * page};
	if (fxmi_setting(layout, "HIGHMEM")) {
		d->segment[d->nr_segments++] = (struct fxmi_segment_desc){.start = pkmap, .size = pkmap_end - pkmap, .lazy = true};
		/* The boot maps of 4.x PAE overlap pkmap: the page there belongs to pkmap's segment. */
		if (fixed < pkmap_end && top > pkmap_end)
			fixed = pkmap_end;
	}
	d->segment[d->nr_segments++] = (struct fxmi_segment_desc){.start = fixed, .size = top - fixed, .lazy = true};
}

int fxmi_kernel_adopt_layout(struct fxmi_kernel *k, struct fxm_layout *layout)
{
	struct fxmi_desc desc = {.page_offset = k->page_offset};

	describe_segments(&desc, layout);
	int error = fxmi_window_move(k->m, &desc);
	if (error) {
		fxm_layout_destroy(layout);
		return error;
	}
	fxm_layout_destroy(k->layout);
	k->layout = layout;
	adopt_fixed(k);
	adopt_values(k);
	error = populate_tables(k);
	return error ? error : init_cpus(k);
}

/* Trait page_table_format. */
static const struct fxmi_pt_format *format_of(const struct fxm_layout *layout)
{
	static const struct fxmi_pt_format *const arm64[2][2] = {{&fxmi_pt_arm64_4k_39, &fxmi_pt_arm64_4k_48},
								 {&fxmi_pt_arm64_64k_42, &fxmi_pt_arm64_64k_48}};

	switch (fxmi_trait(layout, "page_table_format")) {
	case 1:
		return &fxmi_pt_arm;
	case 2:
		return arm64[fxm_layout_get(layout, "PAGE_SHIFT") == 16][fxm_layout_get(layout, "VA_BITS") == 48];
	default:
		if (fxmi_layout_address_bits(layout) == 64)
			return &fxmi_pt_x86_64;
		return fxmi_layout_pae(layout) ? &fxmi_pt_i386_pae : &fxmi_pt_i386;
	}
}

static void describe(struct fxmi_desc *d, const struct fxm_layout *layout, bool identity)
{
	const char *word = fxmi_setting_text(layout, "identity");
	uint64_t page = fxm_layout_page_size(layout);

	*d = (struct fxmi_desc){
	    .nr_cpus = (unsigned)fxmi_setting(layout, "NR_CPUS"),
	    .cpus = (unsigned)fxmi_setting(layout, "cpus"),
	    .ram_end = fxm_layout_get(layout, "max_pfn") * page,
	    .highmem_pfn = fxm_layout_get(layout, "max_low_pfn") * (page / FXM_PAGE_SIZE),
	    .dma_pfn = fxm_layout_get(layout, "MAX_DMA_PFN") * (page / FXM_PAGE_SIZE),
	    .page_offset = fxm_layout_get(layout, "PAGE_OFFSET"),
	    .format = format_of(layout),
	    .preempt_count = fxmi_setting(layout, "PREEMPT_COUNT"),
	    .window = window_mode(layout),
	    .identity = word && strcmp(word, "auto") ? !strcmp(word, "1") : identity,
	    .poison = fxmi_detects(layout, "use-after-unmap"),
	    .poison_slabs = fxmi_detects(layout, "use-after-free"),
	    .hung_task_seconds = (unsigned)fxmi_setting(layout, "hung_task"),
	    .callbacks = &fxmi_kernel_callbacks,
	};
	describe_segments(d, layout);
}

/* ---- create, destroy ---- */

static void kernel_free(struct fxmi_kernel *k)
{
	fxmi_trace_free(k);
	fxmi_tier_free(k);
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++)
		free(fxmi_percpu(fxm_machine_vcpu(k->m, i))->site);
	fxmi_pkmap_free(k);
	fxmi_kmap_local_free(k);
	fxmi_report_free(k);
	fxm_layout_destroy(k->layout);
	free(k);
}

static void set_policies(struct fxmi_kernel *k)
{
	static const char *const words[] = {
	    [FXM_POLICY_RECORD] = "record", [FXM_POLICY_WARN] = "warn", [FXM_POLICY_ABORT] = "abort"};

	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++) {
		char key[32];
		snprintf(key, sizeof(key), "policy.%s", fxm_report_kind_name(kind));
		const char *word = fxmi_setting_text(k->layout, key);
		const char *all = fxmi_setting_text(k->layout, "policy");
		if (!word || !strcmp(word, "policy"))
			word = all ? all : "record";
		for (unsigned p = 0; p <= FXM_POLICY_ABORT; p++)
			if (!strcmp(word, words[p]))
				k->policy[kind] = (enum fxm_policy)p;
	}
}

/*
 * The direct map. Where the CPU has NX, only the kernel's image in its first large page is executable; and since 4.11, when kernels
 * took the image's writable pages out of that, nothing is here, where there is no image.
 */
static int map_lowmem(struct fxmi_kernel *k)
{
	struct fxm_machine *m = k->m;
	uint64_t size = m->desc.segment[0].size;
	uint64_t image = k->version < (4 << 16 | 11 << 8) ? fxm_layout_get(k->layout, "PMD_SIZE") : 0;
	int error = 0;

	if (image > size)
		image = size;
	if (image)
		error = fxmi_pgtable_map_linear(m, k->page_offset, 0, image,
						prot(k->layout, "PAGE_KERNEL_EXEC", NULL, "PAGE_KERNEL") & k->pte_mask);
	if (!error && size > image)
		error = fxmi_pgtable_map_linear(m, k->page_offset + image, image, size - image,
						prot(k->layout, "PAGE_KERNEL", NULL, "PAGE_KERNEL") & k->pte_mask);
	return error;
}

/* Brings the simulated kernel up on bare hardware. On failure the caller frees both. */
static int boot(struct fxmi_kernel *k)
{
	int error = fxmi_report_init(k);

	if (!error)
		error = map_lowmem(k);
	if (!error)
		error = populate_tables(k);
	if (!error)
		error = fxmi_pkmap_init(k);
	if (!error)
		error = init_cpus(k);
	if (!error)
		error = boot_fixmaps(k);
	if (error)
		return error;
	set_policies(k);
	return fxmi_trace_init(k);
}

/* identity=1 is a demand, not a wish. */
static int check_identity(struct fxm_config *cfg, const struct fxm_layout *layout, const struct fxm_machine *m)
{
	const char *word = fxmi_setting_text(layout, "identity");

	if (!word || strcmp(word, "1") || fxm_window_mode(m) == FXM_WINDOW_OFF || fxm_window_is_identity(m))
		return 0;
	fxmi_config_fail(cfg, "identity=1: the simulated addresses are taken in this process, by another machine or by "
			      "AddressSanitizer: write identity=auto, or destroy the other machine first");
	return -EBUSY;
}

static int create(struct fxm_config *cfg, bool identity, struct fxm_machine **out)
{
	struct fxm_layout *layout;
	struct fxmi_desc desc;
	int error = fxm_layout_create(cfg, &layout);

	if (error)
		return error;
	describe(&desc, layout, identity);
	if (desc.nr_cpus > FXMI_MAX_CPUS && desc.cpus > FXMI_MAX_CPUS) {
		fxm_layout_destroy(layout);
		return fxmi_config_fail(cfg, "cpus=%u is more than the simulator runs: write at most cpus=%u", desc.cpus,
					FXMI_MAX_CPUS);
	}
	if (desc.nr_cpus > FXMI_MAX_CPUS)
		desc.nr_cpus = FXMI_MAX_CPUS;
	struct fxmi_kernel *k = calloc(1, sizeof(*k));
	error = k ? fxmi_machine_new(&desc, &k->m) : -ENOMEM;
	if (!error && (error = check_identity(cfg, layout, k->m)) != 0)
		fxmi_machine_free(k->m);
	if (error) {
		free(k);
		fxm_layout_destroy(layout);
		return error;
	}
	k->m->kernel = k;
	k->layout = layout;
	adopt_fixed(k);
	adopt_values(k);
	error = boot(k);
	if (!error)
		error = fxmi_suppress_read(fxmi_setting_text(layout, "suppress"), &k->suppressions, &cfg->error);
	if (!error)
		error = fxmi_inject_setting(k, &cfg->error);
	if (error) {
		if (error == -ENOENT || error == -EACCES || error == -EISDIR || error == -EROFS)
			fxmi_config_fail(cfg, "trace=%s cannot be written: %s", fxmi_setting_text(layout, "trace"),
					 strerror(-error));
		struct fxm_machine *m = k->m;
		kernel_free(k);
		fxmi_machine_free(m);
		return error;
	}
	*out = k->m;
	return 0;
}

int fxm_machine_create(struct fxm_config *cfg, struct fxm_machine **out)
{
	int saved = errno, error = cfg && out ? create(cfg, false, out) : -EINVAL;

	errno = saved;
	return error;
}

int fxm_machine_destroy(struct fxm_machine *m)
{
	if (!m)
		return 0;
	struct fxmi_kernel *k = fxmi_kernel(m);
	int saved = errno, error = fxmi_machine_check_free(m);

	if (error)
		return error;
	if (k->detect)
		fxm_report_leaks(m);
	struct fxmi_failure failure = fxmi_fail_take(k);
	kernel_free(k);
	error = fxmi_machine_free(m);
	errno = saved;
	fxmi_fail(&failure);
	return error;
}

const char *fxm_machine_profile(const struct fxm_machine *m)
{
	return m ? fxmi_layout_profile(fxmi_kernel(m)->layout) : NULL;
}

const struct fxm_layout *fxm_machine_layout(const struct fxm_machine *m)
{
	return m ? fxmi_kernel(m)->layout : NULL;
}

/* ---- the default machine ---- */

static struct fxm_machine *default_machine;
static pthread_once_t default_once = PTHREAD_ONCE_INIT;

static void destroy_default(void)
{
	if (default_machine && !default_machine->dead) {
		fxm_detach();
		fxm_machine_destroy(default_machine);
	}
}

/* What the program was compiled for; without the kernel tier any profile will do. */
static const char *compiled_profile(void)
{
	const struct fxm_unit *unit = fxm_unit_first();
	return unit && fxmi_profile_find(unit->stamp->profile) ? unit->stamp->profile : NULL;
}

static void make_default(void)
{
	struct fxm_config *cfg;
	int error = fxm_config_create(compiled_profile(), &cfg);

	if (!error) {
		error = fxm_config_set(cfg, "window", "strict");
		if (!error)
			error = fxm_config_set(cfg, "detect", "on");
		if (!error)
			error = fxm_config_parse_environment(cfg);
		if (!error)
			error = create(cfg, true, &default_machine);
		if (error)
			fprintf(stderr, "libfixmap: the default machine cannot be made: %s\n",
				*fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(error));
		fxm_config_destroy(cfg);
	} else {
		fprintf(stderr, "libfixmap: the default machine cannot be made: %s\n", fxm_strerror(error));
	}
	if (error)
		_exit(2);
	atexit(destroy_default);
}

struct fxm_machine *fxm_machine_default(void)
{
	pthread_once(&default_once, make_default);
	return default_machine;
}

struct fxm_vcpu *fxm_current(void)
{
	if (fxmi_likely(fxmi_self != NULL))
		return fxmi_self;
	int error = fxm_attach(fxm_machine_default(), -1);
	if (error) {
		fprintf(stderr, "libfixmap: this thread cannot attach to the default machine: %s\n", fxm_strerror(error));
		abort();
	}
	return fxmi_self;
}
