/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_INTERNAL_H
#define REPLAY_INTERNAL_H

/*
 * The parts of the replayer, one file each: replay.c reads the records, replay_threads.c runs the threads, replay_ops.c does one
 * operation, replay_header.c checks what a machine looks like, replay_compare.c compares lines.
 */

#include "replay.h"
#include "trace_reader.h"

#include <fixmap/fixmap.h>

enum {
	REPLAY_MAX_NAME = 15,	  /* of a thread: comm's length */
	REPLAY_MAX_PAGE = 262143, /* largest page number */
	REPLAY_TAG_OFFSET = 64,
	REPLAY_MAX_ARGS = 4,
	REPLAY_LOWMEM_TAG = 2900, /* Qn holds this + n */
};

/* What the operation of a line needs from it, and what comes of it. */
struct replay_action {
	const struct replay_op_kind *kind;
	enum fxm_context context;
	bool irqs_on; /* a hard interrupt with interrupts enabled */
	struct fxm_page *page;
	uint64_t pfn;
	fxm_va va; /* the address passed */
	uint32_t fix, km_type;
	struct fxm_page *source;	/* src= */
	uint64_t size;			/* of an early mapping */
	uint64_t arg[REPLAY_MAX_ARGS]; /* of a page helper */
	bool has_type, has_prot;
	fxm_pa phys;
	fxm_pte prot;
	bool through_pointer; /* also read the tag as C code would */
	size_t access_bytes;  /* of a load or store */

	int error;     /* of the library's call */
	struct fxm_vcpu *cpu;
	fxm_va result; /* the mapping made, or looked at */
	bool was_read; /* tag_read holds the word read through the pointer, or what a load read */
	uint32_t tag_read;
};

/* What an operation takes from its line, and what it does to a mapping. */
enum {
	OP_PAGE = 0x1,	   /* ARG is a page */
	OP_ADDRESS = 0x2,  /* RET is the address passed */
	OP_FIX = 0x4,	   /* name= or fix= */
	OP_PHYS = 0x8,	   /* phys=, perhaps prot= */
	OP_TYPE = 0x10,	   /* type=, where the profile has km_type */
	OP_MAPS = 0x20,	   /* RET is a new mapping */
	OP_UNMAPS = 0x40,  /* RET is one no more */
	OP_LOOKS = 0x80,   /* RET is a mapping that is only looked at */
	OP_SLEEPS = 0x100, /* may put the thread to sleep */
	OP_ACCESS = 0x400, /* a load or store: the library makes no line of one that succeeds */
	OP_SIZE = 0x800,   /* size=, in hex */
	OP_SOURCE = 0x1000, /* src=, a page */
	OP_PROT = 0x4000,  /* a suffix names a protection */
	OP_HELPER = 0x2000, /* arguments of its own: replay_pages.c */
	OP_WAKES = 0x200,  /* not an operation: a sleeper that goes on */
};

struct replay_thread;

struct replay_op_kind {
	const char *name;
	unsigned flags;
	void (*perform)(struct fxm_vcpu *cpu, struct replay_action *a);
};

/* A thread of the trace: a fibre that does one action per turn. */
struct replay_thread {
	struct replay_thread *next;
	char name[REPLAY_MAX_NAME + 1];
	unsigned cpu;
	struct fxm_task *task;
	struct fxm_vcpu *vcpu;
	struct replay_action action;
	bool quit;
	bool in_kmap;		/* asleep in kmap(), or woken and not run yet */
	bool performed;		/* done with its action: it pauses */
	bool paused, leave;	/* on its CPU still; it shall yield */
	uint64_t slept;		/* when it went to sleep: the newest waiter wakes first */
	char *asleep;		/* the library's `ev` line of that, until the file's comes */
	unsigned long ended_at; /* line on which a BUG or an oops ended it; 0: alive */
};

/* A page of the trace. */
struct replay_page {
	struct fxm_page *page;
	uint64_t pfn;
	bool is_borrowed; /* a frame of the simulated kernel's own: no tag in it */
	fxm_va last;	  /* where it was mapped last: what an unmap line without address means */
};

/* Lines, one after the other, each with its NUL. */
struct replay_lines {
	char *text;
	size_t used, size;
};

enum replay_dialect {
	REPLAY_SCRIPT, /* no V line: written by hand */
	REPLAY_HOSTED, /* tags read through the PTE, every report announced; the library writes these too */
	REPLAY_BOOTED, /* tags read only through mappings that the script holds */
};

struct replay {
	struct replay_options opt;
	struct trace_reader reader;
	struct trace_line line; /* the record at hand */
	struct replay_result result;
	unsigned long shown;
	bool given_up; /* the rest is not replayed: a thread that it needs is gone */

	enum replay_dialect dialect;
	bool reports_count; /* an unannounced report is a difference */
	bool has_slept_in_atomic; /* "sleeping function called..." has been announced */
	struct fxm_config *config;
	struct fxm_machine *machine;
	const struct fxm_layout *layout;
	bool is_arm;	       /* arm or arm64 */
	bool contents_unknown; /* the trace does not say what its pages hold at first */
	bool has_helpers;      /* a page helper ran: contents are not what they were */
	const struct fxm_page *first_mapped; /* what sum2= means where there is no src= */
	uint64_t bts;			  /* bt records since the last other record */
	bool bt_has_prev_map;
	bool has_machine_line, has_window, irqs_on;
	bool tracing;
	FILE *copy;	    /* fill or record */
	bool copy_is_whole; /* the library writes the header of the copy */

	struct replay_thread *threads;
	uint64_t sleeps;
	int woken_together;	      /* how many waiters the last wake-up woke; -1: not counted yet */
	struct replay_page *pages[2]; /* Pn, Qn */
	size_t npages[2];
	size_t last_held;
	unsigned char *held; /* booted: mappings that the script holds, per page of the address space */

	struct replay_lines lines;   /* the library's, of the operation at hand */
	struct replay_lines expects; /* the file's expect lines for the next operation */
	bool out_of_memory;
	char told[512];			/* the last one's of the operation at hand, a finding's too; empty: none */
	char report[256];		/* the last report's message */
	size_t enums, kmtypes, fixptes; /* records seen */
	struct fxm_page *hw_page;	/* of the hw records of kmap */
	fxm_va hw_at;
	char version[3][8];		/* what the V line says of the machine: see check_version() */
	char phase[16];			/* that a mark has begun, and `end phase=` ends */
	uint64_t snapshot_slots;	/* state slot records since the last cursor record */
};

/* replay.c */

/* Counts a difference in @field of the line at hand and shows it. */
void replay_differ(struct replay *rp, const char *field, const char *expected, const char *got);
/* The same with numbers. */
void replay_differ_hex(struct replay *rp, const char *field, uint64_t expected, uint64_t got);
void replay_differ_count(struct replay *rp, const char *field, uint64_t expected, uint64_t got);

/* Gives the library's lines of the last turn, or the record at hand, to the copy (fill or record). */
void replay_copy_lines(struct replay *rp);
void replay_copy_record(struct replay *rp);

/* The tag of the page of the trace that is this frame, or -1. */
long replay_tag_of_frame(const struct replay *rp, uint64_t pfn);

/* The record at hand comes after early_ioremap_reset(), if the file's name says so. 0, or -1 with the reader's error. */
int replay_die_after_reset(struct replay *rp);

/* replay_threads.c */

/* An op or do record. 0, or -1 with the reader's error. */
int replay_do_operation(struct replay *rp);
/* An ev record. */
int replay_do_ev(struct replay *rp);
/* Gives woken waiters that no line speaks of their turn. */
int replay_run_woken(struct replay *rp);
/* Ends the threads' loops: before the machine goes. */
void replay_end_threads(struct replay *rp);
/* Frees the threads: after the machine has gone. */
void replay_free_threads(struct replay *rp);

/* replay_header.c */

/* Checks a layout, prot, enum, config, fixpte, kmtype or btslot record. 0, or -1 with the reader's error. */
int replay_check_header(struct replay *rp);
/* Checks a state record. */
int replay_check_state(struct replay *rp);
/* At the end of the trace: every enumerator of the library must have been in it. */
void replay_check_complete(struct replay *rp);

/* replay_tables.c */

/* Checks an hw, pmd, pte or linear record. 0, or -1 with the reader's error. */
int replay_check_tables(struct replay *rp);

/* replay_ops.c */

/* The operation called @name, or NULL. */
const struct replay_op_kind *replay_op_named(const char *name);
/* Reads what the operation on the line needs into @a. 0, or -1 with the reader's error. */
int replay_action_of(struct replay *rp, const struct trace_op *op, struct replay_action *a);
/* Does it, in its context. On the fibre. */
void replay_perform(struct fxm_vcpu *cpu, struct replay_action *a);
/* The page called @name, or NULL. */
struct replay_page *replay_page_named(struct replay *rp, const char *name);
/* "P12" as 0 and 12, "Q3" as 1 and 3. */
bool replay_page_name(const char *name, unsigned *family, size_t *number);

/* replay_pages.c */

/* The operation on early mappings or whole pages called @name, or NULL. */
const struct replay_op_kind *replay_page_op_named(const char *name);
/* Reads what such an operation needs. 0, or -1 with the reader's error. */
int replay_read_page_args(struct replay *rp, const struct trace_op *op, struct replay_action *a);
/* mark phase=@text. 0, or -1 with the reader's error. */
int replay_set_phase(struct replay *rp, const char *text);
/* Checks a bt record. 0, or -1 with the reader's error. */
int replay_check_bt(struct replay *rp);
/* After the last one of a list: it must have named every slot in use. */
void replay_end_bt(struct replay *rp);
/* Writes the contents that page @n of family @family starts with, its tag included. */
void replay_write_pattern(struct replay *rp, const struct replay_page *page, unsigned family, size_t n);
/* A content or fill record. 0, or -1 with the reader's error. */
int replay_do_content(struct replay *rp);

/* replay_compare.c */

/* A copy of @text, the caller's; NULL, and rp->out_of_memory, without memory. */
char *replay_keep(struct replay *rp, const char *text);

/* Compares an op, do or ev line of the library with the record at hand. */
void replay_compare(struct replay *rp, const char *ours, const struct replay_action *a);
/* Compares what a load read, of which the library makes no line, with the record at hand. */
void replay_compare_access(struct replay *rp, const struct trace_op *op, const struct replay_action *a);
/* Compares the library's expect lines with the announced ones. */
void replay_compare_reports(struct replay *rp);

/* The first line, the line after @line, NULL at the end. */
const char *replay_first_line(const struct replay_lines *lines);
const char *replay_next_line(const struct replay_lines *lines, const char *line);
/* The first of the lines that starts with word @kind, or NULL. */
const char *replay_line_of_kind(const struct replay_lines *lines, const char *kind);
/* Appends a line. False: no memory. */
bool replay_add_line(struct replay_lines *lines, const char *text);

#endif
