/* SPDX-License-Identifier: MIT */
/*
 * Calls of the simulated kernel. Each is predicted by the model, then made by an actor; then result, reports, entries and counters
 * are compared. Doing anything with an actor that sleeps resumes it, which the model predicts too.
 */
#include "ops.h"

#include <string.h>

enum { ADDRESS = 1, VALUE = 2, POOL = 4, PTE = 8 };

/* What the result is, whether the pool may have changed, whether the entry at va counts. */
static const struct {
	const char *name;
	unsigned flags;
} kinds[] = {
    [CALL_KMAP] = {"kmap", ADDRESS | POOL},
    [CALL_KUNMAP] = {"kunmap", VALUE | POOL},
    [CALL_KMAP_HIGH] = {"kmap_high", ADDRESS | POOL},
    [CALL_KUNMAP_HIGH] = {"kunmap_high", VALUE | POOL},
    [CALL_MAP_NEW_VIRTUAL] = {"map_new_virtual", ADDRESS | POOL},
    [CALL_FLUSH_ALL_ZERO_PKMAPS] = {"flush_all_zero_pkmaps", VALUE | POOL},
    [CALL_KMAP_FLUSH_UNUSED] = {"kmap_flush_unused", VALUE | POOL},
    [CALL_PAGE_ADDRESS] = {"page_address", ADDRESS},
    [CALL_SET_PAGE_ADDRESS] = {"set_page_address", VALUE | POOL},
    [CALL_KMAP_TO_PFN] = {"kmap_to_page", VALUE},
    [CALL_KMAP_ATOMIC] = {"kmap_atomic", ADDRESS},
    [CALL_KMAP_ATOMIC_PROT] = {"kmap_atomic_prot", ADDRESS},
    [CALL_KMAP_ATOMIC_PFN] = {"kmap_atomic_pfn", ADDRESS},
    [CALL_KUNMAP_ATOMIC] = {"kunmap_atomic", VALUE | PTE},
    [CALL_KMAP_LOCAL_PAGE] = {"kmap_local_page", ADDRESS},
    [CALL_KMAP_LOCAL_PAGE_PROT] = {"kmap_local_page_prot", ADDRESS},
    [CALL_KMAP_LOCAL_PFN] = {"kmap_local_pfn", ADDRESS},
    [CALL_KMAP_LOCAL_FOLIO] = {"kmap_local_folio", ADDRESS},
    [CALL_KUNMAP_LOCAL] = {"kunmap_local", VALUE | PTE},
    [CALL_IS_KMAP_ADDR] = {"is_kmap_addr", VALUE},
    [CALL_IDX_PUSH] = {"kmap_atomic_idx_push", VALUE},
    [CALL_IDX] = {"kmap_atomic_idx", VALUE},
    [CALL_IDX_POP] = {"kmap_atomic_idx_pop", VALUE},
    [CALL_KMAP_ATOMIC_TYPE] = {"kmap_atomic(type)", ADDRESS},
    [CALL_KMAP_ATOMIC_PFN_TYPE] = {"kmap_atomic_pfn(type)", ADDRESS},
    [CALL_KUNMAP_ATOMIC_TYPE] = {"kunmap_atomic(type)", VALUE | PTE},
    [CALL_KMAP_ATOMIC_TO_PFN] = {"kmap_atomic_to_page", VALUE},
    [CALL___SET_FIXMAP] = {"__set_fixmap", PTE},
    [CALL_SET_FIXMAP] = {"set_fixmap", PTE},
    [CALL_SET_FIXMAP_NOCACHE] = {"set_fixmap_nocache", PTE},
    [CALL_SET_FIXMAP_IO] = {"set_fixmap_io", PTE},
    [CALL_SET_FIXMAP_OFFSET] = {"set_fixmap_offset", ADDRESS | PTE},
    [CALL_SET_FIXMAP_OFFSET_NOCACHE] = {"set_fixmap_offset_nocache", ADDRESS | PTE},
    [CALL_SET_FIXMAP_OFFSET_IO] = {"set_fixmap_offset_io", ADDRESS | PTE},
    [CALL_CLEAR_FIXMAP] = {"clear_fixmap", PTE},
    [CALL_VIRT_TO_FIX] = {"virt_to_fix", VALUE},
    [CALL_FIX_TO_VIRT] = {"fix_to_virt", ADDRESS},
    [CALL_PREEMPT_DISABLE] = {"preempt_disable", 0},
    [CALL_PREEMPT_ENABLE] = {"preempt_enable", 0},
    [CALL_PAGEFAULT_DISABLE] = {"pagefault_disable", 0},
    [CALL_PAGEFAULT_ENABLE] = {"pagefault_enable", 0},
    [CALL_IRQ_DISABLE] = {"local_irq_disable", 0},
    [CALL_IRQ_ENABLE] = {"local_irq_enable", 0},
    [CALL_ENTER] = {"context enter", VALUE},
    [CALL_LEAVE] = {"context leave", VALUE},
    [CALL_MIGHT_SLEEP] = {"might_sleep", 0},
    [CALL_SCHEDULE] = {"schedule", 0},
    [CALL_TLB_FLUSH_ONE] = {"__flush_tlb_one", 0},
    [CALL_TLB_FLUSH] = {"__flush_tlb_global", 0},
    [CALL_NOTHING] = {"nothing", 0},
    [CALL_WARN] = {"WARN", 0},
    [CALL_BUG] = {"BUG", 0},
    [CALL_OOPS] = {"bad access", 0},
    [CALL_DEREFERENCE] = {"dereference", VALUE},
};

const char *ops_name(enum ops_kind kind)
{
	return kinds[kind].name;
}

/* ---- comparing ---- */

static void remember(struct ops_run *run, uint64_t address)
{
	if (address)
		run->recent[run->nr_recent++ % OPS_RECENT] = address;
}

static void compare_reports(struct ops_run *run, const char *name, const struct ops_prediction *p)
{
	const struct ops_reports *r = &run->reports;
	bool dies = p->r.outcome == MODEL_BUG;

	if (r->count[FXM_REPORT_BUG] != (dies && p->death == FXM_REPORT_BUG) ||
	    r->count[FXM_REPORT_OOPS] != (dies && p->death == FXM_REPORT_OOPS))
		ops_differ(run, "%s: %u BUGs (%s) and %u oopses, the model says %s (%s)", name, r->count[FXM_REPORT_BUG], r->where,
			   r->count[FXM_REPORT_OOPS],
			   !dies			? "none"
			   : p->death == FXM_REPORT_BUG ? "a BUG"
							: "an oops",
			   p->r.where ? p->r.where : "?");
	if (dies && p->r.where && *r->where && strcmp(p->r.where, r->where))
		ops_differ(run, "%s: the BUG is at %s, the model says %s", name, r->where, p->r.where);
	unsigned warnings = p->r.warnings + run->switch_warnings;
	if (r->count[FXM_REPORT_WARN] != warnings)
		ops_differ(run, "%s: %u WARNs, the model says %u", name, r->count[FXM_REPORT_WARN], warnings);
	/* With detectors, what follows from a mistake that was told is counted instead. */
	unsigned sleeping = r->count[FXM_REPORT_SLEEPING];
	if (sleeping > p->r.sleeping || sleeping + (run->set.detect ? ops_silent(run) - r->silent : 0) < p->r.sleeping)
		ops_differ(run, "%s: %u times \"sleeping function\", the model says %u", name, r->count[FXM_REPORT_SLEEPING],
			   p->r.sleeping);
	if (r->count[FXM_REPORT_DEADLOCK] || r->count[FXM_REPORT_HUNG])
		ops_differ(run, "%s: a deadlock was reported", name);
}

static void compare_result(struct ops_run *run, const struct ops_call *c, const struct model_result *r)
{
	const char *name = ops_name(c->kind);
	unsigned flags = kinds[c->kind].flags;

	if (r->outcome == MODEL_REFUSED && c->value != r->value)
		ops_differ(run, "%s: returned %lld, the model says %lld", name, (long long)c->value, (long long)r->value);
	if (r->outcome != MODEL_DONE)
		return;
	if ((flags & ADDRESS) && (c->address != r->address || c->value))
		ops_differ(run, "%s of pfn %llx: address %llx, error %lld; the model says %llx", name, (unsigned long long)c->pfn,
			   (unsigned long long)c->address, (long long)c->value, (unsigned long long)r->address);
	if ((flags & VALUE) && !(c->kind == CALL_DEREFERENCE && c->write) && c->value != r->value)
		ops_differ(run, "%s: %llx, the model says %llx", name, (long long)c->value, (long long)r->value);
}

static void compare_end(struct ops_run *run, const char *name, enum ops_end end, const struct ops_prediction *p)
{
	enum ops_end expected = p->r.outcome == MODEL_BUG ? ENDED_KILLED : p->r.outcome == MODEL_SLEEPS ? ENDED_ASLEEP : ENDED_WELL;
	static const char *const words[] = {
	    [ENDED_WELL] = "returned", [ENDED_KILLED] = "ended the task", [ENDED_ASLEEP] = "went to sleep"};

	if (end != expected)
		ops_differ(run, "%s: %s, the model says it %s", name, words[end], words[expected]);
}

static void compare_fibre(struct ops_run *run, const struct ops_actor *actor, const char *name)
{
	const struct model_task *t = &run->model->task[actor->task];

	if (actor->counts.preempt != t->preempt || actor->counts.pagefault != t->pagefault || actor->counts.migrate != t->migrate)
		ops_differ(run, "%s: preempt_count %d, pagefault_disabled %d, migration_disabled %d; the model says %d, %d, %d",
			   name, actor->counts.preempt, actor->counts.pagefault, actor->counts.migrate, t->preempt, t->pagefault,
			   t->migrate);
	if (run->model->c.local && actor->counts.kmap_depth != t->idx)
		ops_differ(run, "%s: kmap_ctrl.idx is %d, the model says %d", name, actor->counts.kmap_depth, t->idx);
}

static void compare(struct ops_run *run, const struct ops_actor *actor, enum ops_end end, const struct ops_prediction *p)
{
	const struct ops_call *c = &actor->call;
	const char *name = ops_name(c->kind);

	compare_reports(run, name, p);
	compare_end(run, name, end, p);
	compare_result(run, c, &p->r);
	ops_compare_interrupts(run, name);
	if (p->r.address && p->r.outcome == MODEL_DONE)
		ops_compare_pte(run, p->r.address & ~(uint64_t)(MODEL_PAGE - 1), name);
	if (kinds[c->kind].flags & PTE)
		ops_compare_pte(
		    run, c->kind >= CALL___SET_FIXMAP ? model_fix_to_virt(run->model, c->index) : c->va & ~UINT64_C(0xfff), name);
	ops_compare_cpu(run, actor->cpu);
	if (actor->fibre && end != ENDED_ASLEEP)
		compare_fibre(run, actor, name);
}

/* ---- doing ---- */

static void note(struct ops_run *run, const struct ops_call *c, const struct model_result *r)
{
	if (r->outcome != MODEL_DONE)
		return;
	if (kinds[c->kind].flags & ADDRESS)
		remember(run, r->address);
	if (r->address)
		ops_window_begin(run, r->address);
}

static enum ops_end do_call(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call, struct ops_prediction *p)
{
	run->operations++;
	ops_begin_reports(run);
	enum ops_end end = ops_act(run, actor, call);
	actor->asleep = end == ENDED_ASLEEP;
	note(run, call, &p->r);
	return end;
}

static void compare_all(struct ops_run *run, struct ops_actor *actor, enum ops_end end, struct ops_prediction *p)
{
	ops_stand_up(run, actor);
	compare(run, actor, end, p);
	if (kinds[actor->call.kind].flags & POOL)
		ops_compare_pool(run);
}

/* A sleeper: still asleep when nobody woke it, else it goes on. */
static void wake(struct ops_run *run, struct ops_actor *actor)
{
	struct ops_prediction p = {.r = {.outcome = MODEL_SLEEPS}, .death = FXM_REPORT_BUG};

	run->operations++;
	ops_begin_reports(run);
	if (run->model->task[actor->task].woken)
		p.r = model_resume(run->model, actor->cpu);
	enum ops_end end = ops_resume(run, actor);
	actor->asleep = end == ENDED_ASLEEP;
	note(run, &actor->call, &p.r);
	compare_all(run, actor, end, &p);
}

bool ops_pool_is_full(const struct model *model)
{
	for (uint32_t i = 0; i < model->last_pkmap; i++)
		if (model->count[i] >= 0 && model->count[i] < 2)
			return false;
	return true;
}

/* Idle tasks must not sleep: their caller is the one who wakes others. */
static bool may_sleep(const struct ops_run *run, const struct ops_call *call)
{
	return (call->kind == CALL_KMAP || call->kind == CALL_KMAP_HIGH || call->kind == CALL_MAP_NEW_VIRTUAL) &&
	       ops_pool_is_full(run->model);
}

void ops_do(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	static const struct ops_call nothing = {.kind = CALL_NOTHING};
	struct ops_prediction p;

	if (!actor->asleep && !actor->fibre && may_sleep(run, call))
		return;
	ops_interrupts_reset(run);
	ops_sit(run, actor);
	if (actor->asleep) {
		wake(run, actor);
		return;
	}
	if (!ops_predict(run, actor->cpu, call, &p)) {
		call = &nothing;
		ops_predict(run, actor->cpu, call, &p);
	}
	enum ops_end end = do_call(run, actor, call, &p);
	compare_all(run, actor, end, &p);
}

bool ops_do_quickly(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	struct ops_prediction p;

	if (may_sleep(run, call))
		return false;
	ops_interrupts_reset(run);
	run->switch_warnings = 0; /* idle tasks do it */
	ops_predict(run, actor->cpu, call, &p);
	enum ops_end end = do_call(run, actor, call, &p);
	compare_reports(run, ops_name(call->kind), &p);
	compare_end(run, ops_name(call->kind), end, &p);
	compare_result(run, &actor->call, &p.r);
	return true;
}
