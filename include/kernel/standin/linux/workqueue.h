/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_WORKQUEUE_H
#define FXM_KERNEL_LINUX_WORKQUEUE_H

#if __has_include_next(<linux/workqueue.h>)
#include_next <linux/workqueue.h>
#else

/* Work items: a function in a thread, later. Up to 2.6.19 it is given a pointer of its own, since then its item. */

#include <linux/container_of.h>
#include <linux/timer.h>

struct workqueue_struct;
struct work_struct {
	struct fxm_k_work work; /* first */
};
struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};
struct rcu_work {
	struct work_struct work;
};

#if FXM_K_VERSION_CODE >= 0x020614
typedef void (*work_func_t)(struct work_struct *work);
#define FXM_K_WORK(item, function) {.work = {.fn = (void (*)(void *))(void (*)(void))(function), .arg = (item)}}
#define INIT_WORK(item, function)                                                                                                  \
	({                                                                                                                         \
		struct work_struct *fxm_work_ = (item);                                                                            \
		work_func_t fxm_function_ = (function);                                                                            \
		*fxm_work_ = (struct work_struct)FXM_K_WORK(fxm_work_, fxm_function_);                                             \
	})
#define DECLARE_WORK(name, function) struct work_struct name = FXM_K_WORK(&(name), function)
#else
#define INIT_WORK(item, function, data)                                                                                            \
	({                                                                                                                         \
		void (*fxm_function_)(void *) = (function);                                                                        \
		*(item) = (struct work_struct){.work = {.fn = fxm_function_, .arg = (data)}};                                      \
	})
#define DECLARE_WORK(name, function, data) struct work_struct name = {.work = {.fn = (function), .arg = (data)}}
#endif
#define INIT_WORK_ONSTACK(item, function) INIT_WORK(item, function)
#define destroy_work_on_stack(item) ((void)(item))

#define queue_work(wq, item) fxm_k_queue_work((struct fxm_k_workqueue *)(wq), &(item)->work)
#define queue_work_on(cpu, wq, item) ((void)(cpu), queue_work(wq, item))
#define system_wq ((struct workqueue_struct *)0)
#define system_highpri_wq system_wq
#define system_long_wq system_wq
#define system_unbound_wq system_wq
#define schedule_work(item) queue_work(system_wq, item)
#define flush_work(item) fxm_k_flush_work(&(item)->work)
#define cancel_work(item) fxm_k_cancel_work(&(item)->work)
#define cancel_work_sync(item) (cancel_work(item) | fxm_k_flush_work(&(item)->work))
#define work_pending(item) ((item)->work.pending != 0)
#define flush_workqueue(wq) fxm_k_flush_workqueue((struct fxm_k_workqueue *)(wq))
#define drain_workqueue(wq) flush_workqueue(wq)
#define flush_scheduled_work() flush_workqueue(system_wq)

#define WQ_UNBOUND 2
#define WQ_FREEZABLE 4
#define WQ_MEM_RECLAIM 8
#define WQ_HIGHPRI 16
#define alloc_workqueue(name, flags, max_active, ...)                                                                              \
	((void)(flags), (struct workqueue_struct *)fxm_k_alloc_workqueue((max_active) == 1))
#define alloc_ordered_workqueue(name, flags, ...) ((void)(flags), (struct workqueue_struct *)fxm_k_alloc_workqueue(true))
#define create_workqueue(name) ((struct workqueue_struct *)fxm_k_alloc_workqueue(false))
#define create_singlethread_workqueue(name) ((struct workqueue_struct *)fxm_k_alloc_workqueue(true))
#define destroy_workqueue(wq) fxm_k_destroy_workqueue((struct fxm_k_workqueue *)(wq))

#if FXM_K_VERSION_CODE >= 0x040f00
FXM_K_INLINE void fxm_k_delayed_work(struct timer_list *timer)
{
	struct delayed_work *work = from_timer(work, timer, timer);
	queue_work(work->wq, &work->work);
}
#define FXM_K_DELAYED(item) timer_setup(&(item)->timer, fxm_k_delayed_work, 0)
#elif FXM_K_VERSION_CODE >= 0x020614
FXM_K_INLINE void fxm_k_delayed_work(unsigned long data)
{
	struct delayed_work *work = (struct delayed_work *)data;
	queue_work(work->wq, &work->work);
}
#define FXM_K_DELAYED(item) setup_timer(&(item)->timer, fxm_k_delayed_work, (unsigned long)(item))
#endif

#if FXM_K_VERSION_CODE >= 0x020614
#define INIT_DELAYED_WORK(item, function) (INIT_WORK(&(item)->work, function), FXM_K_DELAYED(item))
#define to_delayed_work(item) container_of(item, struct delayed_work, work)

FXM_K_INLINE bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	if (timer_pending(&work->timer) || work_pending(&work->work))
		return false;
	work->wq = wq;
	if (!delay)
		return queue_work(wq, &work->work);
	mod_timer(&work->timer, jiffies + delay);
	return true;
}

FXM_K_INLINE bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	bool was_pending = del_timer(&work->timer) | cancel_work(&work->work);

	queue_delayed_work(wq, work, delay);
	return was_pending;
}

FXM_K_INLINE bool cancel_delayed_work(struct delayed_work *work)
{
	return del_timer(&work->timer) | cancel_work(&work->work);
}

FXM_K_INLINE bool cancel_delayed_work_sync(struct delayed_work *work)
{
	bool was_pending = cancel_delayed_work(work);

	flush_work(&work->work);
	return was_pending;
}

FXM_K_INLINE bool flush_delayed_work(struct delayed_work *work)
{
	if (del_timer(&work->timer))
		queue_work(work->wq, &work->work);
	return flush_work(&work->work);
}
#define schedule_delayed_work(item, delay) queue_delayed_work(system_wq, item, delay)
#define delayed_work_pending(item) (timer_pending(&(item)->timer) || work_pending(&(item)->work))
#endif
#endif
#endif
