/* SPDX-License-Identifier: MIT */

/* Who runs: the tree's task_struct for each task of the machine, and sleeping and waking as its headers expect them. */

#include "native.h"

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/fs_struct.h>
#include <linux/init_task.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/nsproxy.h>
#include <linux/sched/debug.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/wake_q.h>
#include <linux/wait.h>

struct native_task {
	struct task_struct task; /* first */
	struct thread_info info;
	struct fxm_k_current *current_task;
	int (*fn)(void *data);
	void *data;
	bool should_park, is_parked;
};

/* A task that has ended leaves its place to a later one. */
enum { TASKS = 512 };
static struct native_task tasks[TASKS];
static unsigned int next_task;
static struct signal_struct signals;
static struct sighand_struct handlers;

/* They are there when something else brings them. */
extern struct nsproxy init_nsproxy __weak;
extern struct fs_struct init_fs __weak;
extern struct files_struct init_files __weak;

static struct native_task *native_of(struct fxm_k_current *c)
{
	struct native_task *t = (struct native_task *)(unsigned long)READ_ONCE(c->fields[0]);

	if (likely(t))
		return t;
	t = &tasks[__atomic_fetch_add(&next_task, 1, __ATOMIC_RELAXED) % TASKS];
	memset(t, 0, sizeof(*t));
	t->current_task = c;
	t->info.task = &t->task;
	t->task.stack = &t->info;
	t->task.pid = t->task.tgid = c->pid;
	t->task.flags = PF_KTHREAD;
	t->task.group_leader = t->task.real_parent = t->task.parent = &t->task;
	t->task.cpus_ptr = &t->task.cpus_mask;
	cpumask_setall(&t->task.cpus_mask);
	t->task.nr_cpus_allowed = nr_cpu_ids;
	refcount_set(&t->task.usage, 2);
	INIT_LIST_HEAD(&t->task.children);
	INIT_LIST_HEAD(&t->task.sibling);
	INIT_LIST_HEAD(&t->task.tasks);
#if FXM_TREE_BEFORE(6, 7)
	INIT_LIST_HEAD(&t->task.thread_group);
#endif
	INIT_LIST_HEAD(&t->task.pending.list);
	strscpy(t->task.comm, c->comm, sizeof(t->task.comm));
	if (!signals.rlim[0].rlim_max) {
		unsigned int i;
		for (i = 0; i < RLIM_NLIMITS; i++)
			signals.rlim[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
		signals.nr_threads = 1;
	}
	t->task.signal = &signals;
	t->task.sighand = &handlers;
	RCU_INIT_POINTER(t->task.cred, &init_cred);
	RCU_INIT_POINTER(t->task.real_cred, &init_cred);
	t->task.nsproxy = &init_nsproxy;
	t->task.fs = &init_fs;
	t->task.files = &init_files;
	WRITE_ONCE(c->fields[0], (unsigned long)t);
	return t;
}

struct task_struct *native_task(struct fxm_k_current *c)
{
	return &native_of(c)->task;
}

struct fxm_k_current *native_current_of(struct task_struct *task)
{
	return container_of(task, struct native_task, task)->current_task;
}

struct thread_info *fxm_arch_thread_info(void)
{
	struct native_task *t = native_of(fxm_k_current());

	t->info.cpu = fxm_vcpu_id(fxm_k_cpu());
	return &t->info;
}

unsigned long fxm_arch_irq_flags(void)
{
	return fxm_irqs_disabled(fxm_k_cpu()) ? ARCH_IRQ_DISABLED : ARCH_IRQ_ENABLED;
}

void fxm_arch_irq_restore(unsigned long flags)
{
	if (flags == ARCH_IRQ_DISABLED)
		fxm_irq_disable(fxm_k_cpu());
	else
		fxm_irq_enable(fxm_k_cpu());
}

void fxm_arch_relax(void)
{
	fxm_k_schedule_timeout(0);
	jiffies = fxm_k_jiffies();
}

void fxm_arch_preempt_count_add(int value)
{
	for (; value >= SOFTIRQ_DISABLE_OFFSET; value -= SOFTIRQ_DISABLE_OFFSET)
		fxm_k_local_bh_disable();
	for (; value <= -SOFTIRQ_DISABLE_OFFSET; value += SOFTIRQ_DISABLE_OFFSET)
		fxm_k_local_bh_enable();
	for (; value > 0; value--)
		fxm_preempt_disable(fxm_k_cpu());
	for (; value < 0; value++)
		fxm_preempt_enable(fxm_k_cpu());
}

/* ---- sleeping ---- */

void schedule(void)
{
	struct task_struct *task = current;
	unsigned int state = READ_ONCE(task->__state);

	if (state != TASK_RUNNING)
		fxm_k_set_state(state);
	if (state != TASK_RUNNING && READ_ONCE(task->__state) == TASK_RUNNING) /* woken between the two */
		fxm_k_set_state(0);
	fxm_k_schedule();
	WRITE_ONCE(task->__state, TASK_RUNNING);
	jiffies = fxm_k_jiffies();
}

void preempt_schedule(void)
{
}

void preempt_schedule_notrace(void)
{
}

void schedule_preempt_disabled(void)
{
	fxm_preempt_enable(fxm_k_cpu());
	schedule();
	fxm_preempt_disable(fxm_k_cpu());
}

void io_schedule(void)
{
	schedule();
}

int io_schedule_prepare(void)
{
	return 0;
}

void io_schedule_finish(int token)
{
}

void yield(void)
{
	set_current_state(TASK_RUNNING);
	schedule();
}

int yield_to(struct task_struct *task, bool preempt)
{
	yield();
	return 0;
}

long schedule_timeout(long timeout)
{
	struct task_struct *task = current;
	unsigned int state = READ_ONCE(task->__state);

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	if (state != TASK_RUNNING)
		fxm_k_set_state(state);
	if (state != TASK_RUNNING && READ_ONCE(task->__state) == TASK_RUNNING)
		fxm_k_set_state(0);
	timeout = fxm_k_schedule_timeout(timeout < 0 ? 0 : timeout);
	WRITE_ONCE(task->__state, TASK_RUNNING);
	return timeout;
}

#define NATIVE_TIMEOUT(name, state)                                                                                                \
	long name(long timeout)                                                                                                    \
	{                                                                                                                          \
		__set_current_state(state);                                                                                        \
		return schedule_timeout(timeout);                                                                                  \
	}
NATIVE_TIMEOUT(schedule_timeout_interruptible, TASK_INTERRUPTIBLE)
NATIVE_TIMEOUT(schedule_timeout_killable, TASK_KILLABLE)
NATIVE_TIMEOUT(schedule_timeout_uninterruptible, TASK_UNINTERRUPTIBLE)
NATIVE_TIMEOUT(schedule_timeout_idle, TASK_IDLE)

long io_schedule_timeout(long timeout)
{
	return schedule_timeout(timeout);
}

int __cond_resched(void)
{
	fxm_k_schedule_timeout(0);
	return 1;
}

int __cond_resched_lock(spinlock_t *lock)
{
	return 0;
}

int __cond_resched_rwlock_read(rwlock_t *lock)
{
	return 0;
}

int __cond_resched_rwlock_write(rwlock_t *lock)
{
	return 0;
}

#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
void __might_sleep(const char *file, int line)
{
	fxm_k_might_sleep(file);
}

void __might_resched(const char *file, int line, unsigned int offsets)
{
	fxm_k_might_sleep(file);
}

#endif

void __might_fault(const char *file, int line)
{
}

void migrate_disable(void)
{
	fxm_migrate_disable(fxm_k_cpu());
}

void migrate_enable(void)
{
	fxm_migrate_enable(fxm_k_cpu());
}

/* ---- waking ---- */

int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags)
{
	if (!(READ_ONCE(task->__state) & state))
		return 0;
	WRITE_ONCE(task->__state, TASK_RUNNING);
	fxm_k_wake_up_process(native_current_of(task));
	return 1;
}

int wake_up_process(struct task_struct *task)
{
	return try_to_wake_up(task, TASK_NORMAL, 0);
}

int wake_up_state(struct task_struct *task, unsigned int state)
{
	return try_to_wake_up(task, state, 0);
}

int default_wake_function(wait_queue_entry_t *entry, unsigned int mode, int wake_flags, void *key)
{
	return try_to_wake_up(entry->private, mode, wake_flags);
}

static bool add_to_wake_q(struct wake_q_head *head, struct task_struct *task)
{
	struct wake_q_node *node = &task->wake_q;

	if (cmpxchg_relaxed(&node->next, NULL, WAKE_Q_TAIL))
		return false;
	*head->lastp = node;
	head->lastp = &node->next;
	return true;
}

void wake_q_add(struct wake_q_head *head, struct task_struct *task)
{
	add_to_wake_q(head, task);
}

void wake_q_add_safe(struct wake_q_head *head, struct task_struct *task)
{
	add_to_wake_q(head, task);
}

void wake_up_q(struct wake_q_head *head)
{
	struct wake_q_node *node = head->first;

	while (node != WAKE_Q_TAIL) {
		struct task_struct *task = container_of(node, struct task_struct, wake_q);
		node = node->next;
		task->wake_q.next = NULL;
		wake_up_process(task);
	}
}

/* ---- kernel threads ---- */

static int thread_main(void *data)
{
	struct native_task *t = native_of(fxm_k_current());

	return t->fn(t->data);
}

__printf(4, 5) struct task_struct *kthread_create_on_node(int (*fn)(void *data), void *data, int node, const char fmt[], ...)
{
	struct native_task *made;
	struct fxm_k_current *c;
	char name[TASK_COMM_LEN];
	va_list args;

	va_start(args, fmt);
	fxm_k_vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	/* it runs when it is woken, and finds the rest in its own place then */
	c = fxm_k_kthread_create(thread_main, NULL, "%s", name);
	if (IS_ERR(c))
		return (struct task_struct *)c;
	made = native_of(c);
	made->fn = fn;
	made->data = data;
	WRITE_ONCE(made->task.__state, TASK_UNINTERRUPTIBLE);
	return &made->task;
}

struct task_struct *kthread_create_on_cpu(int (*fn)(void *data), void *data, unsigned int cpu, const char *fmt)
{
	return kthread_create_on_node(fn, data, 0, fmt, cpu);
}

int kthread_stop(struct task_struct *task)
{
	WRITE_ONCE(task->__state, TASK_RUNNING);
	return fxm_k_kthread_stop(native_current_of(task));
}

int kthread_stop_put(struct task_struct *task)
{
	return kthread_stop(task);
}

bool kthread_should_stop(void)
{
	return fxm_k_kthread_should_stop();
}

bool kthread_should_park(void)
{
	return native_of(fxm_k_current())->should_park;
}

bool __kthread_should_park(struct task_struct *task)
{
	return container_of(task, struct native_task, task)->should_park;
}

void kthread_parkme(void)
{
	struct native_task *t = native_of(fxm_k_current());

	while (t->should_park && !fxm_k_kthread_should_stop()) {
		t->is_parked = true;
		set_current_state(TASK_PARKED);
		schedule();
	}
	t->is_parked = false;
}

int kthread_park(struct task_struct *task)
{
	struct native_task *t = container_of(task, struct native_task, task);

	t->should_park = true;
	wake_up_process(task);
	while (!t->is_parked)
		fxm_k_schedule_timeout(1);
	return 0;
}

void kthread_unpark(struct task_struct *task)
{
	container_of(task, struct native_task, task)->should_park = false;
	wake_up_state(task, TASK_PARKED);
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	if (was_frozen)
		*was_frozen = false;
	return kthread_should_stop();
}

void *kthread_data(struct task_struct *task)
{
	return container_of(task, struct native_task, task)->data;
}

void *kthread_func(struct task_struct *task)
{
	return container_of(task, struct native_task, task)->fn;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
}

void kthread_bind_mask(struct task_struct *task, const struct cpumask *mask)
{
}

void kthread_set_per_cpu(struct task_struct *task, int cpu)
{
}

void __noreturn kthread_exit(long result)
{
	fxm_k_kthread_exit(result);
}

void __noreturn kthread_complete_and_exit(struct completion *done, long result)
{
	if (done)
		complete(done);
	fxm_k_kthread_exit(result);
}

void __noreturn do_exit(long code)
{
	fxm_k_kthread_exit(code);
}

/* ---- what is asked of tasks ---- */

void kick_process(struct task_struct *task)
{
}

void set_user_nice(struct task_struct *task, long nice)
{
	task->static_prio = NICE_TO_PRIO(nice);
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	cpumask_copy(&task->cpus_mask, mask);
	return 0;
}

void sched_set_fifo(struct task_struct *task)
{
}

void sched_set_fifo_low(struct task_struct *task)
{
}

void sched_set_normal(struct task_struct *task, int nice)
{
	set_user_nice(task, nice);
}

int idle_cpu(int cpu)
{
	return 0;
}

/* A task's structure lives as long as the machine. */
void __put_task_struct(struct task_struct *task)
{
}

void free_task(struct task_struct *task)
{
}

void __mmdrop(struct mm_struct *mm)
{
}

void mmput(struct mm_struct *mm)
{
}

void mmput_async(struct mm_struct *mm)
{
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	return NULL; /* all are kernel threads */
}

struct mm_struct *mm_access(struct task_struct *task, unsigned int mode)
{
	return NULL;
}

/* Nobody sends signals. */
int send_sig(int sig, struct task_struct *task, int priv)
{
	return 0;
}

int send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	return 0;
}

int do_send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *task, enum pid_type type)
{
	return 0;
}

int force_sig_fault(int sig, int code, void __user *address)
{
	return 0;
}

void force_sig(int sig)
{
}

void recalc_sigpending(void)
{
}

int sigprocmask(int how, sigset_t *set, sigset_t *old)
{
	if (old)
		sigemptyset(old);
	return 0;
}

void flush_signals(struct task_struct *task)
{
}

void kernel_sigaction(int sig, __sighandler_t action)
{
}

void sched_show_task(struct task_struct *task)
{
	fxm_k_dump_stack();
}

bool current_is_single_threaded(void)
{
	return true;
}

bool freezing_slow_path(struct task_struct *task)
{
	return false;
}

bool __refrigerator(bool check_kthr_stop)
{
	return false;
}

bool set_freezable(void)
{
	return false;
}
