/* SPDX-License-Identifier: MIT */
/* The records of mappings, as the public API shows them. */
#include "report.h"
#include "state.h"

#include <fixmap/mapping.h>

static struct fxm_site site_of(const struct fxmi_kernel *k, uintptr_t word)
{
	struct fxm_stack stack = fxmi_noted(k, &word);

	return (struct fxm_site){.pc = stack.depth ? stack.pc[0] : 0};
}

static void fill(const struct fxmi_kernel *k, const struct fxmi_mapping *m, struct fxm_mapping *out)
{
	*out = (struct fxm_mapping){
	    .struct_size = sizeof(*out),
	    .call = m->call,
	    .address = fxm_va_of(m->va),
	    .size_bytes = m->bytes,
	    .pfn = m->pfn,
	    .slot = m->slot,
	    .users = m->users,
	    .serial = m->serial,
	    .cpu = m->cpu_id,
	    .pid = m->pid,
	    .comm = "",
	    .mapped_at = site_of(k, m->mapped_at),
	    .unmapped_at = site_of(k, m->unmapped_at),
	    .is_live = m->is_live,
	    .is_away = m->is_away,
	    .is_atomic = m->is_atomic,
	};
}

struct listing {
	const struct fxmi_kernel *k;
	fxm_mapping_fn fn;
	void *arg;
	int result;
};

static void list(const struct fxmi_mapping *m, void *arg)
{
	struct listing *l = arg;
	struct fxm_mapping out;

	if (l->result)
		return;
	fill(l->k, m, &out);
	out.comm = m->comm;
	l->result = l->fn(&out, l->arg);
}

int fxm_mapping_each(struct fxm_machine *m, fxm_mapping_fn fn, void *arg)
{
	if (!m || !fn)
		return -EINVAL;
	struct listing l = {.k = fxmi_kernel(m), .fn = fn, .arg = arg};

	fxmi_mapping_each(l.k, list, &l);
	return l.result;
}

int fxm_mapping_at(struct fxm_machine *m, fxm_va va, struct fxm_mapping *out)
{
	struct fxmi_mapping found;

	if (!m || !out)
		return -EINVAL;
	if (!fxmi_mapping_at(fxmi_kernel(m), va.v, &found))
		return -ENOENT;
	fill(fxmi_kernel(m), &found, out);
	return 0;
}
