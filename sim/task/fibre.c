/* SPDX-License-Identifier: MIT */
/*
 * Stacks and the switch between them: the mechanics of a fibre, without a notion of tasks or seats.
 *
 * A fibre and its resumer take turns; struct fxmi_fibre holds the stack pointer of the one that waits. x86-64 and aarch64
 * switch in a dozen instructions and no system call. Elsewhere, and where the CPU may check a shadow stack, ucontext does it.
 * The sanitizers and valgrind are told of every stack and switch, or they would take one stack for a wild excursion of another.
 */
#include "task_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#define WITH_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
#define WITH_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#define WITH_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define WITH_TSAN 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#if (defined(__x86_64__) && !(defined(__CET__) && (__CET__ & 2))) || defined(__aarch64__)
#define OWN_SWITCH 1
#else
#define OWN_SWITCH 0
#include <ucontext.h>
#endif

/* ---- stacks ---------------------------------------------------------------------------------------------------------- */

/*
 * memcheck knows where threads' stacks are, is told of the fibres', and had better not know of signal stacks. It takes a jump
 * of the stack pointer by less than 2 MB, such as siglongjmp() off the alternate stack, for growth or
 * shrinkage, and what lies between for dead.
 */
enum { STACK_MIN = 64 * 1024, MEMCHECK_GUARD = 4 * 1024 * 1024 };

int fxmi_stack_init(struct fxmi_stack *stack, size_t bytes)
{
	int saved_errno = errno;

	if (bytes > SIZE_MAX / 2)
		return -ENOMEM;
	bytes = (bytes < STACK_MIN ? STACK_MIN : bytes + FXM_PAGE_SIZE - 1) & ~(size_t)(FXM_PAGE_SIZE - 1);
	size_t guard = RUNNING_ON_VALGRIND ? MEMCHECK_GUARD : FXMI_STACK_GUARD;
	unsigned char *p = mmap(NULL, guard + bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (p != MAP_FAILED && mprotect(p + guard, bytes, PROT_READ | PROT_WRITE)) {
		munmap(p, guard + bytes);
		p = MAP_FAILED;
	}
	errno = saved_errno;
	if (p == MAP_FAILED)
		return -ENOMEM;
	stack->base = p + guard;
	stack->guard = guard;
	stack->bytes = bytes;
	return 0;
}

void fxmi_stack_free(struct fxmi_stack *stack)
{
	if (!stack->base)
		return;
#if WITH_ASAN
	__asan_unpoison_memory_region(stack->base, stack->bytes);
#endif
	munmap(stack->base - stack->guard, stack->guard + stack->bytes);
	stack->base = NULL;
}

/* ---- the switch ------------------------------------------------------------------------------------------------------ */

#if OWN_SWITCH

/* Saves the callee-saved registers and the stack pointer (to *@save), goes on where @load was saved. */
void fxmi_fibre_switch(void **save, void *load) __attribute__((visibility("hidden")));
void fxmi_fibre_start(void) __attribute__((visibility("hidden")));

/* fxmi_fibre_start: where a new fibre's first switch returns to. No frame lies above it, so that unwinding ends there. */
#if defined(__x86_64__)

__asm__(".text\n"
	".globl fxmi_fibre_switch\n"
	".hidden fxmi_fibre_switch\n"
	".type fxmi_fibre_switch, @function\n"
	"fxmi_fibre_switch:\n"
	"	.cfi_startproc\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	.cfi_def_cfa_offset 64\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	ldmxcsr (%rsp)\n"
	"	fldcw 4(%rsp)\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size fxmi_fibre_switch, .-fxmi_fibre_switch\n"
	".globl fxmi_fibre_start\n"
	".hidden fxmi_fibre_start\n"
	".type fxmi_fibre_start, @function\n"
	"fxmi_fibre_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	xorl %ebp, %ebp\n"
	"	movq %r12, %rdi\n"
	"	call fxmi_fibre_main\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size fxmi_fibre_start, .-fxmi_fibre_start\n");

/* As fxmi_fibre_switch pushes it. */
struct saved {
	uint32_t mxcsr;
	uint32_t fpu_control;
	uint64_t r15, r14, r13, r12, rbx, rbp;
	uint64_t return_address;
	uint64_t above[2]; /* keeps the stack aligned at fxmi_fibre_start's call; zero ends naive unwinders */
};

static void prepare(struct fxmi_fibre *f, struct saved *s)
{
	__asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(s->mxcsr), "=m"(s->fpu_control));
	s->r12 = (uintptr_t)f;
	s->return_address = (uintptr_t)fxmi_fibre_start;
}

#else /* aarch64 */

__asm__(".text\n"
	".globl fxmi_fibre_switch\n"
	".hidden fxmi_fibre_switch\n"
	".type fxmi_fibre_switch, %function\n"
	"fxmi_fibre_switch:\n"
	"	.cfi_startproc\n"
	"	sub sp, sp, #176\n"
	"	.cfi_def_cfa_offset 176\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mrs x9, fpcr\n"
	"	str x9, [sp, #160]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldr x9, [sp, #160]\n"
	"	msr fpcr, x9\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #176\n"
	"	.cfi_def_cfa_offset 0\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size fxmi_fibre_switch, .-fxmi_fibre_switch\n"
	".globl fxmi_fibre_start\n"
	".hidden fxmi_fibre_start\n"
	".type fxmi_fibre_start, %function\n"
	"fxmi_fibre_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x29, xzr\n"
	"	mov x0, x19\n"
	"	bl fxmi_fibre_main\n"
	"	brk #0\n"
	"	.cfi_endproc\n"
	".size fxmi_fibre_start, .-fxmi_fibre_start\n");

/* As fxmi_fibre_switch stores it. */
struct saved {
	uint64_t x19, x20_to_x28[9], x29, x30;
	uint64_t d8_to_d15[8];
	uint64_t fpcr, pad;
};

static void prepare(struct fxmi_fibre *f, struct saved *s)
{
	__asm__("mrs %0, fpcr" : "=r"(s->fpcr));
	s->x19 = (uintptr_t)f;
	s->x30 = (uintptr_t)fxmi_fibre_start;
}

#endif

static int switch_init(struct fxmi_fibre *f)
{
	struct saved *s = (struct saved *)(void *)(f->stack->base + f->stack->bytes) - 1;

	memset(s, 0, sizeof(*s));
	prepare(f, s);
	f->sp = s;
	return 0;
}

static void switch_free(struct fxmi_fibre *f)
{
	(void)f;
}

static void switch_stacks(struct fxmi_fibre *f)
{
	fxmi_fibre_switch(&f->sp, f->sp);
}

#else /* ucontext */

struct contexts {
	ucontext_t waiting[2]; /* the fibre's and the resumer's */
	unsigned running;
};

static void ucontext_main(unsigned high, unsigned low)
{
	fxmi_fibre_main((struct fxmi_fibre *)((uintptr_t)high << 16 << 16 | low));
}

static int switch_init(struct fxmi_fibre *f)
{
	struct contexts *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	getcontext(&c->waiting[0]);
	c->waiting[0].uc_stack.ss_sp = f->stack->base;
	c->waiting[0].uc_stack.ss_size = f->stack->bytes;
	makecontext(&c->waiting[0], (void (*)(void))ucontext_main, 2, (unsigned)((uintptr_t)f >> 16 >> 16), (unsigned)(uintptr_t)f);
	c->running = 1;
	f->sp = c;
	return 0;
}

static void switch_free(struct fxmi_fibre *f)
{
	free(f->sp);
}

static void switch_stacks(struct fxmi_fibre *f)
{
	struct contexts *c = f->sp;

	c->running ^= 1;
	swapcontext(&c->waiting[!c->running], &c->waiting[c->running]);
}

#endif

/* ---- fibres ---------------------------------------------------------------------------------------------------------- */

int fxmi_fibre_init(struct fxmi_fibre *f, struct fxmi_stack *stack, void (*entry)(void *arg), void *arg)
{
	fxm_assert_internal(!f->stack && stack->base && (uintptr_t)(stack->base + stack->bytes) % 16 == 0);
	*f = (struct fxmi_fibre){.stack = stack, .entry = entry, .arg = arg};
	int error = switch_init(f);

	if (error) {
		f->stack = NULL;
		return error;
	}
	f->valgrind_id = VALGRIND_STACK_REGISTER(stack->base, stack->base + stack->bytes);
#if WITH_TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
#if WITH_ASAN
	__lsan_register_root_region(stack->base, stack->bytes);
#endif
	return 0;
}

void fxmi_fibre_free(struct fxmi_fibre *f)
{
	if (!f->stack)
		return;
#if WITH_ASAN
	__lsan_unregister_root_region(f->stack->base, f->stack->bytes);
#endif
#if WITH_TSAN
	__tsan_destroy_fiber(f->tsan);
#endif
	VALGRIND_STACK_DEREGISTER(f->valgrind_id);
	switch_free(f);
	f->stack = NULL;
}

void fxmi_fibre_enter(struct fxmi_fibre *f)
{
	fxm_assert_internal(f->stack && f->stack->base && f->sp);
#if WITH_TSAN
	f->tsan_resumer = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(f->tsan, 0);
#endif
#if WITH_ASAN
	__sanitizer_start_switch_fiber(&f->asan_resumer_fake, f->stack->base, f->stack->bytes);
#endif
	switch_stacks(f);
#if WITH_ASAN
	__sanitizer_finish_switch_fiber(f->asan_resumer_fake, NULL, NULL);
#endif
}

void fxmi_fibre_leave(struct fxmi_fibre *f, bool for_ever)
{
	fxm_assert_internal(f->stack && f->sp);
#if WITH_TSAN
	__tsan_switch_to_fiber(f->tsan_resumer, 0);
#endif
#if WITH_ASAN
	__sanitizer_start_switch_fiber(for_ever ? NULL : &f->asan_fake, f->asan_resumer_base, f->asan_resumer_bytes);
#else
	(void)for_ever;
#endif
	switch_stacks(f);
#if WITH_ASAN
	__sanitizer_finish_switch_fiber(f->asan_fake, &f->asan_resumer_base, &f->asan_resumer_bytes);
#endif
}

__attribute__((used)) void fxmi_fibre_main(struct fxmi_fibre *f)
{
#if WITH_ASAN
	__sanitizer_finish_switch_fiber(NULL, &f->asan_resumer_base, &f->asan_resumer_bytes);
#endif
	f->entry(f->arg);
	fxm_assert(!"a fibre's entry function returned");
}
