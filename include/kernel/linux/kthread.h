/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KTHREAD_H
#define FXM_KERNEL_LINUX_KTHREAD_H

/* Threads of the kernel. One runs while the others of its CPU wait or give the CPU away, in order of creation. */

#include <linux/err.h>
#include <linux/sched.h>

#define kthread_create(fn, data, ...) ((struct task_struct *)fxm_k_kthread_create(fn, data, __VA_ARGS__))
#define kthread_create_on_node(fn, data, node, ...) ((void)(node), kthread_create(fn, data, __VA_ARGS__))
#define kthread_run(fn, data, ...)                                                                                                 \
	({                                                                                                                         \
		struct task_struct *fxm_k_thread = kthread_create(fn, data, __VA_ARGS__);                                          \
		if (!IS_ERR(fxm_k_thread))                                                                                         \
			wake_up_process(fxm_k_thread);                                                                             \
		fxm_k_thread;                                                                                                      \
	})
#define kthread_should_stop() fxm_k_kthread_should_stop()
#define kthread_exit(result) fxm_k_kthread_exit(result)
#if FXM_K_VERSION_CODE >= 0x051100
#define kthread_complete_and_exit(completion, result) (complete(completion), fxm_k_kthread_exit(result))
#else
#define complete_and_exit(completion, result) (complete(completion), fxm_k_kthread_exit(result))
#endif
#define kthread_stop(task) fxm_k_kthread_stop((struct fxm_k_current *)(task))

#endif
