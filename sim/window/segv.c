/* SPDX-License-Identifier: MIT */
/*
 * SIGSEGV: which access it was, whose it is, and who had the handler before us.
 *
 * One handler for the process, on the alternate stack (the ordinary one may be what overflowed), with nothing blocked, so
 * that callbacks may leave it by siglongjmp(). What the fault means is decided by the rules[] in their order; what no rule
 * claims goes to the handlers that were installed before ours.
 *
 * Others install handlers over ours: a test framework around each test, a crash reporter that is loaded late. fxmi_segv_rearm()
 * finds that out and goes in front again; the other one is called for what is not ours. It may in turn call us, as its
 * predecessor: then the next older handler is called, so that nobody goes round in circles.
 *
 * handler_lock guards the list of earlier handlers. The handler takes it too; no code under it can fault.
 */
#include "lanes.h"
#include "window_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

/* ---- the access -------------------------------------------------------------------------------------------------------- */

struct access {
	uintptr_t address, pc, sp;
	enum fxm_access kind;
	ucontext_t *context;
	struct fxm_vcpu *cpu; /* of the thread; NULL: it sits nowhere */
};

#if defined(__x86_64__)

enum { ERROR_WRITE = 2, ERROR_FETCH = 16 };

static void decode(struct access *a)
{
	const greg_t *r = a->context->uc_mcontext.gregs;

	a->pc = (uintptr_t)r[REG_RIP];
	a->sp = (uintptr_t)r[REG_RSP];
	if (r[REG_ERR] & ERROR_FETCH || a->address == a->pc) /* valgrind does not give the bit */
		a->kind = FXM_EXEC;
	else
		a->kind = r[REG_ERR] & ERROR_WRITE ? FXM_WRITE : FXM_READ;
}

/* As if the call that led nowhere had just returned. */
static void return_from_call(struct access *a)
{
	greg_t *r = a->context->uc_mcontext.gregs;

	a->pc = *(const uintptr_t *)a->sp;
	a->sp += sizeof(uintptr_t);
	r[REG_RIP] = (greg_t)a->pc;
	r[REG_RSP] = (greg_t)a->sp;
}

#elif defined(__aarch64__)

enum { EC_INSTRUCTION_ABORT = 0x20, ISS_WNR = 1 << 6 };

/* Without a syndrome record: A64 loads and stores have bit 27 set and bit 25 clear; bit 22 says load in all the common classes. */
static enum fxm_access decode_instruction(uintptr_t pc)
{
	uint32_t insn = *(const uint32_t *)pc;

	return (insn & 0x0a000000) == 0x08000000 && !(insn & 0x00400000) ? FXM_WRITE : FXM_READ;
}

static void decode(struct access *a)
{
	const ucontext_t *u = a->context;
	const unsigned char *at = (const unsigned char *)u->uc_mcontext.__reserved;
	const unsigned char *end = at + sizeof(u->uc_mcontext.__reserved);
	const struct _aarch64_ctx *record = (const struct _aarch64_ctx *)(const void *)at;

	a->pc = u->uc_mcontext.pc;
	a->sp = u->uc_mcontext.sp;
	for (; at + sizeof(*record) <= end && record->magic && record->size; at += record->size) {
		record = (const struct _aarch64_ctx *)(const void *)at;
		if (record->magic != ESR_MAGIC)
			continue;
		uint64_t esr = ((const struct esr_context *)(const void *)record)->esr;

		a->kind = (esr >> 26 & 0x3e) == EC_INSTRUCTION_ABORT ? FXM_EXEC : esr & ISS_WNR ? FXM_WRITE : FXM_READ;
		return;
	}
	a->kind = a->address == a->pc ? FXM_EXEC : decode_instruction(a->pc);
}

/* As if the call that led nowhere had just returned. */
static void return_from_call(struct access *a)
{
	a->pc = a->context->uc_mcontext.regs[30];
	a->context->uc_mcontext.pc = a->pc;
}

#else
#error "libfixmap runs on x86-64 and aarch64 hosts"
#endif

/* ---- traps -------------------------------------------------------------------------------------------------------------- */

static const struct {
	bool returns;
	const char *text; /* for a machine without callbacks */
} traps[] = {
    [FXMI_TRAP_FAULT] = {false, "page fault"},
    [FXMI_TRAP_ENDED] = {true, "use of a mapping that has ended"},
    [FXMI_TRAP_DEVICE] = {true, "direct access to a device"},
    [FXMI_TRAP_TRUNCATED] = {false, "pointer cut to 32 bits"},
    [FXMI_TRAP_UNATTACHED] = {true, "use of the window by a thread that is not attached"},
    [FXMI_TRAP_WILD] = {false, "wild pointer"},
    [FXMI_TRAP_STACK] = {false, "stack overflow"},
};

static void deliver(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info)
{
	void (*callback)(struct fxm_vcpu *, const struct fxmi_trap_info *) = fxmi_callback(cpu->machine, trap);
	enum fxmi_trap trap = info->trap;
	const struct fxm_fault *fault = &info->fault;
	uintptr_t pc = info->pc;

	if (callback) {
		callback(cpu, info);
		if (traps[trap].returns)
			return;
	}
	fprintf(stderr, "libfixmap: %s at %#llx on vCPU %u, instruction at %#llx. Aborting.\n", traps[trap].text,
		(unsigned long long)fault->address.v, cpu->id, (unsigned long long)pc);
	abort();
}

void fxmi_trap(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc)
{
	deliver(cpu, &(struct fxmi_trap_info){.trap = trap, .fault = *fault, .pc = pc});
}

void fxmi_trap_of_check(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc,
			const struct fxmi_places *places)
{
	struct fxmi_trap_info info = {.trap = trap, .fault = *fault, .pc = pc, .is_return_address = true};

	if (places)
		info.places = *places;
	deliver(cpu, &info);
}

static struct fxm_fault fault_at(const struct access *a, uint64_t address)
{
	return (struct fxm_fault){
	    .address = fxm_va_of(address),
	    .access = a->kind,
	    .code = (a->kind == FXM_WRITE ? 2u : 0) | (a->kind == FXM_EXEC ? 16u : 0),
	};
}

static void trap_at(const struct access *a, enum fxmi_trap trap, uint64_t address)
{
	struct fxm_fault fault = fault_at(a, address);

	fxmi_trap(a->cpu, trap, &fault, a->pc);
}

static bool find_earlier(int sig, unsigned depth, struct sigaction *out);

/* ---- rules -------------------------------------------------------------------------------------------------------------- */

/* RETRY: the instruction can go on. CHAIN: not ours, whatever the later rules would say. NEXT: no opinion. */
enum verdict { NEXT, RETRY, CHAIN };

static int contains_live(struct fxm_machine *m, void *arg)
{
	struct fxm_machine **found = ((void **)arg)[0];

	if (m->dead || !fxmi_window_contains(m, *(const uintptr_t *)((void **)arg)[1]))
		return 0;
	*found = m;
	return 1;
}

/* The machine whose window the address lies in, most likely the thread's own. */
static struct fxm_machine *window_of(const struct access *a)
{
	struct fxm_machine *found = NULL;
	uintptr_t address = a->address;

	if (a->cpu && fxmi_window_contains(a->cpu->machine, a->address))
		return a->cpu->machine;
	fxmi_machine_each(contains_live, (void *[]){&found, &address});
	return found;
}

static int contains_dead(struct fxm_machine *m, void *arg)
{
	uintptr_t address = *(const uintptr_t *)arg;

	return m->dead && (fxmi_window_contains(m, address) || fxmi_lanes_contain(m, address) ||
			   address - (uintptr_t)m->mem.ram < m->mem.nr_frames << FXM_PAGE_SHIFT);
}

/* A forked child has neither the window nor the pool of a machine made before. A machine of its own may lie there. */
static enum verdict in_dead_machine(struct access *a)
{
	uintptr_t address = a->address;

	if (window_of(a) || !fxmi_machine_each(contains_dead, &address))
		return NEXT;
	fxmi_complain_forked();
	return CHAIN;
}

static enum verdict in_destroyed_machine(struct access *a)
{
	if (window_of(a) || !fxmi_gone_contains(a->address))
		return NEXT;
	fxmi_complain_gone();
	return CHAIN;
}

/* The guard below a stack of ours; for the host's own stacks, an access within a frame of the stack pointer that faults. */
static bool is_stack_overflow(const struct access *a)
{
	const struct fxm_task *task = a->cpu->current;
	const struct fxmi_stack *stack = &fxmi_vehicle(task)->stack;
	const uintptr_t below = 16 * FXM_PAGE_SIZE;

	if (stack->base)
		return (uintptr_t)stack->base - a->address - 1 < stack->guard;
	return task->unwind && a->kind != FXM_EXEC && a->address - (a->sp - below) < below + FXMI_STACK_GUARD;
}

static enum verdict on_stack_guard(struct access *a)
{
	if (!a->cpu || !is_stack_overflow(a))
		return NEXT;
	trap_at(a, FXMI_TRAP_STACK, a->address);
	return CHAIN;
}

/* Inside the reservation, beside what is shown: what the simulated page table says of it. */
static void trap_beside_segments(const struct access *a, uint64_t va)
{
	struct fxmi_translation at;
	struct fxm_fault fault;

	if (fxmi_translate(a->cpu->machine, va, a->kind, &at, &fault)) {
		fault = fault_at(a, va);
		fault.present = true;
		fault.pte = fxm_pte_of(at.entry);
	}
	fxmi_trap(a->cpu, FXMI_TRAP_FAULT, &fault, a->pc);
}

static enum verdict in_window(struct access *a)
{
	struct fxm_machine *m = window_of(a);

	if (!m)
		return NEXT;
	fxm_assert_internal(!m->dead && m->window->mode != FXM_WINDOW_OFF);
	m->window->faults++;
	uint64_t va = fxmi_window_va(m->window, a->address);
	if (!a->cpu || a->cpu->machine != m) {
		a->cpu = m->vcpu[0];
		trap_at(a, FXMI_TRAP_UNATTACHED, va);
	}
	struct fxmi_segment *seg = fxmi_lazy_segment(m->window, va);
	if (seg)
		fxmi_window_fault(a->cpu, seg, va, a->kind, a->pc);
	else
		trap_beside_segments(a, va);
	return RETRY;
}

extern void __asan_get_shadow_mapping(size_t *scale, size_t *offset) __attribute__((weak, visibility("default")));

/* Code built with AddressSanitizer looks at an address's shadow first, and faults there: the address that it belongs to. */
static uintptr_t unshadow(uintptr_t address)
{
	size_t scale, offset;

	if (!__asan_get_shadow_mapping)
		return address;
	__asan_get_shadow_mapping(&scale, &offset);
	return (address - offset) << scale;
}

static enum verdict truncated(struct access *a)
{
	const struct fxmi_window *w = a->cpu ? a->cpu->machine->window : NULL;

	if (!w || w->mode == FXM_WINDOW_OFF || w->identity || a->cpu->machine->desc.format->va_bits != 32)
		return NEXT;
	/* A module is not instrumented even where the program is: its pointer faults by itself, not by its shadow. */
	const uintptr_t pointers[] = {a->address, unshadow(a->address)};
	for (unsigned i = 0; i < 2; i++)
		if (pointers[i] <= UINT32_MAX && pointers[i] >= w->reserved_start) {
			trap_at(a, FXMI_TRAP_TRUNCATED, pointers[i]);
			return CHAIN;
		}
	return NEXT;
}

/* Without fxm_task_run() the report ends in abort(): a handler that the program installed for its own faults goes first. */
static enum verdict wild(struct access *a)
{
	struct sigaction theirs;

	if (!a->cpu || (!fxmi_task_has_unwind(a->cpu) && find_earlier(SIGSEGV, 0, &theirs)))
		return NEXT;
	if (a->kind == FXM_EXEC)
		return_from_call(a);
	trap_at(a, FXMI_TRAP_WILD, a->address);
	return CHAIN;
}

static enum verdict (*const rules[])(struct access *a) = {in_dead_machine, on_stack_guard,	 in_window,
							  truncated,	   in_destroyed_machine, wild};

/* ---- the earlier handlers ------------------------------------------------------------------------------------------------- */

enum { SIGNALS = 2, MAX_EARLIER = 8, MAX_REPEATS = 10000 };

static const int signals[SIGNALS] = {SIGSEGV, SIGBUS};

/* Of one signal, the most recently found first. None: the default action. */
struct earlier {
	unsigned n;
	struct sigaction handler[MAX_EARLIER];
};

static struct earlier earlier[SIGNALS];
static pthread_mutex_t handler_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * A call of an earlier handler in progress on this thread. One that calls us back passes the same siginfo, deeper on the same
 * stack. One that leaves by longjmp leaves this behind; then the next signal's frame is no deeper, or its siginfo another one.
 */
struct chaining {
	const void *info, *frame;
	unsigned depth;
	uintptr_t pc, address; /* of the latest fault passed on, and how often in a row */
	unsigned repeats;
};

static __thread struct chaining chaining __attribute__((tls_model("initial-exec")));

static void on_signal(int sig, siginfo_t *info, void *context);

static bool is_default(const struct sigaction *s)
{
	return !(s->sa_flags & SA_SIGINFO) && (s->sa_handler == SIG_DFL || s->sa_handler == SIG_IGN);
}

static bool is_same(const struct sigaction *a, const struct sigaction *b)
{
	return (void *)a->sa_sigaction == (void *)b->sa_sigaction;
}

/* Puts @found first; its older place, if any, closes up. */
static void remember_locked(struct earlier *e, const struct sigaction *found)
{
	unsigned at = 0;

	fxm_assert_internal((void *)found->sa_sigaction != (void *)on_signal && e->n <= MAX_EARLIER);
	if (is_default(found)) {
		e->n = 0;
		return;
	}
	while (at < e->n && !is_same(&e->handler[at], found))
		at++;
	if (at == e->n)
		e->n < MAX_EARLIER ? e->n++ : at--;
	fxm_assert_internal(at < MAX_EARLIER && at < e->n);
	memmove(&e->handler[1], &e->handler[0], at * sizeof(*e->handler));
	e->handler[0] = *found;
}

static int arm_locked(unsigned i)
{
	struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER}, found;
	const int needed = SA_SIGINFO | SA_ONSTACK;

	if (sigaction(signals[i], NULL, &found))
		return -errno;
	bool is_ours = found.sa_sigaction == on_signal; /* perhaps put back by signal(), which drops the flags */
	if (is_ours && (found.sa_flags & needed) == needed)
		return 0;
	if (!is_ours)
		remember_locked(&earlier[i], &found);
	sigemptyset(&ours.sa_mask);
	return sigaction(signals[i], &ours, NULL) ? -errno : 0;
}

int fxmi_segv_rearm(void)
{
	int saved_errno = errno, error = 0;

	pthread_mutex_lock(&handler_lock);
	for (unsigned i = 0; i < SIGNALS && !error; i++)
		error = arm_locked(i);
	pthread_mutex_unlock(&handler_lock);
	errno = saved_errno;
	return error;
}

/* Handler number @depth, or false for the default action. */
static bool find_earlier(int sig, unsigned depth, struct sigaction *out)
{
	const struct earlier *e = &earlier[sig == SIGBUS];

	pthread_mutex_lock(&handler_lock);
	bool found = depth < e->n;
	if (found)
		*out = e->handler[depth];
	pthread_mutex_unlock(&handler_lock);
	return found;
}

static void do_default(int sig, const siginfo_t *info)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	sigaction(sig, &dfl, NULL);
	if (info->si_code <= 0)
		raise(sig); /* sent, not caused: returning would not bring it back */
}

/* How many handlers have already been tried for this fault, by our caller being one of them or by the fault coming back. */
static unsigned depth_of_chain(const siginfo_t *info, const void *frame, const struct access *a)
{
	struct chaining *c = &chaining;
	bool again = a->pc == c->pc && a->address == c->address;

	if (c->info == info && (uintptr_t)frame < (uintptr_t)c->frame)
		return c->depth + 1;
	c->repeats = again ? c->repeats + 1 : 0;
	c->pc = a->pc;
	c->address = a->address;
	return c->repeats / MAX_REPEATS;
}

static void chain(int sig, siginfo_t *info, void *context, const struct access *a)
{
	const void *frame = __builtin_frame_address(0);
	unsigned depth = depth_of_chain(info, frame, a);
	struct sigaction next;

	if (!find_earlier(sig, depth, &next)) {
		do_default(sig, info);
		return;
	}
	struct chaining outer = chaining;
	chaining.info = info;
	chaining.frame = frame;
	chaining.depth = depth;
	if (next.sa_flags & SA_SIGINFO)
		next.sa_sigaction(sig, info, context);
	else
		next.sa_handler(sig);
	chaining.info = outer.info;
	chaining.frame = outer.frame;
	chaining.depth = outer.depth;
}

/* ---- the handler ------------------------------------------------------------------------------------------------------------ */

static void on_signal(int sig, siginfo_t *info, void *context)
{
	int saved_errno = errno;
	struct access a = {.address = (uintptr_t)info->si_addr, .context = context, .cpu = fxmi_self};
	enum verdict verdict = NEXT;
	const ucontext_t *outer = fxmi_handler_enter(context);

	if (info->si_code > 0) {
		if (info->si_code == SI_KERNEL)
			/* x86's general protection: not canonical, and the CPU does not tell the address */
			a.address = UINTPTR_MAX;
		decode(&a);
		for (size_t i = 0; verdict == NEXT && i < sizeof(rules) / sizeof(*rules); i++)
			verdict = rules[i](&a);
	}
	errno = saved_errno;
	fxmi_handler_leave(outer);
	if (verdict != RETRY)
		chain(sig, info, context, &a);
}

/* ---- self-check ------------------------------------------------------------------------------------------------------------- */

/* None is ours, none is the default action, none is there twice: else chain() could go round in circles. */
static bool earlier_are_valid_locked(const struct earlier *e)
{
	fxm_invariant(e->n <= MAX_EARLIER);
	for (unsigned n = 0; n < e->n; n++) {
		fxm_invariant(!is_default(&e->handler[n]));
		fxm_invariant((void *)e->handler[n].sa_sigaction != (void *)on_signal);
		for (unsigned other = 0; other < n; other++)
			fxm_invariant(!is_same(&e->handler[n], &e->handler[other]));
	}
	return true;
}

bool fxmi_segv_is_valid(void)
{
	bool valid = true;

	pthread_mutex_lock(&handler_lock);
	for (unsigned i = 0; i < SIGNALS && valid; i++)
		valid = earlier_are_valid_locked(&earlier[i]);
	pthread_mutex_unlock(&handler_lock);
	return valid;
}
