/* SPDX-License-Identifier: MIT */

/* What a kernel prints when something is wrong: three mistakes, each made by a task of a machine of that kernel. */

#include "diff.h"
#include "options.h"

#include <fixmap/fixmap.h>

#include <ctype.h>
#include <string.h>

struct subject {
	struct fxm_vcpu *cpu;
	const struct fxm_layout *layout;
	char *text;
};

/* A page of the boot maps, which nothing is mapped at. */
static fxm_va unmapped(const struct subject *s)
{
	fxm_va va = {0};

	fxm_btslot_at(s->layout, 0, &va);
	return va;
}

static void oops(struct fxm_vcpu *cpu)
{
	struct fxm_fault fault;

	fxm_get_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

static int read_unmapped(void *arg)
{
	struct subject *s = arg;
	char byte;

	if (fxm_read(s->cpu, unmapped(s), &byte, 1))
		oops(s->cpu);
	return 0;
}

static int write_null(void *arg)
{
	struct subject *s = arg;

	if (fxm_write(s->cpu, fxm_va_of(0), "", 1))
		oops(s->cpu);
	return 0;
}

static int set_no_fixmap(void *arg)
{
	struct subject *s = arg;

	return fxm_set_fixmap(s->cpu, (uint32_t)fxm_fixed_index(s->layout, "__end_of_fixed_addresses"), fxm_pa_of(0));
}

static const struct {
	const char *name;
	int (*make)(void *);
} mistakes[] = {
    {"an oops, reading what is not mapped", read_unmapped},
    {"an oops, writing through NULL", write_null},
    {"a BUG", set_no_fixmap},
};

const char *diff_text_name(size_t i)
{
	return i < sizeof(mistakes) / sizeof(mistakes[0]) ? mistakes[i].name : NULL;
}

/* ---- the kernel's own lines of a report ---- */

static size_t hex_digits(const char *text)
{
	size_t n = 0;

	while (isxdigit((unsigned char)text[n]))
		n++;
	return isalnum((unsigned char)text[n]) ? 0 : n;
}

static void copy_line(char *out, size_t size, const char *line, size_t len)
{
	size_t used = strlen(out);
	bool in_word = false;

	for (size_t i = 0; i < len && used + 10 < size;) {
		size_t digits = in_word ? 0 : hex_digits(line + i);

		in_word = isalnum((unsigned char)line[i]) && !(line[i] == '0' && line[i + 1] == 'x');
		if (digits >= 8) {
			used += (size_t)snprintf(out + used, size - used, "xxxxxxxx");
			i += digits;
		} else {
			out[used++] = line[i++];
		}
	}
	out[used++] = '\n';
	out[used] = 0;
}

/* Up to the line that names the CPU. What says where code of this program lies is none of the kernel's words. */
static void keep(const struct fxm_report *report, void *arg)
{
	struct subject *s = arg;

	for (const char *line = report->text, *end; (end = strchr(line, '\n')) && strncmp(line, "CPU: ", 5); line = end + 1)
		if (strncmp(line, "IP: ", 4) || strncmp(line, "IP: [", 5))
			copy_line(s->text, DIFF_TEXT_BYTES, line, strncmp(line, "IP: ", 4) ? (size_t)(end - line) : 3);
}

int diff_texts(struct diff_side *side)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct subject s = {.layout = side->layout, .text = side->text[i]};
		struct fxm_machine *m;
		int error = fxm_machine_create(side->cfg, &m);

		if (error)
			return tool_error("diff", "%s: %s", side->words,
					  *fxm_config_error(side->cfg) ? fxm_config_error(side->cfg) : fxm_strerror(error));
		s.cpu = fxm_machine_vcpu(m, 0);
		fxm_report_set(m, keep, &s);
		fxm_task_run(s.cpu, mistakes[i].make, &s, NULL);
		fxm_machine_destroy(m);
	}
	return 0;
}
