/* SPDX-License-Identifier: MIT */
/* What a trace looks like after each of its operations. A step begins with the cells of the step before, looked at again. */
#include "show.h"

#include "options.h"

#include <fixmap/fixmap.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct collector {
	struct show *show;
	const struct replay *rp;
	struct fxm_machine *m;
	struct show_step *step;
};

static struct show_cell *cell_of(struct collector *c, fxm_va va)
{
	struct show_step *step = c->step;
	fxm_va page = fxm_va_of(va.v & ~UINT64_C(0xfff));

	for (size_t i = 0; i < step->nr; i++)
		if (step->cell[i].address.v == page.v)
			return &step->cell[i];
	step->cell = tool_grow(step->cell, step->nr, &step->room, sizeof(*step->cell));
	step->cell[step->nr] = (struct show_cell){.address = page};
	return &step->cell[step->nr++];
}

/* ---- one cell ---- */

static void name_address(struct collector *c, struct show_cell *cell)
{
	const struct fxm_layout *l = fxm_machine_layout(c->m);
	int begin = fxm_fixed_index(l, "FIX_KMAP_BEGIN"), end = fxm_fixed_index(l, "FIX_KMAP_END");
	uint64_t pkmap = (cell->address.v - fxm_layout_get(l, "PKMAP_BASE")) >> FXM_PAGE_SHIFT;
	uint64_t index = fxm_virt_to_fix_unchecked(c->m, cell->address);
	uint64_t nr = (uint64_t)fxm_fixed_index(l, "__end_of_fixed_addresses");
	const char *name = index < nr ? fxm_fixed_name(l, (uint32_t)index) : NULL;

	if (pkmap < fxm_layout_get(l, "LAST_PKMAP"))
		snprintf(cell->where, sizeof(cell->where), "pkmap slot %" PRIu64, pkmap);
	else if (begin >= 0 && index >= (uint64_t)begin && index <= (uint64_t)end)
		snprintf(cell->where, sizeof(cell->where), "FIX_KMAP_BEGIN+%" PRIu64, index - (uint64_t)begin);
	else if (index < nr)
		snprintf(cell->where, sizeof(cell->where), "%s", name ? name : "fixmap");
}

static bool has_word(const char *words, const char *word, size_t length)
{
	for (size_t n; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == length && !strncmp(words, word, n))
			return true;
	}
	return false;
}

/* The words of @words that @others lacks, each behind @sign. */
static void add_bits(const char *words, const char *others, char sign, char *buf, size_t size)
{
	for (size_t n; *words; words += n + (words[n] == ' ')) {
		size_t used = strlen(buf);

		n = strcspn(words, " ");
		if (n && !has_word(others, words, n))
			snprintf(buf + used, size - used, "%s%c%.*s", used ? " " : "", sign, (int)n, words);
	}
}

/* What the entry's bits are called; the page has a name of its own. */
static void name_bits(const struct collector *c, fxm_pte entry, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!entry.v)
		return;
	fxm_pte_describe(c->m, entry, false, buf, size);
	char *pfn = strstr(buf, "pfn=");
	if (!pfn)
		return;
	size_t n = strcspn(pfn, " ");
	memmove(pfn, pfn + n, strlen(pfn + n) + 1);
	for (size_t end = strlen(buf); end && buf[end - 1] == ' ';)
		buf[--end] = '\0';
}

static void look_at_tlb(struct collector *c, struct show_cell *cell, unsigned n)
{
	fxm_pa pa;
	struct show_tlb *tlb = &cell->tlb[n];
	struct show_tlb before = *tlb;

	*tlb = (struct show_tlb){0};
	if (fxm_tlb_lookup(fxm_machine_vcpu(c->m, n), cell->address, &pa)) {
		replay_name_frame(c->rp, pa.v >> FXM_PAGE_SHIFT, tlb->page, sizeof(tlb->page));
		tlb->is_stale = strcmp(tlb->page, cell->page) != 0;
	}
	cell->is_changed |= strcmp(before.page, tlb->page) || before.is_stale != tlb->is_stale;
}

static void look_at_entry(struct collector *c, struct show_cell *cell)
{
	struct fxm_walk walk;
	fxm_pte before = cell->entry;

	fxm_walk(c->m, cell->address, &walk);
	cell->entry = fxm_pte_at(c->m, cell->address);
	char words[sizeof(cell->words)];

	memcpy(words, cell->words, sizeof(words));
	cell->page[0] = cell->bits[0] = '\0';
	if (walk.mapped)
		replay_name_frame(c->rp, walk.pa.v >> FXM_PAGE_SHIFT, cell->page, sizeof(cell->page));
	name_bits(c, cell->entry, cell->words, sizeof(cell->words));
	add_bits(cell->words, words, '+', cell->bits, sizeof(cell->bits));
	add_bits(words, cell->words, '-', cell->bits, sizeof(cell->bits));
	cell->is_changed |= cell->entry.v != before.v;
}

/* What holds a mapping is asked once a step, for all. */
static int note_mapping(const struct fxm_mapping *mapping, void *arg)
{
	struct collector *c = arg;
	struct show_cell *cell = cell_of(c, mapping->address);

	snprintf(cell->call, sizeof(cell->call), "%s%s", mapping->call, mapping->is_away ? " (away)" : "");
	if (mapping->pid && *mapping->comm)
		snprintf(cell->by, sizeof(cell->by), "%s", mapping->comm);
	else if (mapping->cpu >= 0)
		snprintf(cell->by, sizeof(cell->by), "CPU %d", mapping->cpu);
	cell->users = mapping->users;
	return 0;
}

/* @last: the step before, whose cells this one begins with; or NULL. */
static void look(struct collector *c, const struct show_step *last)
{
	struct show_step *step = c->step;

	for (size_t i = 0; i < step->nr; i++) {
		step->cell[i].call[0] = step->cell[i].by[0] = '\0';
		step->cell[i].users = 0;
		step->cell[i].is_changed = false;
	}
	fxm_mapping_each(c->m, note_mapping, c);
	for (size_t i = 0; i < step->nr; i++) {
		struct show_cell *cell = &step->cell[i];
		const struct show_cell *before = last && i < last->nr ? &last->cell[i] : NULL;

		if (!before)
			name_address(c, cell);
		look_at_entry(c, cell);
		for (unsigned n = 0; n < c->show->cpus; n++)
			look_at_tlb(c, cell, n);
		cell->is_changed |=
		    !before || strcmp(before->call, cell->call) || strcmp(before->by, cell->by) || before->users != cell->users;
	}
}

/* ---- one step ---- */

/* "op SEQ CPU THREAD CTX NAME ARG RET FIELD=...": of a do line, SEQ is missing. */
static void read_line(struct show_step *step, const char *line)
{
	char copy[512], *word[8] = {0}, *save, *at = copy;
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w; n < 8 && (w = strtok_r(at, " ", &save)); at = NULL)
		word[n++] = w;
	unsigned first = word[0] && !strcmp(word[0], "do") ? 1 : 2;

#define TAKE(field, i)                                                                                                             \
	if (first + (i) < n && strcmp(word[first + (i)], "-"))                                                                     \
	snprintf(step->field, sizeof(step->field), "%s", word[first + (i)])
	TAKE(cpu, 0);
	TAKE(thread, 1);
	TAKE(context, 2);
	TAKE(call, 3);
	TAKE(page, 4);
	TAKE(address, 5);
#undef TAKE
	if (strspn(step->address, "0") == strlen(step->address)) /* none */
		step->address[0] = '\0';
}

static void on_step(void *arg, const struct replay *rp, const struct replay_step *told)
{
	struct collector *c = arg;
	struct show *s = c->show;

	s->operations = told->number;
	if (told->number < s->from || s->nr >= s->most)
		return;
	s->step = tool_grow(s->step, s->nr, &s->room, sizeof(*s->step));
	struct show_step *step = c->step = &s->step[s->nr], *last = s->nr++ ? step - 1 : NULL;
	*step = (struct show_step){.number = told->number};
	for (; last && step->nr < last->nr; step->nr++) {
		step->cell = tool_grow(step->cell, step->nr, &step->room, sizeof(*step->cell));
		step->cell[step->nr] = last->cell[step->nr];
	}
	c->rp = rp;
	c->m = told->machine;
	if (!last)
		snprintf(s->profile, sizeof(s->profile), "%s", fxm_machine_profile(c->m));
	unsigned online = fxm_machine_cpus_online(c->m);
	s->cpus = online > SHOW_CPUS ? SHOW_CPUS : online > s->cpus ? online : s->cpus;
	read_line(step, told->line);
	if (told->report)
		step->report = tool_copy(told->report);
	look(c, last);
}

int show_collect(struct show *s, FILE *in, const char *name, struct replay_options *options)
{
	struct collector c = {.show = s};
	struct replay *rp;

	options->step = on_step;
	options->step_arg = &c;
	int error = replay_run(in, name, options, &rp);

	if (error && rp)
		fprintf(stderr, "%s\n", replay_error(rp));
	else if (error)
		error = tool_error("show", "out of memory");
	replay_free(rp);
	if (!error && !s->nr)
		error = s->operations ? tool_error("show", "%s has %" PRIu64 " operations; --from=%" PRIu64 " is past its end",
						   name, s->operations, s->from)
				      : tool_error("show", "%s has no operation: nothing happens in it", name);
	return error ? 2 : 0;
}

const char *show_extent(const struct show *s, char *buf, size_t size)
{
	buf[0] = '\0';
	if (s->nr < s->operations)
		snprintf(buf, size, "operations %" PRIu64 " to %" PRIu64 " of %" PRIu64, s->step[0].number,
			 s->step[s->nr - 1].number, s->operations);
	return buf;
}

void show_free(struct show *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		free(s->step[i].cell);
		free(s->step[i].report);
	}
	free(s->step);
}
