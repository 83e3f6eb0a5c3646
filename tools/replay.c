// SPDX-License-Identifier: MIT
/*
 * Replaying a trace: reads the records in order, builds the machine, allocates the pages, hands each record to who does or
 * checks it, and keeps count of the differences. The threads are replay_threads.c's.
 */

#include "replay_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- differences ---- */

/* "op 12 0 T0 task kmap P3 ff804000": enough of the line to find it and to understand the difference. */
static void print_subject(FILE *out, const struct trace_line *line)
{
	size_t max = line->kind == TRACE_OP ? 8 : line->kind == TRACE_DO ? 7 : 4;

	fputs(" (", out);
	for (size_t i = 0; i < line->nwords && i < max; i++)
		fprintf(out, "%s%s", i ? " " : "", line->word[i]);
	fputs(")\n", out);
}

void replay_differ(struct replay *rp, const char *field, const char *expected, const char *got)
{
	FILE *out = rp->opt.differences;

	rp->result.differences++;
	if (!out || (rp->opt.max_differences && rp->shown >= rp->opt.max_differences))
		return;
	rp->shown++;
	fprintf(out, "%s:%lu: %s: expected %s, got %s", rp->reader.name, rp->line.number, field, expected, got);
	print_subject(out, &rp->line);
}

void replay_differ_hex(struct replay *rp, const char *field, uint64_t expected, uint64_t got)
{
	char e[24], g[24];

	snprintf(e, sizeof(e), "%llx", (unsigned long long)expected);
	snprintf(g, sizeof(g), "%llx", (unsigned long long)got);
	replay_differ(rp, field, e, g);
}

void replay_differ_count(struct replay *rp, const char *field, uint64_t expected, uint64_t got)
{
	char e[24], g[24];

	snprintf(e, sizeof(e), "%lld", (long long)expected);
	snprintf(g, sizeof(g), "%lld", (long long)got);
	replay_differ(rp, field, e, g);
}

/* ---- what the library says ---- */

static void on_line(const char *line, void *arg)
{
	struct replay *rp = arg;

	if (!strcmp(line, "mark out of memory") || !replay_add_line(&rp->lines, line))
		rp->out_of_memory = true;
}

static void on_report(const struct fxm_report *report, void *arg)
{
	struct replay *rp = arg;

	snprintf(rp->told, sizeof(rp->told), "%s", report->message ? report->message : fxm_report_kind_name(report->kind));
	if (report->kind != FXM_REPORT_FINDING)
		snprintf(rp->report, sizeof(rp->report), "%s", report->message ? report->message : "a report");
}

/* Gives the library's lines of the last turn to the copy. */
void replay_copy_lines(struct replay *rp)
{
	if (!rp->copy)
		return;
	for (const char *l = replay_first_line(&rp->lines); l; l = replay_next_line(&rp->lines, l))
		fprintf(rp->copy, "%s\n", l);
}

void replay_copy_record(struct replay *rp)
{
	if (rp->copy)
		fprintf(rp->copy, "%s\n", rp->line.text);
}

/* ---- the machine ---- */

static bool is_setting_named(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && word[n] == '=';
}

static int set_word(struct replay *rp, const char *word)
{
	char name[64];
	const char *eq = strchr(word, '=');

	if (!eq || eq - word >= (long)sizeof(name))
		return trace_reader_fail(&rp->reader, "\"%.60s\" is not NAME=VALUE", word);
	snprintf(name, sizeof(name), "%.*s", (int)(eq - word), word);
	if (fxm_config_set(rp->config, name, eq + 1))
		return trace_reader_fail(&rp->reader, "%s", fxm_config_error(rp->config));
	return 0;
}

/* The profile of the machine line must be the one asked for on the command line, if any. */
static int create_config(struct replay *rp, const char *profile)
{
	const char *asked = rp->opt.profile;
	int ret;

	if (profile && asked && strcmp(profile, asked))
		return trace_reader_fail(&rp->reader, "the trace is one of profile %.40s, not %.40s; leave the profile out",
					 profile, asked);
	ret = fxm_config_create(profile ? profile : asked, &rp->config);
	if (ret == -ENOENT)
		return trace_reader_fail(&rp->reader, "unknown profile \"%.40s\"; `fixmap profiles` lists them",
					 profile ? profile : asked);
	return ret ? trace_reader_fail(&rp->reader, "%s", fxm_strerror(ret)) : 0;
}

/* What the machine is stands in the file; what happens on this host is for whoever replays it to say. */
static bool is_for_the_host(const char *word)
{
	return is_setting_named(word, "trace") || !strncmp(word, "policy", 6);
}

static int set_word_of_file(struct replay *rp, const char *word)
{
	if (is_for_the_host(word))
		return trace_reader_fail(&rp->reader, "\"%.60s\" is no part of a machine; give it with -o", word);
	return set_word(rp, word);
}

static int configure(struct replay *rp)
{
	const struct trace_line *line = rp->line.kind == TRACE_MACHINE ? &rp->line : NULL;
	int ret = create_config(rp, line ? trace_field(line, 1, "profile") : NULL);

	for (size_t i = 1; !ret && line && i < line->nwords; i++)
		if (!is_setting_named(line->word[i], "profile"))
			ret = set_word_of_file(rp, line->word[i]);
	for (size_t i = 0; !ret && i < rp->opt.nsettings; i++)
		ret = set_word(rp, rp->opt.settings[i]);
	return ret;
}

/* The copy gets the library's own header unless the trace has one that stays. */
static int start_trace(struct replay *rp)
{
	int ret;

	if (rp->copy_is_whole)
		ret = fxm_trace_start(rp->machine, on_line, rp);
	else
		ret = fxm_trace_start_bare(rp->machine, on_line, rp);
	if (ret)
		return trace_reader_fail(&rp->reader, "cannot trace: %s", fxm_strerror(ret));
	rp->tracing = true;
	replay_copy_lines(rp);
	rp->lines.used = 0;
	return 0;
}

/*
 * The recorders of mistakes with boot maps say the phase in the file's name: they happen early, unless it says "running"; what a
 * file "after_reset" dies of, comes after early_ioremap_reset().
 */
static bool begins_early(const struct replay *rp)
{
	return rp->dialect == REPLAY_BOOTED && strstr(rp->reader.name, "misuse_early_") && !strstr(rp->reader.name, "_running");
}

/* A phase that the file does not mark: the copy does. */
static int enter_phase(struct replay *rp, const char *phase)
{
	if (rp->copy)
		fprintf(rp->copy, "mark phase=%s\n", phase);
	return replay_set_phase(rp, phase);
}

int replay_die_after_reset(struct replay *rp)
{
	bool is_after = begins_early(rp) && rp->line.kind == TRACE_DO && strstr(rp->reader.name, "_after_reset");

	return is_after ? enter_phase(rp, "reset") : 0;
}

/* What a booted recording's name says of its beginning. */
static int begin_as_named(struct replay *rp)
{
	if (rp->dialect != REPLAY_BOOTED)
		return 0;
	rp->irqs_on = strstr(rp->reader.name, "misuse_irq_enabled");
	if (rp->irqs_on && rp->copy)
		fprintf(rp->copy, "mark hard irq context with interrupts enabled\n");
	if (strstr(rp->reader.name, "misuse_early_running"))
		return enter_phase(rp, "running-unreset");
	return begins_early(rp) ? enter_phase(rp, "early") : 0;
}

/* What the V line says of the machine, and the setting that it is. */
static const char *const version_fields[][2] = {{"cpu_nx", "nx"}, {"pti", "pti"}, {"pge", "pge"}};

/* The V line speaks before there is a machine. */
static void keep_version(struct replay *rp)
{
	for (size_t i = 0; i < 3; i++) {
		const char *value = trace_field(&rp->line, 2, version_fields[i][0]);

		snprintf(rp->version[i], sizeof(rp->version[i]), "%s", value ? value : "");
	}
}

static void check_version(struct replay *rp)
{
	for (size_t i = 0; i < 3; i++) {
		const char *got = fxm_config_get(rp->config, version_fields[i][1]);

		if (*rp->version[i] && strcmp(rp->version[i], got ? got : ""))
			replay_differ(rp, version_fields[i][0], rp->version[i], got ? got : "nothing");
	}
}

static int build_machine(struct replay *rp)
{
	int ret = configure(rp);

	if (ret)
		return ret;
	ret = fxm_machine_create(rp->config, &rp->machine);
	if (ret) {
		const char *why = fxm_config_error(rp->config);

		return trace_reader_fail(&rp->reader, "cannot build this machine: %s", *why ? why : fxm_strerror(ret));
	}
	rp->layout = fxm_machine_layout(rp->machine);
	check_version(rp);
	rp->is_arm = !strncmp(fxm_machine_profile(rp->machine), "arm", 3);
	rp->has_window = fxm_window_mode(rp->machine) != FXM_WINDOW_OFF;
	fxm_report_set(rp->machine, on_report, rp);
	if (rp->dialect == REPLAY_BOOTED && !(rp->held = calloc(1u << 20, 1)))
		return trace_reader_fail(&rp->reader, "out of memory");
	return start_trace(rp) ? -1 : begin_as_named(rp);
}

static int do_machine(struct replay *rp)
{
	if (rp->machine)
		return trace_reader_fail(&rp->reader,
					 "the machine line comes too late; it must stand before everything that needs a machine");
	return build_machine(rp);
}

/* ---- pages ---- */

static int reserve_page(struct replay *rp, unsigned family, size_t n)
{
	size_t size = rp->npages[family] ? rp->npages[family] : 64;
	struct replay_page *bigger;

	if (n < rp->npages[family])
		return 0;
	while (size <= n)
		size *= 2;
	bigger = realloc(rp->pages[family], size * sizeof(*bigger));
	if (!bigger)
		return trace_reader_fail(&rp->reader, "out of memory");
	memset(bigger + rp->npages[family], 0, (size - rp->npages[family]) * sizeof(*bigger));
	rp->pages[family] = bigger;
	rp->npages[family] = size;
	return 0;
}

static bool page_of_frame(const struct replay *rp, uint64_t pfn, unsigned *family, size_t *n)
{
	for (*family = 0; *family < 2; ++*family)
		for (*n = 0; *n < rp->npages[*family]; ++*n)
			if (rp->pages[*family][*n].page && rp->pages[*family][*n].pfn == pfn)
				return true;
	return false;
}

long replay_tag_of_frame(const struct replay *rp, uint64_t pfn)
{
	unsigned family;
	size_t n;

	return page_of_frame(rp, pfn, &family, &n) ? (long)n + (family ? REPLAY_LOWMEM_TAG : 0) : -1;
}

void replay_name_frame(const struct replay *rp, uint64_t pfn, char *buf, size_t size)
{
	unsigned family;
	size_t n;

	if (page_of_frame(rp, pfn, &family, &n))
		snprintf(buf, size, "%c%zu", family ? 'Q' : 'P', n);
	else
		snprintf(buf, size, "%llx", (unsigned long long)pfn);
}

/*
 * A frame that the simulated kernel keeps for itself: a trace of the library names it when an operation meets it. It is looked
 * at, but it gets no tag.
 */
static int borrow_frame(struct replay *rp, uint64_t pfn, struct replay_page *page)
{
	if (replay_tag_of_frame(rp, pfn) >= 0)
		return trace_reader_fail(&rp->reader, "frame %llx is another page's already; choose another pfn",
					 (unsigned long long)pfn);
	page->page = fxm_page_of_pfn(rp->machine, pfn);
	page->is_borrowed = true;
	return 0;
}

static int allocate_any(struct replay *rp, bool high, struct replay_page *page)
{
	page->page = fxm_alloc_page(rp->machine, high ? FXM_GFP_HIGHMEM : 0);
	if (page->page && fxm_page_is_highmem(rp->machine, page->page) == high)
		return 0;
	return trace_reader_fail(&rp->reader, "the machine has no %s page left; give it more memory (ram_end=)",
				 high ? "highmem" : "lowmem");
}

static int allocate_page(struct replay *rp, const char *pfn_text, bool high, struct replay_page *page)
{
	uint64_t pfn;
	int ret;

	if (!pfn_text)
		return allocate_any(rp, high, page);
	if (!trace_number(pfn_text, 16, &pfn))
		return trace_reader_fail(&rp->reader, "pfn=%.20s is no frame number; write it in hex", pfn_text);
	pfn *= fxm_layout_page_size(rp->layout) / FXM_PAGE_SIZE; /* the trace counts base pages */
	ret = fxm_alloc_pfn(rp->machine, pfn, &page->page);
	if (ret == -ENOENT)
		return trace_reader_fail(&rp->reader, "the machine has no frame %s; give it more memory (ram_end=) or another pfn",
					 pfn_text);
	if (ret == -EBUSY)
		return borrow_frame(rp, pfn, page);
	return ret ? trace_reader_fail(&rp->reader, "%s", fxm_strerror(ret)) : 0;
}

static void check_page(struct replay *rp, const struct replay_page *page)
{
	const char *high = trace_field(&rp->line, 2, "high"), *vaddr = trace_field(&rp->line, 2, "vaddr");
	bool is_high = fxm_page_is_highmem(rp->machine, page->page);
	uint64_t want, got = fxm_layout_get(rp->layout, "high_memory");

	got -= (fxm_layout_get(rp->layout, "max_low_pfn") * fxm_layout_page_size(rp->layout)) - (page->pfn << FXM_PAGE_SHIFT);

	if (high && strcmp(high, is_high ? "1" : "0"))
		replay_differ(rp, "high", high, is_high ? "1" : "0");
	if (vaddr && trace_number(vaddr, 16, &want) && (is_high || want != got))
		replay_differ_hex(rp, "vaddr", want, is_high ? 0 : got);
}

/* The library's own line where it writes the header. */
static void copy_page(struct replay *rp, const struct replay_page *page, const char *name)
{
	if (rp->copy_is_whole)
		replay_copy_lines(rp);
	else if (rp->copy && trace_field(&rp->line, 2, "pfn"))
		replay_copy_record(rp);
	else if (rp->copy)
		fprintf(rp->copy, "page %s pfn=%llx high=%d\n", name,
			(unsigned long long)(page->pfn * FXM_PAGE_SIZE / fxm_layout_page_size(rp->layout)),
			fxm_page_is_highmem(rp->machine, page->page));
	rp->lines.used = 0;
}

static int do_page(struct replay *rp)
{
	const char *name = rp->line.word[1], *high = trace_field(&rp->line, 2, "high");
	struct replay_page *page;
	unsigned family;
	size_t n;

	if (!replay_page_name(name, &family, &n))
		return trace_reader_fail(&rp->reader, "\"%.20s\" is no page name; write P or Q and a number up to %d", name,
					 REPLAY_MAX_PAGE);
	if (replay_page_named(rp, name))
		return trace_reader_fail(&rp->reader, "page %s is declared twice", name);
	if (reserve_page(rp, family, n))
		return -1;
	page = &rp->pages[family][n];
	if (allocate_page(rp, trace_field(&rp->line, 2, "pfn"), high ? *high == '1' : !family, page))
		return -1;
	page->pfn = fxm_page_pfn(rp->machine, page->page);
	check_page(rp, page);
	if (!page->is_borrowed) {
		replay_write_pattern(rp, page, family, n);
		rp->lines.used = 0; /* of the operation before */
		fxm_trace_name_page(rp->machine, page->page, name);
	}
	copy_page(rp, page, name);
	return 0;
}

/* ---- the other records ---- */

static int do_version(struct replay *rp)
{
	const char *kernel = trace_field(&rp->line, 2, "kernel");
	size_t n = kernel ? strlen(kernel) : 0;

	if (strcmp(rp->line.word[1], "1"))
		return trace_reader_fail(&rp->reader, "format version %.10s is not known; this is a reader of version 1",
					 rp->line.word[1]);
	if (rp->machine)
		return trace_reader_fail(&rp->reader, "the V line must be the first record");
	rp->dialect = REPLAY_BOOTED;
	if (!kernel || (n >= 7 && !strcmp(kernel + n - 7, "-hosted")) || !strncmp(kernel, "fixmap", 6) ||
	    !strncmp(kernel, "libfixmap", 9))
		rp->dialect = REPLAY_HOSTED;
	keep_version(rp);
	rp->copy_is_whole = rp->opt.record != NULL;
	rp->contents_unknown = kernel && !strncmp(kernel, "libfixmap", 9);
	rp->reports_count = rp->dialect != REPLAY_BOOTED || strstr(rp->reader.name, "misuse");
	return 0;
}

static bool is_cpu_mark(const struct replay *rp)
{
	return rp->line.kind == TRACE_MARK && !strncmp(rp->line.text, "mark cpu ", 9);
}

/* An operation on a CPU that could not be added says so. Where the copy is the library's, so is this line. */
static void add_cpu(struct replay *rp)
{
	rp->lines.used = 0;
	fxm_machine_cpu_add(rp->machine);
	if (rp->copy_is_whole)
		replay_copy_lines(rp);
	rp->lines.used = 0;
}

/* Headings that mean something: the boot phase, whether hard interrupts run with interrupts enabled, one more CPU online. */
static int do_mark(struct replay *rp)
{
	const char *phase = trace_field(&rp->line, 1, "phase");

	if (phase && !rp->machine && build_machine(rp))
		return -1;
	if (phase) {
		snprintf(rp->phase, sizeof(rp->phase), "%.*s", (int)strcspn(phase, ":"), phase);
		return replay_set_phase(rp, phase);
	}
	if (strstr(rp->line.text, "hard irq context with interrupts enabled"))
		rp->irqs_on = true;
	else if (strstr(rp->line.text, "hard irq context with interrupts disabled"))
		rp->irqs_on = false;
	else if (is_cpu_mark(rp) && rp->machine)
		add_cpu(rp);
	return 0;
}

static int do_expect(struct replay *rp)
{
	return replay_add_line(&rp->expects, rp->line.text) ? 0 : trace_reader_fail(&rp->reader, "out of memory");
}

/* Ends the copy as the library does. */
static void end_trace(struct replay *rp, const char *name)
{
	if (!rp->tracing)
		return;
	rp->lines.used = 0;
	fxm_trace_stop(rp->machine, name);
	rp->tracing = false;
	if (rp->copy_is_whole)
		replay_copy_lines(rp);
	rp->lines.used = 0;
}

static int do_end(struct replay *rp)
{
	if (!strncmp(rp->line.word[1], "phase=", 6)) {
		if (strcmp(rp->line.word[1] + 6, rp->phase))
			replay_differ(rp, "phase", rp->line.word[1] + 6, rp->phase);
		return 0;
	}
	if (rp->machine && !rp->given_up) {
		if (rp->expects.used && rp->reports_count)
			replay_differ(rp, "expect", replay_first_line(&rp->expects) + 7, "the trace ends");
		replay_check_complete(rp);
	}
	end_trace(rp, rp->line.word[1]);
	return 0;
}

/* What to do with a record, and whether it stands in the copy as it is. */
enum { NEEDS_MACHINE = 1, COPY_FILLED = 2, COPY_WHOLE = 4, COPY_ALL = COPY_FILLED | COPY_WHOLE };

static const struct {
	int (*handle)(struct replay *rp);
	unsigned flags;
} handlers[] = {
    [TRACE_BLANK] = {NULL, COPY_ALL},
    [TRACE_VERSION] = {do_version, COPY_FILLED},
    [TRACE_MACHINE] = {do_machine, COPY_FILLED},
    [TRACE_LAYOUT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_PROT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_ENUM] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_CONFIG] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_FIXPTE] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_FIXPTE_END] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_KMTYPE] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_BTSLOT] = {replay_check_header, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_HW] = {replay_check_tables, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_PMD] = {replay_check_tables, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_PTE] = {replay_check_tables, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_LINEAR] = {replay_check_tables, NEEDS_MACHINE | COPY_FILLED},
    [TRACE_PAGE] = {do_page, NEEDS_MACHINE},
    [TRACE_STATE] = {replay_check_state, NEEDS_MACHINE | COPY_ALL},
    [TRACE_MARK] = {do_mark, COPY_ALL},
    [TRACE_RAND] = {NULL, COPY_ALL},
    [TRACE_EV] = {replay_do_ev, NEEDS_MACHINE},
    [TRACE_OP] = {replay_do_operation, NEEDS_MACHINE},
    [TRACE_DO] = {replay_do_operation, NEEDS_MACHINE},
    [TRACE_EXPECT] = {do_expect, 0},
    [TRACE_BT] = {replay_check_bt, NEEDS_MACHINE | COPY_ALL},
    [TRACE_CONTENT] = {replay_do_content, NEEDS_MACHINE | COPY_ALL},
    [TRACE_FILL] = {replay_do_content, NEEDS_MACHINE | COPY_ALL},
    [TRACE_END] = {do_end, COPY_FILLED},
};

static void tell_step(struct replay *rp)
{
	const char *made = replay_line_of_kind(&rp->lines, "op");
	struct replay_step step = {
	    .number = rp->result.operations,
	    .line = made ? made : rp->line.text,
	    .report = *rp->told ? rp->told : NULL,
	    .machine = rp->machine,
	};

	rp->opt.step(rp->opt.step_arg, rp, &step);
	rp->told[0] = '\0';
}

static int handle(struct replay *rp)
{
	unsigned flags = handlers[rp->line.kind].flags;

	if ((flags & NEEDS_MACHINE) && !rp->machine && build_machine(rp))
		return -1;
	if (rp->given_up && rp->line.kind != TRACE_END)
		return 0;
	if (rp->line.kind != TRACE_BT && rp->bts)
		replay_end_bt(rp);
	if (handlers[rp->line.kind].handle && handlers[rp->line.kind].handle(rp))
		return -1;
	if (rp->opt.step && (rp->line.kind == TRACE_OP || rp->line.kind == TRACE_DO))
		tell_step(rp);
	if ((flags & (rp->copy_is_whole ? COPY_WHOLE : COPY_FILLED)) && !(rp->copy_is_whole && is_cpu_mark(rp)))
		replay_copy_record(rp);
	return 0;
}

/* The trace ended without an `end` line, or replaying stopped. */
static int finish(struct replay *rp)
{
	if (!rp->reader.ended && !rp->result.stopped && rp->machine && !rp->given_up && rp->dialect == REPLAY_SCRIPT &&
	    replay_run_woken(rp))
		return -1;
	end_trace(rp, "script");
	return 0;
}

static int read_all(struct replay *rp)
{
	int ret;

	while ((ret = trace_reader_next(&rp->reader, &rp->line)) > 0) {
		if (handle(rp))
			return -1;
		if (rp->out_of_memory)
			return trace_reader_fail(&rp->reader, "out of memory");
		if (rp->result.stopped)
			break;
		if (rp->opt.progress && !(rp->line.number & 4095))
			rp->opt.progress(rp->opt.progress_arg, rp->line.number);
	}
	return ret < 0 ? ret : finish(rp);
}

int replay_run(FILE *in, const char *name, const struct replay_options *options, struct replay **out)
{
	struct replay *rp = calloc(1, sizeof(*rp));
	int ret;

	*out = rp;
	if (!rp)
		return -1;
	rp->opt = *options;
	rp->woken_together = -1;
	rp->reports_count = !options->fill;
	rp->copy = options->record ? options->record : options->fill;
	rp->copy_is_whole = rp->copy != NULL;
	trace_reader_init(&rp->reader, in, name);
	ret = read_all(rp);
	if (rp->opt.differences && rp->result.differences > rp->shown)
		fprintf(rp->opt.differences, "%s: %llu more differences are not shown; --max-differences=0 shows all\n", name,
			(unsigned long long)(rp->result.differences - rp->shown));
	return ret;
}

struct replay_result replay_result(const struct replay *rp)
{
	return rp->result;
}

const char *replay_error(const struct replay *rp)
{
	return rp->reader.error;
}

struct fxm_machine *replay_machine(struct replay *rp)
{
	return rp->machine;
}

void replay_free(struct replay *rp)
{
	if (!rp)
		return;
	end_trace(rp, "unfinished");
	replay_end_threads(rp);
	fxm_machine_destroy(rp->machine);
	fxm_config_destroy(rp->config);
	replay_free_threads(rp);
	trace_reader_free(&rp->reader);
	free(rp->pages[0]);
	free(rp->pages[1]);
	free(rp->held);
	free(rp->lines.text);
	free(rp->expects.text);
	free(rp);
}
