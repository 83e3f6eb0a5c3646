/* SPDX-License-Identifier: MIT */
#ifndef OPS_H
#define OPS_H

/*
 * The fuzz target fuzz_ops: a run is one input, decoded into a machine and a sequence of operations on it, each done by the
 * library and by the reference model (tests/model/), and compared. Here: what a run knows, and what the parts offer. A part
 * uses those before it, and no other; fuzz_ops.c, the driver, reads the input and uses them all.
 *
 *   ops_compare.c    the library's state beside the model's, and what happens when they differ
 *   ops_interrupt.c  injected interrupts in the middle of an operation
 *   ops_machine.c    the machine and the model that the settings describe
 *   ops_arguments.c  calls without a vCPU, a page or a machine
 *   ops_access.c     reads and writes, through the TLB and through the window
 *   ops_predict.c    what a call of the simulated kernel should come to
 *   ops_perform.c    the call
 *   ops_actor.c      who makes it: an idle task or a fibre
 *   ops_call.c       the whole: predicted, made, compared
 */

#include <fixmap/fixmap.h>

#include "model.h"

enum {
	OPS_FIBRES = 8,
	OPS_RECENT = 16,
	OPS_HIGH_PAGES = 4160, /* highmem frames that a run uses, from the first one on */
	OPS_LOW_PAGES = 8,     /* lowmem frames, from OPS_LOW_PFN on */
	OPS_LOW_PFN = 0x8000,
	OPS_DATA = 8192,
	OPS_INJECTIONS = 32,
	OPS_INTERRUPTS = 1024,
};

struct ops_settings {
	const char *profile;
	bool pae, debug_highmem, debug_atomic_sleep, preempt_count, detect, trace, interrupt;
	unsigned nr_cpus, cpus;
	enum fxm_window_mode window;
};

/* What the library's report callback saw during one operation. */
struct ops_reports {
	unsigned count[FXM_REPORT_FINDING + 1];
	char where[96];	 /* of the last BUG */
	uint64_t silent; /* fxm_report_get_silent() when they began */
};

enum ops_kind {
	CALL_KMAP,
	CALL_KUNMAP,
	CALL_KMAP_HIGH,
	CALL_KUNMAP_HIGH,
	CALL_MAP_NEW_VIRTUAL,
	CALL_FLUSH_ALL_ZERO_PKMAPS,
	CALL_KMAP_FLUSH_UNUSED,
	CALL_PAGE_ADDRESS,
	CALL_SET_PAGE_ADDRESS,
	CALL_KMAP_TO_PFN,
	CALL_KMAP_ATOMIC,
	CALL_KMAP_ATOMIC_PROT,
	CALL_KMAP_ATOMIC_PFN,
	CALL_KUNMAP_ATOMIC,
	CALL_KMAP_LOCAL_PAGE,
	CALL_KMAP_LOCAL_PAGE_PROT,
	CALL_KMAP_LOCAL_PFN,
	CALL_KMAP_LOCAL_FOLIO,
	CALL_KUNMAP_LOCAL,
	CALL_IS_KMAP_ADDR,
	CALL_IDX_PUSH,
	CALL_IDX,
	CALL_IDX_POP,
	CALL_KMAP_ATOMIC_TYPE,
	CALL_KMAP_ATOMIC_PFN_TYPE,
	CALL_KUNMAP_ATOMIC_TYPE,
	CALL_KMAP_ATOMIC_TO_PFN,
	CALL___SET_FIXMAP,
	CALL_SET_FIXMAP,
	CALL_SET_FIXMAP_NOCACHE,
	CALL_SET_FIXMAP_IO,
	CALL_SET_FIXMAP_OFFSET,
	CALL_SET_FIXMAP_OFFSET_NOCACHE,
	CALL_SET_FIXMAP_OFFSET_IO,
	CALL_CLEAR_FIXMAP,
	CALL_VIRT_TO_FIX,
	CALL_FIX_TO_VIRT,
	CALL_PREEMPT_DISABLE,
	CALL_PREEMPT_ENABLE,
	CALL_PAGEFAULT_DISABLE,
	CALL_PAGEFAULT_ENABLE,
	CALL_IRQ_DISABLE,
	CALL_IRQ_ENABLE,
	CALL_ENTER,
	CALL_LEAVE,
	CALL_MIGHT_SLEEP,
	CALL_SCHEDULE,
	CALL_TLB_FLUSH_ONE,
	CALL_TLB_FLUSH,
	CALL_NOTHING, /* the task takes its seat and leaves it */
	CALL_WARN,
	CALL_BUG,
	CALL_OOPS,	 /* reads va and, when that faults, lets the kernel handle it */
	CALL_DEREFERENCE /* host code reads or writes 8 bytes at va */
};

struct ops_call {
	enum ops_kind kind;
	uint64_t pfn, va, pa, prot;
	uint32_t index; /* fixed address, km_type or context */
	bool write;	/* CALL_DEREFERENCE */
	/* what came of it */
	uint64_t address;
	int64_t value;
};

enum ops_end { ENDED_WELL, ENDED_KILLED, ENDED_ASLEEP };

/* Who does an operation: the idle task of a vCPU, called by the driver itself, or a fibre. */
struct ops_actor {
	struct ops_run *run;
	unsigned cpu, task;	/* task: number in the model */
	struct fxm_task *fibre; /* NULL for idle tasks */
	struct ops_call call;
	bool asleep;
	bool quit;
	bool dies; /* does its next call outside fxm_task_run() */
	int status;
	bool done;
	struct fxm_counts counts; /* of a fibre, before it gave its seat up */
};

/* The window as a second TLB: what is resident in retain mode. */
struct ops_resident {
	bool is, writable;
	uint64_t pfn;
};

struct ops_injection {
	enum model_point point;
	enum model_context context;
	uint64_t first, every, passages;
};

struct ops_run {
	struct ops_settings set;
	void (*again)(struct ops_run *run); /* the driver's: the present input once more, with the record on */
	struct fxm_machine *m;
	struct model *model;
	unsigned cpus;
	struct ops_actor idle[MODEL_CPUS], fibre[OPS_FIBRES];
	struct ops_reports reports;
	unsigned switch_warnings; /* predicted for the context switches around one operation */
	unsigned held_by_ended;	  /* kmap_local mappings that fibres took with them */
	uint64_t recent[OPS_RECENT];
	unsigned nr_recent;
	uint64_t operations;
	struct ops_resident resident[MODEL_PAGES];
	/* injected interrupts of one operation, predicted and done, and the address that each maps (0: it maps nothing) */
	unsigned interrupts_predicted, interrupts_done;
	uint64_t interrupt_address[OPS_INTERRUPTS];
	struct ops_injection injections[OPS_INJECTIONS];
	unsigned nr_injections;
	uint64_t serial;
	unsigned char data[OPS_DATA];
};

/* ---- ops_compare.c ---- */

/* Ends the process after telling what differs. */
void ops_differ(struct ops_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* The entries of ascending addresses, read past the MMU. @t is zero before the first. */
struct ops_tables {
	const unsigned char *table;
	uint64_t end;
};

uint64_t ops_next_pte(const struct ops_run *run, struct ops_tables *t, uint64_t va);

void ops_compare_pte(struct ops_run *run, uint64_t va, const char *what);
void ops_compare_pool(struct ops_run *run);
void ops_compare_cpu(struct ops_run *run, unsigned cpu);
void ops_compare_everything(struct ops_run *run);

/* Starts recording; when something differs the record is printed as a trace. */
void ops_record_start(struct ops_run *run);

/* ---- ops_interrupt.c ---- */

/* From now on injected interrupts map and unmap a page; with set.interrupt a hard one comes wherever it can. */
void ops_interrupts_start(struct ops_run *run);

/* One more injection, and the end of them all. Not of a typed kernel. */
void ops_inject(struct ops_run *run, enum model_point point, enum model_context context, uint64_t first, uint64_t every);
void ops_inject_clear(struct ops_run *run);

/* Before and after each operation. */
void ops_interrupts_reset(struct ops_run *run);
void ops_compare_interrupts(struct ops_run *run, const char *what);

/* ---- ops_machine.c ---- */

/* False: the settings make no machine (which the caller takes as an input without meaning). */
bool ops_machine_make(struct ops_run *run);
void ops_machine_end(struct ops_run *run);

/* After the layout moved. */
void ops_machine_adopt(struct ops_run *run);

/* ---- ops_arguments.c ---- */

/* Calls everything with arguments that are none. */
void ops_bad_arguments(struct ops_run *run);

/* ---- ops_access.c ---- */

enum ops_access {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_READ_U64,
	ACCESS_WRITE_U64,
	ACCESS_TRANSLATE,
	ACCESS_FILL,
	ACCESS_COPY,
	ACCESS_MMIO
};

void ops_access(struct ops_run *run, unsigned cpu, enum ops_access access, uint64_t va, uint64_t from, size_t len, bool write);

/* What a dereference through the window comes to. False: not one that is made (it would write to somebody's frame). */
bool ops_predict_dereference(struct ops_run *run, unsigned cpu, const struct ops_call *call, bool *faults, uint64_t *expected);

/* A mapping of @va began or ended: what that does to the window. */
void ops_window_begin(struct ops_run *run, uint64_t va);

/* Whether simulated code may write to the frame. */
bool ops_may_write(const struct ops_run *run, uint64_t pfn);

/* ---- ops_predict.c ---- */

struct ops_prediction {
	struct model_result r;
	enum fxm_report_kind death; /* of a task that ends: BUG or OOPS */
};

/* Of @c on @cpu, where its actor sits. False: the call is not made. */
bool ops_predict(struct ops_run *run, unsigned cpu, const struct ops_call *c, struct ops_prediction *out);

/* ---- ops_perform.c ---- */

/* Makes the call of actor @arg, and leaves there what came of it. Returns 0, if it returns. */
int ops_perform(void *arg);

/* ---- ops_actor.c ---- */

/* Who the byte @who of the input means; creates the fibre when need be. */
struct ops_actor *ops_actor_of(struct ops_run *run, unsigned who, bool must_be_fibre);

/*
 * Makes @actor the model's task on its CPU for one operation; afterwards the seat is the idle task's again. Who sleeps and was
 * not woken does not get the seat.
 */
void ops_sit(struct ops_run *run, const struct ops_actor *actor);
void ops_stand_up(struct ops_run *run, const struct ops_actor *actor);

/* From now on reports are counted anew. */
void ops_begin_reports(struct ops_run *run);

/* How many reports were counted instead of made since the machine is there. */
uint64_t ops_silent(const struct ops_run *run);

/* Has @actor make @call / go on with the one that it sleeps in. */
enum ops_end ops_act(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call);
enum ops_end ops_resume(struct ops_run *run, struct ops_actor *actor);

/* The fibre ends: by itself, or (@killed) by a BUG that nobody catches. No-op for others and for sleepers. */
void ops_end_fibre(struct ops_run *run, struct ops_actor *actor, bool killed);

/* ---- ops_call.c ---- */

/* Predicts, makes and compares. A sleeping actor is resumed instead. */
void ops_do(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call);

/*
 * The same for a call whose only effect on the pool is a slot, without looking at the whole pool afterwards. False: it would
 * sleep.
 */
bool ops_do_quickly(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call);

bool ops_pool_is_full(const struct model *model);
const char *ops_name(enum ops_kind kind);

#endif
