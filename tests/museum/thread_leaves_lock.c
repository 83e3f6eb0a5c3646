// SPDX-License-Identifier: MIT
/* A kernel thread returns from its error path with a mutex: nobody can release it any more. */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static bool after;
module_param(after, bool, 0444);

static DEFINE_MUTEX(lock);
static int broken = 1;

static int worker(void *data)
{
	mutex_lock(&lock); /* HERE */
	if (broken && !after)
		return -EIO;
	mutex_unlock(&lock);
	return 0;
}

static int __init thread_leaves_lock_init(void)
{
	struct task_struct *thread = kthread_run(worker, NULL, "worker");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	schedule();
	kthread_stop(thread);
	return 0;
}

module_init(thread_leaves_lock_init);
MODULE_LICENSE("Dual MIT/GPL");
