// SPDX-License-Identifier: MIT
/* The thread that would complete dies of a BUG, and its waiter waits for ever. */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static DECLARE_COMPLETION(done);

static int writer(void *data)
{
	int *request = data;

	if (!after)
		BUG_ON(!*request); /* HERE */
	complete(&done);
	return 0;
}

static int __init completion_of_the_dead_init(void)
{
	static int request;
	struct task_struct *thread = kthread_run(writer, &request, "writer");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_for_completion(&done);
	kthread_stop(thread);
	return 0;
}

module_init(completion_of_the_dead_init);
MODULE_LICENSE("Dual MIT/GPL");
