/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SEQLOCK_H
#define FXM_KERNEL_LINUX_SEQLOCK_H

#if __has_include_next(<linux/seqlock.h>)
#include_next <linux/seqlock.h>
#else

/* Readers look again when a writer came in between. */

#include <linux/spinlock.h>

typedef struct {
	unsigned int sequence;
} seqcount_t;
#define SEQCNT_ZERO(name)                                                                                                          \
	{                                                                                                                          \
		0                                                                                                                  \
	}
#define seqcount_init(s) ((void)((s)->sequence = 0))

FXM_K_INLINE unsigned int read_seqcount_begin(const seqcount_t *s)
{
	return __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE) & ~1u;
}

FXM_K_INLINE int read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->sequence, __ATOMIC_RELAXED) != start;
}

#define write_seqcount_begin(s) ((void)__atomic_add_fetch(&(s)->sequence, 1, __ATOMIC_SEQ_CST))
#define write_seqcount_end(s) write_seqcount_begin(s)

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;
#define __SEQLOCK_UNLOCKED(name)                                                                                                   \
	{                                                                                                                          \
		.seqcount = SEQCNT_ZERO(name), .lock = __SPIN_LOCK_UNLOCKED(name)                                                  \
	}
#define DEFINE_SEQLOCK(name) seqlock_t name = __SEQLOCK_UNLOCKED(name)
#define seqlock_init(sl) (seqcount_init(&(sl)->seqcount), spin_lock_init(&(sl)->lock))
#define read_seqbegin(sl) read_seqcount_begin(&(sl)->seqcount)
#define read_seqretry(sl, start) read_seqcount_retry(&(sl)->seqcount, start)

FXM_K_INLINE void write_seqlock(seqlock_t *sl)
{
	spin_lock(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

FXM_K_INLINE void write_sequnlock(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock(&sl->lock);
}

#endif
#endif
