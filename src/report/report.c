/* SPDX-License-Identifier: MIT */
/*
 * Reports: from an event in the simulated kernel to one structured record, its text, the user's callback and the policy. The
 * heads model lib/bug.c, kernel/panic.c, arch/<arch>/kernel/traps.c and kernel/sched/core.c of each version.
 *
 * A report that arises while the same thread is making one (a callback that faults, say) is not lost: its text goes to
 * standard error, nothing more is done with it. report_lock is a leaf: it guards the callback and the policies, and is not held
 * while the callback runs.
 */
#include "base.h"
#include "report.h"
#include "state.h"
#include "suppress.h"
#include "trace.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#define TEXT_BYTES 16384

static __thread bool reporting __attribute__((tls_model("initial-exec")));

/* ---- text building ---- */

static void add_place(struct fxmi_text *t, const char *label, uintptr_t pc, bool is_access)
{
	char name[512];
	(is_access ? fxmi_symbolize_access : fxmi_symbolize)(pc, name, sizeof(name));
	fxmi_text_add(t, "%s %s\n", label, name);
}

static void add_stack(struct fxmi_text *t, const char *label, const char *further, const struct fxm_stack *stack)
{
	for (unsigned i = 0; i < stack->depth; i++)
		add_place(t, i ? further : label, stack->pc[i], stack->is_access && !i);
}

/*
 * The call stack of the reported thing. @first is where it arose, if that is known better: inside the SIGSEGV handler the
 * interesting frames begin at the access.
 */
static struct fxm_stack trace_of(uintptr_t first, bool is_access, uintptr_t pcs[1 + FXMI_MAX_FRAMES])
{
	Dl_info info;

	pcs[0] = first;
	/* Nowhere cannot be unwound: the unwinder would read the instruction. */
	if (first && !dladdr((void *)first, &info))
		return (struct fxm_stack){.pc = pcs, .depth = 1, .is_access = is_access};
	unsigned n = fxmi_call_stack(first, pcs + 1, FXMI_MAX_FRAMES);
	bool is_above = first && (!n || pcs[1] != first);
	return (struct fxm_stack){.pc = is_above ? pcs : pcs + 1, .depth = n + is_above, .is_access = first && is_access};
}

/* ---- once for each cause ---- */

#define NR_CAUSES 2048u

/* How often one cause is told: a finding once; what the kernel says and goes on, as often as anybody reads. */
enum { MOST_FINDINGS = 1, MOST_REPORTS = 100 };

/* What reports arose from, by hash, open addressing. When it is full every report is told. Under report_lock. */
struct fxmi_told {
	unsigned nr;
	struct cause {
		uint64_t hash; /* 0: free */
		unsigned told;
		bool is_suppressed;
	} cause[NR_CAUSES];
};

/* A report is the same again when it arose at the same place, about a mapping made at the same place. 0: there is no telling. */
static uint64_t cause_of(const struct fxm_report *r, uintptr_t site, const struct fxmi_subject *about)
{
	static const struct fxmi_subject nothing;

	about = about ? about : &nothing;
	if (fxmi_report_ends_task(r->kind) || !(site | about->mapped_at))
		return 0;
	bool is_enough = r->kind != FXM_REPORT_FINDING || about->mapped_at || about->is_left;
	const uint64_t parts[] = {r->kind,
				  site,
				  about->mapped_at,
				  about->taken_at,
				  is_enough ? 0 : r->address.v,
				  is_enough ? 0 : r->pfn};
	uint64_t hash = 1;

	for (const char *c = r->detector ? r->detector : r->where ? r->where : ""; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = (hash ^ parts[i] ^ hash >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ? hash : 1;
}

/* Where it arose, without a walk of the stack; 0: the stack tells. */
static uintptr_t place_of(const struct fxm_vcpu *cpu, const struct fxmi_subject *about)
{
	return about && about->site ? about->site : cpu ? fxmi_percpu(cpu)->caller : 0;
}

/* The place of @hash, or of the next that is free. report_lock held. */
static struct cause *find_cause_locked(struct fxmi_told *told, uint64_t hash)
{
	size_t i = hash % NR_CAUSES;

	while (told->cause[i].hash && told->cause[i].hash != hash)
		i = (i + 1) % NR_CAUSES;
	return &told->cause[i];
}

enum verdict { TELL, REPEATED, SUPPRESSED };

static enum verdict count(struct fxmi_kernel *k, const struct fxm_report *r, enum verdict verdict)
{
	if (verdict == SUPPRESSED)
		atomic_fetch_add(&k->suppressed, 1);
	else
		atomic_fetch_add(&k->report_count[r->kind], 1);
	if (verdict == REPEATED)
		atomic_fetch_add(&k->repeated, 1);
	return verdict;
}

static bool is_often_enough(const struct fxm_report *r, const struct cause *cause)
{
	return cause->told >= (r->kind == FXM_REPORT_FINDING ? MOST_FINDINGS : MOST_REPORTS);
}

/* What was decided of the cause @hash before: nothing is looked up again for one that nobody is to hear of. Counts @r then. */
static bool is_told(struct fxmi_kernel *k, const struct fxm_report *r, uint64_t hash)
{
	if (!hash)
		return false;
	pthread_mutex_lock(&k->report_lock);
	struct cause cause = *find_cause_locked(k->told, hash);
	pthread_mutex_unlock(&k->report_lock);
	enum verdict verdict = cause.is_suppressed ? SUPPRESSED : is_often_enough(r, &cause) ? REPEATED : TELL;
	return verdict != TELL && count(k, r, verdict) != TELL;
}

/* Decides of @r, whose trace is known, and its cause @hash; counts it. */
static enum verdict decide(struct fxmi_kernel *k, const struct fxm_report *r, uint64_t hash)
{
	enum verdict verdict = fxmi_suppress_covers(k->suppressions, r) ? SUPPRESSED : TELL;

	if (!hash)
		return count(k, r, verdict);
	pthread_mutex_lock(&k->report_lock);
	struct cause *cause = find_cause_locked(k->told, hash);
	if (!cause->hash && k->told->nr < NR_CAUSES - 1) {
		*cause = (struct cause){.hash = hash};
		k->told->nr++;
	}
	if (cause->hash) {
		cause->is_suppressed = verdict == SUPPRESSED;
		if (verdict == TELL && is_often_enough(r, cause)) /* by another thread, meanwhile */
			verdict = REPEATED;
		cause->told++;
	}
	pthread_mutex_unlock(&k->report_lock);
	return count(k, r, verdict);
}

/* ---- delivering ---- */

static void deliver(struct fxmi_kernel *k, const struct fxm_report *r)
{
	pthread_mutex_lock(&k->report_lock);
	fxm_report_fn fn = k->report_fn;
	void *arg = k->report_arg;
	enum fxm_policy policy = k->policy[r->kind];
	pthread_mutex_unlock(&k->report_lock);

	int saved = errno;
	if (fn)
		fn(r, arg);
	bool is_kept = fxmi_fail_keep(k, r->text);
	if ((!fn && !is_kept) || policy != FXM_POLICY_RECORD)
		fputs(r->text, stderr);
	errno = saved;
	if (policy == FXM_POLICY_ABORT)
		abort();
}

static const char *const contexts[] = {
    [FXM_CONTEXT_TASK] = "task", [FXM_CONTEXT_SOFTIRQ] = "softirq", [FXM_CONTEXT_HARDIRQ] = "hardirq", [FXM_CONTEXT_NMI] = "nmi"};

static void fill(struct fxm_report *r, const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, const struct fxmi_subject *about)
{
	r->struct_size = sizeof(*r);
	r->profile = fxmi_layout_profile(k->layout);
	r->cpu = cpu ? (int)cpu->id : -1;
	r->pid = cpu ? cpu->current->pid : 0;
	r->comm = cpu ? cpu->current->comm : "";
	r->context = contexts[fxm_context(cpu)];
	r->preempt_count = cpu ? (unsigned)fxmi_count_preempt(cpu->counts) : 0;
	r->pfn = UINT64_MAX;
	r->slot = -1;
	if (!about)
		return;
	r->address = fxm_va_of(about->va);
	/* none, or an index that is an address by mistake, is -1 */
	r->slot = about->slot_plus_1 - 1 <= INT_MAX ? (int)(about->slot_plus_1 - 1) : -1;
	if (about->page)
		r->pfn = fxmi_page_pfn(k->m, about->page);
	else if (about->pfn_plus_1)
		r->pfn = about->pfn_plus_1 - 1;
	if (about->fault)
		r->fault = *about->fault;
	r->site.pc = about->site;
	r->mapped_stack = fxmi_noted(k, &about->mapped_at);
	r->unmapped_stack = fxmi_noted(k, &about->unmapped_at);
	r->mapped_at.pc = r->mapped_stack.depth ? r->mapped_stack.pc[0] : 0;
	r->unmapped_at.pc = r->unmapped_stack.depth ? r->unmapped_stack.pc[0] : 0;
}

static void add_trace(const struct fxmi_kernel *k, struct fxm_report *r, const struct fxmi_subject *about,
		      uintptr_t pcs[1 + FXMI_MAX_FRAMES])
{
	if (about && about->is_left) {
		r->trace = fxmi_noted(k, &about->site);
		r->site.pc = r->trace.depth ? r->trace.pc[0] : 0;
	} else if (k->has_stacks) {
		r->trace = trace_of(about ? about->site : 0, about && about->is_access, pcs);
	}
	if (!r->site.pc && r->trace.depth)
		r->site.pc = r->trace.pc[0];
}

void fxmi_note(struct fxmi_notes *notes, uintptr_t at, const char *fmt, ...)
{
	va_list args;

	if (notes->nr == FXMI_NOTES)
		return;
	va_start(args, fmt);
	vsnprintf(notes->note[notes->nr].text, sizeof(notes->note[0].text), fmt, args);
	va_end(args);
	notes->note[notes->nr++].at = at;
}

/* Makes @out, which lives as long as @r, of @notes. */
static void fill_notes(struct fxm_report *r, struct fxm_note *out, const struct fxmi_kernel *k, const struct fxmi_notes *notes)
{
	for (unsigned i = 0; i < notes->nr; i++) {
		struct fxm_stack stack = fxmi_noted(k, &notes->note[i].at);

		out[i] = (struct fxm_note){.text = notes->note[i].text, .site.pc = stack.depth ? stack.pc[0] : 0};
	}
	r->notes = out;
	r->nr_notes = notes->nr;
}

const char *fxm_report_kind_name(enum fxm_report_kind kind)
{
	static const char *const names[] = {
#define FXM_REPORT_KIND(NAME, word, ends_task, what) [FXM_REPORT_##NAME] = #word,
#include <fixmap/report_kinds.def>
#undef FXM_REPORT_KIND
	};
	return (unsigned)kind <= FXM_REPORT_FINDING ? names[kind] : "?";
}

bool fxmi_report_ends_task(enum fxm_report_kind kind)
{
	static const bool ends[] = {
#define FXM_REPORT_KIND(NAME, word, ends_task, what) [FXM_REPORT_##NAME] = (ends_task),
#include <fixmap/report_kinds.def>
#undef FXM_REPORT_KIND
	};
	return ends[kind];
}

static void add_note(struct fxmi_text *t, const struct fxm_note *note)
{
	char name[512];

	fxmi_text_add(t, "  %s", note->text);
	if (note->site.pc) {
		fxmi_symbolize(note->site.pc, name, sizeof(name));
		fxmi_text_add(t, " at %s", name);
	}
	fxmi_text_add(t, "\n");
}

static void write_text(struct fxmi_text *t, const struct fxm_report *r, const struct fxmi_subject *about, const char *head)
{
	fxmi_text_add(t, "%s", head);
	if (r->cpu >= 0)
		fxmi_text_add(t, "CPU: %d PID: %d Comm: %s  %s%s%s\n", r->cpu, r->pid, r->comm, r->profile,
			      *r->context == 't' ? "" : "  in ", *r->context == 't' ? "" : r->context);
	if (*r->message)
		fxmi_text_add(t, "libfixmap: %s\n", r->message);
	bool is_set = about && about->is_fixed;
	add_stack(t, is_set ? "  set at" : "  mapped at", "    called from", &r->mapped_stack);
	add_stack(t, is_set ? "  cleared at" : "  unmapped at", "    called from", &r->unmapped_stack);
	for (unsigned i = 0; i < r->nr_notes; i++)
		add_note(t, &r->notes[i]);
	if (!r->trace.depth)
		return;
	fxmi_text_add(t, "Call Trace:\n");
	add_stack(t, "", "", &r->trace);
}

void fxmi_report(struct fxmi_kernel *k, struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *detector, const char *where,
		 const char *text_head, const struct fxmi_subject *about, const char *message)
{
	char buf[TEXT_BYTES] = "";
	struct fxmi_text t = {.buf = buf, .size = sizeof(buf)};
	struct fxm_report r = {.kind = kind, .detector = detector, .where = where, .message = message, .text = buf};
	struct fxm_note notes[FXMI_NOTES];
	uintptr_t pcs[1 + FXMI_MAX_FRAMES];

	fill(&r, k, cpu, about);
	if (about && about->notes)
		fill_notes(&r, notes, k, about->notes);
	if (reporting) {
		atomic_fetch_add(&k->report_count[kind], 1);
		write_text(&t, &r, about, text_head);
		fxmi_fail_keep(k, buf);
		fputs(buf, stderr);
		if (fxmi_report_ends_task(kind)) /* and perhaps with it the report that this one arose in */
			reporting = false;
		return;
	}
	reporting = true;
	uintptr_t place = place_of(cpu, about);
	uint64_t cause = place ? cause_of(&r, place, about) : 0;
	bool told = is_told(k, &r, cause);
	if (!told)
		add_trace(k, &r, about, pcs);
	if (!told && !cause) {
		cause = cause_of(&r, r.site.pc, about);
		told = is_told(k, &r, cause);
	}
	if (!told && decide(k, &r, cause) == TELL) {
		write_text(&t, &r, about, text_head);
		deliver(k, &r);
	}
	reporting = false;
	if (cpu && fxmi_report_ends_task(kind)) /* in the middle of an operation, perhaps */
		fxmi_percpu(cpu)->caller = 0;
}

/* ---- kinds ---- */

#define CUT_HERE "------------[ cut here ]------------\n"

/* @name is what the text calls the place, @where its record: NULL when it is not a place of the kernel's source. */
static _Noreturn void bug(struct fxm_vcpu *cpu, const char *where, const char *name, const struct fxmi_subject *about,
			  const char *message)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char head[384] = CUT_HERE;

	fxmi_bug_head(k, name, atomic_fetch_add(&k->oopses, 1) + 1, head + strlen(CUT_HERE), sizeof(head) - strlen(CUT_HERE));
	fxmi_trace_report(cpu, FXM_REPORT_BUG, where, NULL, true);
	fxmi_report(k, cpu, FXM_REPORT_BUG, NULL, where, head, about, message);
	fxmi_task_kill(cpu);
}

_Noreturn void fxmi_bug(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
{
	const char *site = fxmi_site(fxmi_kernel_of(cpu)->layout, key);
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	bug(cpu, site, site ? site : key, about, message);
}

static void warn(struct fxm_vcpu *cpu, const char *site, const struct fxmi_subject *about, const char *message)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char head[256];

	if (k->typed)
		snprintf(head, sizeof(head), "Badness in function at %s\n", site ? site : "?");
	else
		snprintf(head, sizeof(head), CUT_HERE "WARNING: CPU: %u PID: %d at %s\n", cpu->id, cpu->current->pid,
			 site ? site : "?");
	fxmi_trace_report(cpu, FXM_REPORT_WARN, site, NULL, false);
	fxmi_report(k, cpu, FXM_REPORT_WARN, NULL, site, head, about, message);
}

void fxmi_warn(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	warn(cpu, fxmi_site(fxmi_kernel_of(cpu)->layout, key), about, message);
}

bool fxmi_warn_once(struct fxm_vcpu *cpu, enum fxmi_once once, const char *key, const struct fxmi_subject *about, const char *fmt,
		    ...)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char message[512];
	va_list args;

	if (__atomic_fetch_or(&k->once, 1u << once, __ATOMIC_RELAXED) & 1u << once)
		return false;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	warn(cpu, fxmi_site(k->layout, key), about, message);
	return true;
}

bool fxmi_is_consequence(enum fxmi_detector detector, unsigned told)
{
	enum {
		UNMAP = FXMI_MISTAKE_ORDER | FXMI_MISTAKE_STAYS | FXMI_MISTAKE_REUSE,
		LEAK = FXMI_MISTAKE_STAYS | FXMI_MISTAKE_LEAK | FXMI_MISTAKE_SLEEP | FXMI_MISTAKE_FREE
	};
	static const unsigned of[FXMI_DETECTORS] = {
	    [FXMI_FIND_UNMAP_ORDER] = UNMAP | FXMI_MISTAKE_LEAK,
	    [FXMI_FIND_DOUBLE_UNMAP] = UNMAP | FXMI_MISTAKE_LEAK,
	    [FXMI_FIND_WRONG_ARGUMENT] = UNMAP | FXMI_MISTAKE_LEAK,
	    [FXMI_FIND_SLOT_REUSE] = UNMAP | FXMI_MISTAKE_LEAK,
	    [FXMI_FIND_USE_AFTER_UNMAP] = UNMAP,
	    [FXMI_FIND_FOREIGN_USE] = UNMAP,
	    [FXMI_FIND_PAST_THE_PAGE] = UNMAP,
	    [FXMI_FIND_FREE_WHILE_MAPPED] = LEAK | FXMI_MISTAKE_ORDER,
	    [FXMI_FIND_LEAK] = LEAK,
	};

	return told & of[detector];
}

bool fxmi_finding(struct fxmi_kernel *k, struct fxm_vcpu *cpu, enum fxmi_detector detector, const struct fxmi_subject *about,
		  const char *fmt, ...)
{
	char message[512], head[128];
	va_list args;

	if (!fxmi_detects(k->layout, detector))
		return false;
	if (about && fxmi_is_consequence(detector, about->told))
		return true;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	snprintf(head, sizeof(head), "==== finding: %s (libfixmap, not the kernel) ====\n", fxmi_detector_name(detector));
	fxmi_report(k, cpu, FXM_REPORT_FINDING, fxmi_detector_name(detector), NULL, head, about, message);
	return true;
}

/* ---- public ---- */

_Noreturn void fxmi_die_of_argument(const char *function, int error)
{
	fprintf(stderr, "libfixmap: %s() cannot end a task: %s. Aborting.\n", function, fxm_strerror(error));
	abort();
}

void fxm_bug(struct fxm_vcpu *cpu, const char *where)
{
	if (fxmi_check_cpu(cpu))
		fxmi_die_of_argument("fxm_bug", fxmi_check_cpu(cpu));
	bug(cpu, where, where ? where : "?", NULL, "");
}

void fxm_warn(struct fxm_vcpu *cpu, const char *where, const char *message)
{
	if (!fxmi_check_cpu(cpu))
		warn(cpu, where, NULL, message ? message : "");
}

void fxm_report_set(struct fxm_machine *m, fxm_report_fn fn, void *arg)
{
	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	pthread_mutex_lock(&k->report_lock);
	k->report_fn = fn;
	k->report_arg = arg;
	pthread_mutex_unlock(&k->report_lock);
}

int fxm_policy_set(struct fxm_machine *m, enum fxm_report_kind kind, enum fxm_policy policy)
{
	if (!m || (unsigned)kind > FXM_REPORT_FINDING || (unsigned)policy > FXM_POLICY_ABORT)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	pthread_mutex_lock(&k->report_lock);
	k->policy[kind] = policy;
	pthread_mutex_unlock(&k->report_lock);
	return 0;
}

uint64_t fxm_report_count(const struct fxm_machine *m, enum fxm_report_kind kind)
{
	return m && (unsigned)kind <= FXM_REPORT_FINDING ? atomic_load(&fxmi_kernel(m)->report_count[kind]) : 0;
}

void fxm_report_get_silent(const struct fxm_machine *m, struct fxm_report_silent *out)
{
	if (!out)
		return;
	*out = (struct fxm_report_silent){0};
	if (m) {
		out->repeated = atomic_load(&fxmi_kernel(m)->repeated);
		out->suppressed = atomic_load(&fxmi_kernel(m)->suppressed);
	}
}

/* ---- what must hold ---- */

static bool told_are_valid_locked(const struct fxmi_told *told)
{
	unsigned nr = 0;

	for (size_t i = 0; i < NR_CAUSES; i++) {
		size_t at = told->cause[i].hash % NR_CAUSES;

		if (!told->cause[i].hash)
			continue;
		nr++;
		while (told->cause[at].hash && told->cause[at].hash != told->cause[i].hash)
			at = (at + 1) % NR_CAUSES;
		fxm_invariant(at == i);
	}
	fxm_invariant(nr == told->nr && nr < NR_CAUSES);
	return true;
}

static bool failure_is_valid_locked(const struct fxmi_failure *f)
{
	fxm_invariant(f->fail || (!f->text && !f->reports));
	fxm_invariant(f->dropped <= f->reports);
	fxm_invariant(!f->text || f->dropped < f->reports);
	return true;
}

bool fxmi_report_is_valid(struct fxmi_kernel *k)
{
	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		fxm_invariant((unsigned)k->policy[kind] <= FXM_POLICY_ABORT);
	pthread_mutex_lock(&k->report_lock);
	bool told = told_are_valid_locked(k->told);
	bool failure = told && failure_is_valid_locked(&k->failure);
	pthread_mutex_unlock(&k->report_lock);
	if (!failure)
		return false;
	fxm_invariant(k->record_sites == (k->detect && k->has_stacks));
	fxm_invariant(k->has_stacks || !k->full_stacks);
	return fxmi_stacks_are_valid(k);
}

/* ---- life ---- */

int fxmi_report_init(struct fxmi_kernel *k)
{
	int err = -pthread_mutex_init(&k->report_lock, NULL);

	if (!err)
		err = fxmi_stacks_init(k);
	k->told = calloc(1, sizeof(*k->told));
	return err ? err : k->told ? 0 : -ENOMEM;
}

void fxmi_report_reset(struct fxmi_kernel *k)
{
	free(fxmi_fail_take(k).text);
	fxmi_stacks_reset(k);
	if (k->told->nr)
		memset(k->told, 0, sizeof(*k->told));
}

void fxmi_report_free(struct fxmi_kernel *k)
{
	free(fxmi_fail_take(k).text);
	pthread_mutex_destroy(&k->report_lock);
	fxmi_suppress_free(k->suppressions);
	fxmi_stacks_free(k);
	free(k->told);
}
