/* SPDX-License-Identifier: MIT */
#ifndef FXMI_RECORD_H
#define FXMI_RECORD_H

/*
 * What the library remembers of mappings: one record for each slot's last mapping, whatever family of calls made it. Faults, leaks,
 * detectors, the trace, the debugger and the public fxm_mapping_each() ask here, and never a family.
 *
 * A family is a group of calls that share slots: kmap(), the temporary mappings of this kernel's generation, early_ioremap(),
 * set_fixmap(), and those that take a part of the vmalloc area. It says which slot an address lies in and which of its mappings are
 * live; who mapped and unmapped is in its struct fxmi_records, which the calls write and this file reads.
 *
 * Invariants: a slot's serial grows by one with every mapping of the slot while detectors are on (k->record_sites), and with
 * nothing else; no two mappings of one slot have the same. (kmap_local's slots are counted task by task; no two tasks have the same
 * either.) mapped_at is the last mapping's. unmapped_at is whoever unmapped last, which is of that mapping only when the family
 * says that it is no longer live: so a map need not take it away.
 *
 * Context: readers take no lock and see each word as it stands; writers are the slot's owner: its CPU, its task, who raises the
 * count of a pkmap slot from 1 to 2.
 */

#include <fixmap/fixmap.h>
#include <sim.h>

struct fxmi_kernel;
struct fxmi_mapping;

/* ---- what is kept ---- */

/* The rest of a slot's record: what no fast path writes. Each part counts for the mapping of the serial beside it, and no other. */
struct fxmi_record {
	_Atomic uint64_t told;		/* serial << FXMI_MISTAKE_BITS | enum fxmi_mistake */
	_Atomic uint64_t holder_serial; /* of pid and comm */
	_Atomic uint64_t call_serial;	/* of call; otherwise the family's usual one */
	_Atomic(const char *) call;	/* "kmap_atomic_prot" */
	_Atomic int pid;
	_Atomic uint64_t comm[2];
};

/* The records of a run of slots. The fast forms write the first three arrays themselves. */
struct fxmi_records {
	uintptr_t *mapped_at;	/* who mapped last: a word for fxmi_noted() */
	uintptr_t *unmapped_at; /* who unmapped last */
	uint64_t *serial;	/* how many mappings there have been */
	struct fxmi_record *more;
	uint32_t nr;
};

int fxmi_records_init(struct fxmi_records *r, uint32_t nr);
void fxmi_records_free(struct fxmi_records *r);

/* The first @nr slots were never mapped. */
void fxmi_records_clear(struct fxmi_records *r, uint32_t nr);

/* Slot @n was mapped at @site by @task's @call (NULL: the family's usual one), or unmapped. A slot outside of @r is nobody's. */
void fxmi_record_map(struct fxmi_records *r, int64_t n, uintptr_t site, const struct fxm_task *task, const char *call);
void fxmi_record_unmap(struct fxmi_records *r, int64_t n, uintptr_t site);

/* @task is who holds what is mapped in slot @n, if nobody was noted: it leaves the CPU, or ends. */
void fxmi_record_keep_holder(struct fxmi_records *r, uint32_t n, const struct fxm_task *task);

/* Slot @n of @to goes on where slot @from_n of @from stands. */
void fxmi_record_copy(struct fxmi_records *to, uint32_t n, const struct fxmi_records *from, uint32_t from_n);

/* ---- what was told ---- */

/* Kinds of mistakes. A second one of the same kind about the same mapping is not told; another kind is. */
enum fxmi_mistake {
	FXMI_MISTAKE_ORDER = 1, /* an unmap call ended another mapping than it was given */
	FXMI_MISTAKE_STAYS = 2, /* an unmap call was given something else, and this one stays */
	FXMI_MISTAKE_LEAK = 4,
	FXMI_MISTAKE_SLEEP = 8,	 /* it made a section atomic, and somebody slept there */
	FXMI_MISTAKE_REUSE = 16, /* its slot has two users */
	FXMI_MISTAKE_FREE = 32,	 /* its page was freed */
	FXMI_MISTAKE_PREEMPTIBLE = 64, /* per-CPU data was used while it is mapped, as if it disabled preemption */
};
#define FXMI_MISTAKE_BITS 8

/* ---- one mapping ---- */

struct fxmi_mapping {
	const struct fxmi_family *family;
	uint64_t va; /* where it begins */
	uint64_t bytes;
	uint64_t pfn;	      /* of its first page, by the page table; UINT64_MAX: nothing is there */
	uint32_t slot;	      /* the family's number: pkmap slot, type, level, boot slot, fixed index */
	unsigned users;	      /* kmap(): how many; 0 elsewhere */
	uint64_t serial;      /* 0: the slot was never mapped, or nobody counts */
	int cpu_id;	      /* the CPU that the slot belongs to; -1: none */
	struct fxm_vcpu *cpu; /* the same; NULL: none, or not online */
	const char *call;     /* which call made it: "kmap_atomic" */
	const char *undo;     /* which call undoes it; NULL: the family's usual one */
	int pid;	      /* who holds it; 0: unknown */
	char comm[16];
	uintptr_t mapped_at, unmapped_at;   /* unmapped_at is 0 while it is live */
	bool is_live;			    /* made, and not undone */
	bool is_away;			    /* live, but its task is switched out: nothing is at the address */
	bool has_ended;			    /* its task has ended, and nobody can undo it */
	bool is_atomic;			    /* nobody may sleep while it is live */
	unsigned told;			    /* bits of enum fxmi_mistake */
	const struct fxmi_records *records; /* NULL: nothing is kept of it */
	uint32_t record;
};

typedef void fxmi_mapping_fn(const struct fxmi_mapping *at, void *arg);

/* What a family answers. One is chosen for each place in k->family when a machine is made. */
struct fxmi_family {
	const char *name; /* "kmap_atomic" */
	const char *noun; /* "level": what its slots are called */
	const char *call; /* which call makes its mappings, unless a record says another one */
	const char *undo; /* which call undoes them */
	bool is_set;	  /* its slots are set and cleared, rather than mapped and unmapped */
	bool has_sizes;	  /* a mapping is as large as its call says, and not one page */

	/* The last mapping of the slot that @va lies in, live or not; false: @va is in none of its slots. */
	bool (*at)(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out);

	/* Every live mapping, a task's or CPU's innermost last. */
	void (*each)(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg);

	/* A live mapping of frame @pfn. NULL: each() finds it. */
	bool (*of)(const struct fxmi_kernel *k, uint64_t pfn, struct fxmi_mapping *out);

	/* The innermost mapping that keeps @cpu's task from sleeping. NULL: none does. */
	bool (*innermost)(const struct fxm_vcpu *cpu, struct fxmi_mapping *out);

	/* The slot in words, for a sentence: "pkmap slot 3". */
	void (*describe)(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size);
};

/* The places, in the order in which an address is looked for. */
enum fxmi_family_place {
	FXMI_FAMILY_PKMAP,
	FXMI_FAMILY_TEMPORARY, /* typed, stack or local; NULL without the FIX_KMAP group */
	FXMI_FAMILY_EARLY,
	FXMI_FAMILY_FIXED,
	FXMI_FAMILY_AREA,
	FXMI_FAMILIES
};

/* ---- questions ---- */

/* The last mapping of the slot that @va lies in. False: @va is in no slot. */
bool fxmi_mapping_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out);

/* Whether something is mapped at @va, as its users understand it, and can be reached. */
bool fxmi_is_mapped(const struct fxmi_kernel *k, uint64_t va);

/* Calls @fn for each live mapping, family by family. */
void fxmi_mapping_each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg);

/* A live mapping of frame @pfn that @cpu can use: its own, else one that all share. */
bool fxmi_mapping_of(const struct fxm_vcpu *cpu, uint64_t pfn, struct fxmi_mapping *out);

/* The innermost mapping that makes @cpu atomic. */
bool fxmi_mapping_innermost(const struct fxm_vcpu *cpu, struct fxmi_mapping *out);

/* The call that undoes it: "kunmap_atomic". */
const char *fxmi_mapping_undo(const struct fxmi_mapping *m);

/* It has been told about: what comes of that mistake is no second report. */
void fxmi_mapping_tell(const struct fxmi_mapping *m, enum fxmi_mistake kind);

/* The same of the last mapping of the slot that @va lies in. */
void fxmi_tell(const struct fxmi_kernel *k, uint64_t va, enum fxmi_mistake kind);

/* "pkmap slot 3", "kmap_local slot 1 of CPU 0", "fixed address 1534 (FIX_BTMAP_BEGIN+2)". */
void fxmi_mapping_describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size);

/* ---- for the families ---- */

/* Fills in what the records say: serial, places, call, holder, told. @m's is_live, records and record are set. */
void fxmi_mapping_fill(struct fxmi_mapping *m);

/* A slot of the FIX_KMAP group. */
struct fxmi_slot {
	struct fxm_vcpu *cpu; /* NULL: not online */
	unsigned cpu_id;
	int level; /* or type */
};

/* The slot that @va lies in; false when it lies outside the group. */
bool fxmi_slot_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_slot *out);

#endif
