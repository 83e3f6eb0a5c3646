/* SPDX-License-Identifier: MIT */
/* Injection: each action at each point of each generation, which passages count, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <pthread.h>

#define POINTS 9

static uint64_t done(struct kernel *k, int n)
{
	struct fxm_inject_state state = {0};

	assert_int_equal(fxm_inject_get_state(k->m, n, &state), 0);
	return state.done;
}

static uint64_t passages(struct kernel *k, int n)
{
	struct fxm_inject_state state = {0};

	assert_int_equal(fxm_inject_get_state(k->m, n, &state), 0);
	return state.passages;
}

static int inject(struct kernel *k, const char *point, enum fxm_inject_action action, uint64_t first, uint64_t every)
{
	int n = fxm_inject(k->m, point, action, first, every);

	assert_true(n >= 0);
	return n;
}

/* One kmap_atomic pair of whatever generation, and one kmap pair (arm would give kmap_atomic() the address of that). */
static void map_and_unmap(struct kernel *k, struct fxm_vcpu *cpu, struct fxm_page *page, struct fxm_page *kmapped)
{
	fxm_va va = fxm_kmap_atomic(cpu, page);

	if (fxm_va_error(va) == -ENOSYS) {
		va = fxm_kmap_atomic_type(cpu, page, 3);
		assert_int_equal(mapped_pfn(k, va), pfn_of(k, page));
		assert_int_equal(fxm_kunmap_atomic_type(cpu, va, 3), 0);
	} else {
		assert_int_equal(mapped_pfn(k, va), pfn_of(k, page));
		assert_int_equal(fxm_kunmap_atomic(cpu, va), 0);
	}
	va = fxm_kmap(cpu, kmapped);
	assert_int_equal(mapped_pfn(k, va), pfn_of(k, kmapped));
	assert_int_equal(fxm_kunmap(cpu, kmapped), 0);
}

/* ---- what is refused ---- */

static void arguments_are_checked(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct kernel *old = kernel_new("profile=x86_32-4.15");
	struct fxm_inject_state s;
	struct fxm_inject_point point;

	(void)state;
	assert_int_equal(fxm_inject(NULL, "alloc", FXM_INJECT_FAIL, 1, 0), -EINVAL);
	assert_int_equal(fxm_inject(k->m, NULL, FXM_INJECT_FAIL, 1, 0), -EINVAL);
	assert_int_equal(fxm_inject(k->m, "alloc", FXM_INJECT_FAIL, 0, 1), -EINVAL);
	assert_int_equal(fxm_inject(k->m, "alloc", FXM_INJECT_IRQ, 1, 0), -EINVAL);
	assert_int_equal(fxm_inject(k->m, "kmap.pool", (enum fxm_inject_action)99, 1, 0), -EINVAL);
	assert_int_equal(fxm_inject(k->m, "allo", FXM_INJECT_FAIL, 1, 0), -ENOENT);
	assert_int_equal(fxm_inject(k->m, "alloc2", FXM_INJECT_FAIL, 1, 0), -ENOENT);
	assert_int_equal(fxm_inject(old->m, "kmap.called", FXM_INJECT_PREEMPT, 1, 0), -ENOSYS);
	assert_int_equal(fxm_inject_get_state(k->m, 0, &s), -ENOENT);
	assert_int_equal(fxm_inject_get_state(k->m, -1, &s), -ENOENT);
	assert_int_equal(fxm_inject_get_state(k->m, 0, NULL), -EINVAL);
	assert_int_equal(fxm_inject_get_state(NULL, 0, &s), -EINVAL);
	assert_int_equal(fxm_inject_clear(NULL), -EINVAL);
	assert_int_equal(fxm_inject_handler_set(NULL, FXM_CONTEXT_NMI, NULL, NULL), -EINVAL);
	assert_int_equal(fxm_inject_handler_set(k->m, (enum fxm_context)4, NULL, NULL), -EINVAL);
	assert_int_equal(fxm_inject_point_at(0, NULL), -EINVAL);
	assert_int_equal(fxm_inject_point_at(POINTS - 1, &point), 0);
	assert_int_equal(fxm_inject_point_at(POINTS, &point), -ENOENT);
	assert_string_equal(fxm_inject_action_name(FXM_INJECT_DELAY), "delay");
	assert_null(fxm_inject_action_name((enum fxm_inject_action)8));
	for (int i = 0; i < 32; i++)
		assert_int_equal(fxm_inject(k->m, "kmap.pool", FXM_INJECT_FULL, 100, 0), i);
	assert_int_equal(fxm_inject(k->m, "kmap.pool", FXM_INJECT_FULL, 100, 0), -ENOSPC);
	assert_int_equal(fxm_inject_clear(k->m), 0);
	assert_int_equal(fxm_inject(k->m, "kmap.pool", FXM_INJECT_FULL, 100, 0), 0);
	kernel_free(old);
	kernel_free(k);
}

static void words_are_checked(void **state)
{
	static const struct {
		const char *value, *error;
	} cases[] = {
	    {"alloc", "inject=alloc: write POINT:PASSAGE:ACTION, such as kunmap_atomic.popped:1:irq"},
	    {"alloc:1", "inject=alloc:1: write POINT:PASSAGE:ACTION, such as kunmap_atomic.popped:1:irq"},
	    {"alloc+1:fail", "inject=alloc: write POINT:PASSAGE:ACTION, such as kunmap_atomic.popped:1:irq"},
	    {"nowhere:1:fail",
	     "inject=nowhere:1:fail: no point nowhere; there are alloc kmap.called kmap.pool kmap.mapped kunmap.idle "
	     "kmap_atomic.pushed kmap_atomic.mapped kunmap_atomic.cleared kunmap_atomic.popped"},
	    {"alloc:0:fail", "inject=alloc:0:fail: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it"},
	    {"alloc:1/0:fail",
	     "inject=alloc:1/0:fail: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it"},
	    {"alloc:1x:fail", "inject=alloc:1x:fail: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it"},
	    {"alloc::fail", "inject=alloc::fail: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it"},
	    {"alloc:99999999999999999999:fail",
	     "inject=alloc:99999999999999999999:fail: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it"},
	    {"alloc:1:irq", "inject=alloc:1:irq: alloc does not do irq; it does fail"},
	    {"kunmap_atomic.popped:1:boom", "inject=kunmap_atomic.popped:1:boom: kunmap_atomic.popped does not do boom; it does "
					    "softirq irq nmi call delay"},
	    {"alloc:1:fail+", "inject= ends with +: leave it out, or write another POINT:PASSAGE:ACTION"},
	    {"alloc:1:fail+kmap.pool:1:fail", "inject=kmap.pool:1:fail: kmap.pool does not do fail; it does full"},
	};
	struct fxm_config *cfg = config_of("profile=x86_32-4.15,inject=alloc:7:fail");
	struct fxm_machine *m;
	char many[33 * 13];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fxm_config_set(cfg, "inject", cases[i].value), -EINVAL);
		assert_string_equal(fxm_config_error(cfg), cases[i].error);
	}
	for (size_t i = 0; i < 33; i++)
		memcpy(many + 13 * i, "alloc:1:fail+", 13);
	many[33 * 13 - 1] = '\0';
	assert_int_equal(fxm_config_set(cfg, "inject", many), -EINVAL);
	assert_string_equal(fxm_config_error(cfg), "inject= has more than 32 injections: leave some out");
	assert_string_equal(fxm_config_get(cfg, "inject"), "alloc:7:fail");
	assert_int_equal(fxm_config_set(cfg, "inject", "kmap.called:1:preempt"), 0);
	assert_int_equal(fxm_machine_create(cfg, &m), -EINVAL);
	assert_string_equal(fxm_config_error(cfg),
			    "inject=kmap.called:1:preempt: this kernel is not preemptible: write PREEMPT=1 too");
	fxm_config_destroy(cfg);
}

/* ---- which passages ---- */

static void passages_are_counted(void **state)
{
	static const struct {
		uint64_t first, every;
		const char *fails; /* of ten allocations */
	} cases[] = {{1, 0, "x........."}, {3, 0, "..x......."}, {3, 1, "..xxxxxxxx"}, {2, 3, ".x..x..x.."}, {4, 4, "...x...x.."}};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new("profile=x86_32-6.1");
		int n = inject(k, "alloc", FXM_INJECT_FAIL, cases[i].first, cases[i].every);
		char seen[11] = "";

		for (int j = 0; j < 10; j++) {
			bool failed = j & 1 ? !fxm_kmalloc(k->m, 100, 0).v : !fxm_alloc_page(k->m, 0);
			seen[j] = failed ? 'x' : '.';
		}
		assert_string_equal(seen, cases[i].fails);
		assert_int_equal(passages(k, n), 10);
		fxm_inject_clear(k->m);
		assert_non_null(fxm_alloc_page(k->m, 0));
		kernel_free(k);
	}
}

static void the_setting_injects_after_boot(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1,inject=alloc:2:fail+alloc:3/1:fail+kmap_atomic.pushed:1:irq");

	(void)state;
	assert_int_equal(passages(k, 0), 0);
	assert_non_null(fxm_alloc_page(k->m, 0));
	for (int i = 0; i < 5; i++)
		assert_null(fxm_alloc_page(k->m, 0));
	assert_int_equal(done(k, 0), 1);
	assert_int_equal(done(k, 1), 4);
	assert_int_equal(done(k, 2), 0);
	assert_int_equal(fxm_inject_clear(k->m), 0);
	assert_int_equal(fxm_inject(k->m, "alloc", FXM_INJECT_FAIL, 1, 0), 0);
	assert_null(fxm_alloc_page(k->m, 0));
	assert_non_null(fxm_alloc_page(k->m, 0));
	kernel_free(k);
}

/* ---- interrupts ---- */

struct seen {
	struct kernel *k;
	struct fxm_page *page;
	unsigned calls;
	enum fxm_context context;
	fxm_va va;
	bool maps, irqs_disabled;
};

static void handler(struct fxm_vcpu *cpu, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->context = fxm_context(cpu);
	s->irqs_disabled = fxm_irqs_disabled(cpu);
	if (!s->maps)
		return;
	s->va = fxm_kmap_atomic(cpu, s->page);
	assert_int_equal(mapped_pfn(s->k, s->va), pfn_of(s->k, s->page));
	assert_int_equal(fxm_kunmap_atomic(cpu, s->va), 0);
}

static const struct {
	enum fxm_inject_action action;
	enum fxm_context context;
	bool irqs_disabled;
} handled[] = {{FXM_INJECT_SOFTIRQ, FXM_CONTEXT_SOFTIRQ, false},
	       {FXM_INJECT_IRQ, FXM_CONTEXT_HARDIRQ, true},
	       {FXM_INJECT_NMI, FXM_CONTEXT_NMI, true},
	       {FXM_INJECT_CALL, FXM_CONTEXT_TASK, false}};

/* At every point that says so, in every kernel, the handler runs once, in its context, and the operation ends as ever. */
static void handlers_run_at_each_point(void **state)
{
	static const char *const profiles[] = {ALL_PROFILES, "profile=arm-4.7", "profile=i386-2.6.12,DEBUG_HIGHMEM=1",
					       "profile=x86_32-6.1,DEBUG_KMAP_LOCAL_FORCE_MAP=1",
					       "profile=x86_32-4.15,window=strict"};
	struct fxm_inject_point point;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		for (size_t p = 0; !fxm_inject_point_at(p, &point); p++) {
			for (size_t h = 0; h < ARRAY_SIZE(handled); h++) {
				if (!(point.actions >> handled[h].action & 1))
					continue;
				struct kernel *k = kernel_new(profiles[i]);
				struct fxm_page *page = high_page(k), *kmapped = high_page(k);
				struct seen seen = {.k = k};
				struct fxm_counts before = counts_of(k->cpu);

				fxm_inject_handler_set(k->m, handled[h].context, handler, &seen);
				int n = inject(k, point.name, handled[h].action, 2, 0);
				for (int j = 0; j < 4; j++)
					map_and_unmap(k, k->cpu, page, kmapped);
				assert_int_equal(done(k, n), 1);
				assert_int_equal(passages(k, n), 4);
				assert_int_equal(seen.calls, 1);
				assert_int_equal(seen.context, handled[h].context);
				assert_int_equal(seen.irqs_disabled, handled[h].irqs_disabled);
				assert_int_equal(fxm_context(k->cpu), FXM_CONTEXT_TASK);
				assert_memory_equal(&(struct fxm_counts[]){counts_of(k->cpu)}, &before, sizeof(before));
				assert_no_reports(k);
				kernel_free(k);
			}
		}
	}
}

static void what_cannot_come_does_not_count(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct fxm_page *page = high_page(k);
	struct seen seen = {.k = k};
	int n[3];

	(void)state;
	for (size_t h = 0; h < 3; h++) {
		fxm_inject_handler_set(k->m, handled[h].context, handler, &seen);
		n[h] = inject(k, "kmap_atomic.pushed", handled[h].action, 1, 1);
	}
	fxm_irq_disable(k->cpu);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
	assert_int_equal(passages(k, n[0]), 0);
	assert_int_equal(passages(k, n[1]), 0);
	assert_int_equal(passages(k, n[2]), 1);
	fxm_irq_enable(k->cpu);
	fxm_context_enter(k->cpu, FXM_CONTEXT_SOFTIRQ);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
	fxm_context_leave(k->cpu, FXM_CONTEXT_SOFTIRQ);
	assert_int_equal(passages(k, n[0]), 0);
	assert_int_equal(passages(k, n[1]), 1);
	fxm_context_enter(k->cpu, FXM_CONTEXT_NMI);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
	fxm_context_leave(k->cpu, FXM_CONTEXT_NMI);
	assert_int_equal(passages(k, n[2]), 2);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
	assert_int_equal(passages(k, n[0]), 1);
	assert_int_equal(seen.calls, 6);
	kernel_free(k);
}

/* 20273941f212: an interrupt that comes when the level is given back gets it, and must find it empty. */
static void interrupts_have_levels_of_their_own(void **state)
{
	static const char *const profiles[] = {"profile=x86_32-4.7",
					       "profile=x86_32-4.15,DEBUG_HIGHMEM=1",
					       "profile=x86_32-5.10,pae=1",
					       "profile=x86_32-6.1",
					       "profile=x86_32-6.1,DEBUG_KMAP_LOCAL=1",
					       "profile=arm-4.7",
					       "profile=arm-4.7,DEBUG_HIGHMEM=1"};
	static const char *const points[] = {"kmap_atomic.pushed", "kmap_atomic.mapped", "kunmap_atomic.cleared",
					     "kunmap_atomic.popped"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles) * ARRAY_SIZE(points) * 2; i++) {
		struct kernel *k = kernel_new(profiles[i / 8]);
		const char *point = points[i / 2 % 4];
		enum fxm_inject_action action = i % 2 ? FXM_INJECT_NMI : FXM_INJECT_IRQ;
		struct seen seen = {.k = k, .page = high_page(k), .maps = true};
		struct fxm_page *page = high_page(k);

		mark_page(k, page, 77);
		fxm_inject_handler_set(k->m, i % 2 ? FXM_CONTEXT_NMI : FXM_CONTEXT_HARDIRQ, handler, &seen);
		inject(k, point, action, 1, 0);
		fxm_va va = fxm_kmap_atomic(k->cpu, page);
		assert_int_equal(read_mark(k->cpu, va), 77);
		fxm_kunmap_atomic(k->cpu, va);
		assert_int_equal(seen.calls, 1);
		/* The level has been given back at popped, and at no other point. */
		assert_int_equal(seen.va.v == va.v, !strcmp(point, "kunmap_atomic.popped"));
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void bug_handler(struct fxm_vcpu *cpu, void *arg)
{
	fxm_kunmap(cpu, arg);
}

/* A BUG in the handler ends the task that it interrupted; the machine is out of the interrupt. */
static void a_bug_in_a_handler(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *page = high_page(k);

	(void)state;
	fxm_inject_handler_set(k->m, FXM_CONTEXT_HARDIRQ, bug_handler, page);
	inject(k, "kmap.called", FXM_INJECT_IRQ, 1, 0);
	assert_bug(k, call_kmap, (struct call){.page = page}, "arch/x86/mm/highmem_32.c:18");
	assert_int_equal(fxm_context(k->cpu), FXM_CONTEXT_TASK);
	assert_false(fxm_irqs_disabled(k->cpu));
	kernel_free(k);
}

/* ---- the pool ---- */

struct task_arg {
	struct kernel *k;
	struct fxm_page *page;
	fxm_va va;
	bool local;
};

static int kmap_task(void *arg)
{
	struct task_arg *t = arg;

	t->va = t->local ? fxm_kmap_local_page(fxm_current_or_null(), t->page) : fxm_kmap(fxm_current_or_null(), t->page);
	if (t->local)
		fxm_kunmap_local(fxm_current_or_null(), t->va);
	return 0;
}

static struct fxm_task *task_new(struct kernel *k, unsigned cpu, enum fxm_vehicle vehicle, struct task_arg *arg)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = cpu, .vehicle = vehicle};
	struct fxm_task *task;

	arg->k = k;
	assert_int_equal(fxm_task_create(k->m, &attr, kmap_task, arg, &task), 0);
	return task;
}

/* kmap() sleeps once; who maps the page meanwhile saves it the slot. */
static void a_full_pool_lets_others_go_first(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct task_arg arg = {.page = high_page(k)};
	struct fxm_task *task = task_new(k, 0, FXM_FIBRE, &arg);
	int n = inject(k, "kmap.pool", FXM_INJECT_FULL, 1, 1);

	(void)state;
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_int_equal(pool_of(k).waiters, 1);
	assert_int_equal(done(k, n), 1);
	fxm_inject_clear(k->m);
	fxm_va va = fxm_kmap(k->cpu, arg.page);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_va(arg.va, va.v);
	assert_int_equal(count_of(k, va), 3);
	assert_int_equal(pool_of(k).waiters, 0);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_no_reports(k);
	kernel_free(k);
}

static void a_full_pool_ends_for_everybody(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-4.15,inject=kmap.pool:1/1:full");
	struct task_arg arg = {.page = high_page(k)};
	fxm_va va = fxm_kmap(k->cpu, high_page(k)); /* by a vCPU's own task, with nobody else there */

	(void)state;
	assert_va_error(va, 0);
	assert_int_equal(fxm_task_join(task_new(k, 0, FXM_THREAD, &arg), NULL), 0);
	assert_int_equal(count_of(k, arg.va), 2);
	assert_int_equal(done(k, 0), 2);
	assert_no_reports(k);
	kernel_free(k);
}

/* ---- preemption, delay ---- */

/* The task that holds a local mapping loses its vCPU, and its mapping with it, until it comes back. */
static void a_task_is_preempted(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct task_arg arg = {.page = high_page(k), .local = true};
	struct fxm_task *task = task_new(k, 0, FXM_FIBRE, &arg);
	fxm_va slot = fxm_fix_to_virt_unchecked(k->m, fixed_index(k, "FIX_KMAP_BEGIN"));
	int n = inject(k, "kmap_atomic.mapped", FXM_INJECT_PREEMPT, 1, 0);

	(void)state;
	/* Neither with preemption disabled, nor without a task that could be preempted. */
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, arg.page));
	fxm_kunmap_local(k->cpu, fxm_kmap_local_page(k->cpu, arg.page));
	assert_int_equal(passages(k, n), 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_int_equal(done(k, n), 1);
	assert_int_equal(mapped_pfn(k, slot), UINT64_MAX);
	fxm_va va = fxm_kmap_local_page(k->cpu, high_page(k));
	assert_va(va, slot.v);
	fxm_kunmap_local(k->cpu, va);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_va(arg.va, slot.v);
	assert_no_reports(k);
	kernel_free(k);
}

/* A preemption at each point that can have one, of a thread and of a fibre. */
static void preemption_at_each_point(void **state)
{
	static const char *const points[] = {"kmap.called", "kmap.mapped"};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(points); i++) {
		struct kernel *k = kernel_new("profile=x86_32-4.15,PREEMPT=1");
		struct task_arg arg = {.page = high_page(k)};
		int n = inject(k, points[i / 2], FXM_INJECT_PREEMPT, 1, 1);

		assert_int_equal(fxm_task_join(task_new(k, 0, i % 2 ? FXM_THREAD : FXM_FIBRE, &arg), NULL), 0);
		assert_int_equal(done(k, n), 1);
		assert_int_equal(count_of(k, arg.va), 2);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static int atomic_task(void *arg)
{
	struct task_arg *t = arg;

	t->va = fxm_kmap_atomic(fxm_current_or_null(), t->page);
	fxm_kunmap_atomic(fxm_current_or_null(), t->va);
	return 0;
}

/* A vCPU stands still between clearing an entry and giving its level back: another one sees it so, and nobody takes its seat. */
static void a_slow_unmap(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-4.15,cpus=2,NR_CPUS=2");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = 1};
	struct task_arg arg = {.k = k, .page = high_page(k)}, other = {.page = high_page(k)};
	struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, 1);
	struct fxm_task *task;

	(void)state;
	assert_int_equal(fxm_task_create(k->m, &attr, atomic_task, &arg, &task), 0);
	struct fxm_task *second = task_new(k, 1, FXM_FIBRE, &other);
	inject(k, "kmap_atomic.mapped", FXM_INJECT_DELAY, 1, 0);
	inject(k, "kunmap_atomic.cleared", FXM_INJECT_DELAY, 1, 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	fxm_va slot = fxm_fix_to_virt_unchecked(k->m, fixed_index(k, "FIX_KMAP_BEGIN") + (uint32_t)layout_value(k, "KM_TYPE_NR"));
	assert_int_equal(mapped_pfn(k, slot), pfn_of(k, arg.page));
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_int_equal(mapped_pfn(k, slot), UINT64_MAX);
	assert_int_equal(counts_of(cpu).kmap_depth, 1);
	assert_ptr_equal(fxm_vcpu_task(cpu), task);
	assert_int_equal(fxm_task_resume(second), -EBUSY);
	map_and_unmap(k, k->cpu, arg.page, arg.page);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_int_equal(counts_of(cpu).kmap_depth, 0);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_int_equal(fxm_task_join(second, NULL), 0);
	assert_no_reports(k);
	kernel_free(k);
}

/* With a trace on, too: it is not locked meanwhile. A machine may end with a task that stands still. */
static void no_line(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

static void a_slow_unmap_under_trace(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1,cpus=2,NR_CPUS=2");
	struct task_arg arg = {.page = high_page(k)}, other = {.page = high_page(k)};

	(void)state;
	assert_int_equal(fxm_trace_start(k->m, no_line, NULL), 0);
	struct fxm_task *task = task_new(k, 1, FXM_FIBRE, &arg), *thread;
	inject(k, "kmap.mapped", FXM_INJECT_DELAY, 1, 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	map_and_unmap(k, k->cpu, high_page(k), high_page(k));
	inject(k, "kmap.mapped", FXM_INJECT_DELAY, 1, 0);
	thread = task_new(k, 0, FXM_THREAD, &other);
	assert_int_equal(fxm_task_join(thread, NULL), 0);
	assert_int_equal(count_of(k, other.va), 2);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arguments_are_checked),
	    cmocka_unit_test(words_are_checked),
	    cmocka_unit_test(passages_are_counted),
	    cmocka_unit_test(the_setting_injects_after_boot),
	    cmocka_unit_test(handlers_run_at_each_point),
	    cmocka_unit_test(what_cannot_come_does_not_count),
	    cmocka_unit_test(interrupts_have_levels_of_their_own),
	    cmocka_unit_test(a_bug_in_a_handler),
	    cmocka_unit_test(a_full_pool_lets_others_go_first),
	    cmocka_unit_test(a_full_pool_ends_for_everybody),
	    cmocka_unit_test(a_task_is_preempted),
	    cmocka_unit_test(preemption_at_each_point),
	    cmocka_unit_test(a_slow_unmap),
	    cmocka_unit_test(a_slow_unmap_under_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
