// SPDX-License-Identifier: MIT
/* Two tasks take two mutexes in different orders, and each waits for the other's. */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static bool after;
module_param(after, bool, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int mover(void *data)
{
	mutex_lock(after ? &first : &second);
	schedule();
	mutex_lock(after ? &second : &first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int __init locks_in_two_orders_init(void)
{
	struct task_struct *thread;

	mutex_lock(&first);
	thread = kthread_run(mover, NULL, "mover");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	schedule();
	mutex_lock(&second); /* HERE */
	mutex_unlock(&second);
	mutex_unlock(&first);
	kthread_stop(thread);
	return 0;
}

module_init(locks_in_two_orders_init);
MODULE_LICENSE("Dual MIT/GPL");
