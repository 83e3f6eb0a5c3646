/* SPDX-License-Identifier: MIT */

/*
 * RCU: a reader has preemption disabled, and a grace period is over when whoever waits for it has run without: the machine's CPUs
 * take turns. Callbacks run in a worker, one after the other. Per-CPU memory, too.
 */

#include "native.h"

#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rcuwait.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/vmalloc.h>

static struct rcu_head *first, **last = &first;
static arch_spinlock_t list_lock;

static struct fxm_k_lock *lock_of(void)
{
	return (struct fxm_k_lock *)&list_lock;
}

static void run_callbacks(void *arg)
{
	for (;;) {
		fxm_k_spin_lock(lock_of());
		struct rcu_head *head = first;
		if (head) {
			first = head->next;
			if (!first)
				last = &first;
		}
		fxm_k_spin_unlock(lock_of());
		if (!head)
			return;
		if ((unsigned long)head->func < 4096) /* the offset of the head in what is to be freed */
			kvfree((void *)head - (unsigned long)head->func);
		else
			head->func(head);
	}
}

static struct fxm_k_work work = {.fn = run_callbacks};

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	head->func = func;
	head->next = NULL;
	fxm_k_spin_lock(lock_of());
	*last = head;
	last = &head->next;
	fxm_k_spin_unlock(lock_of());
	fxm_k_queue_work(NULL, &work);
}

#ifdef CONFIG_RCU_LAZY
void call_rcu_hurry(struct rcu_head *head, rcu_callback_t func)
{
	call_rcu(head, func);
}
#endif

#if FXM_TREE_BEFORE(6, 2)
void kvfree_call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	if (head) {
		call_rcu(head, func);
	} else {
		synchronize_rcu();
		kvfree((void *)func);
	}
}
#else
void kvfree_call_rcu(struct rcu_head *head, void *object)
{
	if (head) {
		call_rcu(head, (rcu_callback_t)((void *)head - object));
	} else {
		synchronize_rcu();
		kvfree(object);
	}
}
#endif

void synchronize_rcu(void)
{
	fxm_k_might_sleep("kernel/rcu/tree.c");
	fxm_k_schedule_timeout(0);
}

void synchronize_rcu_expedited(void)
{
	synchronize_rcu();
}

void rcu_barrier(void)
{
	fxm_k_flush_workqueue(NULL);
}

void cond_synchronize_rcu(unsigned long oldstate)
{
	synchronize_rcu();
}

unsigned long get_state_synchronize_rcu(void)
{
	return 0;
}

unsigned long start_poll_synchronize_rcu(void)
{
	return 0;
}

bool poll_state_synchronize_rcu(unsigned long oldstate)
{
	return true;
}

void rcu_note_context_switch(bool preempt)
{
}

void rcu_all_qs(void)
{
}

bool rcu_is_watching(void)
{
	return true;
}

void __wait_rcu_gp(bool checktiny, int n, call_rcu_func_t *array, struct rcu_synchronize *synchronize)
{
	synchronize_rcu();
}

/* ---- sleeping readers: counted all together ---- */

static atomic_t srcu_readers;

int init_srcu_struct(struct srcu_struct *s)
{
	memset(s, 0, sizeof(*s));
	return 0;
}

void cleanup_srcu_struct(struct srcu_struct *s)
{
}

int __srcu_read_lock(struct srcu_struct *s)
{
	atomic_inc(&srcu_readers);
	return 0;
}

void __srcu_read_unlock(struct srcu_struct *s, int index)
{
	if (atomic_dec_and_test(&srcu_readers))
		fxm_k_wake_up(&srcu_readers);
}

void synchronize_srcu(struct srcu_struct *s)
{
	fxm_k_might_sleep("kernel/rcu/srcutree.c");
	while (atomic_read(&srcu_readers)) {
		fxm_k_prepare_to_wait(&srcu_readers, TASK_UNINTERRUPTIBLE, "synchronize_srcu");
		if (atomic_read(&srcu_readers))
			fxm_k_schedule();
		fxm_k_finish_wait(&srcu_readers);
	}
}

void synchronize_srcu_expedited(struct srcu_struct *s)
{
	synchronize_srcu(s);
}

void call_srcu(struct srcu_struct *s, struct rcu_head *head, rcu_callback_t func)
{
	call_rcu(head, func);
}

void srcu_barrier(struct srcu_struct *s)
{
	rcu_barrier();
}

unsigned long get_state_synchronize_srcu(struct srcu_struct *s)
{
	return 0;
}

unsigned long start_poll_synchronize_srcu(struct srcu_struct *s)
{
	return 0;
}

bool poll_state_synchronize_srcu(struct srcu_struct *s, unsigned long cookie)
{
	return !atomic_read(&srcu_readers);
}

int rcuwait_wake_up(struct rcuwait *w)
{
	struct task_struct *task = rcu_dereference_raw(w->task);

	return task ? wake_up_process(task) : 0;
}

void finish_rcuwait(struct rcuwait *w)
{
	rcu_assign_pointer(w->task, NULL);
	__set_current_state(TASK_RUNNING);
}

/* ---- per-CPU memory: a part of the static section, so that one offset a CPU serves both ---- */

extern char __start_fxm_percpu[], __stop_fxm_percpu[];
enum { DYNAMIC = 1 << 20, UNIT = 16 };
static char dynamic[DYNAMIC] __attribute__((section("fxm_percpu"), aligned(4096)));
static DECLARE_BITMAP(used, DYNAMIC / UNIT);
static u32 sizes[DYNAMIC / UNIT];

/* Filled in by native_begin(). */
unsigned long __per_cpu_offset[NR_CPUS];

static void __percpu *allocate(size_t size, size_t align)
{
	size_t units = DIV_ROUND_UP(size, UNIT), step = max_t(size_t, align, UNIT) / UNIT, start, i;
	int cpu;

	for (start = 0; start + units <= DYNAMIC / UNIT; start += step) {
		for (i = 0; i < units && !test_bit(start + i, used); i++)
			;
		if (i < units)
			continue;
		for (i = 0; i < units; i++)
			__set_bit(start + i, used);
		sizes[start] = units;
		for_each_possible_cpu(cpu)
			memset(dynamic + start * UNIT + __per_cpu_offset[cpu], 0, units * UNIT);
		return (void __percpu *)(dynamic + start * UNIT);
	}
	return NULL;
}

#if FXM_TREE_BEFORE(6, 10)
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	return allocate(size, align);
}

void __percpu *__alloc_percpu(size_t size, size_t align)
{
	return allocate(size, align);
}

void __percpu *__alloc_reserved_percpu(size_t size, size_t align)
{
	return allocate(size, align);
}
#else
void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp)
{
	return allocate(size, align);
}
#endif

void free_percpu(void __percpu *area)
{
	size_t start = ((char *)area - dynamic) / UNIT, i;

	if (!area)
		return;
	for (i = 0; i < sizes[start]; i++)
		__clear_bit(start + i, used);
	sizes[start] = 0;
}

bool is_kernel_percpu_address(unsigned long address)
{
	return false;
}
