// SPDX-License-Identifier: MIT
/*
 * The threads of a trace: one fibre each, which does one operation per turn.
 *
 * Invariants: everything runs on one host thread; a fibre runs only inside take_turn() and leave_cpus(); between two lines each
 * fibre stands in its yield, in its pause, asleep in kmap(), or has ended. What the library writes during a turn is in rp->lines
 * afterwards.
 *
 * A thread sleeps while another one acts, and is on its CPU all the time between two operations of its own: a context switch there
 * would take its kmap_local mappings away and put them back, and flush what a mistake has left in the TLB.
 *
 * Woken waiters: the file says when each goes on (kmap-return, or `ev thread ... again=1`). A booted recording does not say it
 * of one that went back to sleep: it had its turn before the next operation. In a script nobody is there to say it: woken
 * waiters go on right after the waking operation, the newest first, as the kernel's wait queue does it.
 */

#include "replay_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int thread_main(void *arg)
{
	struct replay_thread *t = arg;

	while (!t->quit) {
		t->performed = false;
		replay_perform(t->vcpu, &t->action);
		t->performed = true;
		fxm_task_pause();
		if (t->leave)
			fxm_task_yield();
	}
	return 0;
}

/* Threads that have acted before leave their CPUs, all but @but. */
static int leave_cpus(struct replay *rp, const struct replay_thread *but)
{
	for (struct replay_thread *t = rp->threads; t; t = t->next) {
		if (t == but || !t->paused)
			continue;
		t->leave = true;
		int state = fxm_task_resume(t->task);
		t->leave = t->paused = false;
		if (state < 0)
			return trace_reader_fail(&rp->reader, "thread %s cannot leave its CPU: %s", t->name, fxm_strerror(state));
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
		trace_reader_fail(&rp->reader,
				  "CPU %.20s is not online: the machine has %u; set cpus= in the machine line or with -o", op->cpu,
				  fxm_machine_cpus_online(rp->machine));
		return NULL;
	}
	if (!t)
		return new_thread(rp, op->thread, (unsigned)cpu);
	if (t->cpu == cpu)
		return t;
	trace_reader_fail(&rp->reader, "thread %s was on CPU %u before; a thread stays on its CPU, use another name", t->name,
			  t->cpu);
	return NULL;
}

/* Lets @t run until it has done its action, sleeps or is ended; rp->lines holds what the library wrote meanwhile. */
static int take_turn(struct replay *rp, struct replay_thread *t)
{
	int state;

	rp->lines.used = 0;
	rp->report[0] = '\0';
	if (leave_cpus(rp, t))
		return -1;
	free(t->asleep);
	t->asleep = NULL;
	/* An injection may stop it in the middle: in a replay nobody else gets that turn. */
	do
		state = fxm_task_resume(t->task);
	while (state == FXM_TASK_RUNNABLE && !t->performed);
	if (state < 0)
		return trace_reader_fail(&rp->reader, "thread %s cannot run: %s", t->name, fxm_strerror(state));
	t->in_kmap = state == FXM_TASK_SLEEPING;
	t->paused = t->performed && state == FXM_TASK_RUNNABLE;
	if (t->in_kmap)
		t->slept = ++rp->sleeps;
	if (state == FXM_TASK_KILLED)
		t->ended_at = rp->line.number;
	if (rp->out_of_memory)
		return trace_reader_fail(&rp->reader, "out of memory");
	replay_copy_lines(rp);
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
int replay_run_woken(struct replay *rp)
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

	if ((a->kind->flags & OP_MAPS) && page) {
		page->last = a->result;
		if (!rp->first_mapped)
			rp->first_mapped = page->page;
	}
	if (!rp->held)
		return;
	if (a->kind->flags & OP_MAPS)
		rp->held[at] += rp->held[at] < UINT8_MAX;
	if (a->kind->flags & OP_MAPS)
		rp->last_held = at;
	at = (size_t)(a->va.v >> FXM_PAGE_SHIFT) & 0xfffff;
	if (!rp->held[at]) /* an address that was not mapped ends what was mapped last: so the recorder took it */
		at = rp->last_held;
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
		return trace_reader_fail(&rp->reader, "%s: %s", op->name,
					 a->error ? fxm_strerror(a->error) : "the library made no line of it");
	if ((a->kind->flags & OP_TYPE) && !a->has_type && fxm_km_type_index(rp->layout, "KM_USER0") >= 0)
		return trace_reader_fail(&rp->reader, "%s of profile %s wants a km_type; add type=KM_USER0", op->name, profile);
	if (a->has_type)
		return trace_reader_fail(&rp->reader, "%s of profile %s takes no km_type; leave type= out", op->name, profile);
	return trace_reader_fail(&rp->reader, "profile %s has no %s (%s); choose another profile", profile, op->name,
				 since ? since : "unknown");
}

/* The host, not the simulated machine, has no more of something: then nothing that follows says anything about the trace. */
static bool host_refused(int error)
{
	return error == -ENOMEM || error == -EAGAIN || error == -EMFILE || error == -ENFILE;
}

/* The library makes no line of a load that succeeds: the copy gets the record, with what was read. */
static void copy_access(struct replay *rp, const struct trace_op *op, const struct replay_action *a)
{
	if (rp->copy && a->was_read && !trace_field(&rp->line, op->field, "value"))
		fprintf(rp->copy, "%s value=%u\n", rp->line.text, (unsigned)a->tag_read);
	else
		replay_copy_record(rp);
}

/* Compares what a turn of @t made with the record at hand. */
static int digest(struct replay *rp, const struct trace_op *op, struct replay_thread *t)
{
	const char *line = replay_line_of_kind(&rp->lines, "op");
	const char *ev = replay_line_of_kind(&rp->lines, "ev");

	if (!line)
		line = replay_line_of_kind(&rp->lines, "do");
	if (host_refused(t->action.error) || (!line && !ev && t->action.error))
		return refused(rp, op, &t->action);
	replay_compare_reports(rp);
	if (!line && !ev && (t->action.kind->flags & OP_ACCESS)) {
		replay_compare_access(rp, op, &t->action);
		copy_access(rp, op, &t->action);
		return 0;
	}
	if (line)
		replay_compare(rp, line, &t->action);
	else if (t->ended_at == rp->line.number)
		replay_differ(rp, "outcome", "the operation returns", rp->report[0] ? rp->report : "the task ended");
	else if (ev)
		replay_differ(rp, "outcome", "the operation returns", ev);
	else
		return refused(rp, op, &t->action);
	t->asleep = ev && line ? replay_keep(rp, ev) : NULL;
	if (!t->in_kmap)
		note_mapping(rp, op, &t->action);
	return 0;
}

/*
 * Whether the tag of the line is to be read through the pointer as well, as the recorder of a booted kernel did. A hosted
 * recording knows no TLB: there only a new mapping, which no TLB can be stale about, is read so.
 */
static bool reads_pointer(const struct replay *rp, const struct trace_op *op, const struct replay_action *a)
{
	const char *tag = trace_field(&rp->line, op->field, "tag");
	bool is_new = !(a->kind->flags & OP_ADDRESS);
	uint64_t value;

	return rp->has_window && (is_new || rp->dialect == REPLAY_BOOTED) && tag && trace_number(tag, 10, &value);
}

/*
 * A booted recording can begin behind the set_fixmap() that its first access is about: the entry that the oops shows was there.
 */
static void begin_with_entry(struct replay *rp, const struct replay_action *a)
{
	const char *expect = replay_line_of_kind(&rp->expects, "expect"), *word = expect ? strstr(expect, " pte=") : NULL;
	uint64_t index = fxm_virt_to_fix_unchecked(rp->machine, a->va), pte;
	const char *name;
	fxm_pte prot;

	if (rp->dialect != REPLAY_BOOTED || rp->result.operations != 1 || !(a->kind->flags & OP_ACCESS) || !word ||
	    !trace_number(word + 5, 16, &pte) || !pte || fxm_pte_at(rp->machine, a->va).v ||
	    !fxm_fixed_name(rp->layout, (uint32_t)index))
		return;
	for (size_t i = 0; !fxm_prot_at(rp->layout, i, &name, &prot); i++)
		if (prot.v && !((pte - prot.v) & (FXM_PAGE_SIZE - 1)) && pte - prot.v < UINT64_C(1) << 40) {
			rp->lines.used = 0;
			fxm_set_fixmap_prot(fxm_machine_vcpu(rp->machine, 0), (uint32_t)index, fxm_pa_of(pte - prot.v), prot);
			replay_copy_lines(rp);
			return;
		}
}

static int start_operation(struct replay *rp, const struct trace_op *op, struct replay_thread *t)
{
	struct replay_action action;

	if (replay_action_of(rp, op, &action))
		return -1;
	if (t->in_kmap)
		return give_up(rp, t, is_woken(t) ? "it has been woken, but its kmap() has not returned" : "it sleeps in kmap()");
	if (rp->dialect != REPLAY_HOSTED && replay_run_woken(rp))
		return -1;
	rp->woken_together = -1;
	begin_with_entry(rp, &action);
	t->action = action;
	t->action.through_pointer = reads_pointer(rp, op, &t->action);
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
	t->action.through_pointer = reads_pointer(rp, op, &t->action);
	if (take_turn(rp, t))
		return -1;
	return digest(rp, op, t);
}

int replay_do_operation(struct replay *rp)
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
	if (replay_die_after_reset(rp))
		return -1;
	kind = replay_op_named(op.name);
	ret = kind && (kind->flags & OP_WAKES) ? continue_operation(rp, &op, t) : start_operation(rp, &op, t);
	if (!trace_number(op.seq, 10, &seq))
		seq = rp->result.operations;
	else if (rp->reader.is_recording && seq != rp->reader.ops)
		replay_differ_count(rp, "SEQ", seq, rp->reader.ops);
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
		t->asleep = ev ? replay_keep(rp, ev) : NULL;
		if (rp->out_of_memory)
			return -1;
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
		return trace_reader_fail(&rp->reader,
					 "an ev record is \"ev thread NAME state=D\" or \"ev NAME done=0|1\" of a known thread");
	if (is_woken(t) && *done == '0' && take_turn(rp, t))
		return -1;
	if (!rp->copy_is_whole)
		replay_copy_record(rp);
	if (strcmp(done, t->in_kmap ? "0" : "1"))
		replay_differ(rp, "done", done, t->in_kmap ? "0" : "1");
	fxm_get_pkmap(rp->machine, &pkmap);
	if (last && trace_number(last, 10, &n) && n != pkmap.last_pkmap_nr)
		replay_differ_count(rp, "last", n, pkmap.last_pkmap_nr);
	return 0;
}

int replay_do_ev(struct replay *rp)
{
	return !strcmp(rp->line.word[1], "thread") ? do_ev_thread(rp) : do_ev_done(rp);
}

/* Sleepers are dropped with the machine; the others end their loop. */
void replay_end_threads(struct replay *rp)
{
	leave_cpus(rp, NULL);
	for (struct replay_thread *t = rp->threads; t; t = t->next) {
		t->quit = true;
		if (!t->in_kmap)
			fxm_task_join(t->task, NULL);
	}
}

void replay_free_threads(struct replay *rp)
{
	struct replay_thread *next;

	for (struct replay_thread *t = rp->threads; t; t = next) {
		next = t->next;
		free(t->asleep);
		free(t);
	}
	rp->threads = NULL;
}
