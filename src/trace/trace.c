/* SPDX-License-Identifier: MIT */
/*
 * The trace writer: one line per operation of the simulated kernel, with everything observable after it. The format is
 * described in doc/trace-format.md. Here: who listens, what stands before and after the operations.
 *
 * Locks: trace.op_lock is outermost. A task holds it during an operation and not while it sleeps in one, so that lines stand in
 * the order in which things happened, and show what is so after their operation and before any other CPU's. trace.lock is a leaf;
 * it is held while the user's callback runs.
 */
#include "state.h"
#include "trace.h"
#include "writer.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- CPUs ---- */

static void cpu_line_locked(struct fxmi_trace *t, unsigned id)
{
	fxmi_trace_emit_locked(t, "mark cpu %u online", id);
}

void fxmi_trace_cpu_online(struct fxm_vcpu *cpu)
{
	struct fxmi_trace *t = fxmi_kernel(cpu->machine)->trace;

	if (!t || !fxmi_tracing(cpu))
		return;
	pthread_mutex_lock(&t->lock);
	cpu_line_locked(t, cpu->id);
	pthread_mutex_unlock(&t->lock);
}

/* ---- header ---- */

/* Settings of the library itself are no part of the machine that a trace asks for. */
static bool is_machine_word(const struct fxmi_setting *s)
{
	static const char *const own[] = {"window", "identity", "detect", "trace", "stacks", "hung_task"};

	if (s->row->kind == FXMI_ROW_TEXT || !strncmp(s->row->name, "policy", 6))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(s->row->name, own[i]))
			return false;
	return s->is_set || s->value || s->row->kind == FXMI_ROW_OPTION;
}

static void machine_line_locked(struct fxmi_kernel *k)
{
	char line[FXMI_TRACE_LINE];
	size_t used = (size_t)snprintf(line, sizeof(line), "machine profile=%s", fxmi_layout_profile(k->layout));
	const struct fxmi_setting *s;

	for (size_t i = 0; (s = fxmi_setting_at(k->layout, i)) != NULL; i++)
		if (is_machine_word(s) && used < sizeof(line))
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %s=%s", s->row->name, fxmi_setting_as_text(s));
	fxmi_trace_emit_locked(k->trace, "%s", line);
}

static void layout_lines_locked(struct fxmi_kernel *k)
{
	struct fxm_fixed fixed;
	const char *name;
	uint64_t value;
	uint32_t type;
	fxm_pte prot;
	bool is_address;

	for (size_t i = 0; !fxm_layout_at(k->layout, i, &name, &value, &is_address); i++)
		fxmi_trace_emit_locked(k->trace, is_address ? "layout %s=0x%" PRIx64 : "layout %s=%" PRIu64, name, value);
	for (size_t i = 0; !fxm_prot_at(k->layout, i, &name, &prot); i++)
		fxmi_trace_emit_locked(k->trace, "prot %s=0x%" PRIx64, name, prot.v);
	for (size_t i = 0; !fxm_fixed_at(k->layout, i, &fixed); i++)
		fxmi_trace_emit_locked(k->trace, "enum %s %u %08" PRIx64 " pte=%" PRIx64, fixed.name, fixed.index, fixed.address.v,
				       fxm_pte_at(k->m, fixed.address).v);
	for (size_t i = 0; !fxm_km_type_at(k->layout, i, &name, &type); i++)
		fxmi_trace_emit_locked(k->trace, "kmtype %s %u", name, type);
}

static void state_lines_locked(struct fxmi_kernel *k)
{
	const struct fxmi_pkmap *p = &k->pkmap;
	unsigned nonzero = 0;

	for (uint32_t nr = 0; nr < p->last_pkmap; nr++) {
		uint32_t count = fxmi_pkmap_count(p, nr);
		if (!count)
			continue;
		nonzero++;
		fxmi_trace_emit_locked(k->trace, "state slot=%u count=%u pte=%" PRIx64, nr, count,
				       fxm_pte_at(k->m, fxm_va_of(fxmi_pkmap_addr(p, nr))).v);
	}
	fxmi_trace_emit_locked(k->trace, "state last_pkmap_nr=%u nonzero=%u", fxmi_pkmap_cursor(p), nonzero);
}

static void header_locked(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;

	fxmi_trace_emit_locked(t, "V 1 kernel=libfixmap-" FXM_VERSION "-hosted cpu_nx=%u pti=%u pge=%u",
			       (unsigned)fxmi_setting(k->layout, FXMI_SETTING_nx),
			       (unsigned)fxmi_setting(k->layout, FXMI_SETTING_pti),
			       (unsigned)fxmi_setting(k->layout, FXMI_SETTING_pge));
	machine_line_locked(k);
	layout_lines_locked(k);
	for (unsigned id = k->m->desc.cpus; id < k->m->cpus_online; id++)
		cpu_line_locked(t, id);
	for (size_t i = 0; i < t->capacity; i++)
		if (t->names[i].pfn_plus_1)
			fxmi_trace_page_locked(k, &t->names[i]);
	state_lines_locked(k);
}

/* ---- start, stop ---- */

static void write_to_file(const char *line, void *arg)
{
	struct fxmi_trace *t = arg;
	int saved = errno;

	fputs(line, t->file);
	fputc('\n', t->file);
	errno = saved;
}

static int start(struct fxm_machine *m, fxm_trace_fn fn, void *arg, bool header)
{
	if (!m || !fn)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct fxmi_trace *t = k->trace;

	pthread_mutex_lock(&t->lock);
	if (t->fn) {
		pthread_mutex_unlock(&t->lock);
		return -EBUSY;
	}
	t->fn = fn;
	t->arg = arg;
	t->header = header;
	t->seq = 0;
	t->nr_threads = 0;
	if (header)
		header_locked(k);
	pthread_mutex_unlock(&t->lock);
	fxmi_set_rare(m, FXMI_RARE_TRACE, 0);
	return 0;
}

int fxm_trace_start(struct fxm_machine *m, fxm_trace_fn fn, void *arg)
{
	return start(m, fn, arg, true);
}

int fxm_trace_start_bare(struct fxm_machine *m, fxm_trace_fn fn, void *arg)
{
	return start(m, fn, arg, false);
}

void fxm_trace_stop(struct fxm_machine *m, const char *name)
{
	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct fxmi_trace *t = k->trace;

	fxmi_set_rare(m, 0, FXMI_RARE_TRACE);
	pthread_mutex_lock(&t->lock);
	if (t->header) {
		state_lines_locked(k);
		fxmi_trace_emit_locked(t, "end %s ops=%" PRIu64, name ? name : "trace", t->seq);
	}
	t->fn = NULL;
	t->header = false;
	pthread_mutex_unlock(&t->lock);
}

int fxmi_trace_init(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->op_lock, NULL);
	pthread_mutex_init(&t->lock, NULL);
	k->trace = t;
	return 0;
}

int fxmi_trace_boot(struct fxmi_kernel *k)
{
	const char *name = fxmi_setting_text(k->layout, FXMI_SETTING_trace);
	struct fxmi_trace *t = k->trace;

	if (!name || !*name)
		return 0;
	t->file = fopen(name, "we");
	t->file_name = strdup(name);
	if (!t->file || !t->file_name)
		return t->file ? -ENOMEM : -errno;
	return fxm_trace_start(k->m, write_to_file, t);
}

void fxmi_trace_reset(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;

	if (t->file) {
		if (t->fn)
			fxm_trace_stop(k->m, "trace");
		bool failed = ferror(t->file);
		if (fclose(t->file) || failed)
			fprintf(stderr, "libfixmap: the trace %s is incomplete: writing it failed\n", t->file_name);
	}
	free(t->file_name);
	free(t->names);
	free(t->threads);
	memset(&t->fn, 0, sizeof(*t) - offsetof(struct fxmi_trace, fn));
}

void fxmi_trace_free(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;

	if (!t)
		return;
	fxmi_trace_reset(k);
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->op_lock);
	free(t);
}

/* ---- what must hold ---- */

/* The operations in progress on @cpu, the innermost first: inside a helper of linux/highmem.h there is no other. */
static bool ops_are_valid(const struct fxm_vcpu *cpu)
{
	enum { DEEPEST = 64 };
	unsigned depth = 0;

	for (const struct fxmi_op *op = fxmi_percpu(cpu)->op; op; op = op->outer) {
		fxm_invariant(++depth < DEEPEST);
		fxm_invariant(op->name);
		fxm_invariant(!op->page || fxmi_page_is_valid(cpu->machine, op->page));
		fxm_invariant(!op->outer || !op->outer->helper);
	}
	return true;
}

bool fxmi_trace_is_valid(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;

	fxm_invariant(t);
	pthread_mutex_lock(&t->lock);
	bool names = fxmi_trace_names_are_valid_locked(t), has_listener = t->fn;
	pthread_mutex_unlock(&t->lock);
	if (!names)
		return false;
	fxm_invariant(has_listener || !t->header);
	fxm_invariant(!t->file || t->file_name);
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++)
		if (!ops_are_valid(fxm_machine_vcpu(k->m, i)))
			return false;
	return true;
}
