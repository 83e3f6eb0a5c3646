/* SPDX-License-Identifier: MIT */

/* What runs later: work items in the machine's workers, softirqs and tasklets in its ksoftirqd, interrupts, calls on other CPUs. */

#include "native.h"

#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

/* One for each queue that is allocated; the first ones are the system's. */
struct native_queue {
	struct fxm_k_workqueue *machine;
	char name[32];
};
enum { QUEUES = 256 };
static struct native_queue queues[QUEUES];

#define SYSTEM_QUEUE(i) ((struct workqueue_struct *)&queues[i])
struct workqueue_struct *system_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_highpri_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_long_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_unbound_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_freezable_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_power_efficient_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *system_freezable_power_efficient_wq = SYSTEM_QUEUE(0);
struct workqueue_struct *mm_percpu_wq = SYSTEM_QUEUE(0);

__printf(1, 4) struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
{
	va_list args;
	int i;

	for (i = 1; i < QUEUES && queues[i].machine; i++)
		;
	if (i == QUEUES)
		return NULL;
	va_start(args, max_active);
	fxm_k_vsnprintf(queues[i].name, sizeof(queues[i].name), fmt, args);
	va_end(args);
	queues[i].machine = fxm_k_alloc_workqueue(max_active == 1);
	return queues[i].machine ? SYSTEM_QUEUE(i) : NULL;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct native_queue *q = (struct native_queue *)wq;

	fxm_k_destroy_workqueue(q->machine);
	q->machine = NULL;
}

/* The machine's item for each of the tree's that waits or runs. */
struct native_work {
	struct fxm_k_work item; /* first */
	struct work_struct *work;
};
enum { ITEMS = 512 };
static struct native_work items[ITEMS];

static struct native_work *find_item(const struct work_struct *work)
{
	int i;

	for (i = 0; i < ITEMS; i++)
		if (items[i].work == work)
			return &items[i];
	return NULL;
}

static void run_item(void *arg)
{
	struct native_work *n = arg;
	struct work_struct *work = n->work;
	work_func_t fn = work->func;

	n->work = NULL;
	clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	fn(work);
}

static struct native_work *take_item(struct work_struct *work)
{
	struct native_work *n = find_item(NULL);

	if (!n)
		panic("more than %d work items", ITEMS);
	n->work = work;
	n->item.fn = run_item;
	n->item.arg = n;
	return n;
}

static void queue_now(struct workqueue_struct *wq, struct work_struct *work)
{
	fxm_k_queue_work(wq ? ((struct native_queue *)wq)->machine : NULL, &take_item(work)->item);
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return false;
	queue_now(wq, work);
	return true;
}

bool queue_work_node(int node, struct workqueue_struct *wq, struct work_struct *work)
{
	return queue_work_on(0, wq, work);
}

void delayed_work_timer_fn(struct timer_list *timer)
{
	struct delayed_work *dwork = from_timer(dwork, timer, timer);

	queue_now(dwork->wq, &dwork->work);
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&dwork->work)))
		return false;
	dwork->wq = wq;
	if (delay)
		mod_timer(&dwork->timer, jiffies + delay);
	else
		queue_now(wq, &dwork->work);
	return true;
}

/* Whether it waited. Then nobody has it. */
static bool grab(struct work_struct *work, struct timer_list *timer)
{
	struct native_work *n = find_item(work);
	bool was_pending = (timer && timer_pending(timer)) || n;

	if (timer)
		del_timer_sync(timer);
	if (n && fxm_k_cancel_work(&n->item))
		n->work = NULL;
	clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	return was_pending;
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	bool was_pending = grab(&dwork->work, &dwork->timer);

	queue_delayed_work_on(cpu, wq, dwork, delay);
	return was_pending;
}

static void wait_for_workers(void)
{
	fxm_k_flush_workqueue(NULL);
}

bool flush_work(struct work_struct *work)
{
	struct native_work *n = find_item(work);

	if (n)
		fxm_k_flush_work(&n->item);
	else
		wait_for_workers();
	return n;
}

bool flush_delayed_work(struct delayed_work *dwork)
{
	if (timer_pending(&dwork->timer)) {
		del_timer_sync(&dwork->timer);
		queue_now(dwork->wq, &dwork->work);
	}
	return flush_work(&dwork->work);
}

bool cancel_work(struct work_struct *work)
{
	return grab(work, NULL);
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was_pending = grab(work, NULL);

	wait_for_workers();
	return was_pending;
}

bool cancel_delayed_work(struct delayed_work *dwork)
{
	return grab(&dwork->work, &dwork->timer);
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was_pending = grab(&dwork->work, &dwork->timer);

	wait_for_workers();
	return was_pending;
}

void __flush_workqueue(struct workqueue_struct *wq)
{
	fxm_k_flush_workqueue(((struct native_queue *)wq)->machine);
}

void drain_workqueue(struct workqueue_struct *wq)
{
	__flush_workqueue(wq);
}

void __warn_flushing_systemwide_wq(void)
{
}

unsigned int work_busy(struct work_struct *work)
{
	return find_item(work) ? WORK_BUSY_PENDING : 0;
}

struct work_struct *current_work(void)
{
	return NULL;
}

bool current_is_workqueue_rescuer(void)
{
	return false;
}

void workqueue_set_max_active(struct workqueue_struct *wq, int max_active)
{
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork)
{
	synchronize_rcu();
	return queue_work_on(0, wq, &rwork->work);
}

bool flush_rcu_work(struct rcu_work *rwork)
{
	return flush_work(&rwork->work);
}

int schedule_on_each_cpu(work_func_t func)
{
	struct work_struct work;

	INIT_WORK_ONSTACK(&work, func);
	func(&work);
	return 0;
}

/* ---- softirqs ---- */

#if FXM_TREE_BEFORE(6, 12)
typedef void (*softirq_fn)(struct softirq_action *action);
#else
typedef void (*softirq_fn)(void);
#endif
static softirq_fn softirqs[NR_SOFTIRQS];

void open_softirq(int nr, softirq_fn action)
{
	softirqs[nr] = action;
}

static void run_softirq(void *arg)
{
	softirq_fn *fn = arg;

	fxm_k_local_bh_disable();
#if FXM_TREE_BEFORE(6, 12)
	(*fn)(NULL);
#else
	(*fn)();
#endif
	fxm_k_local_bh_enable();
}

static struct fxm_k_work softirq_work[NR_SOFTIRQS];

void raise_softirq(unsigned int nr)
{
	softirq_work[nr].fn = run_softirq;
	softirq_work[nr].arg = &softirqs[nr];
	if (softirqs[nr])
		fxm_k_queue_work(NULL, &softirq_work[nr]);
}

void raise_softirq_irqoff(unsigned int nr)
{
	raise_softirq(nr);
}

void __raise_softirq_irqoff(unsigned int nr)
{
	raise_softirq(nr);
}

void __local_bh_enable_ip(unsigned long ip, unsigned int count)
{
	fxm_arch_preempt_count_add(-(int)count);
}

void _local_bh_enable(void)
{
	fxm_k_local_bh_enable();
}

void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long data), unsigned long data)
{
	memset(t, 0, sizeof(*t));
	t->func = func;
	t->data = data;
}

void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *t))
{
	memset(t, 0, sizeof(*t));
	t->callback = callback;
	t->use_callback = true;
}

static void run_tasklet(void *arg)
{
	struct native_work *n = arg;
	struct tasklet_struct *t = (struct tasklet_struct *)n->work;

	n->work = NULL;
	clear_bit(TASKLET_STATE_SCHED, &t->state);
	fxm_k_local_bh_disable();
	if (t->use_callback)
		t->callback(t);
	else
		t->func(t->data);
	fxm_k_local_bh_enable();
}

void __tasklet_schedule(struct tasklet_struct *t)
{
	struct native_work *n = take_item((struct work_struct *)t);

	n->item.fn = run_tasklet;
	fxm_k_queue_work(NULL, &n->item);
}

void __tasklet_hi_schedule(struct tasklet_struct *t)
{
	__tasklet_schedule(t);
}

void tasklet_kill(struct tasklet_struct *t)
{
	wait_for_workers();
}

void tasklet_unlock_wait(struct tasklet_struct *t)
{
}

void tasklet_unlock_spin_wait(struct tasklet_struct *t)
{
}

/* ---- interrupts ---- */

int fxm_k_request_irq(unsigned int irq, int (*handler)(int irq, void *dev, void *regs), void *dev);
void fxm_k_free_irq(unsigned int irq, const void *dev);

int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long flags, const char *name,
			 void *dev)
{
	return fxm_k_request_irq(irq, (int (*)(int irq, void *dev, void *regs))(handler ? handler : thread_fn), dev);
}

const void *free_irq(unsigned int irq, void *dev)
{
	fxm_k_free_irq(irq, dev);
	return NULL;
}

void disable_irq(unsigned int irq)
{
}

void disable_irq_nosync(unsigned int irq)
{
}

void enable_irq(unsigned int irq)
{
}

void synchronize_irq(unsigned int irq)
{
}

/* ---- other CPUs: what they would do is done here, under the conditions that they would do it ---- */

int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait)
{
	unsigned long flags;

	local_irq_save(flags);
	func(info);
	local_irq_restore(flags);
	return 0;
}

int smp_call_function_single_async(int cpu, struct __call_single_data *csd)
{
	return smp_call_function_single(cpu, csd->func, csd->info, 0);
}

void smp_call_function(smp_call_func_t func, void *info, int wait)
{
}

void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait)
{
}

void on_each_cpu_cond_mask(smp_cond_func_t cond, smp_call_func_t func, void *info, bool wait, const struct cpumask *mask)
{
	if (!cond || cond(smp_processor_id(), info))
		smp_call_function_single(0, func, info, wait);
}

int __cpuhp_setup_state(enum cpuhp_state state, const char *name, bool invoke, int (*startup)(unsigned int cpu),
			int (*teardown)(unsigned int cpu), bool multi_instance)
{
	return invoke && startup ? startup(0) : 0;
}

int __cpuhp_setup_state_cpuslocked(enum cpuhp_state state, const char *name, bool invoke, int (*startup)(unsigned int cpu),
				   int (*teardown)(unsigned int cpu), bool multi_instance)
{
	return __cpuhp_setup_state(state, name, invoke, startup, teardown, multi_instance);
}

int __cpuhp_state_add_instance(enum cpuhp_state state, struct hlist_node *node, bool invoke)
{
	return 0;
}

int __cpuhp_state_remove_instance(enum cpuhp_state state, struct hlist_node *node, bool invoke)
{
	return 0;
}

void __cpuhp_remove_state(enum cpuhp_state state, bool invoke)
{
}
