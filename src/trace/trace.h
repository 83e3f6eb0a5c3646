/* SPDX-License-Identifier: MIT */
#ifndef FXMI_TRACE_H
#define FXMI_TRACE_H

/*
 * The room `trace`: what operations do, as lines (doc/trace-format.md), and the TLB flushes, which a line tells of. An operation
 * begins and ends in the same function, on the operating stack. Nothing here changes what the kernel does.
 *
 * Lock order: trace.op_lock is the outermost of all; trace.lock is a leaf.
 */

#include "state.h"

/* What a helper of linux/highmem.h did so far. Its maps belong to its line and make none of their own. */
struct fxmi_helper {
	const struct fxm_page *source; /* src=, or NULL */
	unsigned maps;		       /* calls that returned */
	char calls[256];	       /* +ADDRESS and -ADDRESS in order */
};

/* A traced operation: lives on the operating stack between begin and end. */
struct fxmi_op {
	const char *name;
	char prot[20];		     /* kmap_atomic_prot: what stands behind the name, ":RO" */
	const struct fxm_page *page; /* ARG */
	uint64_t address;	     /* RET, or the address passed */
	char detail[112];	     /* k=v fields known before the operation (type=, name= fix= phys= prot=), "" if none */
	char tlb[3072];		     /* what was flushed so far, joined by + */
	char expects[512];	     /* lines of the reports so far */
	char cache[256];	     /* cache= of an architecture that writes caches back, "" if nothing was */
	int flushed;		     /* slots freed by flush_all_zero_pkmaps */
	bool slept;		     /* kmap: kmap-enter was written */
	struct fxmi_helper *helper;  /* of a page helper */
	struct fxmi_op *outer;
};

/* True when @cpu's machine is being traced. */
FXMI_INLINE bool fxmi_tracing(const struct fxm_vcpu *cpu)
{
	return fxmi_rare(cpu) & FXMI_RARE_TRACE;
}

/* Begins an operation; without tracing only marks @op as unused. Every begin is paired with one end, or dies with its task. */
void fxmi_op_begin(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, const struct fxm_page *page, uint64_t address);

/* The protection of a kmap_atomic_prot: ":RO", ":NC", or its bits. */
void fxmi_op_prot(struct fxm_vcpu *cpu, struct fxmi_op *op, uint64_t prot);

/* Ends it with the line of its family. */
void fxmi_op_end_kmap(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* kmap, kunmap, kmap_flush_unused */
void fxmi_op_end_atomic(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* kmap_atomic*, kunmap_atomic, peek */
void fxmi_op_end_fixmap(struct fxm_vcpu *cpu, struct fxmi_op *op, uint32_t index); /* set_fixmap*, clear_fixmap */
void fxmi_op_end_helper(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* the page helpers */
void fxmi_op_end_fields(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* kmap is about to sleep: kmap-enter and ev lines. After it the op goes on with an empty flush list. */
void fxmi_op_sleeps(struct fxm_vcpu *cpu, struct fxmi_op *op);

/* Before and after a sleep, resuming without kmap_lock: others' operations come in between. @op NULL: not traced. */
void fxmi_op_pause(struct fxm_vcpu *cpu, struct fxmi_op *op);
void fxmi_op_resume(struct fxm_vcpu *cpu, struct fxmi_op *op);

/* Notes a flush for tlb= / freed slots for flushed= in the operation in progress. */
void fxmi_op_tlb(struct fxm_vcpu *cpu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fxmi_op_flushed(struct fxm_vcpu *cpu, int slots);

/* Notes caches written back for cache=. No cache is modelled. */
void fxmi_op_cache(struct fxm_vcpu *cpu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A report happened: the `expect` line. @dies: the operation in progress ends here, as a `do` line. */
void fxmi_trace_report(struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *where, const struct fxm_fault *fault,
		       bool dies);

/* Another CPU came online. */
void fxmi_trace_cpu_online(struct fxm_vcpu *cpu);

/* A heading, when somebody traces. */
void fxmi_trace_mark(struct fxmi_kernel *k, const char *text);

/* Whether the writer and the operations in progress are what they should be. */
bool fxmi_trace_is_valid(struct fxmi_kernel *k);

int fxmi_trace_init(struct fxmi_kernel *k);
void fxmi_trace_free(struct fxmi_kernel *k);

/* The kernel has booted: begins what trace= asks for. Errors: the host's, of the file. */
int fxmi_trace_boot(struct fxmi_kernel *k);

/* Nobody listens, and nothing has a name: as before fxmi_trace_boot(). */
void fxmi_trace_reset(struct fxmi_kernel *k);

/* ---- the TLB flushes of the simulated kernel: what is traced, then what happens ---- */

/* __flush_tlb_one() on this CPU. */
FXMI_INLINE void fxmi_flush_tlb_one(struct fxm_vcpu *cpu, uint64_t va)
{
	if (fxmi_unlikely(fxmi_tracing(cpu)))
		fxmi_op_tlb(cpu, "one:%llx", (unsigned long long)va);
	fxmi_tlb_flush_one(cpu, va);
}

/* local_flush_tlb_kernel_range() of one base page, on this CPU (arm). */
FXMI_INLINE void fxmi_flush_tlb_local_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end)
{
	if (fxmi_unlikely(fxmi_tracing(cpu)))
		fxmi_op_tlb(cpu, "range:%llx-%llx", (unsigned long long)start, (unsigned long long)end);
	fxmi_tlb_flush_range(cpu, start, end);
}

/* flush_tlb_kernel_range() on all CPUs. */
void fxmi_flush_tlb_kernel_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end);

#endif
