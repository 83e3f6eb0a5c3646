/* SPDX-License-Identifier: MIT */
/*
 * The story as a picture: a row for each address, a column for each operation. A box says which page the entry maps; it is filled
 * while somebody holds the mapping, and hollow where the entry was only left behind. Each page has a colour and its name, so the
 * picture can be read without the colours.
 */
#include "show.h"

#include <inttypes.h>
#include <string.h>

enum { LEFT = 250, TOP = 150, ROW = 26, COLUMN = 40, MARGIN = 12, LEGEND = 44, COLOURS = 8 };

/* The palette of Okabe and Ito, which the colour-blind can tell apart, and what is readable on each. */
static const struct {
	const char *fill, *text;
} palette[COLOURS] = {{"#e69f00", "#000"}, {"#56b4e9", "#000"}, {"#009e73", "#fff"}, {"#f0e442", "#000"},
		      {"#0072b2", "#fff"}, {"#d55e00", "#fff"}, {"#cc79a7", "#000"}, {"#bbbbbb", "#000"}};

static void put_xml(const char *text, FILE *out)
{
	for (; *text; text++) {
		const char *entity = *text == '<'   ? "&lt;"
				     : *text == '>' ? "&gt;"
				     : *text == '&' ? "&amp;"
				     : *text == '"' ? "&quot;"
						    : NULL;

		if (entity)
			fputs(entity, out);
		else if ((unsigned char)*text >= ' ')
			putc(*text, out);
	}
}

static unsigned colour_of(const char *page)
{
	unsigned n = 0;

	for (const char *p = page; *p; p++)
		n = n * 10 + (unsigned char)*p - '0';
	return n % COLOURS;
}

static void put_label(const struct show_cell *cell, size_t row, FILE *out)
{
	int y = TOP + (int)row * ROW;

	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\"><tspan class=\"a\">%0*" PRIx64 "</tspan> ", LEFT - 8, y + 17,
		cell->address.v >> 32 ? 16 : 8, cell->address.v);
	put_xml(cell->where, out);
	fputs("</text>\n", out);
}

static void put_title(const struct show_cell *cell, unsigned cpus, FILE *out)
{
	fputs("<title>", out);
	put_xml(*cell->words ? cell->words : "not present", out);
	if (*cell->call) {
		fputs("; ", out);
		put_xml(cell->call, out);
		if (*cell->by) {
			fputs(" by ", out);
			put_xml(cell->by, out);
		}
	}
	for (unsigned n = 0; n < cpus; n++)
		if (*cell->tlb[n].page)
			fprintf(out, "; TLB %u: %s%s", n, cell->tlb[n].page, cell->tlb[n].is_stale ? ", stale" : "");
	fputs("</title>", out);
}

static void put_cell(const struct show *s, const struct show_cell *cell, size_t row, size_t column, FILE *out)
{
	int x = LEFT + (int)column * COLUMN, y = TOP + (int)row * ROW;
	unsigned n, colour = colour_of(cell->page);
	bool is_stale = false;

	for (n = 0; n < s->cpus; n++)
		is_stale |= cell->tlb[n].is_stale;
	if (!*cell->page && !is_stale)
		return;
	fputs("<g>", out);
	put_title(cell, s->cpus, out);
	if (*cell->page) {
		fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"%s\"%s/>", x + 1, y + 2,
			COLUMN - 2, ROW - 4, *cell->call ? palette[colour].fill : "none", palette[colour].fill,
			*cell->call ? "" : " stroke-dasharray=\"3 2\"");
		fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">", x + COLUMN / 2, y + 17,
			*cell->call ? palette[colour].text : "#000");
		put_xml(strlen(cell->page) < 6 ? cell->page : cell->page + strlen(cell->page) - 5, out);
		fputs("</text>", out);
	}
	if (is_stale)
		fprintf(
		    out,
		    "<path d=\"M%d %dh10v10z\" fill=\"#000\"/><text class=\"s\" x=\"%d\" y=\"%d\" text-anchor=\"end\">stale</text>",
		    x + COLUMN - 11, y + 2, x + COLUMN - 2, y + ROW - 4);
	fputs("</g>\n", out);
}

static void put_column(const struct show *s, size_t column, size_t rows, FILE *out)
{
	const struct show_step *step = &s->step[column];
	int x = LEFT + (int)column * COLUMN, bottom = TOP + (int)rows * ROW;

	fprintf(out, "<g class=\"column\" data-step=\"%zu\"><rect class=\"hit\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
		column, x, MARGIN, COLUMN, bottom - MARGIN);
	fprintf(out, "<text x=\"%d\" y=\"%d\" transform=\"rotate(-60 %d %d)\"><tspan class=\"n\">%" PRIu64 "</tspan> ", x + 22,
		TOP - 24, x + 22, TOP - 24, step->number);
	put_xml(step->call, out);
	putc(' ', out);
	put_xml(step->page, out);
	fprintf(out, "</text><text class=\"n\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">cpu %s</text>", x + COLUMN / 2, TOP - 6,
		step->cpu);
	if (step->report) {
		fputs("<g><title>", out);
		put_xml(step->report, out);
		fprintf(out,
			"</title><path d=\"M%d %dl9 16h-18z\" fill=\"#d55e00\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\" "
			"fill=\"#fff\" font-weight=\"bold\">!</text></g>",
			x + COLUMN / 2, bottom + 4, x + COLUMN / 2, bottom + 18);
	}
	fputs("</g>\n", out);
}

void show_svg(const struct show *s, FILE *out)
{
	const struct show_step *last = &s->step[s->nr - 1];
	int width = LEFT + (int)s->nr * COLUMN + 140, height = TOP + (int)last->nr * ROW + LEGEND;
	char extent[80];

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n<title>",
		width, height, width, height);
	put_xml(s->title, out);
	fputs(" on ", out);
	put_xml(s->profile, out);
	fputs("</title>\n<style>.a{font-family:monospace}.n{fill:#555;font-size:10px}.s{font-size:8px}.hit{fill:none}"
	      ".row{stroke:#ddd}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      out);
	fprintf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">", MARGIN, MARGIN + 12);
	put_xml(s->profile, out);
	fprintf(out, "</text><text x=\"%d\" y=\"%d\" class=\"n\">", MARGIN, MARGIN + 28);
	put_xml(show_extent(s, extent, sizeof(extent)), out);
	fputs("</text>\n", out);
	for (size_t row = 0; row < last->nr; row++) {
		fprintf(out, "<path class=\"row\" d=\"M%d %dH%d\"/>\n", MARGIN, TOP + (int)row * ROW + ROW,
			LEFT + (int)s->nr * COLUMN);
		put_label(&last->cell[row], row, out);
	}
	for (size_t column = 0; column < s->nr; column++) {
		put_column(s, column, last->nr, out);
		for (size_t row = 0; row < s->step[column].nr; row++)
			put_cell(s, &s->step[column].cell[row], row, column, out);
	}
	fprintf(out,
		"<text x=\"%d\" y=\"%d\" class=\"n\">filled: mapped; dashed: the entry is still there; black corner: a TLB has "
		"something else; "
		"! : a report</text>\n</svg>\n",
		MARGIN, height - 10);
}
