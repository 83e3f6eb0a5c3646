/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: printk(). Models kernel/printk.c as far as a reader of dmesg can tell.
 *
 * A line is complete at its newline. One without stays open for KERN_CONT, or, before 4.9, for any text without a level;
 * anything else completes it. Text is formatted before log_lock is taken: an argument may fault.
 */
#include "report.h"
#include "state.h"
#include "tier.h"

#include <ctype.h>
#include <execinfo.h>
#include <time.h>

#define DEFAULT_LEVEL 4
#define CONTINUES (-2)
#define NO_LEVEL (-1)

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void emit_default(const struct fxm_log_line *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "[%5llu.%06llu] %s\n", (unsigned long long)(line->time_ns / 1000000000u),
		(unsigned long long)(line->time_ns % 1000000000u / 1000u), line->text);
}

static void complete_locked(struct fxmi_tier *tier)
{
	if (!tier->is_open)
		return;
	tier->line[tier->used] = 0;
	struct fxm_log_line line = {.time_ns = now_ns() - tier->booted_ns, .level = tier->level, .text = tier->line};
	(tier->log_fn ? tier->log_fn : emit_default)(&line, tier->log_arg);
	tier->is_open = false;
	tier->used = 0;
}

/* Takes the level in front of @text off. 2.6 wrote "<6>", and modules of its time do. */
static const char *take_level(const struct fxmi_kernel *k, const char *text, int *level)
{
	*level = NO_LEVEL;
	if (text[0] == '\001' && text[1]) {
		*level = isdigit((unsigned char)text[1]) ? text[1] - '0' : text[1] == 'c' ? CONTINUES : NO_LEVEL;
		return text + 2;
	}
	if (k->version < (3 << 16 | 6 << 8) && text[0] == '<' && isdigit((unsigned char)text[1]) && text[2] == '>') {
		*level = text[1] - '0';
		return text + 3;
	}
	return text;
}

static void append_locked(struct fxmi_tier *tier, const char *text, size_t len)
{
	size_t room = sizeof(tier->line) - 1 - tier->used;
	memcpy(tier->line + tier->used, text, len < room ? len : room);
	tier->used += len < room ? len : room;
}

static void log_text(struct fxmi_tier *tier, const char *text)
{
	int level;

	text = take_level(tier->k, text, &level);
	bool joins = level == CONTINUES || (level == NO_LEVEL && tier->k->version < (4 << 16 | 9 << 8));
	pthread_mutex_lock(&tier->log_lock);
	if (!joins)
		complete_locked(tier);
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (!tier->is_open)
			tier->level = level >= 0 ? level : DEFAULT_LEVEL;
		tier->is_open = true;
		append_locked(tier, text, len);
		text += len;
		if (*text) {
			complete_locked(tier);
			text++;
		}
	}
	pthread_mutex_unlock(&tier->log_lock);
}

void fxm_log_set(struct fxm_machine *m, fxm_log_fn fn, void *arg)
{
	if (!m)
		return;
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel(m));
	pthread_mutex_lock(&tier->log_lock);
	tier->log_fn = fn;
	tier->log_arg = arg;
	pthread_mutex_unlock(&tier->log_lock);
}

void fxm_log_flush(struct fxm_machine *m)
{
	if (!m)
		return;
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel(m));
	pthread_mutex_lock(&tier->log_lock);
	complete_locked(tier);
	pthread_mutex_unlock(&tier->log_lock);
}

/* ---- the functions behind the names ---- */

int fxm_k_vprintk(const char *fmt, va_list args)
{
	struct fxmi_kernel *k = fxmi_kernel_of(fxm_k_cpu());
	char text[FXMI_LOG_LINE_MAX];

	size_t n = fxmi_vformat(k, text, sizeof(text), fmt, args);
	/* A text that is cut keeps its newline. */
	if (n >= sizeof(text) && fmt[strlen(fmt) - 1] == '\n')
		text[sizeof(text) - 2] = '\n';
	log_text(fxmi_tier(k), text);
	return (int)n;
}

int fxm_k_printk(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = fxm_k_vprintk(fmt, args);
	va_end(args);
	return n;
}

int fxm_k_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	return (int)fxmi_vformat(fxmi_kernel_of(fxm_k_cpu()), buf, size, fmt, args);
}

int fxm_k_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = fxm_k_vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int fxm_k_sprintf(char *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = fxm_k_vsnprintf(buf, INT32_MAX, fmt, args);
	va_end(args);
	return n;
}

void fxm_k_dump_stack(void)
{
	void *frames[32];
	char name[256];
	int n = backtrace(frames, 32);

	fxm_k_printk("\001"
		     "6"
		     "Call Trace:\n");
	for (int i = 1; i < n; i++) {
		fxmi_symbolize((uintptr_t)frames[i], name, sizeof(name));
		fxm_k_printk("\001"
			     "6"
			     " %s\n",
			     name);
	}
}
