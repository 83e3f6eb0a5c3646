/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

/*
 * A booted machine made through the public API, with a record of its reports, and ways to run what a BUG may end. Include
 * the CMocka headers first.
 */

#include <fixmap/fixmap.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every profile, and the PTE width with it. */
#define ALL_PROFILES                                                                                                               \
	"profile=i386-2.6.12", "profile=i386-2.6.12,pae=1", "profile=x86_32-4.15", "profile=x86_32-4.15,pae=1",                    \
	    "profile=x86_32-5.10", "profile=x86_32-5.10,pae=1", "profile=x86_32-6.1", "profile=x86_32-6.1,pae=1"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The reports of a machine: how many of each kind, and a copy of the last one. */
struct record {
	unsigned kinds[FXM_REPORT_FINDING + 1];
	struct fxm_report last;
	char where[96], message[512], text[8192], detector[32], comm[16];
};

struct kernel {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu; /* vCPU 0 */
	const struct fxm_layout *layout;
	struct record record;
};

static inline const char *keep(char *buf, size_t size, const char *text)
{
	if (!text)
		return NULL;
	snprintf(buf, size, "%s", text);
	return buf;
}

static inline void record_report(const struct fxm_report *r, void *arg)
{
	struct record *rec = arg;

	rec->kinds[r->kind]++;
	rec->last = *r;
	rec->last.where = keep(rec->where, sizeof(rec->where), r->where);
	rec->last.message = keep(rec->message, sizeof(rec->message), r->message);
	rec->last.text = keep(rec->text, sizeof(rec->text), r->text);
	rec->last.detector = keep(rec->detector, sizeof(rec->detector), r->detector);
	rec->last.comm = keep(rec->comm, sizeof(rec->comm), r->comm);
}

/* The config that @words describe; a refused word fails the test with its message. */
static inline struct fxm_config *config_of(const char *words)
{
	struct fxm_config *cfg;

	assert_int_equal(fxm_config_create(NULL, &cfg), 0);
	if (fxm_config_parse(cfg, words)) {
		print_error("%s: %s\n", words, fxm_config_error(cfg));
		fail();
	}
	return cfg;
}

static inline struct fxm_machine *machine_of(const char *words)
{
	struct fxm_config *cfg = config_of(words);
	struct fxm_machine *m = NULL;
	int error = fxm_machine_create(cfg, &m);

	if (error)
		print_error("%s: %s\n", words, *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(error));
	fxm_config_destroy(cfg);
	assert_int_equal(error, 0);
	return m;
}

static inline struct kernel *kernel_new(const char *words)
{
	struct kernel *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	k->m = machine_of(words);
	k->cpu = fxm_machine_vcpu(k->m, 0);
	k->layout = fxm_machine_layout(k->m);
	fxm_report_set(k->m, record_report, &k->record);
	return k;
}

static inline void kernel_free(struct kernel *k)
{
	assert_int_equal(fxm_machine_destroy(k->m), 0);
	free(k);
}

static inline struct fxm_page *page_of_kind(struct kernel *k, bool high)
{
	struct fxm_page *page = fxm_alloc_page(k->m, high ? FXM_GFP_HIGHMEM : 0);

	assert_non_null(page);
	assert_int_equal(fxm_page_is_highmem(k->m, page), high);
	return page;
}

static inline struct fxm_page *high_page(struct kernel *k)
{
	return page_of_kind(k, true);
}

static inline struct fxm_page *low_page(struct kernel *k)
{
	return page_of_kind(k, false);
}

static inline uint64_t pfn_of(struct kernel *k, const struct fxm_page *page)
{
	return fxm_page_pfn(k->m, page);
}

static inline uint64_t layout_value(struct kernel *k, const char *name)
{
	uint64_t value = 0;

	assert_int_equal(fxm_layout_find(k->layout, name, &value), 0);
	return value;
}

static inline uint32_t fixed_index(struct kernel *k, const char *name)
{
	int index = fxm_fixed_index(k->layout, name);

	assert_true(index >= 0);
	return (uint32_t)index;
}

static inline fxm_pte prot_of(struct kernel *k, const char *name)
{
	fxm_pte prot;

	assert_int_equal(fxm_prot_find(k->layout, name, &prot), 0);
	return prot;
}

/* The frame that the page-table entry for @va points at, whatever the TLBs say; UINT64_MAX when nothing is mapped. */
static inline uint64_t mapped_pfn(struct kernel *k, fxm_va va)
{
	struct fxm_walk w;

	fxm_walk(k->m, va, &w);
	return w.mapped ? w.pa.v >> FXM_PAGE_SHIFT : UINT64_MAX;
}

/* A mark in the first word of a frame, past every mapping. */
static inline void mark_page(struct kernel *k, const struct fxm_page *page, uint64_t mark)
{
	memcpy(fxm_frame(k->m, pfn_of(k, page)), &mark, sizeof(mark));
}

static inline uint64_t mark_of(struct kernel *k, const struct fxm_page *page)
{
	uint64_t mark;

	memcpy(&mark, fxm_frame(k->m, pfn_of(k, page)), sizeof(mark));
	return mark;
}

/* What @cpu reads at @va through its TLB. */
static inline uint64_t read_mark(struct fxm_vcpu *cpu, fxm_va va)
{
	uint64_t mark = 0;

	assert_int_equal(fxm_read(cpu, va, &mark, sizeof(mark)), 0);
	return mark;
}

/* What kmap_to_page() and kmap_atomic_to_page() come to, or UINT64_MAX. */
static inline uint64_t kmap_pfn(struct fxm_vcpu *cpu, fxm_va va)
{
	uint64_t pfn;

	return fxm_find_kmap_pfn(cpu, va, &pfn) ? UINT64_MAX : pfn;
}

static inline uint64_t kmap_atomic_pfn_of(struct fxm_vcpu *cpu, fxm_va va)
{
	uint64_t pfn;

	return fxm_find_kmap_atomic_pfn(cpu, va, &pfn) ? UINT64_MAX : pfn;
}

static inline struct fxm_counts counts_of(const struct fxm_vcpu *cpu)
{
	struct fxm_counts c;

	fxm_get_counts(cpu, &c);
	return c;
}

static inline struct fxm_pkmap pool_of(struct kernel *k)
{
	struct fxm_pkmap p;

	fxm_get_pkmap(k->m, &p);
	return p;
}

static inline uint32_t slot_of(struct kernel *k, fxm_va va)
{
	return (uint32_t)((va.v - layout_value(k, "PKMAP_BASE")) >> FXM_PAGE_SHIFT);
}

static inline int count_of(struct kernel *k, fxm_va va)
{
	return fxm_pkmap_count(k->m, slot_of(k, va), NULL);
}

#define assert_va(va, value) assert_int_equal((va).v, (uint64_t)(value))
#define assert_va_error(va, error) assert_int_equal(fxm_va_error(va), error)

/* ---- calls that may end the task ---------------------------------------------------------------------------------------- */

/* One call with its arguments and its result. */
struct call {
	struct fxm_vcpu *cpu;
	struct fxm_page *page;
	fxm_va va;
	uint64_t n;
	uint64_t result;
	void (*fn)(struct call *);
};

static inline int run_call(void *arg)
{
	struct call *c = arg;

	c->fn(c);
	return 0;
}

static inline int task_run(struct call *c)
{
	return fxm_task_run(c->cpu, run_call, c, NULL);
}

static inline void call_kmap(struct call *c)
{
	c->va = fxm_kmap(c->cpu, c->page);
}

static inline void call_kunmap(struct call *c)
{
	c->result = (uint64_t)fxm_kunmap(c->cpu, c->page);
}

/* Runs @fn, which must end in a BUG, and nothing else be reported. @where NULL: wherever. */
static inline void assert_bug(struct kernel *k, void (*fn)(struct call *), struct call c, const char *where)
{
	struct record before = k->record;

	c.fn = fn;
	if (!c.cpu)
		c.cpu = k->cpu;
	assert_int_equal(task_run(&c), -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_BUG], before.kinds[FXM_REPORT_BUG] + 1);
	assert_int_equal(k->record.last.kind, FXM_REPORT_BUG);
	if (where)
		assert_string_equal(k->record.last.where, where);
}

static inline void assert_no_reports(const struct kernel *k)
{
	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		assert_int_equal(k->record.kinds[kind], 0);
}

/* Fills the pkmap pool with pages of their own, which it returns (LAST_PKMAP of them; free() the array). */
static inline struct fxm_page **fill_pool(struct kernel *k)
{
	uint32_t n = pool_of(k).last_pkmap;
	struct fxm_page **pages = calloc(n, sizeof(*pages));

	assert_non_null(pages);
	for (uint32_t i = 0; i < n; i++) {
		pages[i] = high_page(k);
		assert_va_error(fxm_kmap(k->cpu, pages[i]), 0);
	}
	assert_int_equal(pool_of(k).used, n);
	return pages;
}

/* ---- child processes ------------------------------------------------------------------------------------------------------ */

/* What became of a child: its exit status, or minus the signal that killed it; @output: what it wrote to standard error. */
static inline int run_child(int (*fn)(void *arg), void *arg, char *output, size_t size)
{
	int pipe_fds[2], status;
	size_t used = 0;
	ssize_t n;

	assert_int_equal(pipe(pipe_fds), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(pipe_fds[1], STDERR_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		/* CMocka's handlers would make a crash a failed test, and go on with the next one here. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		fxm_window_rearm();
		int result = fn(arg);
		fflush(stderr);
		_exit(result);
	}
	close(pipe_fds[1]);
	while (used + 1 < size && (n = read(pipe_fds[0], output + used, size - used - 1)) > 0)
		used += (size_t)n;
	output[used] = 0;
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
