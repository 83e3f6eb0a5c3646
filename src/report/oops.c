/* SPDX-License-Identifier: MIT */
/*
 * Bad accesses and hopeless waits: what the hardware traps come to in the simulated kernel. The texts of waits model
 * kernel/hung_task.c and kernel/sched/core.c; those of accesses are in oops_text.c.
 */
#include "detect.h"
#include "machine.h"
#include "mapping.h"
#include "part.h"
#include "report.h"
#include "state.h"
#include "trace.h"

/* Behind a page that is mapped, an address where something was is perhaps no pointer to that: an access has run off the page. */
static void runs_on(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_subject *about, struct fxmi_notes *notes)
{
	uint64_t before = (about->va & FXMI_PAGE_MASK) - FXM_PAGE_SIZE;
	struct fxmi_mapping page;

	notes->nr = 0;
	if (!fxmi_mapping_at(k, before, &page) || !page.is_live || page.is_away || (page.cpu_id >= 0 && page.cpu != cpu) ||
	    !page.mapped_at)
		return;
	fxmi_note(notes, 0, "it is right behind the page at %llx: does the access run off that one?", (unsigned long long)before);
	fxmi_note_done(notes, before, "mapped", page.mapped_at);
	about->notes = notes;
}

_Noreturn void fxmi_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault, uintptr_t pc, bool is_access, const char *explanation)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;
	char head[768];

	k->oopses++;
	fxmi_oops_head(k, fault, pc, is_access, head, sizeof(head));
	fxmi_trace_report(cpu, FXM_REPORT_OOPS, NULL, fault, true);
	struct fxmi_subject about = {.va = fault->address.v,
				     .fault = fault,
				     .site = pc,
				     .is_access = is_access,
				     .slot_plus_1 = fxmi_pkmap_nr(&k->pkmap, fault->address.v) + 1};
	fxmi_history(k, about.va, &about);
	runs_on(cpu, k, &about, &notes);
	fxmi_report(k, cpu, FXM_REPORT_OOPS, NULL, NULL, head, &about, explanation);
	fxmi_task_kill(cpu);
}

/* ---- what the address is, for the user ---- */

static void explain(const struct fxmi_kernel *k, const struct fxm_fault *f, char *buf, size_t size)
{
	uint64_t va = f->address.v;
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	const char *verb = f->access == FXM_WRITE ? "write" : f->access == FXM_EXEC ? "jump" : "read";

	if (f->present)
		snprintf(buf, size, "%s of %llx: the mapping there %s (PTE %llx)", verb, (unsigned long long)va,
			 f->access == FXM_WRITE ? "is read-only" : "does not allow it", (unsigned long long)f->pte.v);
	else if (va < FXM_PAGE_SIZE)
		snprintf(
		    buf, size,
		    "%s through a NULL pointer, or a small offset from one: page_address() of a page without a mapping is NULL",
		    verb);
	else if (nr >= 0)
		snprintf(buf, size, "%s of %llx: pkmap slot %d is not mapped (count %u)", verb, (unsigned long long)va, nr,
			 fxmi_pkmap_count(&k->pkmap, (uint32_t)nr));
	else if (fxmi_va_is_fixed(k, va)) {
		uint64_t index = fxmi_virt_to_fix(k, va);
		if (index - k->fix_kmap_begin < (uint64_t)k->fix_kmap_end - k->fix_kmap_begin + 1)
			snprintf(buf, size, "%s of %llx: %s slot %llu of CPU %llu is not mapped", verb, (unsigned long long)va,
				 k->local ? "kmap_local" : "kmap_atomic",
				 (unsigned long long)((index - k->fix_kmap_begin) / k->cache_colours % k->km_type_nr),
				 (unsigned long long)((index - k->fix_kmap_begin) / k->cache_colours / k->km_type_nr));
		else
			snprintf(buf, size, "%s of %llx: fixed address %llu is not mapped", verb, (unsigned long long)va,
				 (unsigned long long)index);
	} else if (va > k->va_mask)
		snprintf(buf, size, "%s of %llx, which is no address of the simulated kernel", verb, (unsigned long long)va);
	else if (va < k->page_offset)
		snprintf(buf, size, "%s of %llx, which is a user address, not a kernel one", verb, (unsigned long long)va);
	else
		snprintf(buf, size, "%s of %llx: nothing is mapped there", verb, (unsigned long long)va);
}

void fxm_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault)
{
	char explanation[256];
	if (fxmi_check_cpu(cpu) || !fault)
		fxmi_die_of_argument("fxm_oops", fault ? fxmi_check_cpu(cpu) : -EINVAL);
	explain(fxmi_kernel_of(cpu), fault, explanation, sizeof(explanation));
	fxmi_oops(cpu, fault, fxmi_kernel_of(cpu)->has_stacks ? fxmi_caller() : 0, false, explanation);
}

/* ---- callbacks from the machine ---- */

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
		explain(k, &info->fault, text, sizeof(text));
		fxmi_oops(cpu, &info->fault, info->pc, true, text);
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
		runs_on(cpu, k, &about, &notes);
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
	fxm_pkmap(k->m, &pool);
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
	fxm_pkmap(k->m, &pool);
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
    .trap = on_trap,
    .is_live = is_live,
    .scheduling_while_atomic = on_scheduling_while_atomic,
    .cpu_online = on_cpu_online,
    .rare_changed = fxmi_kmap_atomic_rare_changed,
    .deadlock = on_deadlock,
    .hung = on_hung,
    .task_end = on_task_end,
    .written = fxmi_slab_written,
    .sched_out = fxmi_kmap_local_sched_out,
    .sched_in = fxmi_kmap_local_sched_in,
    .orphan = fxmi_fail_orphan,
};
