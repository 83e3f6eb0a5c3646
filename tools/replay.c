// SPDX-License-Identifier: MIT
/*
 * Replaying a trace: reads the records in order, builds the machine, keeps one fibre per thread of the trace and lets it do one
 * operation per line.
 *
 * Invariants: everything runs on one host thread; a fibre runs only inside take_turn(); between two lines each fibre stands in
 * its yield, asleep in kmap(), or has ended. What the library writes during a turn is in rp->lines afterwards.
 *
 * Woken waiters: the file says when each goes on (kmap-return, or `ev thread ... again=1`). A booted recording does not say it of
 * one that went back to sleep: it had its turn before the next operation. In a script nobody is there to say it: woken waiters go on
 * right after the waking operation, the newest first, as the kernel's wait queue does it.
 */

#include "replay_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- differences ---- */

/* "op 12 0 T0 task kmap P3 ff804000": enough of the line to find it and to understand the difference. */
static void print_subject(FILE *out, const struct trace_line *line)
{
	size_t max = line->kind == TRACE_OP ? 8 : line->kind == TRACE_DO ? 7 : 4;

	fputs(" (", out);
	for (size_t i = 0; i < line->nwords && i < max; i++)
		fprintf(out, "%s%s", i ? " " : "", line->word[i]);
	fputs(")\n", out);
}

void replay_differ(struct replay *rp, const char *field, const char *expected, const char *got)
{
	FILE *out = rp->opt.differences;

	rp->result.differences++;
	if (!out || (rp->opt.max_differences && rp->shown >= rp->opt.max_differences))
		return;
	rp->shown++;
	fprintf(out, "%s:%lu: %s: expected %s, got %s", rp->reader.name, rp->line.number, field, expected, got);
	print_subject(out, &rp->line);
}

void replay_differ_hex(struct replay *rp, const char *field, uint64_t expected, uint64_t got)
{
	char e[24], g[24];

	snprintf(e, sizeof(e), "%llx", (unsigned long long)expected);
	snprintf(g, sizeof(g), "%llx", (unsigned long long)got);
	replay_differ(rp, field, e, g);
}

void replay_differ_count(struct replay *rp, const char *field, uint64_t expected, uint64_t got)
{
	char e[24], g[24];

	snprintf(e, sizeof(e), "%lld", (long long)expected);
	snprintf(g, sizeof(g), "%lld", (long long)got);
	replay_differ(rp, field, e, g);
}

/* ---- what the library says ---- */

static void on_line(const char *line, void *arg)
{
	struct replay *rp = arg;

	if (!replay_add_line(&rp->lines, line))
		rp->out_of_memory = true;
}

static void on_report(const struct fxm_report *report, void *arg)
{
	struct replay *rp = arg;

	if (report->kind != FXM_REPORT_FINDING)
		snprintf(rp->report, sizeof(rp->report), "%s", report->message ? report->message : "a report");
}

/* Gives the library's lines of the last turn to the copy. */
static void copy_lines(struct replay *rp)
{
	if (!rp->copy)
		return;
	for (const char *l = replay_first_line(&rp->lines); l; l = replay_next_line(&rp->lines, l))
		fprintf(rp->copy, "%s\n", l);
}

static void copy_record(struct replay *rp)
{
	if (rp->copy)
		fprintf(rp->copy, "%s\n", rp->line.text);
}

/* ---- the machine ---- */

static bool is_setting_named(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && word[n] == '=';
}

static int set_word(struct replay *rp, const char *word)
{
	char name[64];
	const char *eq = strchr(word, '=');

	if (!eq || eq - word >= (long)sizeof(name))
		return trace_reader_fail(&rp->reader, "\"%.60s\" is not NAME=VALUE", word);
	snprintf(name, sizeof(name), "%.*s", (int)(eq - word), word);
	if (fxm_config_set(rp->config, name, eq + 1))
		return trace_reader_fail(&rp->reader, "%s", fxm_config_error(rp->config));
	return 0;
}

/* The profile of the machine line must be the one asked for on the command line, if any. */
static int create_config(struct replay *rp, const char *profile)
{
	const char *asked = rp->opt.profile;
	int ret;

	if (profile && asked && strcmp(profile, asked))
		return trace_reader_fail(&rp->reader, "the trace is one of profile %.40s, not %.40s; leave the profile out", profile, asked);
	ret = fxm_config_create(profile ? profile : asked, &rp->config);
	if (ret == -ENOENT)
		return trace_reader_fail(&rp->reader, "unknown profile \"%.40s\"; `fixmap profiles` lists them", profile ? profile : asked);
	return ret ? trace_reader_fail(&rp->reader, "%s", fxm_strerror(ret)) : 0;
}

static int configure(struct replay *rp)
{
	const struct trace_line *line = rp->line.kind == TRACE_MACHINE ? &rp->line : NULL;
	int ret = create_config(rp, line ? trace_field(line, 1, "profile") : NULL);

	for (size_t i = 1; !ret && line && i < line->nwords; i++)
		if (!is_setting_named(line->word[i], "profile"))
			ret = set_word(rp, line->word[i]);
	for (size_t i = 0; !ret && i < rp->opt.nsettings; i++)
		ret = set_word(rp, rp->opt.settings[i]);
	return ret;
}

/* The copy gets the library's own header unless the trace has one that stays. */
static int start_trace(struct replay *rp)
{
	int ret;

	if (rp->copy_is_whole)
		ret = fxm_trace_start(rp->machine, on_line, rp);
	else
		ret = fxm_trace_start_bare(rp->machine, on_line, rp);
	if (ret)
		return trace_reader_fail(&rp->reader, "cannot trace: %s", fxm_strerror(ret));
	rp->tracing = true;
	copy_lines(rp);
	rp->lines.used = 0;
	return 0;
}

static int build_machine(struct replay *rp)
{
	int ret = configure(rp);

	if (ret)
		return ret;
	ret = fxm_machine_create(rp->config, &rp->machine);
	if (ret) {
		const char *why = fxm_config_error(rp->config);

		return trace_reader_fail(&rp->reader, "cannot build this machine: %s", *why ? why : fxm_strerror(ret));
	}
	rp->layout = fxm_machine_layout(rp->machine);
	rp->has_window = fxm_window_mode(rp->machine) != FXM_WINDOW_OFF;
	fxm_report_set(rp->machine, on_report, rp);
	if (rp->dialect == REPLAY_BOOTED)
		rp->held = calloc(1u << 20, 1);
	return start_trace(rp);
}

static int do_machine(struct replay *rp)
{
	if (rp->machine)
		return trace_reader_fail(&rp->reader, "the machine line comes too late; it must stand before everything that needs a machine");
	return build_machine(rp);
}

/* ---- pages ---- */

static int reserve_page(struct replay *rp, unsigned family, size_t n)
{
	size_t size = rp->npages[family] ? rp->npages[family] : 64;
	struct replay_page *bigger;

	if (n < rp->npages[family])
		return 0;
	while (size <= n)
		size *= 2;
	bigger = realloc(rp->pages[family], size * sizeof(*bigger));
	if (!bigger)
		return trace_reader_fail(&rp->reader, "out of memory");
	memset(bigger + rp->npages[family], 0, (size - rp->npages[family]) * sizeof(*bigger));
	rp->pages[family] = bigger;
	rp->npages[family] = size;
	return 0;
}

static int allocate_page(struct replay *rp, const char *pfn_text, bool high, struct fxm_page **page)
{
	uint64_t pfn;
	int ret;

	if (!pfn_text) {
		*page = fxm_alloc_page(rp->machine, high ? FXM_GFP_HIGHMEM : 0);
		return *page ? 0 : trace_reader_fail(&rp->reader, "the machine has no page left; give it more memory (ram_end=)");
	}
	if (!trace_number(pfn_text, 16, &pfn))
		return trace_reader_fail(&rp->reader, "pfn=%.20s is no frame number; write it in hex", pfn_text);
	ret = fxm_alloc_pfn(rp->machine, pfn, page);
	if (ret == -ENOENT)
		return trace_reader_fail(&rp->reader, "the machine has no frame %s; give it more memory (ram_end=) or another pfn", pfn_text);
	if (ret == -EBUSY)
		return trace_reader_fail(&rp->reader, "frame %s is taken (another page, the kernel, page tables); choose another pfn", pfn_text);
	return ret ? trace_reader_fail(&rp->reader, "%s", fxm_strerror(ret)) : 0;
}

static void check_page(struct replay *rp, const struct replay_page *page)
{
	const char *high = trace_field(&rp->line, 2, "high"), *vaddr = trace_field(&rp->line, 2, "vaddr");
	bool is_high = fxm_page_is_highmem(rp->machine, page->page);
	uint64_t want, got = fxm_layout_get(rp->layout, "PAGE_OFFSET") + (page->pfn << FXM_PAGE_SHIFT);

	if (high && strcmp(high, is_high ? "1" : "0"))
		replay_differ(rp, "high", high, is_high ? "1" : "0");
	if (vaddr && trace_number(vaddr, 16, &want) && (is_high || want != got))
		replay_differ_hex(rp, "vaddr", want, is_high ? 0 : got);
}

static void write_tag(struct replay *rp, const struct replay_page *page, unsigned family, size_t n)
{
	uint32_t tag = (uint32_t)n + (family ? REPLAY_LOWMEM_TAG : 0);
	unsigned char *frame = fxm_frame(rp->machine, page->pfn);

	memcpy(frame + REPLAY_TAG_OFFSET, &tag, sizeof(tag));
}

static int do_page(struct replay *rp)
{
	const char *name = rp->line.word[1], *high = trace_field(&rp->line, 2, "high");
	struct replay_page *page;
	unsigned family;
	size_t n;

	if (!replay_page_name(name, &family, &n))
		return trace_reader_fail(&rp->reader, "\"%.20s\" is no page name; write P or Q and a number up to %d", name, REPLAY_MAX_PAGE);
	if (replay_page_named(rp, name))
		return trace_reader_fail(&rp->reader, "page %s is declared twice", name);
	if (reserve_page(rp, family, n))
		return -1;
	page = &rp->pages[family][n];
	if (allocate_page(rp, trace_field(&rp->line, 2, "pfn"), high ? *high == '1' : !family, &page->page))
		return -1;
	page->pfn = fxm_page_pfn(rp->machine, page->page);
	check_page(rp, page);
	write_tag(rp, page, family, n);
	fxm_trace_name_page(rp->machine, page->page, name);
	if (replay_line_of_kind(&rp->lines, "page"))
		copy_lines(rp);
	else if (rp->copy && trace_field(&rp->line, 2, "pfn"))
		copy_record(rp);
	else if (rp->copy)
		fprintf(rp->copy, "page %s pfn=%llx high=%d\n", name, (unsigned long long)page->pfn,
			fxm_page_is_highmem(rp->machine, page->page));
	rp->lines.used = 0;
	return 0;
}

/* ---- threads ---- */

static int thread_main(void *arg)
{
	struct replay_thread *t = arg;

	while (!t->quit) {
		replay_perform(t->vcpu, &t->action);
		fxm_task_yield();
	}
	return 0;
}

static struct replay_thread *thread_named(struct replay *rp, const char *name)
{
	struct replay_thread *t = rp->threads;

	while (t && strcmp(t->name, name))
		t = t->next;
	return t;
}

static struct replay_thread *new_thread(struct replay *rp, const char *name, unsigned cpu)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = name, .cpu = cpu, .vehicle = FXM_FIBRE};
	struct replay_thread *t;
	int ret;

	if (strlen(name) > REPLAY_MAX_NAME) {
		trace_reader_fail(&rp->reader, "thread name \"%.30s\" is longer than %d letters", name, REPLAY_MAX_NAME);
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	ret = t ? fxm_task_create(rp->machine, &attr, thread_main, t, &t->task) : -ENOMEM;
	if (ret) {
		trace_reader_fail(&rp->reader, "cannot make thread %s: %s", name, fxm_strerror(ret));
		free(t);
		return NULL;
	}
	strcpy(t->name, name);
	t->cpu = cpu;
	t->vcpu = fxm_machine_vcpu(rp->machine, cpu);
	t->next = rp->threads;
	rp->threads = t;
	return t;
}

/* The thread of a line. NULL with the reader's error. */
static struct replay_thread *thread_of(struct replay *rp, const struct trace_op *op)
{
	struct replay_thread *t = thread_named(rp, op->thread);
	uint64_t cpu;

	if (!trace_number(op->cpu, 10, &cpu) || cpu >= fxm_machine_cpus_online(rp->machine)) {
		trace_reader_fail(&rp->reader, "CPU %.20s is not online: the machine has %u; set cpus= in the machine line or with -o", op->cpu,
				  fxm_machine_cpus_online(rp->machine));
		return NULL;
	}
	if (!t)
		return new_thread(rp, op->thread, (unsigned)cpu);
	if (t->cpu == cpu)
		return t;
	trace_reader_fail(&rp->reader, "thread %s was on CPU %u before; a thread stays on its CPU, use another name", t->name, t->cpu);
	return NULL;
}

/* Lets @t run until it has done its action, sleeps or is ended; rp->lines holds what the library wrote meanwhile. */
static int take_turn(struct replay *rp, struct replay_thread *t)
{
	int state;

	rp->lines.used = 0;
	rp->report[0] = '\0';
	free(t->asleep);
	t->asleep = NULL;
	state = fxm_task_resume(t->task);
	if (state < 0)
		return trace_reader_fail(&rp->reader, "thread %s cannot run: %s", t->name, fxm_strerror(state));
	t->in_kmap = state == FXM_TASK_SLEEPING;
	if (t->in_kmap)
		t->slept = ++rp->sleeps;
	if (state == FXM_TASK_KILLED)
		t->ended_at = rp->line.number;
	if (rp->out_of_memory)
		return trace_reader_fail(&rp->reader, "out of memory");
	copy_lines(rp);
	return 0;
}

static bool is_woken(const struct replay_thread *t)
{
	return t->in_kmap && !t->ended_at && fxm_task_state(t->task) != FXM_TASK_SLEEPING;
}

static struct replay_thread *newest_woken(struct replay *rp)
{
	struct replay_thread *found = NULL;

	for (struct replay_thread *t = rp->threads; t; t = t->next)
		if (is_woken(t) && (!found || t->slept > found->slept))
			found = t;
	return found;
}

/* Gives woken waiters that no line speaks of their turn, each one once. */
static int run_woken(struct replay *rp)
{
	struct replay_thread *t;

	while ((t = newest_woken(rp))) {
		if (take_turn(rp, t))
			return -1;
		if (rp->dialect == REPLAY_BOOTED && !t->in_kmap)
			replay_differ(rp, t->name, "still asleep in kmap()", "returned from it");
	}
	rp->lines.used = 0;
	return 0;
}

/* A line needs a thread that cannot act: the rest of the trace would say nothing. */
static int give_up(struct replay *rp, const struct replay_thread *t, const char *got)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%s goes on", t->name);
	replay_differ(rp, "thread", expected, got);
	rp->given_up = true;
	return 0;
}

/* ---- operations ---- */

static void note_mapping(struct replay *rp, const struct trace_op *op, const struct replay_action *a)
{
	struct replay_page *page = replay_page_named(rp, op->arg);
	size_t at = (size_t)(a->result.v >> FXM_PAGE_SHIFT) & 0xfffff;

	if ((a->kind->flags & OP_MAPS) && page)
		page->last = a->result;
	if (!rp->held)
		return;
	if (a->kind->flags & OP_MAPS)
		rp->held[at] += rp->held[at] < UINT8_MAX;
	at = (size_t)(a->va.v >> FXM_PAGE_SHIFT) & 0xfffff;
	if (a->kind->flags & OP_UNMAPS)
		rp->held[at] -= rp->held[at] > 0;
}

/* A call that the library refused made no line: that is a mistake of the trace or of the settings. */
static int refused(struct replay *rp, const struct trace_op *op, const struct replay_action *a)
{
	const char *profile = fxm_machine_profile(rp->machine);
	char name[40];
	const char *since;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(op->name, ":"), op->name);
	since = fxm_since(name);
	if (a->error != -ENOSYS)
		return trace_reader_fail(&rp->reader, "%s: %s", op->name, a->error ? fxm_strerror(a->error) : "the library made no line of it");
	if ((a->kind->flags & OP_TYPE) && !a->has_type && fxm_km_type_index(rp->layout, "KM_USER0") >= 0)
		return trace_reader_fail(&rp->reader, "%s of profile %s wants a km_type; add type=KM_USER0", op->name, profile);
	if (a->has_type)
		return trace_reader_fail(&rp->reader, "%s of profile %s takes no km_type; leave type= out", op->name, profile);
	return trace_reader_fail(&rp->reader, "profile %s has no %s (%s); choose another profile", profile, op->name, since ? since : "unknown");
}

/* Compares what a turn of @t made with the record at hand. */
static int digest(struct replay *rp, const struct trace_op *op, struct replay_thread *t)
{
	const char *line = replay_line_of_kind(&rp->lines, "op");
	const char *ev = replay_line_of_kind(&rp->lines, "ev");

	if (!line)
		line = replay_line_of_kind(&rp->lines, "do");
	if (!line && !ev && t->action.error)
		return refused(rp, op, &t->action);
	replay_compare_reports(rp);
	if (line)
		replay_compare(rp, line, &t->action);
	else if (t->ended_at == rp->line.number)
		replay_differ(rp, "outcome", "the operation returns", rp->report[0] ? rp->report : "the task ended");
	else if (ev)
		replay_differ(rp, "outcome", "the operation returns", ev);
	else
		return refused(rp, op, &t->action);
	t->asleep = ev && line ? strdup(ev) : NULL;
	if (!t->in_kmap)
		note_mapping(rp, op, &t->action);
	return 0;
}

/* Whether the tag of the line is to be read through the pointer as well: the recorder of a booted kernel did it so. */
static bool reads_pointer(const struct replay *rp, const struct trace_op *op)
{
	const char *tag = trace_field(&rp->line, op->field, "tag");
	uint64_t value;

	return rp->has_window && rp->dialect == REPLAY_BOOTED && tag && trace_number(tag, 10, &value);
}

static int start_operation(struct replay *rp, const struct trace_op *op, struct replay_thread *t)
{
	struct replay_action action;

	if (replay_action_of(rp, op, &action))
		return -1;
	if (t->in_kmap)
		return give_up(rp, t, is_woken(t) ? "it has been woken, but its kmap() has not returned" : "it sleeps in kmap()");
	if (rp->dialect != REPLAY_HOSTED && run_woken(rp))
		return -1;
	rp->woken_together = -1;
	t->action = action;
	t->action.through_pointer = reads_pointer(rp, op);
	if (take_turn(rp, t))
		return -1;
	return digest(rp, op, t);
}

static void count_woken(struct replay *rp)
{
	if (rp->woken_together >= 0)
		return;
	rp->woken_together = 0;
	for (struct replay_thread *t = rp->threads; t; t = t->next)
		rp->woken_together += is_woken(t);
}

static int continue_operation(struct replay *rp, const struct trace_op *op, struct replay_thread *t)
{
	if (!t->in_kmap || !is_woken(t))
		return give_up(rp, t, t->in_kmap ? "it sleeps in kmap() and nobody woke it" : "it is not in kmap()");
	count_woken(rp);
	t->action.through_pointer = reads_pointer(rp, op);
	if (take_turn(rp, t))
		return -1;
	return digest(rp, op, t);
}

static int do_operation(struct replay *rp)
{
	const struct replay_op_kind *kind;
	struct replay_thread *t;
	struct trace_op op;
	uint64_t seq;
	int ret;

	trace_op_of(&rp->line, &op);
	t = thread_of(rp, &op);
	if (!t)
		return -1;
	if (t->ended_at)
		return give_up(rp, t, "a report ended it before");
	rp->result.operations++;
	kind = replay_op_named(op.name);
	ret = kind && (kind->flags & OP_WAKES) ? continue_operation(rp, &op, t) : start_operation(rp, &op, t);
	if (!trace_number(op.seq, 10, &seq))
		seq = rp->result.operations;
	rp->result.stopped = rp->opt.stop && rp->line.kind == TRACE_OP && seq == rp->opt.stop_seq;
	return ret;
}

/* ---- events ---- */

/* ev thread NAME state=D ...: it sleeps. Either the operation before put it to sleep, or it now wakes in vain. */
static int do_ev_thread(struct replay *rp)
{
	struct replay_thread *t = rp->line.nwords > 2 ? thread_named(rp, rp->line.word[2]) : NULL;
	const char *ev;

	if (!t)
		return trace_reader_fail(&rp->reader, "no thread of that name has done anything yet");
	if (!t->asleep && !is_woken(t))
		return give_up(rp, t, t->in_kmap ? "it still sleeps in kmap(), not woken" : "it is not asleep");
	if (!t->asleep) {
		if (take_turn(rp, t))
			return -1;
		ev = replay_line_of_kind(&rp->lines, "ev");
		replay_compare_reports(rp);
		t->asleep = ev ? strdup(ev) : NULL;
	}
	if (t->asleep)
		replay_compare(rp, t->asleep, NULL);
	else
		replay_differ(rp, "event", "asleep again", "it returned from kmap()");
	free(t->asleep);
	t->asleep = NULL;
	return 0;
}

/* ev NAME done=0|1 [last=N]: whether the thread's kmap() has returned. */
static int do_ev_done(struct replay *rp)
{
	const char *done = trace_field(&rp->line, 2, "done"), *last = trace_field(&rp->line, 2, "last");
	struct replay_thread *t = thread_named(rp, rp->line.word[1]);
	struct fxm_pkmap pkmap;
	uint64_t n;

	if (!t || !done)
		return trace_reader_fail(&rp->reader, "an ev record is \"ev thread NAME state=D\" or \"ev NAME done=0|1\" of a known thread");
	if (is_woken(t) && *done == '0' && take_turn(rp, t))
		return -1;
	if (!rp->copy_is_whole)
		copy_record(rp);
	if (strcmp(done, t->in_kmap ? "0" : "1"))
		replay_differ(rp, "done", done, t->in_kmap ? "0" : "1");
	fxm_pkmap(rp->machine, &pkmap);
	if (last && trace_number(last, 10, &n) && n != pkmap.last_pkmap_nr)
		replay_differ_count(rp, "last", n, pkmap.last_pkmap_nr);
	return 0;
}

static int do_ev(struct replay *rp)
{
	return !strcmp(rp->line.word[1], "thread") ? do_ev_thread(rp) : do_ev_done(rp);
}

/* ---- the other records ---- */

static int do_version(struct replay *rp)
{
	const char *kernel = trace_field(&rp->line, 2, "kernel");
	size_t n = kernel ? strlen(kernel) : 0;

	if (strcmp(rp->line.word[1], "1"))
		return trace_reader_fail(&rp->reader, "format version %.10s is not known; this is a reader of version 1", rp->line.word[1]);
	if (rp->machine)
		return trace_reader_fail(&rp->reader, "the V line must be the first record");
	rp->dialect = REPLAY_BOOTED;
	if (!kernel || (n >= 7 && !strcmp(kernel + n - 7, "-hosted")) || !strncmp(kernel, "fixmap", 6) || !strncmp(kernel, "libfixmap", 9))
		rp->dialect = REPLAY_HOSTED;
	rp->copy_is_whole = rp->opt.record != NULL;
	rp->reports_count = rp->dialect != REPLAY_BOOTED || strstr(rp->reader.name, "misuse");
	return 0;
}

/* One heading means something: the only way a trace has of saying that a hard interrupt runs with interrupts enabled. */
static int do_mark(struct replay *rp)
{
	if (strstr(rp->line.text, "hard irq context with interrupts enabled"))
		rp->irqs_on = true;
	else if (strstr(rp->line.text, "hard irq context with interrupts disabled"))
		rp->irqs_on = false;
	return 0;
}

static int do_expect(struct replay *rp)
{
	return replay_add_line(&rp->expects, rp->line.text) ? 0 : trace_reader_fail(&rp->reader, "out of memory");
}

static int not_supported(struct replay *rp)
{
	return trace_reader_fail(&rp->reader, "%s records belong to operations that this version cannot replay", rp->line.word[0]);
}

/* Ends the copy as the library does. */
static void end_trace(struct replay *rp, const char *name)
{
	if (!rp->tracing)
		return;
	rp->lines.used = 0;
	fxm_trace_stop(rp->machine, name);
	rp->tracing = false;
	if (rp->copy_is_whole)
		copy_lines(rp);
	rp->lines.used = 0;
}

static int do_end(struct replay *rp)
{
	if (!strncmp(rp->line.word[1], "phase=", 6))
		return 0;
	if (rp->machine && !rp->given_up) {
		if (rp->expects.used && rp->reports_count)
			replay_differ(rp, "expect", replay_first_line(&rp->expects) + 7, "the trace ends");
		replay_check_complete(rp);
	}
	end_trace(rp, rp->line.word[1]);
	return 0;
}

/* What to do with a record, and whether it stands in the copy as it is. */
enum { NEEDS_MACHINE = 1, COPY_FILLED = 2, COPY_WHOLE = 4, COPY_ALL = COPY_FILLED | COPY_WHOLE };

static const struct {
	int (*handle)(struct replay *rp);
	unsigned flags;
} handlers[] = {
	[TRACE_BLANK] = {NULL, COPY_ALL},
	[TRACE_VERSION] = {do_version, COPY_FILLED},
	[TRACE_MACHINE] = {do_machine, COPY_FILLED},
	[TRACE_LAYOUT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_PROT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_ENUM] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_CONFIG] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_FIXPTE] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_FIXPTE_END] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_KMTYPE] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_BTSLOT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
	[TRACE_PAGE] = {do_page, NEEDS_MACHINE},
	[TRACE_STATE] = {replay_check_state, NEEDS_MACHINE | COPY_ALL},
	[TRACE_MARK] = {do_mark, COPY_ALL},
	[TRACE_RAND] = {NULL, COPY_ALL},
	[TRACE_EV] = {do_ev, NEEDS_MACHINE},
	[TRACE_OP] = {do_operation, NEEDS_MACHINE},
	[TRACE_DO] = {do_operation, NEEDS_MACHINE},
	[TRACE_EXPECT] = {do_expect, 0},
	[TRACE_BT] = {not_supported, 0},
	[TRACE_CONTENT] = {not_supported, 0},
	[TRACE_FILL] = {not_supported, 0},
	[TRACE_END] = {do_end, COPY_FILLED},
};

static int handle(struct replay *rp)
{
	unsigned flags = handlers[rp->line.kind].flags;

	if ((flags & NEEDS_MACHINE) && !rp->machine && build_machine(rp))
		return -1;
	if (rp->given_up && rp->line.kind != TRACE_END)
		return 0;
	if (handlers[rp->line.kind].handle && handlers[rp->line.kind].handle(rp))
		return -1;
	if (flags & (rp->copy_is_whole ? COPY_WHOLE : COPY_FILLED))
		copy_record(rp);
	return 0;
}

/* The trace ended without an `end` line, or replaying stopped. */
static int finish(struct replay *rp)
{
	if (!rp->reader.ended && !rp->result.stopped && rp->machine && !rp->given_up && rp->dialect == REPLAY_SCRIPT && run_woken(rp))
		return -1;
	end_trace(rp, "script");
	return 0;
}

static int read_all(struct replay *rp)
{
	int ret;

	while ((ret = trace_reader_next(&rp->reader, &rp->line)) > 0) {
		if (handle(rp))
			return -1;
		if (rp->result.stopped)
			break;
		if (rp->opt.progress && !(rp->line.number & 4095))
			rp->opt.progress(rp->opt.progress_arg, rp->line.number);
	}
	return ret < 0 ? ret : finish(rp);
}

int replay_run(FILE *in, const char *name, const struct replay_options *options, struct replay **out)
{
	struct replay *rp = calloc(1, sizeof(*rp));
	int ret;

	*out = rp;
	if (!rp)
		return -1;
	rp->opt = *options;
	rp->woken_together = -1;
	rp->reports_count = !options->fill;
	rp->copy = options->record ? options->record : options->fill;
	rp->copy_is_whole = rp->copy != NULL;
	trace_reader_init(&rp->reader, in, name);
	ret = read_all(rp);
	if (rp->opt.differences && rp->result.differences > rp->shown)
		fprintf(rp->opt.differences, "%s: %llu more differences are not shown; --max-differences=0 shows all\n", name,
			(unsigned long long)(rp->result.differences - rp->shown));
	return ret;
}

struct replay_result replay_result(const struct replay *rp)
{
	return rp->result;
}

const char *replay_error(const struct replay *rp)
{
	return rp->reader.error;
}

struct fxm_machine *replay_machine(struct replay *rp)
{
	return rp->machine;
}

/* Sleepers are dropped with the machine; the others end their loop. */
static void free_threads(struct replay *rp)
{
	struct replay_thread *next;

	for (struct replay_thread *t = rp->threads; t; t = next) {
		next = t->next;
		t->quit = true;
		if (!t->in_kmap)
			fxm_task_join(t->task, NULL);
	}
}

void replay_free(struct replay *rp)
{
	struct replay_thread *next;

	if (!rp)
		return;
	end_trace(rp, "unfinished");
	free_threads(rp);
	fxm_machine_destroy(rp->machine);
	fxm_config_destroy(rp->config);
	for (struct replay_thread *t = rp->threads; t; t = next) {
		next = t->next;
		free(t->asleep);
		free(t);
	}
	trace_reader_free(&rp->reader);
	free(rp->pages[0]);
	free(rp->pages[1]);
	free(rp->held);
	free(rp->lines.text);
	free(rp->expects.text);
	free(rp);
}
