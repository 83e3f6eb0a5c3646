/* SPDX-License-Identifier: MIT */

/* Time is the machine's: it passes while tasks give the CPU away, so that every run is the same. A jiffy is as fine as it gets. */

#include "native.h"

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <linux/timex.h>

/* Brought up to date by everything here; code that only reads it sees the time of its last call. */
u64 jiffies_64 __cacheline_aligned_in_smp = INITIAL_JIFFIES;
__asm__(".globl jiffies\n.hidden jiffies\n.set jiffies, jiffies_64");
unsigned long tick_nsec = NSEC_PER_SEC / HZ;
unsigned long loops_per_jiffy = 1 << 12;
unsigned long preset_lpj;

static unsigned long now(void)
{
	return jiffies = fxm_k_jiffies();
}

static u64 now_ns(void)
{
	return (u64)(now() - INITIAL_JIFFIES) * (NSEC_PER_SEC / HZ);
}

/* The machine's clock begins at the same moment in every run: 2024-01-01. */
enum { EPOCH = 1704067200 };

ktime_t ktime_get(void)
{
	return now_ns();
}

ktime_t ktime_get_raw(void)
{
	return now_ns();
}

ktime_t ktime_get_with_offset(enum tk_offsets offset)
{
	return now_ns() + (offset == TK_OFFS_REAL || offset == TK_OFFS_TAI ? (u64)EPOCH * NSEC_PER_SEC : 0);
}

ktime_t ktime_get_coarse_with_offset(enum tk_offsets offset)
{
	return ktime_get_with_offset(offset);
}

ktime_t ktime_mono_to_any(ktime_t time, enum tk_offsets offset)
{
	return time + (ktime_get_with_offset(offset) - ktime_get());
}

u64 ktime_get_mono_fast_ns(void)
{
	return now_ns();
}

u64 ktime_get_raw_fast_ns(void)
{
	return now_ns();
}

u64 ktime_get_boot_fast_ns(void)
{
	return now_ns();
}

u64 ktime_get_real_fast_ns(void)
{
	return ktime_get_with_offset(TK_OFFS_REAL);
}

u32 ktime_get_resolution_ns(void)
{
	return NSEC_PER_SEC / HZ;
}

time64_t ktime_get_seconds(void)
{
	return now_ns() / NSEC_PER_SEC;
}

time64_t ktime_get_real_seconds(void)
{
	return EPOCH + ktime_get_seconds();
}

time64_t __ktime_get_real_seconds(void)
{
	return ktime_get_real_seconds();
}

static struct timespec64 spec_of(u64 ns)
{
	return (struct timespec64){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

void ktime_get_ts64(struct timespec64 *time)
{
	*time = spec_of(now_ns());
}

void ktime_get_raw_ts64(struct timespec64 *time)
{
	*time = spec_of(now_ns());
}

void ktime_get_real_ts64(struct timespec64 *time)
{
	*time = spec_of(ktime_get_with_offset(TK_OFFS_REAL));
}

void ktime_get_coarse_ts64(struct timespec64 *time)
{
	ktime_get_ts64(time);
}

void ktime_get_coarse_real_ts64(struct timespec64 *time)
{
	ktime_get_real_ts64(time);
}

/* 6.12's, which a file system's inode keeps apart from the coarse one. */
void ktime_get_coarse_real_ts64_mg(struct timespec64 *time)
{
	ktime_get_real_ts64(time);
}

void ktime_get_real_ts64_mg(struct timespec64 *time)
{
	ktime_get_real_ts64(time);
}

unsigned long timekeeping_multigrain(void)
{
	return 0;
}

unsigned long long notrace sched_clock(void)
{
	return now_ns();
}

u64 sched_clock_cpu(int cpu)
{
	return now_ns();
}

ktime_t ktime_add_safe(const ktime_t left, const ktime_t right)
{
	ktime_t sum = ktime_add_unsafe(left, right);

	return sum < 0 || sum < left || sum < right ? KTIME_MAX : sum;
}

/* ---- waiting ---- */

void msleep(unsigned int msecs)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(msecs) + 1);
}

unsigned long msleep_interruptible(unsigned int msecs)
{
	return jiffies_to_msecs(schedule_timeout_interruptible(msecs_to_jiffies(msecs) + 1));
}

void usleep_range_state(unsigned long min, unsigned long max, unsigned int state)
{
	__set_current_state(state);
	schedule_timeout(usecs_to_jiffies(min) + 1);
}

/* Busy waiting takes no time. */
void __udelay(unsigned long usecs)
{
}

void __ndelay(unsigned long nsecs)
{
}

void __const_udelay(unsigned long xloops)
{
}

void __delay(unsigned long loops)
{
}

/* ---- timers: the machine's stands behind each; its memory is taken when it is first started ---- */

struct native_timer {
	struct fxm_k_timer timer;
	struct timer_list *list;
};

/* Timers that run at a time; the place of one that is through is used again. */
enum { TIMERS = 256 };
static struct native_timer timers[TIMERS];

static void run_timer(void *arg)
{
	struct native_timer *t = arg;
	struct timer_list *list = t->list;

	now();
	t->list = NULL;
	list->entry.pprev = NULL;
	list->function(list);
}

static struct native_timer *find_timer(const struct timer_list *list)
{
	int i;

	for (i = 0; i < TIMERS; i++)
		if (timers[i].list == list)
			return &timers[i];
	return NULL;
}

void init_timer_key(struct timer_list *timer, void (*fn)(struct timer_list *timer), unsigned int flags, const char *name,
		    struct lock_class_key *key)
{
	timer->entry.pprev = NULL;
	timer->function = fn;
	timer->flags = flags;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	struct native_timer *t = find_timer(timer);
	int was_pending = t != NULL;

	if (!t && !(t = find_timer(NULL)))
		panic("more than %d timers", TIMERS);
	t->list = timer;
	t->timer.fn = run_timer;
	t->timer.arg = t;
	timer->expires = expires;
	timer->entry.pprev = &timer->entry.next; /* timer_pending() */
	fxm_k_mod_timer(&t->timer, expires);
	return was_pending;
}

int mod_timer_pending(struct timer_list *timer, unsigned long expires)
{
	return timer_pending(timer) ? mod_timer(timer, expires) : 0;
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	if (timer_pending(timer) && time_before_eq(timer->expires, expires))
		return 1;
	return mod_timer(timer, expires);
}

void add_timer(struct timer_list *timer)
{
	mod_timer(timer, timer->expires);
}

void add_timer_on(struct timer_list *timer, int cpu)
{
	mod_timer(timer, timer->expires);
}

static int stop_timer(struct timer_list *timer)
{
	struct native_timer *t = find_timer(timer);

	timer->entry.pprev = NULL;
	if (!t)
		return 0;
	fxm_k_del_timer(&t->timer);
	t->list = NULL;
	return 1;
}

#if FXM_TREE_BEFORE(6, 2)
int try_to_del_timer_sync(struct timer_list *timer)
{
	return stop_timer(timer);
}
#endif

int timer_delete(struct timer_list *timer)
{
	return stop_timer(timer);
}

int timer_delete_sync(struct timer_list *timer)
{
	return stop_timer(timer);
}

int timer_shutdown_sync(struct timer_list *timer)
{
	int was_pending = stop_timer(timer);

	timer->function = NULL;
	return was_pending;
}

int timer_shutdown(struct timer_list *timer)
{
	return timer_shutdown_sync(timer);
}

unsigned long round_jiffies(unsigned long j)
{
	return roundup(j, HZ);
}

unsigned long round_jiffies_relative(unsigned long j)
{
	return roundup(j, HZ);
}

unsigned long round_jiffies_up(unsigned long j)
{
	return roundup(j, HZ);
}

unsigned long round_jiffies_up_relative(unsigned long j)
{
	return roundup(j, HZ);
}

unsigned long __round_jiffies_relative(unsigned long j, int cpu)
{
	return roundup(j, HZ);
}

/* ---- hrtimers, as fine as a jiffy ---- */

struct native_hrtimer {
	struct fxm_k_timer timer;
	struct hrtimer *hr;
};
static struct native_hrtimer hrtimers[TIMERS];

static struct native_hrtimer *find_hrtimer(const struct hrtimer *hr)
{
	int i;

	for (i = 0; i < TIMERS; i++)
		if (hrtimers[i].hr == hr)
			return &hrtimers[i];
	return NULL;
}

static void run_hrtimer(void *arg)
{
	struct native_hrtimer *t = arg;
	struct hrtimer *hr = t->hr;

	t->hr = NULL;
	hr->state = HRTIMER_STATE_INACTIVE;
	if (hr->function(hr) == HRTIMER_RESTART)
		hrtimer_start_range_ns(hr, hr->node.expires, 0, HRTIMER_MODE_ABS);
}

static struct hrtimer_clock_base clock_base;

void hrtimer_init(struct hrtimer *hr, clockid_t clock, enum hrtimer_mode mode)
{
	memset(hr, 0, sizeof(*hr));
	hr->base = &clock_base;
	clock_base.get_time = ktime_get;
}

void hrtimer_init_sleeper(struct hrtimer_sleeper *sleeper, clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(&sleeper->timer, clock, mode);
	sleeper->task = current;
}

void hrtimer_start_range_ns(struct hrtimer *hr, ktime_t time, u64 delta, const enum hrtimer_mode mode)
{
	struct native_hrtimer *t = find_hrtimer(hr);
	ktime_t end = mode & HRTIMER_MODE_REL ? ktime_add_safe(ktime_get(), time) : time;
	s64 left = end - ktime_get();

	if (!t && !(t = find_hrtimer(NULL)))
		panic("more than %d hrtimers", TIMERS);
	hr->node.expires = end;
	hr->_softexpires = end;
	hr->state = HRTIMER_STATE_ENQUEUED;
	t->hr = hr;
	t->timer.fn = run_hrtimer;
	t->timer.arg = t;
	fxm_k_mod_timer(&t->timer, now() + (left > 0 ? nsecs_to_jiffies(left) : 0));
}

int hrtimer_try_to_cancel(struct hrtimer *hr)
{
	struct native_hrtimer *t = find_hrtimer(hr);

	if (!t)
		return 0;
	fxm_k_del_timer(&t->timer);
	t->hr = NULL;
	hr->state = HRTIMER_STATE_INACTIVE;
	return 1;
}

int hrtimer_cancel(struct hrtimer *hr)
{
	return hrtimer_try_to_cancel(hr);
}

bool hrtimer_active(const struct hrtimer *hr)
{
	return hr->state != HRTIMER_STATE_INACTIVE;
}

ktime_t __hrtimer_get_remaining(const struct hrtimer *hr, bool adjust)
{
	return hr->node.expires - ktime_get();
}

u64 hrtimer_forward(struct hrtimer *hr, ktime_t from, ktime_t interval)
{
	u64 overrun = 0;

	while (hr->node.expires <= from && interval > 0) {
		hr->node.expires = ktime_add_safe(hr->node.expires, interval);
		hr->_softexpires = hr->node.expires;
		overrun++;
	}
	return overrun;
}

int schedule_hrtimeout_range(ktime_t *expires, u64 delta, const enum hrtimer_mode mode)
{
	s64 left = !expires			? 0
		   : mode & HRTIMER_MODE_REL ? *expires
					     : *expires - ktime_get();

	if (!expires) {
		schedule();
		return -EINTR;
	}
	return schedule_timeout(left > 0 ? nsecs_to_jiffies(left) + 1 : 0) ? -EINTR : 0;
}

int schedule_hrtimeout(ktime_t *expires, const enum hrtimer_mode mode)
{
	return schedule_hrtimeout_range(expires, 0, mode);
}
