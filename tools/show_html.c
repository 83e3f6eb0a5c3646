/* SPDX-License-Identifier: MIT */
/* The story as one page of HTML: show_page.html with the picture and the steps put in. */
#include "show.h"

#include <fixmap/json.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* show_page.html, from the build. */
static const char page[] = {
#include "show_page.inc"
    , 0};

/* A string of JSON that may stand inside a script: no "<" ends that. */
static void put_string(const char *name, const char *text, FILE *out)
{
	int size = fxm_json_quote(text, NULL, 0) + 1;
	char *quoted = size > 0 ? malloc((size_t)size) : NULL;

	fprintf(out, "\"%s\":", name);
	if (!quoted) {
		fputs("\"\"", out);
		return;
	}
	fxm_json_quote(text, quoted, (size_t)size);
	for (const char *p = quoted; *p; p++)
		if (*p == '<')
			fputs("\\u003c", out);
		else
			putc(*p, out);
	free(quoted);
}

struct text {
	const char *name, *text;
};

static void put_strings(const struct text *texts, size_t nr, FILE *out)
{
	for (size_t i = 0; i < nr; i++) {
		putc(',', out);
		put_string(texts[i].name, texts[i].text, out);
	}
}
#define PUT_STRINGS(out, ...)                                                                                                      \
	put_strings((const struct text[]){__VA_ARGS__}, sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text), out)

static void put_cell(const struct show *s, const struct show_cell *cell, FILE *out)
{
	fprintf(out, "{\"address\":\"%0*" PRIx64 "\",\"entry\":\"%0*" PRIx64 "\",\"users\":%u,\"changed\":%s",
		cell->address.v >> 32 ? 16 : 8, cell->address.v, cell->entry.v >> 32 ? 16 : 8, cell->entry.v, cell->users,
		cell->is_changed ? "true" : "false");
	PUT_STRINGS(out, {"where", cell->where}, {"page", cell->page}, {"words", cell->words}, {"bits", cell->bits},
		    {"call", cell->call}, {"by", cell->by});
	fputs(",\"tlb\":[", out);
	for (unsigned n = 0; n < s->cpus; n++) {
		fprintf(out, "%s{\"stale\":%s", n ? "," : "", cell->tlb[n].is_stale ? "true" : "false");
		PUT_STRINGS(out, {"page", cell->tlb[n].page});
		putc('}', out);
	}
	fputs("]}", out);
}

static void put_step(const struct show *s, const struct show_step *step, FILE *out)
{
	fprintf(out, "{\"number\":%" PRIu64, step->number);
	PUT_STRINGS(out, {"cpu", step->cpu}, {"thread", step->thread}, {"context", step->context}, {"call", step->call},
		    {"page", step->page}, {"address", step->address}, {"report", step->report ? step->report : ""});
	fputs(",\"cells\":[", out);
	for (size_t i = 0; i < step->nr; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_cell(s, &step->cell[i], out);
	}
	fputs("]}", out);
}

static void put_story(const struct show *s, FILE *out)
{
	char extent[80];

	fprintf(out, "{\"cpus\":%u", s->cpus);
	PUT_STRINGS(out, {"title", s->title}, {"profile", s->profile}, {"extent", show_extent(s, extent, sizeof(extent))});
	fputs(",\"steps\":[", out);
	for (size_t i = 0; i < s->nr; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_step(s, &s->step[i], out);
	}
	fputs("]}", out);
}

void show_html(const struct show *s, FILE *out)
{
	static const struct {
		const char *mark;
		void (*put)(const struct show *, FILE *);
	} parts[] = {{"@PICTURE@", show_svg}, {"@STORY@", put_story}};
	const char *at = page;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *mark = strstr(at, parts[i].mark);

		fwrite(at, 1, (size_t)(mark - at), out);
		parts[i].put(s, out);
		at = mark + strlen(parts[i].mark);
	}
	fputs(at, out);
}
