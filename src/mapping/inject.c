/* SPDX-License-Identifier: MIT */
/*
 * The points where something can be injected, the words for them, and what an injected action does.
 * sim/base/injections.c counts passages.
 *
 * No lock is held at a point that other code may run at: an interrupt handler, another task, or another vCPU while this one stands
 * still may take any. A trace's op_lock is left where the vCPU goes to others.
 */
#include "base.h"
#include "config.h"
#include "detect.h"
#include "mapping.h"
#include "part.h"
#include "state.h"
#include "trace.h"

#define BIT(action) (UINT32_C(1) << (action))
#define INTERRUPTIBLE                                                                                                              \
	(BIT(FXM_INJECT_SOFTIRQ) | BIT(FXM_INJECT_IRQ) | BIT(FXM_INJECT_NMI) | BIT(FXM_INJECT_CALL) | BIT(FXM_INJECT_DELAY))
#define PREEMPTIBLE (INTERRUPTIBLE | BIT(FXM_INJECT_PREEMPT))

static const struct fxm_inject_point points[] = {
    [FXMI_POINT_ALLOC] = {"alloc", "an allocation of pages or kmalloc memory", BIT(FXM_INJECT_FAIL)},
    [FXMI_POINT_KMAP_CALLED] = {"kmap.called", "kmap of a highmem page begins", PREEMPTIBLE},
    [FXMI_POINT_KMAP_POOL] = {"kmap.pool", "kmap looks for a slot", BIT(FXM_INJECT_FULL)},
    [FXMI_POINT_KMAP_MAPPED] = {"kmap.mapped", "kmap has its address, and returns", PREEMPTIBLE},
    [FXMI_POINT_KUNMAP_IDLE] = {"kunmap.idle", "the last user is gone, who waits for a slot not yet woken", PREEMPTIBLE},
    [FXMI_POINT_ATOMIC_PUSHED] = {"kmap_atomic.pushed", "the level is taken, its entry not yet written", INTERRUPTIBLE},
    [FXMI_POINT_ATOMIC_MAPPED] = {"kmap_atomic.mapped", "the entry is written, the call returns", PREEMPTIBLE},
    [FXMI_POINT_ATOMIC_CLEARED] = {"kunmap_atomic.cleared", "the entry is done with, the level not yet given back", INTERRUPTIBLE},
    [FXMI_POINT_ATOMIC_POPPED] = {"kunmap_atomic.popped", "the level has just been given back", INTERRUPTIBLE},
};
_Static_assert(sizeof(points) / sizeof(points[0]) == FXMI_POINTS, "a name for each point");

static const char *const actions[] = {
    [FXM_INJECT_FAIL] = "fail", [FXM_INJECT_FULL] = "full", [FXM_INJECT_SOFTIRQ] = "softirq", [FXM_INJECT_IRQ] = "irq",
    [FXM_INJECT_NMI] = "nmi",	[FXM_INJECT_CALL] = "call", [FXM_INJECT_PREEMPT] = "preempt", [FXM_INJECT_DELAY] = "delay"};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

/* ---- passing ---- */

/* The actions that can happen here and now. */
static uint32_t possible(const struct fxm_vcpu *cpu)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxm_task *task = cpu->current;
	int preempt = fxmi_count_preempt(cpu->counts);
	bool has_room = cpu->contexts < FXMI_MAX_CONTEXTS;
	/* Whether the operation can be left to others: one within another has its locks. */
	bool is_outermost = !pc->op || !pc->op->outer;
	uint32_t can = BIT(FXM_INJECT_FULL) | BIT(FXM_INJECT_CALL);

	if (has_room && !(preempt & FXMI_NMI_MASK))
		can |= BIT(FXM_INJECT_NMI);
	if (has_room && !cpu->irq_disabled)
		can |= BIT(FXM_INJECT_IRQ);
	if (has_room && !cpu->irq_disabled && !(preempt & FXMI_INTERRUPT_MASK))
		can |= BIT(FXM_INJECT_SOFTIRQ);
	if (is_outermost)
		can |= BIT(FXM_INJECT_DELAY);
	if (is_outermost && pc->kernel->preemptible && !preempt && !cpu->irq_disabled && !task->is_idle && fxmi_self == cpu)
		can |= BIT(FXM_INJECT_PREEMPT);
	return can;
}

static const char *const context_names[] = {[FXM_CONTEXT_TASK] = "a call",
					    [FXM_CONTEXT_SOFTIRQ] = "softirq context",
					    [FXM_CONTEXT_HARDIRQ] = "hardirq context",
					    [FXM_CONTEXT_NMI] = "nmi context"};

static void handle(struct fxm_vcpu *cpu, enum fxm_context context)
{
	const struct fxmi_handler *h = &fxmi_kernel_of(cpu)->handler[context];
	struct fxmi_context_mark mark;

	if (context != FXM_CONTEXT_TASK)
		fxm_context_enter(cpu, context);
	fxmi_context_begin(cpu, &mark);
	if (h->fn)
		h->fn(cpu, h->arg);
	if (h->fn && !h->is_checked)
		fxmi_check_context(cpu, &mark, context_names[context], (uintptr_t)h->fn);
	if (context != FXM_CONTEXT_TASK)
		fxm_context_leave(cpu, context);
	if (context == FXM_CONTEXT_HARDIRQ)
		FXMI_PARTS_CALL(fxmi_kernel_of(cpu), irq_exit, cpu);
}

/* Gives others their turn with @turn, in the middle of an operation. */
static void leave_to_others(struct fxm_vcpu *cpu, void (*turn)(struct fxm_vcpu *cpu))
{
	struct fxmi_op *op = fxmi_percpu(cpu)->op;

	fxmi_op_pause(cpu, op);
	turn(cpu);
	fxmi_op_resume(cpu, op);
}

bool fxmi_point_pass(struct fxm_vcpu *cpu, enum fxmi_point point)
{
	uint32_t due = fxmi_inject_due(&cpu->machine->inject, point, possible(cpu));
	uintptr_t caller = fxmi_percpu(cpu)->caller;

	if (due & BIT(FXM_INJECT_SOFTIRQ))
		handle(cpu, FXM_CONTEXT_SOFTIRQ);
	if (due & BIT(FXM_INJECT_IRQ))
		handle(cpu, FXM_CONTEXT_HARDIRQ);
	if (due & BIT(FXM_INJECT_NMI))
		handle(cpu, FXM_CONTEXT_NMI);
	if (due & BIT(FXM_INJECT_CALL))
		handle(cpu, FXM_CONTEXT_TASK);
	if (due & BIT(FXM_INJECT_PREEMPT))
		leave_to_others(cpu, fxm_schedule);
	if (due & BIT(FXM_INJECT_DELAY))
		leave_to_others(cpu, fxmi_stall);
	fxmi_percpu(cpu)->caller = caller; /* kernel code that ran meanwhile had its own */
	return due & BIT(FXM_INJECT_FULL);
}

/* ---- words ---- */

static int find_point(const char *name, size_t len)
{
	for (int i = 0; i < FXMI_POINTS; i++)
		if (!strncmp(points[i].name, name, len) && !points[i].name[len])
			return i;
	return -ENOENT;
}

static int find_action(const char *name, size_t len)
{
	for (int i = 0; i < ACTIONS; i++)
		if (!strncmp(actions[i], name, len) && !actions[i][len])
			return i;
	return -ENOENT;
}

/* A decimal number from 1 on, and what stands behind it; 0: there is none. */
static uint64_t parse_number(const char *text, const char **end)
{
	uint64_t n = 0;

	for (*end = text; **end >= '0' && **end <= '9' && n < UINT64_MAX / 100; ++*end)
		n = n * 10 + (uint64_t)(**end - '0');
	return n;
}

struct word {
	const char *text;
	size_t len;
	int point, action;
	uint64_t first, every;
};

/* The names of all points, or of the actions in @can. */
static const char *list(char *buf, size_t size, uint32_t can)
{
	buf[0] = '\0';
	for (int i = 0; i < (can ? ACTIONS : (int)FXMI_POINTS); i++)
		if (!can || (can & BIT(i)))
			snprintf(buf + strlen(buf), size - strlen(buf), " %s", can ? actions[i] : points[i].name);
	return buf;
}

/* One POINT:PASSAGE:ACTION, ended by `+` or the end. */
static int parse_word(const char *text, size_t len, struct word *out, struct fxmi_error *error)
{
	size_t point = strcspn(text, ":+"), passage = text[point] == ':' ? strcspn(text + point + 1, ":+") : 0;
	const char *number = text + point + 1, *action = number + passage + 1, *end;
	char names[256];

	if (text[point] != ':' || number[passage] != ':')
		return fxmi_error_set(error, "inject=%.*s: write POINT:PASSAGE:ACTION, such as kunmap_atomic.popped:1:irq",
				      (int)len, text);
	out->text = text;
	out->len = len;
	out->point = find_point(text, point);
	if (out->point < 0)
		return fxmi_error_set(error, "inject=%.*s: no point %.*s; there are%s", (int)len, text, (int)point, text,
				      list(names, sizeof(names), 0));
	out->first = parse_number(number, &end);
	out->every = out->first && *end == '/' ? parse_number(end + 1, &end) : 0;
	if (!out->first || end != number + passage || (!out->every && memchr(number, '/', passage)))
		return fxmi_error_set(error,
				      "inject=%.*s: write the passage as N (from 1 on) or N/M, the N-th and every M-th after it",
				      (int)len, text);
	size_t action_len = len - (size_t)(action - text);
	uint32_t can = points[out->point].actions;
	out->action = find_action(action, action_len);
	if (out->action < 0 || !(can & BIT(out->action)))
		return fxmi_error_set(error, "inject=%.*s: %s does not do %.*s; it does%s", (int)len, text, points[out->point].name,
				      (int)action_len, action, list(names, sizeof(names), can));
	return 0;
}

/* Calls @use for each word of inject=@text. */
static int each_word(const char *text, int (*use)(void *arg, const struct word *word, struct fxmi_error *error), void *arg,
		     struct fxmi_error *error)
{
	int err = 0;

	while (*text && !err) {
		size_t len = strcspn(text, "+");
		struct word word;

		err = parse_word(text, len, &word, error);
		if (!err)
			err = use(arg, &word, error);
		text += len;
		if (!err && *text == '+' && !*++text)
			err = fxmi_error_set(error, "inject= ends with +: leave it out, or write another POINT:PASSAGE:ACTION");
	}
	return err;
}

static int count_word(void *arg, const struct word *word, struct fxmi_error *error)
{
	(void)word;
	if (++*(unsigned *)arg > FXMI_INJECTIONS)
		return fxmi_error_set(error, "inject= has more than %u injections: leave some out", FXMI_INJECTIONS);
	return 0;
}

static int check_words(const char *text, struct fxmi_error *error)
{
	unsigned n = 0;

	return each_word(text, count_word, &n, error);
}

FXMI_WORDS(FXMI_SETTING_inject, check_words)

/* Points beside the allocator's are passed in the slow forms only. */
static void update_rare(struct fxm_machine *m)
{
	bool is_rare = m->inject.points & ~BIT(FXMI_POINT_ALLOC);

	fxmi_set_rare(m, is_rare ? FXMI_RARE_INJECT : 0, is_rare ? 0 : FXMI_RARE_INJECT);
}

static int inject(struct fxmi_kernel *k, const struct word *w)
{
	if (w->action == FXM_INJECT_PREEMPT && !k->preemptible)
		return -ENOSYS;
	int n = fxmi_inject_add(&k->m->inject, (unsigned)w->point, BIT(w->action), w->first, w->every);

	update_rare(k->m);
	return n;
}

static int inject_word(void *arg, const struct word *word, struct fxmi_error *error)
{
	struct fxmi_kernel *k = arg;
	int n = inject(k, word);

	if (n == -ENOSYS)
		return fxmi_error_set(error, "inject=%.*s: this kernel is not preemptible: write %s=1 too", (int)word->len,
				      word->text, k->version < (5 << 16 | 4 << 8) ? "PREEMPT" : "PREEMPTION");
	return n < 0 ? n : 0;
}

int fxmi_inject_setting(struct fxmi_kernel *k, struct fxmi_error *error)
{
	const char *text = fxmi_setting_text(k->layout, FXMI_SETTING_inject);

	return text ? each_word(text, inject_word, k, error) : 0;
}

/* ---- public ---- */

int fxm_inject_point_at(size_t i, struct fxm_inject_point *out)
{
	if (!out)
		return -EINVAL;
	if (i >= FXMI_POINTS)
		return -ENOENT;
	*out = points[i];
	return 0;
}

const char *fxm_inject_action_name(enum fxm_inject_action action)
{
	return (unsigned)action < ACTIONS ? actions[action] : NULL;
}

static int check_machine(const struct fxm_machine *m)
{
	return !m ? -EINVAL : m->dead ? -ECHILD : 0;
}

int fxm_inject(struct fxm_machine *m, const char *point, enum fxm_inject_action action, uint64_t first, uint64_t every)
{
	struct word word = {.action = (int)action, .first = first, .every = every};
	int error = check_machine(m);

	if (error || !point || !first || (unsigned)action >= ACTIONS)
		return error ? error : -EINVAL;
	word.point = find_point(point, strlen(point));
	if (word.point < 0)
		return word.point;
	return points[word.point].actions & BIT(action) ? inject(fxmi_kernel(m), &word) : -EINVAL;
}

int fxm_inject_get_state(struct fxm_machine *m, int n, struct fxm_inject_state *out)
{
	struct fxmi_injection injection;
	int error = check_machine(m);

	if (error || !out)
		return error ? error : -EINVAL;
	error = fxmi_inject_get(&m->inject, n, &injection);
	if (!error)
		*out = (struct fxm_inject_state){.passages = injection.passages, .done = injection.done};
	return error;
}

int fxm_inject_clear(struct fxm_machine *m)
{
	int error = check_machine(m);

	if (error)
		return error;
	fxmi_inject_clear(&m->inject, UINT32_MAX);
	update_rare(m);
	return 0;
}

int fxm_inject_handler_set(struct fxm_machine *m, enum fxm_context context, fxm_inject_fn fn, void *arg)
{
	int error = check_machine(m);

	if (error || (unsigned)context > FXM_CONTEXT_NMI)
		return error ? error : -EINVAL;
	fxmi_kernel(m)->handler[context] = (struct fxmi_handler){.fn = fn, .arg = arg};
	return 0;
}
