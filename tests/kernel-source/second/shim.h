/* SPDX-License-Identifier: MIT */
#ifndef SECOND_SHIM_H
#define SECOND_SHIM_H

/*
 * Under every header that mm/highmem.c and mm/early_ioremap.c include: the little that they use of each. unsigned long has 32
 * bits, as on the machine that the files are for; pointers are 64-bit ones that hold 32-bit addresses.
 */

#include "second.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned int gfp_t;

#ifdef CONFIG_X86_PAE
typedef u64 pteval_t;
typedef u64 phys_addr_t;
#else
typedef u32 pteval_t;
typedef u32 phys_addr_t;
#endif
typedef phys_addr_t resource_size_t;
typedef struct {
	pteval_t pte;
} pte_t;
typedef struct {
	u64 pgprot;
} pgprot_t;

#define __init
#define __initdata
#define __weak __attribute__((weak))
#define __iomem
#define __force
#define __read_mostly
#define __cacheline_aligned_in_smp
#define ____cacheline_aligned_in_smp
#define __must_check
#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)
#define early_param(name, fn) static int (*const unused_##fn)(char *) __attribute__((unused)) = (fn)
#define late_initcall(fn) static int (*const unused_##fn)(void) __attribute__((unused)) = (fn)
#define unlikely(x) (x)
#define likely(x) (x)
#define KERN_WARNING ""
#define IS_ENABLED_1(x) IS_ENABLED_2(PLACE_##x)
#define IS_ENABLED_2(one) IS_ENABLED_3(one 1, 0)
#define IS_ENABLED_3(ignored, value, ...) value
#define IS_ENABLED(option) IS_ENABLED_1(option)
#define PLACE_1 0,
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (x)
#define BUILD_BUG_ON(x) ((void)0)
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

extern struct second_host host;

#define WARN(cond, ...)                                                                                                            \
	({                                                                                                                         \
		bool warns_ = (cond);                                                                                              \
		if (warns_)                                                                                                        \
			host.warn();                                                                                               \
		warns_;                                                                                                            \
	})
#define WARN_ON(cond) WARN(cond, "")
#define WARN_ON_ONCE(cond)                                                                                                         \
	({                                                                                                                         \
		static bool warned_;                                                                                               \
		bool once_ = (cond);                                                                                               \
		if (once_ && !warned_) {                                                                                           \
			warned_ = true;                                                                                            \
			host.warn();                                                                                               \
		}                                                                                                                  \
		once_;                                                                                                             \
	})
#define BUG() (host.bug(), __builtin_unreachable())
#define BUG_ON(cond) ((cond) ? (void)BUG() : (void)0)

/* ---- pages ---- */

struct list_head {
	struct list_head *next, *prev;
};

struct page {
	char place;
};

extern struct page *mem_map;

#define PAGE_SHIFT 12
#define PAGE_SIZE (1u << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(p) ((u32)(uintptr_t)(p) & ~PAGE_MASK)
#define PAGE_OFFSET host.page_offset
#define page_to_pfn(page) ((u32)((page)-mem_map))
#define pfn_to_page(pfn) (mem_map + (u32)(pfn))
#define PageHighMem(page) (page_to_pfn(page) >= host.highmem_pfn)
#define lowmem_page_address(page) ((void *)(uintptr_t)(u32)(PAGE_OFFSET + (page_to_pfn(page) << PAGE_SHIFT)))
#define virt_to_page(va) pfn_to_page(((u32)(uintptr_t)(va)-PAGE_OFFSET) >> PAGE_SHIFT)
#define compound_nr(page) 1u
#define page_size(page) PAGE_SIZE
#define flush_dcache_page(page) ((void)0)
#define HASHED_PAGE_VIRTUAL
void *page_address(const struct page *page);
void set_page_address(struct page *page, void *virtual);
void page_address_init(void);
#define folio_page(folio, n) ((struct page *)(folio) + (n))
struct folio;

/* ---- entries ---- */

#define pte_val(x) ((x).pte)
#define ptep_get(at) (*(at)) /* 6.12, as is the next one */
#define zone_managed_pages(zone) 0ul
#define __pte(value) ((pte_t){(pteval_t)(value)})
#define __pgprot(value) ((pgprot_t){value})
#define pgprot_val(x) ((x).pgprot)
#define pte_none(x) (!pte_val(x))
#define pte_pfn(x) ((u32)((pte_val(x) & 0xffffffffff000ull) >> PAGE_SHIFT))
#define pte_page(x) pfn_to_page(pte_pfn(x))
#define set_pte_at(mm, va, ptep, value) (*(ptep) = (value))
#define pte_clear(mm, va, ptep) (*(ptep) = __pte(0))
#define virt_to_kpte(va) ((pte_t *)host.pte(va))
#define kmap_prot __pgprot(host.kmap_prot)
#define PAGE_KERNEL kmap_prot

static inline pte_t pfn_pte(u32 pfn, pgprot_t prot)
{
	return __pte((u64)pfn << PAGE_SHIFT | (prot.pgprot & 1 ? prot.pgprot & host.supported_mask : prot.pgprot));
}
#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), prot)

/* ---- areas ---- */

#define LAST_PKMAP_MASK (LAST_PKMAP - 1)
#define PKMAP_BASE host.pkmap_base
#define PKMAP_NR(va) (((va)-PKMAP_BASE) >> PAGE_SHIFT)
#define PKMAP_ADDR(nr) (PKMAP_BASE + ((u32)(nr) << PAGE_SHIFT))
#define __fix_to_virt(index) (host.fixaddr_top - ((u32)(index) << PAGE_SHIFT))
#define fix_to_virt(index) __fix_to_virt(index)
#define FIX_KMAP_BEGIN host.fix_kmap_begin
#define FIX_KMAP_END host.fix_kmap_end
#define FIX_BTMAP_BEGIN host.fix_btmap_begin
#define NR_FIX_BTMAPS 64
#define FIX_BTMAPS_SLOTS 8
#define FIXMAP_PAGE_IO __pgprot(host.fixmap_io)
#define FIXMAP_PAGE_NORMAL __pgprot(host.fixmap_normal)
#define FIXMAP_PAGE_RO __pgprot(host.fixmap_ro)
#define FIXMAP_PAGE_CLEAR __pgprot(0)
enum fixed_addresses { SOME_FIXED_ADDRESS };

/* arch/x86's: the static boot table, whose entries lack what paging_init() adds; then set_fixmap(). */
static inline void set_fixed(int index, phys_addr_t pa, u64 prot)
{
	pte_t *pte = host.pte(__fix_to_virt(index));

	*pte = __pte(prot ? pa | (prot & host.supported_mask) : 0);
	host.flush_one(__fix_to_virt(index));
}
#define __early_set_fixmap(index, pa, prot) set_fixed(index, pa, (prot).pgprot & host.early_mask)
#define __late_set_fixmap(index, pa, prot) set_fixed(index, pa, (prot).pgprot)
#define __late_clear_fixmap(index) set_fixed(index, 0, 0)

#define flush_cache_kmaps() ((void)0)
#define flush_tlb_kernel_range(start, end) host.flush_range(start, end)
#define arch_kmap_local_post_unmap(va) host.flush_one(va)

/* ---- contexts: one CPU at a time runs this ---- */

typedef int spinlock_t;
#define DEFINE_SPINLOCK(name) spinlock_t name
#define spin_lock(lock) ((void)(lock))
#define spin_unlock(lock) ((void)(lock))
#define spin_lock_irqsave(lock, flags) ((void)(flags = 0))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags))
#define spin_lock_init(lock) ((void)(lock))
typedef int wait_queue_head_t;
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name
#define DECLARE_WAITQUEUE(name, task) int name
#define TASK_UNINTERRUPTIBLE 2
#define __set_current_state(state) ((void)0)
#define add_wait_queue(queue, wait) ((void)(queue))
#define remove_wait_queue(queue, wait) ((void)(queue))
#define waitqueue_active(queue) ((void)(queue), 0)
#define wake_up(queue) ((void)(queue))
#define schedule() abort() /* nobody maps into a full pool here */
#define smp_processor_id() host.cpu()
#define might_sleep() ((void)0)
#define in_hardirq() (current->second->preempt & 0xf0000) /* of a count below 0, too */
#define irqs_disabled() 0

#include <asm-generic/kmap_size.h>

struct kmap_ctrl {
	int idx;
	pte_t pteval[KM_MAX_IDX];
};

struct task_struct {
	struct kmap_ctrl kmap_ctrl;
	struct second_task *second;
};

extern struct task_struct current_task;
#define current (&current_task)
#define preempt_disable() ((void)current->second->preempt++)
#define preempt_enable() ((void)current->second->preempt--)
#define migrate_disable() ((void)current->second->migrate++)
#define migrate_enable() ((void)current->second->migrate--)
#define pagefault_disable() ((void)current->second->pagefault++)
#define pagefault_enable() ((void)current->second->pagefault--)

/* ---- the rest ---- */

typedef struct {
	int counter;
} atomic_long_t;
#define atomic_long_read(v) ((v)->counter)
struct zone;
#define for_each_populated_zone(zone) for ((zone) = NULL; (zone);)
#define is_highmem(zone) 0
#define zone_page_state(zone, item) 0
enum { SYSTEM_BOOTING, SYSTEM_RUNNING };
#define system_state SYSTEM_BOOTING
#define hash_ptr(ptr, bits) ((unsigned)(((uintptr_t)(ptr)*0x61c8864680b583ebull) >> (64 - (bits))))
#define INIT_LIST_HEAD(head) ((head)->next = (head)->prev = (head))
#define list_empty(head) ((head)->next == (head))
#define list_for_each_entry(pos, head, member)                                                                                     \
	for (pos = container_of((head)->next, __typeof__(*pos), member); &pos->member != (head);                                   \
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->prev = head->prev;
	entry->next = head;
	head->prev->next = entry;
	head->prev = entry;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

/* What is copied out of an early mapping. */
#define memcpy(to, from, size) memcpy(to, host.frame((u32)(uintptr_t)(from)), size)

/* From here on the text is the kernel's. */
#define long int

#endif
