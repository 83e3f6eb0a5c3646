/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_FXM_CALLS_H
#define FXM_KERNEL_FXM_CALLS_H

/*
 * What the kernel's names come to: fxm_k_NAME() stands behind the kernel's NAME, whose contract it has. For the headers beside this
 * one, not for users: these calls change as the headers do.
 *
 * All act for the vCPU that the calling thread sits on, fxm_current(), and every address and pointer is a host value.
 */

#include <fixmap/kernel_tier.h>
#include <fixmap/types.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** printk() and relatives: the kernel's %p extensions (px, pS, ps, pa, pad, ph, pM, pI4, pe, pV, pK), no floating point. */
FXM_API int fxm_k_printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
FXM_API int fxm_k_vprintk(const char *fmt, va_list args);
FXM_API int fxm_k_snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
FXM_API int fxm_k_vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
FXM_API int fxm_k_sprintf(char *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
FXM_API void fxm_k_dump_stack(void);

/**
 * The calling thread's vCPU, after checking the stamps of units loaded since the last call: a mismatch prints its line and
 * exits with status 2.
 */
FXM_API struct fxm_vcpu *fxm_k_cpu(void);

/** The simulated address of a host pointer into the machine, as %px prints it; other values unchanged. */
FXM_API unsigned long fxm_k_simulated(const void *host);

/** The layout's address called @name as a host value / its number called @name. BUG when the profile has none. */
FXM_API unsigned long fxm_k_address(const char *name);
FXM_API unsigned long fxm_k_number(const char *name);

/** The protection value called @name. BUG when the profile has none. */
FXM_API uint64_t fxm_k_prot(const char *name);

FXM_API struct fxm_page *fxm_k_alloc_pages(unsigned gfp, unsigned order);
FXM_API void fxm_k_free_pages(struct fxm_page *page, unsigned order);
FXM_API unsigned long fxm_k_get_free_pages(unsigned gfp, unsigned order);
FXM_API void fxm_k_free_pages_at(unsigned long address, unsigned order);
FXM_API void *fxm_k_kmalloc(size_t size, unsigned gfp);
FXM_API void *fxm_k_krealloc(const void *old, size_t size, unsigned gfp);
FXM_API void fxm_k_kfree(const void *object);
/** The same for an object of a cache with SLAB_TYPESAFE_BY_RCU: late readers may still look at it, so it keeps its contents. */
FXM_API void fxm_k_kfree_typesafe(const void *object);
FXM_API size_t fxm_k_ksize(const void *object);

/** vmalloc() and its kin by the name of @call; kvfree() and kvmalloc() choose. @size in bytes. NULL: no room, or no memory. */
FXM_API void *fxm_k_vmalloc(const char *call, size_t size, unsigned gfp);
FXM_API void *fxm_k_kvmalloc(size_t size, unsigned gfp);
FXM_API void fxm_k_vfree(const void *address);
FXM_API void fxm_k_kvfree(const void *address);
/** vmap() and vm_map_ram(), their undoing, and what lies at an address of theirs. @prot 0: PAGE_KERNEL. */
FXM_API void *fxm_k_vmap(const char *call, const char *undo, struct fxm_page *const *pages, unsigned n, uint64_t prot);
FXM_API void fxm_k_vunmap(const char *call, const void *address);
FXM_API struct fxm_page *fxm_k_vmalloc_to_page(const void *address);
FXM_API bool fxm_k_is_vmalloc_addr(const void *address);
/** ioremap() and its kin by the name of @call; @how: 0 uncached, 1 write-combined, 2 write-through, 3 cached. Physical address. */
FXM_API void *fxm_k_ioremap(const char *call, unsigned long long physical, size_t size, unsigned how);
FXM_API void fxm_k_iounmap(const volatile void *address);
FXM_API void *fxm_k_memremap(unsigned long long physical, size_t size, unsigned long flags);
FXM_API void fxm_k_memunmap(const void *address);

FXM_API unsigned long fxm_k_page_to_pfn(const struct fxm_page *page);
FXM_API struct fxm_page *fxm_k_pfn_to_page(unsigned long pfn);
FXM_API bool fxm_k_pfn_valid(unsigned long pfn);
FXM_API bool fxm_k_page_is_highmem(const struct fxm_page *page);
FXM_API struct fxm_page *fxm_k_compound_head(struct fxm_page *page);
FXM_API int fxm_k_page_count(const struct fxm_page *page);
FXM_API void fxm_k_get_page(struct fxm_page *page);
FXM_API void fxm_k_put_page(struct fxm_page *page);
FXM_API unsigned long fxm_k_pa(unsigned long address);
FXM_API void *fxm_k_va(unsigned long long physical);
FXM_API struct fxm_page *fxm_k_virt_to_page(const void *address);
FXM_API bool fxm_k_virt_addr_valid(const void *address);

FXM_API void *fxm_k_kmap(struct fxm_page *page);
FXM_API void fxm_k_kunmap(struct fxm_page *page);
FXM_API void *fxm_k_kmap_high(struct fxm_page *page);
FXM_API void fxm_k_kunmap_high(struct fxm_page *page);
FXM_API void *fxm_k_page_address(const struct fxm_page *page);
FXM_API void fxm_k_set_page_address(struct fxm_page *page, void *address);
FXM_API void fxm_k_kmap_flush_unused(void);
FXM_API struct fxm_page *fxm_k_kmap_to_page(const void *address);

FXM_API void *fxm_k_kmap_atomic(struct fxm_page *page);
FXM_API void *fxm_k_kmap_atomic_prot(struct fxm_page *page, uint64_t prot);
FXM_API void *fxm_k_kmap_atomic_pfn(unsigned long pfn);
FXM_API void fxm_k_kunmap_atomic(const void *address);
FXM_API void *fxm_k_kmap_atomic_type(struct fxm_page *page, unsigned type);
FXM_API void *fxm_k_kmap_atomic_pfn_type(unsigned long pfn, unsigned type);
FXM_API void fxm_k_kunmap_atomic_type(const void *address, unsigned type);
FXM_API struct fxm_page *fxm_k_kmap_atomic_to_page(const void *address);
FXM_API void *fxm_k_kmap_local_page(struct fxm_page *page);
FXM_API void *fxm_k_kmap_local_page_prot(struct fxm_page *page, uint64_t prot);
FXM_API void *fxm_k_kmap_local_pfn(unsigned long pfn);
FXM_API void *fxm_k_kmap_local_folio(struct fxm_page *folio, size_t offset);
FXM_API void fxm_k_kunmap_local(const void *address);
FXM_API int fxm_k_kmap_atomic_idx_push(void);
FXM_API int fxm_k_kmap_atomic_idx(void);
FXM_API void fxm_k_kmap_atomic_idx_pop(void);

/** Which of the set_fixmap macros. */
enum fxm_k_fixmap_kind { FXM_K_FIXMAP_NORMAL, FXM_K_FIXMAP_NOCACHE, FXM_K_FIXMAP_IO };

FXM_API unsigned long fxm_k_fix_to_virt(unsigned index);
FXM_API unsigned long fxm_k_fix_to_virt_checked(unsigned index);
FXM_API unsigned long fxm_k_virt_to_fix(unsigned long address);
FXM_API unsigned long fxm_k_virt_to_fix_checked(unsigned long address);
FXM_API void fxm_k_set_fixmap_prot(unsigned index, unsigned long long physical, uint64_t prot);
FXM_API void fxm_k_set_fixmap(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical);
FXM_API unsigned long fxm_k_set_fixmap_offset(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical);
FXM_API void fxm_k_clear_fixmap(unsigned index);
FXM_API void fxm_k_reserve_top_address(unsigned long reserve);

FXM_API void *fxm_k_early_ioremap(unsigned long long physical, unsigned long size);
FXM_API void *fxm_k_early_memremap(unsigned long long physical, unsigned long size);
FXM_API void *fxm_k_early_memremap_ro(unsigned long long physical, unsigned long size);
FXM_API void fxm_k_early_iounmap(const volatile void *address, unsigned long size);
FXM_API void fxm_k_copy_from_early_mem(void *dest, unsigned long long physical, unsigned long size);
FXM_API void fxm_k_early_ioremap_reset(void);
FXM_API void *fxm_k_bt_ioremap(unsigned long physical, unsigned long size);
FXM_API void fxm_k_bt_iounmap(const volatile void *address, unsigned long size);

FXM_API void fxm_k_clear_highpage(struct fxm_page *page);
FXM_API void fxm_k_clear_user_highpage(struct fxm_page *page, unsigned long address);
FXM_API void fxm_k_copy_highpage(struct fxm_page *to, struct fxm_page *from);
FXM_API void fxm_k_copy_user_highpage(struct fxm_page *to, struct fxm_page *from, unsigned long address);
FXM_API void fxm_k_memclear_highpage_flush(struct fxm_page *page, unsigned offset, unsigned size);
FXM_API void fxm_k_zero_user_segments(struct fxm_page *page, unsigned start1, unsigned end1, unsigned start2, unsigned end2);
FXM_API void fxm_k_zero_user_segment(struct fxm_page *page, unsigned start, unsigned end);
FXM_API void fxm_k_zero_user(struct fxm_page *page, unsigned start, unsigned size);
FXM_API void fxm_k_memcpy_page(struct fxm_page *to, size_t to_offset, struct fxm_page *from, size_t from_offset, size_t len);
FXM_API void fxm_k_memset_page(struct fxm_page *page, size_t offset, int value, size_t len);
FXM_API void fxm_k_memcpy_from_page(void *to, struct fxm_page *page, size_t offset, size_t len);
FXM_API void fxm_k_memcpy_to_page(struct fxm_page *page, size_t offset, const void *from, size_t len);
FXM_API void fxm_k_memzero_page(struct fxm_page *page, size_t offset, size_t len);
FXM_API void fxm_k_copy_mc_highpage(struct fxm_page *to, struct fxm_page *from);
FXM_API void fxm_k_copy_mc_user_highpage(struct fxm_page *to, struct fxm_page *from, unsigned long address);
FXM_API void fxm_k_memcpy_from_folio(void *to, struct fxm_page *folio, size_t offset, size_t len);
FXM_API void fxm_k_memcpy_to_folio(struct fxm_page *folio, size_t offset, const void *from, size_t len);
FXM_API size_t fxm_k_memcpy_from_file_folio(void *to, struct fxm_page *folio, uint64_t pos, size_t len);
FXM_API void fxm_k_folio_fill_tail(struct fxm_page *folio, size_t offset, const void *from, size_t len);
FXM_API void fxm_k_folio_zero_segments(struct fxm_page *folio, unsigned start1, unsigned end1, unsigned start2, unsigned end2);
FXM_API void fxm_k_folio_zero_segment(struct fxm_page *folio, unsigned start, unsigned end);
FXM_API void fxm_k_folio_zero_range(struct fxm_page *folio, unsigned start, unsigned length);

/** readb() to readq() and their writes through a mapping; an access that faults is an oops. @width in bytes. */
FXM_API uint64_t fxm_k_mmio_read(const volatile void *address, unsigned width);
FXM_API void fxm_k_mmio_write(volatile void *address, unsigned width, uint64_t value);

/** PKMAP_NR() of a pointer that kmap() gave; the address of slot @nr, which is that pointer while the slot is mapped. */
FXM_API unsigned long fxm_k_pkmap_nr(unsigned long address);
FXM_API unsigned long fxm_k_pkmap_addr(unsigned nr);

/**
 * What code that was compiled with checks calls before each load and store (<fxm/checks.h>), with the address and, N, the size: the
 * access is judged as the simulated hardware and kernel would. Returns when it may be made. Errors: an oops ends the task.
 */
FXM_API void fxm_k_load1(uintptr_t address);
FXM_API void fxm_k_load2(uintptr_t address);
FXM_API void fxm_k_load4(uintptr_t address);
FXM_API void fxm_k_load8(uintptr_t address);
FXM_API void fxm_k_load16(uintptr_t address);
FXM_API void fxm_k_loadN(uintptr_t address, size_t size);
FXM_API void fxm_k_store1(uintptr_t address);
FXM_API void fxm_k_store2(uintptr_t address);
FXM_API void fxm_k_store4(uintptr_t address);
FXM_API void fxm_k_store8(uintptr_t address);
FXM_API void fxm_k_store16(uintptr_t address);
FXM_API void fxm_k_storeN(uintptr_t address, size_t size);
/** Before a call that does not return. */
FXM_API void fxm_k_no_return(void);

/** The C library's functions, after their accesses were judged as the caller's own. */
FXM_API void *fxm_k_memcpy(void *to, const void *from, size_t size);
FXM_API void *fxm_k_memmove(void *to, const void *from, size_t size);
FXM_API void *fxm_k_memset(void *to, int byte, size_t size);
FXM_API void *fxm_k_memchr(const void *at, int byte, size_t size);
FXM_API int fxm_k_memcmp(const void *a, const void *b, size_t size);
FXM_API size_t fxm_k_strlen(const char *text);
FXM_API size_t fxm_k_strnlen(const char *text, size_t max);
FXM_API char *fxm_k_strcpy(char *to, const char *from);
FXM_API char *fxm_k_strncpy(char *to, const char *from, size_t size);
FXM_API char *fxm_k_strcat(char *to, const char *from);
FXM_API char *fxm_k_strncat(char *to, const char *from, size_t size);
FXM_API int fxm_k_strcmp(const char *a, const char *b);
FXM_API int fxm_k_strncmp(const char *a, const char *b, size_t max);
FXM_API int fxm_k_strcasecmp(const char *a, const char *b);
FXM_API int fxm_k_strncasecmp(const char *a, const char *b, size_t max);
FXM_API char *fxm_k_strchr(const char *text, int c);
FXM_API char *fxm_k_strrchr(const char *text, int c);
FXM_API char *fxm_k_strstr(const char *text, const char *part);
FXM_API char *fxm_k_strsep(char **text, const char *ends);
FXM_API size_t fxm_k_strspn(const char *text, const char *set);
FXM_API size_t fxm_k_strcspn(const char *text, const char *set);
FXM_API char *fxm_k_strpbrk(const char *text, const char *set);

/** An access that begins at @address will run off its page: a finding if that is a mapping of one page, next to another. */
FXM_API void fxm_k_check_span(const void *address, int is_write);
/**
 * The same of an access at @address by a pointer that does not reach so far: it begins behind its page, or in it. @size in bytes, 0
 * if that is not known. @site: where it is.
 */
FXM_API void fxm_k_check_reach(const void *address, unsigned long size, int is_write, const void *site);
FXM_API void fxm_k_flush_tlb_one(unsigned long address);
FXM_API void fxm_k_flush_tlb_all(void);

FXM_API int fxm_k_preempt_count(void);
FXM_API int fxm_k_pagefault_count(void);

/**
 * What waiting in the kernel is made of. A queue is an address: that of a wait queue, a completion, a lock. set_state(): what
 * set_current_state() is, 0 being TASK_RUNNING. prepare_to_wait(): puts the task on @queue and sets its state; from then on a
 * wake-up is not lost. @what is the name of the call, for reports. finish_wait(): off the queue, and running. wait_queue(): on it
 * or off it, no more. wake_up() wakes all tasks on @queue that have set their state.
 */
FXM_API void fxm_k_set_state(unsigned state);
FXM_API void fxm_k_prepare_to_wait(const void *queue, unsigned state, const char *what);
FXM_API void fxm_k_finish_wait(const void *queue);
FXM_API void fxm_k_wait_queue(const void *queue, bool on);
FXM_API void fxm_k_wake_up(const void *queue);
FXM_API bool fxm_k_has_waiter(const void *queue);
FXM_API void fxm_k_might_sleep(const char *where);
FXM_API void fxm_k_might_fault(const char *where);
/** @what, which is right only while preemption is disabled, is used; @what, which is for disabled page faults, is. */
FXM_API void fxm_k_check_preemptible(const char *what);
FXM_API void fxm_k_check_inatomic(const char *what);

/**
 * Simulated time: a jiffy passes with every 100 calls of fxm_k_schedule() and with every 1000 of fxm_k_jiffies(), and when all
 * tasks sleep it is the time of the next timer. fxm_k_schedule_timeout(): sleeps as long at most, in jiffies; returns what is left
 * of it.
 */
FXM_API unsigned long fxm_k_jiffies(void);
FXM_API long fxm_k_schedule_timeout(long timeout);

/** What a struct timer_list holds. @fn is called with @arg in softirq context, once for each start. The rest is the library's. */
struct fxm_k_timer {
	void (*fn)(void *arg);
	void *arg;
	unsigned long expires;
	struct fxm_k_timer *next;
	uint64_t site;
	uint32_t cpu, pending;
};

/** mod_timer() / del_timer(): whether it was pending. A timer runs on the vCPU that started it. */
FXM_API int fxm_k_mod_timer(struct fxm_k_timer *timer, unsigned long expires);
FXM_API int fxm_k_del_timer(struct fxm_k_timer *timer);

/** What a struct tasklet_struct holds. Does not run while @disabled is not 0. */
struct fxm_k_tasklet {
	void (*fn)(void *arg);
	void *arg;
	struct fxm_k_tasklet *next;
	uint32_t cpu, pending;
	int disabled;
};
FXM_API void fxm_k_tasklet_schedule(struct fxm_k_tasklet *tasklet);
FXM_API void fxm_k_tasklet_kill(struct fxm_k_tasklet *tasklet);
FXM_API void fxm_k_local_bh_disable(void);
FXM_API void fxm_k_local_bh_enable(void);

/** struct workqueue_struct; NULL stands for the system's. Of an ordered one, one item runs at a time. */
struct fxm_k_workqueue {
	bool is_ordered;
};

/** What a struct work_struct holds: @fn is called with @arg in a thread, once for each queueing. The rest is the library's. */
struct fxm_k_work {
	void (*fn)(void *arg);
	void *arg;
	struct fxm_k_work *next;
	struct fxm_k_workqueue *queue;
	uint64_t site;
	uint32_t pending;
};

/** Whether it was not queued yet / was queued or ran / was queued. flush waits until it has run. */
FXM_API bool fxm_k_queue_work(struct fxm_k_workqueue *queue, struct fxm_k_work *work);
FXM_API bool fxm_k_flush_work(struct fxm_k_work *work);
FXM_API bool fxm_k_cancel_work(struct fxm_k_work *work);
FXM_API void fxm_k_flush_workqueue(struct fxm_k_workqueue *queue);
/** NULL without memory. Ownership: the caller's, until fxm_k_destroy_workqueue(), which flushes it first. */
FXM_API struct fxm_k_workqueue *fxm_k_alloc_workqueue(bool is_ordered);
FXM_API void fxm_k_destroy_workqueue(struct fxm_k_workqueue *queue);

/** An interrupt handler; that of a kernel up to 2.6.18 gets a third argument, NULL. */
typedef int (*fxm_k_irq_fn)(int irq, void *dev, void *regs);

/**
 * request_irq() / free_irq(). An injected hard interrupt runs all handlers, in the order of the requests, by way of
 * fxm_inject_handler_set(). Errors: -EINVAL no handler, -EBUSY the number is taken, -ENOMEM.
 */
FXM_API int fxm_k_request_irq(unsigned irq, fxm_k_irq_fn handler, void *dev);
FXM_API void fxm_k_free_irq(unsigned irq, const void *dev);

/** A lock word: spinlock_t and struct mutex hold one. All zero: free. */
struct fxm_k_lock {
	uint32_t taken;
	const void *holder; /**< the task */
};

FXM_API void fxm_k_spin_lock(struct fxm_k_lock *lock);
FXM_API int fxm_k_spin_trylock(struct fxm_k_lock *lock);
FXM_API void fxm_k_spin_unlock(struct fxm_k_lock *lock);
FXM_API void fxm_k_mutex_lock(struct fxm_k_lock *lock, const char *where);
FXM_API int fxm_k_mutex_trylock(struct fxm_k_lock *lock);
FXM_API void fxm_k_mutex_unlock(struct fxm_k_lock *lock);

/** `struct task_struct`: the calling task's comm and pid, and room for what headers add. Lives as long as the task. */
struct fxm_k_current {
	int pid;
	char comm[16];
	uint64_t fields[61]; /**< zero at first */
};
FXM_API struct fxm_k_current *fxm_k_current(void);

/** The task after @before in the order in which they came, NULL after the last; @before NULL: the first. */
FXM_API struct fxm_k_current *fxm_k_next_task(const struct fxm_k_current *before);

/**
 * kthread_create() and relatives. A thread runs on its creator's vCPU, and only while others there give the CPU away: in
 * fxm_k_schedule(), and in all that waits. Errors: a negative errno value as a pointer; -EINTR from stop: a BUG ended it.
 */
FXM_API struct fxm_k_current *fxm_k_kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
FXM_API void fxm_k_wake_up_process(struct fxm_k_current *task);
FXM_API bool fxm_k_kthread_should_stop(void);
/** The calling thread ends, with @result for kthread_stop(); in a task that is no kernel thread, that task ends. */
FXM_API void fxm_k_kthread_exit(long result) __attribute__((noreturn));
FXM_API int fxm_k_kthread_stop(struct fxm_k_current *task);

/**
 * per_cpu_ptr(): @cpu's copy of what @object, of the area from @begin to @end, is for CPU 0. The copies are made at the first
 * call, equal to the area then. fxm_k_alloc_percpu(): an area of its own, zero; NULL without memory.
 */
FXM_API void *fxm_k_per_cpu_ptr(const void *object, unsigned cpu, const void *begin, const void *end);
FXM_API void *fxm_k_alloc_percpu(size_t size, size_t align);
FXM_API void fxm_k_free_percpu(void *area);

/** BUG() / WARN() at @where ("FILE:LINE"). */
FXM_API void fxm_k_bug(const char *where) __attribute__((noreturn));
FXM_API void fxm_k_warn(const char *where, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The call named @function, which this kernel version does not have: says which do, then BUG. */
FXM_API void fxm_k_missing(const char *function) __attribute__((noreturn));

/* ---- files ---- */

/**
 * proc_create() and its kin: adds a file; a NULL @ops makes a folder. fxm_k_file_remove() takes what is below it too.
 * Errors: -EEXIST, -ENOENT to remove what is not there, -EINVAL no path, -ENOMEM. @path is copied; @ops and @object are the
 * caller's.
 */
FXM_API int fxm_k_file_add(const char *path, const struct fxm_file_ops *ops, void *object);
FXM_API int fxm_k_file_remove(const char *path);

/** Memory for what a header keeps of a file: zero, and no allocation of the module's. fxm_k_file_forget() may get NULL. */
FXM_API void *fxm_k_file_object(size_t size);
FXM_API void fxm_k_file_forget(void *object);

/**
 * register_chrdev_region(), or alloc_chrdev_region() with a @major of 0: the major number, or -EBUSY, -ENOMEM.
 * fxm_k_cdev_add(): what is behind @count devices from (@major, @minor) on; /dev/NAME appears, of the region's name, as a user
 * would make it with mknod. fxm_k_cdev_node(): /dev/@name for one of them, as device_create() asks udev for it.
 */
FXM_API int fxm_k_cdev_region(unsigned major, unsigned minor, unsigned count, const char *name);
FXM_API void fxm_k_cdev_region_end(unsigned major, unsigned minor);
FXM_API int fxm_k_cdev_add(unsigned major, unsigned minor, unsigned count, const struct fxm_file_ops *ops, void *object);
FXM_API void fxm_k_cdev_remove(const void *object);
FXM_API void fxm_k_cdev_remove_all(unsigned major); /**< unregister_chrdev(): devices, files and regions of that number */
FXM_API int fxm_k_cdev_node(unsigned major, unsigned minor, const char *name);
FXM_API void fxm_k_cdev_node_end(unsigned major, unsigned minor);

#ifdef __cplusplus
}
#endif

#endif
