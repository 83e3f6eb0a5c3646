/* SPDX-License-Identifier: MIT */
#ifndef FXM_MMU_H
#define FXM_MMU_H

/*
 * Explicit access to simulated memory: every load and store goes through the vCPU's TLB and, on a miss, a page-table walk of
 * the entries in simulated frames, exactly as a CPU does it. An entry that nobody flushed still translates. All functions take
 * the vCPU whose TLB is used; one host thread at a time per vCPU. None of them reports or ends a task: a fault is the return
 * value -EFAULT and fxm_get_last_fault(); fxm_oops() (report.h) makes a kernel's oops of it.
 *
 * Of all, unless a function says otherwise: Context: the thread that sits on the vCPU. Addresses are simulated virtual ones,
 * lengths bytes, buffers the host's. Models nothing of the kernel: this is the CPU.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fxm_access { FXM_READ, FXM_WRITE, FXM_EXEC };

/** Why an access faulted. The values of `code` are x86's error code bits: 1 protection, 2 write, 4 user, 8 reserved, 16 fetch. */
struct fxm_fault {
	fxm_va address;
	enum fxm_access access;
	uint32_t code;
	bool present;  /**< the leaf entry was present: the fault is one of permission */
	fxm_pte pte;   /**< leaf entry met, or the last entry of the walk */
	unsigned level; /**< level of that entry: 0 the root table, rising */
};

/**
 * Reads / writes @len bytes at @va, page by page. Sets ACCESSED and, for writes, DIRTY.
 * Errors: -EFAULT (bytes before the faulting page were transferred; fxm_get_last_fault() tells), -EINVAL null pointer.
 */
FXM_API int fxm_read(struct fxm_vcpu *cpu, fxm_va va, void *buf, size_t len);
FXM_API int fxm_write(struct fxm_vcpu *cpu, fxm_va va, const void *buf, size_t len);

/**
 * One naturally aligned or unaligned 8-byte load / store: the fast form, which does not check its pointers. Errors: -EFAULT,
 * as fxm_read().
 */
FXM_API int fxm_read_u64(struct fxm_vcpu *cpu, fxm_va va, uint64_t *value);
FXM_API int fxm_write_u64(struct fxm_vcpu *cpu, fxm_va va, uint64_t value);

/**
 * Copies @len bytes from @src to @dst (both simulated; may lie in the same page only when not overlapping). Errors: as
 * fxm_read().
 */
FXM_API int fxm_copy(struct fxm_vcpu *cpu, fxm_va dst, fxm_va src, size_t len);

/** Fills @len bytes at @va with @byte. Errors: as fxm_write(). */
FXM_API int fxm_fill(struct fxm_vcpu *cpu, fxm_va va, int byte, size_t len);

/** Translates @va for @access without touching the memory (but as the access would: TLB fill, ACCESSED, DIRTY). Errors: -EFAULT. */
FXM_API int fxm_translate(struct fxm_vcpu *cpu, fxm_va va, enum fxm_access access, fxm_pa *out);

/** Gives the fault of the last access on @cpu that returned -EFAULT. */
FXM_API void fxm_get_last_fault(const struct fxm_vcpu *cpu, struct fxm_fault *out);

#define FXM_WALK_LEVELS 5

/** A page-table walk, level by level. */
struct fxm_walk {
	unsigned levels; /**< entries filled in below, up to FXM_WALK_LEVELS; 0: no address of this machine (not canonical) */
	struct {
		const char *name; /**< "pgd", "pmd", "pte", ... */
		fxm_pa entry_at;  /**< physical address of the entry */
		fxm_pte entry;
		bool present;
		bool leaf; /**< maps memory: a page or a large page */
	} level[FXM_WALK_LEVELS];
	bool mapped;	     /**< the last level is present and a leaf */
	fxm_pa pa;	     /**< when mapped: what @va translates to */
	uint64_t size_bytes; /**< when mapped: of the (large) page */
	bool writable, user, executable, global;
};

/** Walks the kernel page table for @va, past every TLB, changing nothing. Context: any thread. */
FXM_API void fxm_walk(struct fxm_machine *m, fxm_va va, struct fxm_walk *out);

/** The leaf entry for @va (a large-page leaf included), 0 when some level above is not present. As fxm_walk(). */
FXM_API fxm_pte fxm_pte_at(struct fxm_machine *m, fxm_va va);

/**
 * Writes the set bits of @entry in words ("P RW A D G", ...) into @buf of @size bytes, as the machine's page-table format names
 * them.
 */
FXM_API void fxm_pte_describe(const struct fxm_machine *m, fxm_pte entry, bool leaf_above_pte, char *buf, size_t size);

/** Whether @cpu's TLB holds an entry for the page of @va, and if so which frame it translates to. Models nothing; for tests. */
FXM_API bool fxm_tlb_lookup(const struct fxm_vcpu *cpu, fxm_va va, fxm_pa *out);

/**
 * Flushes one page / everything (global entries too) from @cpu's TLB. Models __flush_tlb_one(), __flush_tlb_global() of
 * arch/x86/mm/tlb.c, 2.6.12 to 6.12.
 */
FXM_API void fxm_tlb_flush_one(struct fxm_vcpu *cpu, fxm_va va);
FXM_API void fxm_tlb_flush(struct fxm_vcpu *cpu);

#ifdef __cplusplus
}
#endif

#endif
