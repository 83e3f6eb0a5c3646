/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_TIMER_H
#define FXM_KERNEL_LINUX_TIMER_H

#if __has_include_next(<linux/timer.h>)
#include_next <linux/timer.h>
#else

/* Timers: a function in softirq context, later. Since 4.15 it is given its timer, until then a number. */

#include <linux/container_of.h>
#include <linux/jiffies.h>

struct timer_list {
	struct fxm_k_timer timer; /* first */
	unsigned long expires;
#if FXM_K_VERSION_CODE >= 0x040f00
	void (*function)(struct timer_list *timer);
#else
	void (*function)(unsigned long data);
	unsigned long data;
#endif
};

FXM_K_INLINE int mod_timer(struct timer_list *timer, unsigned long expires)
{
	timer->expires = expires;
	timer->timer.fn = (void (*)(void *))(void (*)(void))timer->function;
#if FXM_K_VERSION_CODE >= 0x040f00
	timer->timer.arg = timer;
#else
	timer->timer.arg = (void *)timer->data;
#endif
	return fxm_k_mod_timer(&timer->timer, expires);
}

#if FXM_K_VERSION_CODE >= 0x040f00
FXM_K_INLINE void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer), unsigned int flags)
{
	(void)flags;
	*timer = (struct timer_list){.function = function};
}
#define DEFINE_TIMER(name, fn) struct timer_list name = {.function = (fn)}
#define from_timer(var, callback_timer, field) container_of(callback_timer, __typeof__(*var), field)
#define timer_container_of(var, callback_timer, field) from_timer(var, callback_timer, field)
#else
FXM_K_INLINE void init_timer(struct timer_list *timer)
{
	timer->timer = (struct fxm_k_timer){0};
}

FXM_K_INLINE void setup_timer(struct timer_list *timer, void (*function)(unsigned long data), unsigned long data)
{
	*timer = (struct timer_list){.function = function, .data = data};
}
#define DEFINE_TIMER(name, fn, when, number) struct timer_list name = {.expires = (when), .function = (fn), .data = (number)}
#define TIMER_INITIALIZER(fn, when, number) {.expires = (when), .function = (fn), .data = (number)}
#endif

#define add_timer(t) ((void)mod_timer(t, (t)->expires))
#define del_timer(t) fxm_k_del_timer(&(t)->timer)
/* One runs to its end on the vCPU that started it before anybody there can look. */
#define del_timer_sync(t) del_timer(t)
#define timer_delete(t) del_timer(t)
#define timer_delete_sync(t) del_timer(t)
#define timer_shutdown_sync(t) del_timer(t)
#define del_singleshot_timer_sync(t) del_timer(t)
#define timer_pending(t) ((t)->timer.pending != 0)

#endif
#endif
