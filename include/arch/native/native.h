/* SPDX-License-Identifier: MIT */
#ifndef FXM_ARCH_NATIVE_H
#define FXM_ARCH_NATIVE_H

/*
 * The machine under a kernel tree's passive code: the kernel's own names, compiled against the tree's headers, over the library's
 * functions. What the library looks at - who waits for whom, which lock is held, which page is mapped - goes through these, so that
 * its detectors see it.
 */

#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/version.h>

#define FXM_TREE_BEFORE(major, minor) (LINUX_VERSION_CODE < KERNEL_VERSION(major, minor, 0))

struct fxm_vcpu;
struct fxm_k_current {
	int pid;
	char comm[16];
	u64 fields[61]; /* the first one is ours: struct native_task */
};

/* Tasks, their states and their turns. */
struct fxm_vcpu *fxm_k_cpu(void);
unsigned int fxm_vcpu_id(const struct fxm_vcpu *cpu);
struct fxm_k_current *fxm_k_current(void);
struct fxm_k_current *fxm_k_kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...);
void fxm_k_wake_up_process(struct fxm_k_current *task);
bool fxm_k_kthread_should_stop(void);
void fxm_k_kthread_exit(long result) __noreturn;
int fxm_k_kthread_stop(struct fxm_k_current *task);
void fxm_k_set_state(unsigned int state);
void fxm_k_prepare_to_wait(const void *queue, unsigned int state, const char *what);
void fxm_k_finish_wait(const void *queue);
void fxm_k_wake_up(const void *queue);
void fxm_k_schedule(void);
long fxm_k_schedule_timeout(long timeout);
void fxm_k_might_sleep(const char *where);
unsigned long fxm_k_jiffies(void);

/* Counters and interrupts. */
void fxm_preempt_disable(struct fxm_vcpu *cpu);
void fxm_preempt_enable(struct fxm_vcpu *cpu);
void fxm_migrate_disable(struct fxm_vcpu *cpu);
void fxm_migrate_enable(struct fxm_vcpu *cpu);
void fxm_irq_disable(struct fxm_vcpu *cpu);
void fxm_irq_enable(struct fxm_vcpu *cpu);
bool fxm_irqs_disabled(const struct fxm_vcpu *cpu);
void fxm_k_local_bh_disable(void);
void fxm_k_local_bh_enable(void);

/* Locks: arch_spinlock_t, and the beginning of a struct mutex. */
struct fxm_k_lock;
void fxm_k_spin_lock(struct fxm_k_lock *lock);
int fxm_k_spin_trylock(struct fxm_k_lock *lock);
void fxm_k_spin_unlock(struct fxm_k_lock *lock);
void fxm_k_mutex_lock(struct fxm_k_lock *lock, const char *where);
int fxm_k_mutex_trylock(struct fxm_k_lock *lock);
void fxm_k_mutex_unlock(struct fxm_k_lock *lock);

/* Timers and work. */
struct fxm_k_timer {
	void (*fn)(void *arg);
	void *arg;
	unsigned long expires;
	struct fxm_k_timer *next;
	u64 site;
	u32 cpu, pending;
};
int fxm_k_mod_timer(struct fxm_k_timer *timer, unsigned long expires);
int fxm_k_del_timer(struct fxm_k_timer *timer);
struct fxm_k_workqueue;
struct fxm_k_work {
	void (*fn)(void *arg);
	void *arg;
	struct fxm_k_work *next;
	struct fxm_k_workqueue *queue;
	u64 site;
	u32 pending;
};
bool fxm_k_queue_work(struct fxm_k_workqueue *queue, struct fxm_k_work *work);
bool fxm_k_flush_work(struct fxm_k_work *work);
bool fxm_k_cancel_work(struct fxm_k_work *work);
void fxm_k_flush_workqueue(struct fxm_k_workqueue *queue);
struct fxm_k_workqueue *fxm_k_alloc_workqueue(bool is_ordered);
void fxm_k_destroy_workqueue(struct fxm_k_workqueue *queue);

/* Memory. */
struct page *fxm_k_alloc_pages(unsigned int gfp, unsigned int order);
void fxm_k_free_pages(struct page *page, unsigned int order);
void *fxm_k_kmalloc(size_t size, unsigned int gfp);
void *fxm_k_krealloc(const void *old, size_t size, unsigned int gfp);
void fxm_k_kfree(const void *object);
size_t fxm_k_ksize(const void *object);
void *fxm_k_vmalloc(const char *call, size_t size, unsigned int gfp);
void *fxm_k_kvmalloc(size_t size, unsigned int gfp);
void fxm_k_vfree(const void *address);
void fxm_k_kvfree(const void *address);
void *fxm_k_vmap(const char *call, const char *undo, struct page *const *pages, unsigned int n, u64 prot);
void fxm_k_vunmap(const char *call, const void *address);
struct page *fxm_k_vmalloc_to_page(const void *address);
bool fxm_k_is_vmalloc_addr(const void *address);
bool fxm_k_page_is_highmem(const struct page *page);
void *fxm_k_memremap(unsigned long long physical, size_t size, unsigned long flags);
void fxm_k_memunmap(const void *address);

/* Mappings. */
void *fxm_k_kmap_high(struct page *page);
void fxm_k_kunmap_high(struct page *page);
void *fxm_k_page_address(const struct page *page);
void fxm_k_set_page_address(struct page *page, void *address);
void fxm_k_kmap_flush_unused(void);
struct page *fxm_k_kmap_to_page(const void *address);
void *fxm_k_kmap_atomic_prot(struct page *page, u64 prot);
void *fxm_k_kmap_atomic_pfn(unsigned long pfn);
void fxm_k_kunmap_atomic(const void *address);
void *fxm_k_kmap_local_page_prot(struct page *page, u64 prot);
void *fxm_k_kmap_local_pfn(unsigned long pfn);
void fxm_k_kunmap_local(const void *address);
void fxm_k_zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2, unsigned int end2);
void *fxm_k_early_ioremap(unsigned long long physical, unsigned long size);
void *fxm_k_early_memremap(unsigned long long physical, unsigned long size);
void *fxm_k_early_memremap_ro(unsigned long long physical, unsigned long size);
void fxm_k_early_iounmap(const volatile void *address, unsigned long size);
void fxm_k_copy_from_early_mem(void *dest, unsigned long long physical, unsigned long size);
void fxm_k_early_ioremap_reset(void);

/* Text and the log. */
int fxm_k_vprintk(const char *fmt, va_list args);
int fxm_k_vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
void fxm_k_dump_stack(void);
void fxm_k_warn(const char *where, const char *fmt, ...);
void fxm_k_missing(const char *function) __noreturn;

/* What the tree's task_struct is for a task of the machine, and the other way round. */
struct task_struct *native_task(struct fxm_k_current *current_task);
struct fxm_k_current *native_current_of(struct task_struct *task);

#endif
