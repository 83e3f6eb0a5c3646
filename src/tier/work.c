/* SPDX-License-Identifier: MIT */
/*
 * Work items, behind schedule_work() and queue_work(). Models what kernel/workqueue.c promises: an item runs once for each time
 * that it is queued, in a thread; while one sleeps another thread takes the next, but of an ordered queue one at a time.
 *
 * Workers are threads named kworker, made when an item waits and none is free. An item may free itself: once it runs it is an
 * address. Guarded by tier.lock; no function of a module is called with it.
 */
#include "tier.h"

#include <errno.h>
#include <stdlib.h>

/* On its worker's stack. */
struct worker {
	struct worker *next;
	const struct fxm_k_work *item; /* NULL: it waits for one */
	const struct fxm_k_workqueue *queue;
};

struct fxmi_work {
	struct fxm_k_work *first;
	struct worker *workers;
	unsigned nr_workers;
};

int fxmi_work_init(struct fxmi_tier *tier)
{
	tier->work = calloc(1, sizeof(*tier->work));
	return tier->work ? 0 : -ENOMEM;
}

void fxmi_work_free(struct fxmi_tier *tier)
{
	free(tier->work);
}

static bool is_busy_locked(const struct fxmi_work *all, const struct fxm_k_workqueue *queue)
{
	const struct worker *w = all->workers;

	while (w && (!w->item || w->queue != queue))
		w = w->next;
	return w;
}

/* The first item that may run now. */
static struct fxm_k_work **next_locked(struct fxmi_work *all)
{
	struct fxm_k_work **at = &all->first;

	while (*at && (*at)->queue && (*at)->queue->is_ordered && is_busy_locked(all, (*at)->queue))
		at = &(*at)->next;
	return at;
}

/* ---- running them ---- */

static void run(struct fxm_vcpu *cpu, void (*fn)(void *arg), void *arg)
{
	struct fxmi_tier_mark mark;

	fxmi_tier_context_begin(cpu, &mark);
	fn(arg);
	fxmi_tier_context_check(cpu, &mark, "a work item", (uintptr_t)fn);
}

static int kworker(void *arg)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = arg;
	struct worker self = {.item = NULL};
	struct fxmi_work *all = tier->work;

	pthread_mutex_lock(&tier->lock);
	self.next = all->workers;
	all->workers = &self;
	pthread_mutex_unlock(&tier->lock);
	for (;;) {
		fxmi_tier_wait_begin(cpu, all, "kworker", 0);
		pthread_mutex_lock(&tier->lock);
		struct fxm_k_work **at = next_locked(all), *w = *at;
		if (w) {
			*at = w->next;
			w->pending = 0;
			self.item = w;
			self.queue = w->queue;
		}
		void (*fn)(void *) = w ? w->fn : NULL;
		void *item = w ? w->arg : NULL;
		pthread_mutex_unlock(&tier->lock);
		if (!w) {
			fxmi_tier_schedule(cpu);
			continue;
		}
		fxm_k_finish_wait(all);
		run(cpu, fn, item);
		pthread_mutex_lock(&tier->lock);
		self.item = NULL;
		pthread_mutex_unlock(&tier->lock);
		fxm_k_wake_up(w);
	}
	return 0;
}

bool fxmi_work_idle(struct fxm_vcpu *cpu, struct fxmi_tier *tier)
{
	struct fxmi_work *all = tier->work;
	bool is_free = false;

	pthread_mutex_lock(&tier->lock);
	bool waits = *next_locked(all);
	for (const struct worker *w = all->workers; w; w = w->next)
		is_free |= !w->item;
	pthread_mutex_unlock(&tier->lock);
	if (!waits || is_free)
		return false;
	char name[16];
	snprintf(name, sizeof(name), "kworker/%u:%u", cpu->id, all->nr_workers++);
	struct fxm_k_current *worker = fxmi_kthread_system(cpu, kworker, tier, name);
	if (worker)
		fxmi_tier_wake(tier, worker);
	return worker;
}

/* ---- queueing, waiting ---- */

bool fxm_k_queue_work(struct fxm_k_workqueue *queue, struct fxm_k_work *work)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));
	struct fxm_k_work **at = &tier->work->first;

	pthread_mutex_lock(&tier->lock);
	bool is_new = !work->pending;
	while (*at)
		at = &(*at)->next;
	if (is_new) {
		work->next = NULL;
		work->queue = queue;
		work->pending = 1;
		work->site = (uintptr_t)__builtin_return_address(0);
		*at = work;
	}
	pthread_mutex_unlock(&tier->lock);
	fxm_k_wake_up(tier->work);
	return is_new;
}

/* Whether @work, or with NULL anything of @queue, waits or runs. */
static bool is_there(struct fxmi_tier *tier, const struct fxm_k_work *work, const struct fxm_k_workqueue *queue,
		     const struct fxm_k_work **which)
{
	*which = NULL;
	pthread_mutex_lock(&tier->lock);
	for (const struct fxm_k_work *w = tier->work->first; w && !*which; w = w->next)
		if (work ? w == work : w->queue == queue)
			*which = w;
	for (const struct worker *w = tier->work->workers; w && !*which; w = w->next)
		if (w->item && (work ? w->item == work : w->queue == queue))
			*which = w->item;
	pthread_mutex_unlock(&tier->lock);
	return *which;
}

static bool flush(const struct fxm_k_work *work, const struct fxm_k_workqueue *queue, const char *what, uintptr_t site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	const struct fxm_k_work *which;
	bool waited = false;

	while (is_there(tier, work, queue, &which)) {
		fxmi_tier_wait_begin(cpu, which, what, site);
		if (is_there(tier, which, NULL, &which))
			fxmi_tier_schedule(cpu);
		fxm_k_finish_wait(which);
		waited = true;
	}
	return waited;
}

bool fxm_k_flush_work(struct fxm_k_work *work)
{
	return flush(work, NULL, "flush_work", (uintptr_t)__builtin_return_address(0));
}

void fxm_k_flush_workqueue(struct fxm_k_workqueue *queue)
{
	flush(NULL, queue, "flush_workqueue", (uintptr_t)__builtin_return_address(0));
}

bool fxm_k_cancel_work(struct fxm_k_work *work)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));
	struct fxm_k_work **at = &tier->work->first;

	pthread_mutex_lock(&tier->lock);
	while (*at && *at != work)
		at = &(*at)->next;
	bool found = *at;
	if (found)
		*at = work->next;
	work->pending = 0;
	pthread_mutex_unlock(&tier->lock);
	return found;
}

struct fxm_k_workqueue *fxm_k_alloc_workqueue(bool is_ordered)
{
	struct fxm_k_workqueue *queue = calloc(1, sizeof(*queue));

	if (queue)
		queue->is_ordered = is_ordered;
	return queue;
}

void fxm_k_destroy_workqueue(struct fxm_k_workqueue *queue)
{
	fxm_k_flush_workqueue(queue);
	free(queue);
}

unsigned fxmi_work_leaks(struct fxmi_kernel *k)
{
	const struct fxmi_tier *tier = atomic_load(&k->tier);
	char name[128], place[300];
	unsigned n = 0;

	for (const struct fxm_k_work *w = tier->work->first; w; w = w->next, n++) {
		fxmi_function_name((uintptr_t)w->fn, name, sizeof(name));
		fxm_symbolize((struct fxm_site){w->site}, place, sizeof(place));
		fxmi_finding(k, NULL, FXMI_FIND_LEAK, &(struct fxmi_subject){.site = w->site, .is_left = true},
			     "work item of %s() still queued, at %s: it runs code of a module that is gone", name, place);
	}
	return n;
}
