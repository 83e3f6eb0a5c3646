/* SPDX-License-Identifier: MIT */
/*
 * What the hardware and the scheduler of sim/ call, handed to the rooms that answer: traps, waits, CPUs and tasks that come and go.
 * The texts of waits model kernel/hung_task.c and kernel/sched/core.c.
 */
#include "detect.h"
#include "machine.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

static void on_trap(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.va = info->fault.address.v, .site = info->pc, .is_access = !info->is_return_address};
	unsigned long long va = info->fault.address.v;
	struct fxmi_notes notes;
	char text[256];

	bool is_told = fxmi_pointer_faulted(cpu, about.va, info->pc);

	fxmi_history(k, about.va, &about);
	switch (info->trap) {
	case FXMI_TRAP_FAULT:
	case FXMI_TRAP_WILD:
		fxmi_explain_fault(cpu, &info->fault, text, sizeof(text));
		fxmi_oops(cpu, &info->fault, info->pc, !info->is_return_address, text);
	case FXMI_TRAP_TRUNCATED:
		snprintf(text, sizeof(text),
			 "pointer truncated to 32 bits: %llx is a simulated address, but this machine's window is relocated (host "
			 "= simulated + %#llx); "
			 "keep pointers in unsigned long or void *",
			 va, (unsigned long long)k->m->window->delta);
		fxmi_oops(cpu, &info->fault, info->pc, true, text);
	case FXMI_TRAP_STACK:
		fxmi_oops(cpu, &info->fault, info->pc, true,
			  "the task's stack overflowed: recursion, or an array too large for a kernel stack");
	case FXMI_TRAP_ENDED:
		if (is_told || (fxmi_percpu(cpu)->levels_are_off && fxmi_pkmap_nr(&k->pkmap, about.va) < 0)) {
			atomic_fetch_add(&k->repeated, 1);
			return;
		}
		fxmi_note_near(cpu, &about, &notes);
		fxmi_finding(k, cpu, FXMI_FIND_USE_AFTER_UNMAP, &about, "%s of %llx after its mapping was undone; %s",
			     info->fault.access == FXM_WRITE ? "write" : "read", va,
			     info->fault.present ? "the PTE is still there, so this kernel goes on"
						 : "the PTE is gone, so the kernel would fault");
		return;
	case FXMI_TRAP_DEVICE:
		fxmi_finding(k, cpu, FXMI_FIND_DEVICE_DEREFERENCE, &about,
			     "%llx maps device memory: use readl() and writel(), not a pointer", va);
		return;
	case FXMI_TRAP_UNATTACHED:
		fxmi_finding(k, cpu, FXMI_FIND_UNATTACHED_THREAD, &about,
			     "a thread that sits on no vCPU touched %llx: call fxm_attach() in it first; it goes on as CPU 0", va);
		return;
	}
}

static bool is_live(struct fxm_machine *m, uint64_t va)
{
	const struct fxmi_kernel *k = fxmi_kernel(m);
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	struct fxmi_mapping at;

	if (nr >= 0)
		return fxmi_pkmap_count(&k->pkmap, (uint32_t)nr) != 1;
	return !fxmi_mapping_at(k, va, &at) || at.is_live;
}

static void on_scheduling_while_atomic(struct fxm_vcpu *cpu)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *t = cpu->current;
	unsigned count = (unsigned)fxmi_count_preempt(cpu->counts);
	struct fxmi_notes notes;
	char head[160];

	if (k->typed)
		snprintf(head, sizeof(head), "scheduling while atomic: %s/0x%08x/%d\n", t->comm, count, t->pid);
	else
		snprintf(head, sizeof(head), "BUG: scheduling while atomic: %s/%d/0x%08x\n", t->comm, t->pid, count);
	fxmi_trace_report(cpu, FXM_REPORT_SLEEPING, NULL, NULL, false);
	if (!fxmi_is_repeated_sleep(cpu))
		fxmi_report(k, cpu, FXM_REPORT_SLEEPING, NULL, NULL, head,
			    &(struct fxmi_subject){.notes = fxmi_made_atomic(cpu, &notes)},
			    "schedule() while preemption is disabled");
}

static void on_deadlock(struct fxm_vcpu *cpu, const char *what)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *t = cpu->current;
	struct fxmi_notes notes;
	char head[160], message[256];
	struct fxm_pkmap pool;

	notes.nr = 0;
	fxm_get_pkmap(k->m, &pool);
	unsigned own = fxmi_pkmap_holders(k, t->pid, &notes);
	fxmi_pkmap_waiters(cpu, k, &notes);
	FXMI_PARTS_CALL(k, note_waits, k, &notes);
	snprintf(head, sizeof(head), "INFO: task %s:%d blocked for ever in %s.\n", t->comm, t->pid, what);
	if (!strcmp(what, "kmap"))
		snprintf(
		    message, sizeof(message),
		    "deadlock: %u of %u kmap slots are in use and every task sleeps, so nobody can call kunmap%s; this task ends "
		    "here",
		    pool.used, pool.last_pkmap, own && own == pool.used ? " (it holds them all itself)" : "");
	else
		snprintf(
		    message, sizeof(message),
		    "deadlock: it sleeps in %s(), and every other task sleeps too, or has ended: nobody is left to wake it; this "
		    "task ends here",
		    what);
	fxmi_trace_report(cpu, FXM_REPORT_DEADLOCK, NULL, NULL, true);
	fxmi_report(k, cpu, FXM_REPORT_DEADLOCK, NULL, NULL, head, &(struct fxmi_subject){.notes = &notes}, message);
	fxmi_task_kill(cpu);
}

static void on_hung(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what, unsigned seconds)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;
	char head[160], message[256];
	struct fxm_pkmap pool;

	notes.nr = 0;
	fxm_get_pkmap(k->m, &pool);
	snprintf(head, sizeof(head), "INFO: task %s:%d blocked for more than %u seconds.\n", task->comm, task->pid, seconds);
	if (fxm_task_state(task) == FXM_TASK_SLEEPING) {
		snprintf(message, sizeof(message),
			 "it sleeps in %s, and a thread that could wake it runs on; %u of %u kmap slots are in use", what,
			 pool.used, pool.last_pkmap);
		fxmi_pkmap_holders(k, task->pid, &notes);
	} else {
		snprintf(message, sizeof(message), "it keeps %s, which another task has been waiting for", what);
	}
	fxmi_report(k, cpu, FXM_REPORT_HUNG, NULL, NULL, head, &(struct fxmi_subject){.notes = &notes}, message);
}

static void on_cpu_online(struct fxm_vcpu *cpu)
{
	fxmi_percpu_init(fxmi_kernel(cpu->machine), cpu);
	fxmi_trace_cpu_online(cpu);
}

static bool on_idle(struct fxm_vcpu *cpu)
{
	for (const struct fxmi_part *part = atomic_load(&fxmi_kernel_of(cpu)->parts); part; part = part->next)
		if (part->idle && part->idle(cpu))
			return true;
	return false;
}

/* A task that ends in the middle of its mappings leaves them to nobody. */
static void on_task_end(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	fxmi_percpu(cpu)->op = NULL;
	fxmi_pointer_settle(cpu, task);
	if (fxmi_kernel_of(cpu)->record_sites)
		fxmi_report_left_mapped(cpu);
	fxmi_kmap_local_task_end(cpu, task);
	FXMI_PARTS_CALL(fxmi_kernel_of(cpu), task_end, cpu, task);
}

const struct fxmi_callbacks fxmi_kernel_callbacks = {
    .watch = fxmi_on_watch,
    .access = fxmi_on_access,
    .place = fxmi_on_place,
    .trap = on_trap,
    .is_live = is_live,
    .scheduling_while_atomic = on_scheduling_while_atomic,
    .cpu_online = on_cpu_online,
    .rare_changed = fxmi_kmap_atomic_rare_changed,
    .underflow = fxmi_check_underflow,
    .idle = on_idle,
    .deadlock = on_deadlock,
    .hung = on_hung,
    .task_end = on_task_end,
    .written = fxmi_slab_written,
    .sched_out = fxmi_kmap_local_sched_out,
    .sched_in = fxmi_kmap_local_sched_in,
    .orphan = fxmi_fail_orphan,
};
