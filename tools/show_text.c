/* SPDX-License-Identifier: MIT */
/* The story as text: an operation, and below it the addresses that it changed. */
#include "show.h"

#include <inttypes.h>
#include <string.h>

/* Marks: a changed row, a stale TLB entry, a complaint. Each is a sign of its own, so that colours are not needed. */
static const char *const plain[] = {"", "", "", ""}, *const coloured[] = {"\033[0m", "\033[1m", "\033[33m", "\033[31m"};
enum { NORMAL, BOLD, AMBER, RED };

static void print_indented(const char *text, FILE *out)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		fprintf(out, "     ! %.*s\n", (int)strcspn(text, "\n"), text);
}

static void print_cell(const struct show *s, const struct show_cell *cell, const char *const *colour, FILE *out)
{
	fprintf(out, "     %0*" PRIx64 "  %-18s %-6s %016" PRIx64 "  %s", s->cpus && cell->address.v >> 32 ? 16 : 8,
		cell->address.v, cell->where, *cell->page ? cell->page : "-", cell->entry.v,
		*cell->words ? cell->words : "not present");
	if (*cell->bits)
		fprintf(out, "  %s(%s)%s", colour[BOLD], cell->bits, colour[NORMAL]);
	if (*cell->call)
		fprintf(out, "  %s%s%s", cell->call, *cell->by ? " by " : "", cell->by);
	if (cell->users)
		fprintf(out, ", count %u", cell->users);
	for (unsigned n = 0; n < s->cpus; n++) {
		const struct show_tlb *tlb = &cell->tlb[n];

		if (*tlb->page)
			fprintf(out, "  TLB %u: %s%s%s%s", n, tlb->is_stale ? colour[AMBER] : "", tlb->page,
				tlb->is_stale ? " STALE" : "", tlb->is_stale ? colour[NORMAL] : "");
	}
	putc('\n', out);
}

void show_text(const struct show *s, FILE *out, bool has_colours)
{
	const char *const *colour = has_colours ? coloured : plain;
	char extent[80];

	fprintf(out, "%s on %s", s->title, s->profile);
	if (*show_extent(s, extent, sizeof(extent)))
		fprintf(out, ", %s", extent);
	fprintf(out, "\n");
	for (size_t i = 0; i < s->nr; i++) {
		const struct show_step *step = &s->step[i];

		fprintf(out, "\n%s%4" PRIu64 "  CPU %s  %s%s%s  %s%s%s%s%s%s\n", colour[BOLD], step->number, step->cpu,
			step->thread, strcmp(step->context, "task") ? " in " : "",
			strcmp(step->context, "task") ? step->context : "", step->call, *step->page ? " " : "", step->page,
			*step->address ? "  " : "", step->address, colour[NORMAL]);
		if (step->report) {
			fputs(colour[RED], out);
			print_indented(step->report, out);
			fputs(colour[NORMAL], out);
		}
		for (size_t n = 0; n < step->nr; n++)
			if (step->cell[n].is_changed)
				print_cell(s, &step->cell[n], colour, out);
	}
}
