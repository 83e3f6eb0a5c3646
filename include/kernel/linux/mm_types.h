/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MM_TYPES_H
#define FXM_KERNEL_LINUX_MM_TYPES_H

/* struct page: the library's struct fxm_page under the kernel's field names, the same object byte for byte. */

#include <asm/pgtable.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#if __has_include(<linux/rbtree_types.h>)
#include <linux/rbtree_types.h>
#endif

struct address_space;
struct dev_pagemap;
struct page_pool;

struct page {
	unsigned long flags; /* the top byte is the library's */
	union {
		struct {
			struct list_head lru;
			struct address_space *mapping;
			pgoff_t index;
			unsigned long private;
		};
		struct { /* where the page is network's */
			unsigned long pp_magic;
			struct page_pool *pp;
			unsigned long _pp_mapping_pad, dma_addr;
			union {
				unsigned long dma_addr_upper;
				atomic_long_t pp_frag_count;
			};
		};
		struct dev_pagemap *pgmap;
		unsigned long fxm_words[5];
	};
	atomic_t _mapcount;
	union {
		atomic_t _refcount;
		atomic_t _count; /* before 4.6 */
	};
	u64 fxm_internal;
};
_Static_assert(sizeof(struct page) == 64, "struct page is the library's struct fxm_page");

/* Names of user address spaces, which tasks here have none of: what file systems and their headers mention. */
typedef struct {
	unsigned long val;
} swp_entry_t;

/* a frame number with flags beside it */
typedef struct {
	u64 val;
} pfn_t;

/* part of a page */
struct page_frag {
	struct page *page;
	u32 offset, size;
};

typedef unsigned int zap_flags_t;
typedef unsigned int vm_fault_t;
typedef unsigned long vm_flags_t;
struct file;
struct vm_operations_struct;

struct mm_struct {
	unsigned long flags;
	spinlock_t page_table_lock;
	atomic_t mm_users, mm_count;
};

enum vm_fault_reason {
	VM_FAULT_OOM = 0x1,
	VM_FAULT_SIGBUS = 0x2,
	VM_FAULT_MAJOR = 0x4,
	VM_FAULT_HWPOISON = 0x10,
	VM_FAULT_SIGSEGV = 0x40,
	VM_FAULT_NOPAGE = 0x100,
	VM_FAULT_LOCKED = 0x200,
	VM_FAULT_RETRY = 0x400
};

#define VM_READ 0x1
#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define VM_SHARED 0x8
#define VM_MAYREAD 0x10
#define VM_MAYWRITE 0x20
#define VM_MAYEXEC 0x40
#define VM_MAYSHARE 0x80
#define VM_GROWSDOWN 0x100
#define VM_PFNMAP 0x400
#define VM_LOCKED 0x2000
#define VM_IO 0x4000
#define VM_SEQ_READ 0x8000
#define VM_RAND_READ 0x10000
#define VM_DONTCOPY 0x20000
#define VM_DONTEXPAND 0x40000
#define VM_ACCOUNT 0x100000
#define VM_NORESERVE 0x200000
#define VM_HUGETLB 0x400000
#define VM_SYNC 0x800000
#define VM_DONTDUMP 0x4000000
#define VM_MIXEDMAP 0x10000000
#define VM_HUGEPAGE 0x20000000
#define VM_NOHUGEPAGE 0x40000000

struct anon_vma;
struct vm_userfaultfd_ctx {
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct mm_struct *vm_mm;
	struct anon_vma *anon_vma;
	pgprot_t vm_page_prot;
	struct vm_userfaultfd_ctx vm_userfaultfd_ctx;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
};

struct vm_fault {
	struct vm_area_struct *vma;
	pgoff_t pgoff;
	unsigned long address;
	unsigned int flags;
	struct page *cow_page, *page;
};

enum page_entry_size { PE_SIZE_PTE, PE_SIZE_PMD, PE_SIZE_PUD };

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct vm_fault *fault);
	vm_fault_t (*huge_fault)(struct vm_fault *fault, enum page_entry_size size);
	vm_fault_t (*map_pages)(struct vm_fault *fault, pgoff_t first, pgoff_t last);
	vm_fault_t (*page_mkwrite)(struct vm_fault *fault);
	vm_fault_t (*pfn_mkwrite)(struct vm_fault *fault);
};

#ifdef FXM_K_LOCAL
/* One page, or the head of several: the same object again. */
struct folio {
	union {
		struct page page;
		struct {
			unsigned long flags;
			struct list_head lru;
			struct address_space *mapping;
			pgoff_t index;
			void *private;
			atomic_t _mapcount, _refcount;
		};
	};
};
_Static_assert(sizeof(struct folio) == sizeof(struct page), "a folio is its first page");
#define page_folio(p) ((struct folio *)compound_head(p))
#define folio_page(folio, n) (&(folio)->page + (n))
#endif

/* The same object under the library's name and back. */
#define FXM_K_PAGE(kernel_page) ((struct fxm_page *)(kernel_page))
#define FXM_K_FROM(library_page) ((struct page *)(library_page))

#endif
