/* SPDX-License-Identifier: MIT */
/*
 * A machine's birth and death: from a config to booted mapping code. Models, in their order, setup_memory and paging_init,
 * kmap_init, page_address_init and the boot-time fixmaps of each version.
 */
#include "area.h"
#include "config.h"
#include "machine.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "suppress.h"
#include "trace.h"

#include <stdlib.h>

static int boot_fixmaps(struct fxmi_kernel *k)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, 0);
	uint32_t index;
	fxm_pa phys;
	fxm_pte bits;

	for (size_t i = 0; !fxmi_boot_at(k->layout, i, &index, &phys, &bits); i++)
		fxmi_set_fixmap(cpu, k, index, phys.v, bits.v); /* the kernel's own: no record */
	return 0;
}

/* ---- parts ---- */

void fxmi_part_add(struct fxmi_kernel *k, struct fxmi_part *part)
{
	part->next = atomic_load(&k->parts);
	while (!atomic_compare_exchange_weak(&k->parts, &part->next, part)) {
	}
}

unsigned fxmi_parts_leaks(struct fxmi_kernel *k)
{
	unsigned n = 0;

	for (const struct fxmi_part *part = atomic_load(&k->parts); part; part = part->next)
		n += part->leaks(k);
	return n;
}

static bool parts_are_valid(struct fxmi_kernel *k)
{
	for (const struct fxmi_part *part = atomic_load(&k->parts); part; part = part->next) {
		fxm_invariant(part->leaks && part->free && part->is_valid);
		if (!part->is_valid(k))
			return false;
	}
	return true;
}

static void parts_free(struct fxmi_kernel *k)
{
	struct fxmi_part *next;

	for (struct fxmi_part *part = atomic_exchange(&k->parts, NULL); part; part = next) {
		next = part->next;
		part->free(k);
	}
}

/* ---- what must hold ---- */

bool fxmi_kernel_is_valid(struct fxmi_kernel *k)
{
	fxm_invariant(k && k->m && k->m->kernel == k);
	return fxmi_layout_is_valid(k->layout) && fxmi_trace_is_valid(k) && fxmi_report_is_valid(k) && fxmi_adopted_are_valid(k) &&
	       fxmi_areas_are_valid(k) && parts_are_valid(k);
}

/* ---- create, destroy ---- */

static void kernel_free(struct fxmi_kernel *k)
{
	fxmi_trace_free(k);
	parts_free(k);
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++)
		fxmi_records_free(&fxmi_percpu(fxm_machine_vcpu(k->m, i))->slots);
	fxmi_pkmap_free(k);
	fxmi_kmap_local_free(k);
	fxmi_fixed_free(k);
	fxmi_areas_free(k);
	fxmi_records_free(&k->early.records);
	fxmi_report_free(k);
	fxm_layout_destroy(k->layout);
	fxm_layout_destroy(k->moved_from);
	free(k);
}

/* The words of policy= stand in the order of the enum. */
static void set_policies(struct fxmi_kernel *k)
{
#define FXM_REPORT_KIND(NAME, word, ends_task, what)                                                                               \
	k->policy[FXM_REPORT_##NAME] = (enum fxm_policy)fxmi_setting(k->layout, FXMI_SETTING_policy_##word);
#include <fixmap/report_kinds.def>
#undef FXM_REPORT_KIND
}

/* What the simulated kernel keeps things in. On failure the caller frees it. */
static int init(struct fxmi_kernel *k)
{
	int error = fxmi_report_init(k);

	if (!error)
		error = fxmi_pkmap_init(k);
	if (!error)
		error = fxmi_adopt_families(k);
	return error ? error : fxmi_trace_init(k);
}

/* Brings it up on bare hardware. */
static int boot(struct fxmi_kernel *k)
{
	int error = fxmi_map_lowmem(k);

	if (!error)
		error = fxmi_populate_tables(k);
	if (!error)
		error = fxmi_percpu_init_all(k);
	if (!error)
		error = boot_fixmaps(k);
	if (error)
		return error;
	set_policies(k);
	return fxmi_trace_boot(k);
}

/* Undoes boot() and all that came after it, as far as it is not the hardware's. */
static void forget(struct fxmi_kernel *k)
{
	fxmi_trace_reset(k);
	parts_free(k);
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++) {
		struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, i);

		fxmi_percpu_clear(cpu);
		if (i >= k->m->desc.cpus) /* it goes */
			fxmi_records_free(&fxmi_percpu(cpu)->slots);
	}
	fxmi_pkmap_reset(k);
	fxmi_kmap_local_free(k);
	fxmi_fixed_reset(k);
	fxmi_areas_free(k);
	fxmi_early_reset(k);
	fxmi_report_reset(k);
	memset(&k->kmap_ctrls, 0, sizeof(*k) - offsetof(struct fxmi_kernel, kmap_ctrls));
}

/* identity=1 is a demand, not a wish. */
static int check_identity(struct fxm_config *cfg, const struct fxm_layout *layout, const struct fxm_machine *m)
{
	const char *word = fxmi_setting_text(layout, FXMI_SETTING_identity);

	if (!word || strcmp(word, "1") || fxm_window_mode(m) == FXM_WINDOW_OFF || fxm_window_is_identity(m))
		return 0;
	fxmi_config_fail(cfg, "identity=1: the simulated addresses are taken in this process, by another machine or by "
			      "AddressSanitizer: write identity=auto, or destroy the other machine first");
	return -EBUSY;
}

/* The host's @call failed with @error, which is returned: what its limits are called there. */
static int host_refused(struct fxm_config *cfg, const struct fxmi_desc *desc, const char *call, int error)
{
	bool is_forbidden = error == -EPERM || error == -EACCES || error == -ENOSYS;

	if (error == -EFBIG)
		fxmi_config_fail(cfg, "%s() of %llu bytes: this machine's RAM is a file in memory, and the file-size limit is "
				      "smaller: raise it (ulimit -f unlimited), or write a smaller ram_end",
				 call, (unsigned long long)desc->ram_end);
	else if (error == -EMFILE || error == -ENFILE)
		fxmi_config_fail(cfg, "%s(): %s", call, fxm_strerror(error));
	else
		fxmi_config_fail(cfg, "the host refuses %s(): %s%s", call, strerror(-error),
				 is_forbidden ? "; a machine needs it: does a seccomp filter forbid it?" : "");
	return error;
}

int fxmi_machine_create(struct fxm_config *cfg, bool identity, struct fxm_machine **out)
{
	const char *refused = NULL;
	struct fxm_layout *layout;
	struct fxmi_desc desc;
	int error = fxm_layout_create(cfg, &layout);

	if (error)
		return error;
	fxmi_describe_machine(&desc, layout, identity);
	if (desc.nr_cpus > FXMI_MAX_CPUS && desc.cpus > FXMI_MAX_CPUS) {
		fxm_layout_destroy(layout);
		return fxmi_config_fail(cfg, "cpus=%u is more than the simulator runs: write at most cpus=%u", desc.cpus,
					FXMI_MAX_CPUS);
	}
	if (desc.nr_cpus > FXMI_MAX_CPUS)
		desc.nr_cpus = FXMI_MAX_CPUS;
	struct fxmi_kernel *k = calloc(1, sizeof(*k));
	desc.refused = &refused;
	error = k ? fxmi_machine_new(&desc, &k->m) : -ENOMEM;
	if (refused)
		host_refused(cfg, &desc, refused, error);
	if (!error && (error = check_identity(cfg, layout, k->m)) != 0)
		fxmi_machine_free(k->m);
	if (error) {
		free(k);
		fxm_layout_destroy(layout);
		return error;
	}
	k->m->kernel = k;
	k->layout = layout;
	fxmi_adopt_numbers(k);
	error = init(k);
	if (!error)
		error = boot(k);
	if (!error)
		error = fxmi_suppress_read(fxmi_setting_text(layout, FXMI_SETTING_suppress), &k->suppressions, &cfg->error);
	if (!error)
		error = fxmi_inject_setting(k, &cfg->error);
	if (error) {
		if (error == -ENOENT || error == -EACCES || error == -EISDIR || error == -EROFS)
			fxmi_config_fail(cfg, "trace=%s cannot be written: %s", fxmi_setting_text(layout, FXMI_SETTING_trace),
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
	int saved = errno, error = cfg && out ? fxmi_machine_create(cfg, false, out) : -EINVAL;

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
	fxm_assert_internal(fxmi_kernel_is_valid(k));
	if (k->detect)
		fxm_report_leaks(m);
	struct fxmi_failure failure = fxmi_fail_take(k);
	kernel_free(k);
	error = fxmi_machine_free(m);
	errno = saved;
	fxmi_fail(&failure);
	return error;
}

int fxm_machine_reset(struct fxm_machine *m)
{
	struct fxmi_error why;

	if (!m)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	int saved = errno, error = fxmi_machine_check_free(m);

	if (error)
		return error;
	fxm_assert_internal(fxmi_kernel_is_valid(k));
	struct fxmi_failure failure = fxmi_fail_take(k);
	forget(k);
	error = fxmi_machine_reset(m);
	if (!error)
		error = fxmi_move_back(k);
	if (!error)
		error = boot(k);
	if (!error)
		error = fxmi_inject_setting(k, &why);
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
