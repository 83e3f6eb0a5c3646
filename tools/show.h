/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_SHOW_H
#define FXM_TOOLS_SHOW_H

/*
 * A trace as a story: after each operation every address that had to do with mappings so far, with who holds it, its entry, and
 * what each CPU's TLB has of it. show.c replays the trace and keeps that; show_text.c, show_svg.c and show_html.c draw it.
 */

#include "replay.h"

enum { SHOW_CPUS = 8 }; /* whose TLBs are shown */

/* What a CPU's TLB has of an address. */
struct show_tlb {
	char page[24]; /* the trace's name of the page; empty: nothing */
	bool is_stale; /* the page table has something else by now */
};

struct show_cell {
	fxm_va address;
	char where[48]; /* "FIX_KMAP_BEGIN+1", "pkmap slot 3" */
	char call[40];	/* that mapped it, while it is mapped; else empty */
	char by[40];	/* who holds it */
	char page[24];	/* what the entry maps; empty: nothing */
	fxm_pte entry;
	char words[96]; /* of the entry */
	char bits[96];	/* those that the operation set (+) and cleared (-) */
	unsigned users; /* kmap(): pkmap_count */
	bool is_changed;
	struct show_tlb tlb[SHOW_CPUS];
};

struct show_step {
	uint64_t number;
	char cpu[8], thread[20], context[8], call[48], page[24], address[24];
	char *report; /* NULL: nobody complained */
	struct show_cell *cell;
	size_t nr, room;
};

struct show {
	char title[256], profile[64];
	unsigned cpus;
	struct show_step *step; /* those from @from on */
	size_t nr, room;
	uint64_t from, most; /* asked for: the first operation, and how many */
	uint64_t operations; /* in the whole trace */
};

/* Replays @in, called @name, and keeps what @s asks for. 0, or 2 after a message. Free @s in both cases. */
int show_collect(struct show *s, FILE *in, const char *name, struct replay_options *options);
void show_free(struct show *s);

/* "operations 1 to 40 of 1000000", or "" when all are there. */
const char *show_extent(const struct show *s, char *buf, size_t size);

/* Each prints the whole story. Errors are @out's. */
void show_text(const struct show *s, FILE *out, bool has_colours);
void show_svg(const struct show *s, FILE *out);
void show_html(const struct show *s, FILE *out);

#endif
