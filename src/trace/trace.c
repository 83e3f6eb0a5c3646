/* SPDX-License-Identifier: MIT */
/*
 * The trace writer: one line per operation of the simulated kernel, with everything observable after it. The format is
 * described in doc/trace-format.md; what the fields show is read from the machine itself (page tables, counters), past
 * every TLB, so a line tells what is so and not what the operation believes.
 *
 * Locks: trace.op_lock is outermost. A task holds it during an operation and not while it sleeps in one, so that lines stand in
 * the order in which things happened, and show what is so after their operation and before any other CPU's. trace.lock is a leaf;
 * it is held while the user's callback runs.
 */
#include "mapping.h"
#include "state.h"
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>

struct page_name {
	uint64_t pfn_plus_1;
	uint32_t number;
	char letter;   /* P highmem, Q lowmem */
	bool has_tag;  /* named through the API: the word at offset 64 means something */
};

/* What a task is called in the trace: its comm, one word, another one than every other task's. */
struct thread_name {
	int pid;
	char word[sizeof(((struct fxm_task *)NULL)->comm)];
};

struct fxmi_trace {
	pthread_mutex_t op_lock, lock;
	fxm_trace_fn fn;
	void *arg;
	bool header;
	uint64_t seq;
	FILE *file;
	char *file_name;
	struct page_name *names; /* open addressing by pfn */
	size_t capacity, used;	 /* capacity is a power of two */
	uint32_t next_p, next_q; /* numbers for pages that appear unnamed */
	bool tags;		 /* some page was named through the API */
	struct thread_name *threads;
	size_t nr_threads;
};

#define LINE_BYTES 8192
#define TAG_OFFSET 64

/* ---- emitting ---- */

static void emit_locked(struct fxmi_trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void emit_locked(struct fxmi_trace *t, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	if (!t->fn)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	t->fn(line, t->arg);
}

static void write_to_file(const char *line, void *arg)
{
	struct fxmi_trace *t = arg;
	int saved = errno;

	fputs(line, t->file);
	fputc('\n', t->file);
	errno = saved;
}

/* ---- page names ---- */

static struct page_name *name_slot(struct fxmi_trace *t, uint64_t pfn)
{
	size_t i = (size_t)(pfn * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (t->capacity - 1);
	while (t->names[i].pfn_plus_1 && t->names[i].pfn_plus_1 != pfn + 1)
		i = (i + 1) & (t->capacity - 1);
	return &t->names[i];
}

static bool grow(struct fxmi_trace *t)
{
	struct fxmi_trace bigger = {.capacity = t->capacity ? 2 * t->capacity : 1024};

	bigger.names = calloc(bigger.capacity, sizeof(*bigger.names));
	if (!bigger.names)
		return false;
	for (size_t i = 0; i < t->capacity; i++)
		if (t->names[i].pfn_plus_1)
			*name_slot(&bigger, t->names[i].pfn_plus_1 - 1) = t->names[i];
	free(t->names);
	t->names = bigger.names;
	t->capacity = bigger.capacity;
	return true;
}

static void emit_page_locked(struct fxmi_kernel *k, const struct page_name *n)
{
	uint64_t pfn = (n->pfn_plus_1 - 1) >> (k->page_shift - FXM_PAGE_SHIFT);
	if (n->pfn_plus_1 > k->m->mem.highmem_pfn)
		emit_locked(k->trace, "page %c%u pfn=%" PRIx64 " high=1", n->letter, n->number, pfn);
	else
		emit_locked(k->trace, "page %c%u pfn=%" PRIx64 " high=0 vaddr=%08" PRIx64, n->letter, n->number, pfn,
			    k->page_offset + (pfn << k->page_shift));
}

static struct page_name *set_name_locked(struct fxmi_kernel *k, uint64_t pfn, char letter, uint32_t number, bool has_tag)
{
	struct fxmi_trace *t = k->trace;
	uint32_t *next = letter == 'P' ? &t->next_p : &t->next_q;

	if (2 * t->used >= t->capacity && !grow(t))
		return NULL;
	struct page_name *n = name_slot(t, pfn);
	t->used += !n->pfn_plus_1;
	*n = (struct page_name){.pfn_plus_1 = pfn + 1, .number = number, .letter = letter, .has_tag = has_tag};
	if (number >= *next)
		*next = number + 1;
	if (t->header)
		emit_page_locked(k, n);
	return n;
}

/* The name of frame @pfn, made up at its first appearance; "-" for none. */
static void page_name_locked(struct fxmi_kernel *k, uint64_t pfn, char *buf, size_t size)
{
	struct fxmi_trace *t = k->trace;
	struct page_name *n = t->capacity ? name_slot(t, pfn) : NULL;
	bool high = pfn >= k->m->mem.highmem_pfn;

	if (!n || !n->pfn_plus_1)
		n = set_name_locked(k, pfn, high ? 'P' : 'Q', high ? t->next_p : t->next_q, false);
	if (n)
		snprintf(buf, size, "%c%u", n->letter, n->number);
	else
		snprintf(buf, size, "-");
}

int fxm_trace_name_page(struct fxm_machine *m, struct fxm_page *page, const char *name)
{
	unsigned number;
	int end = 0;

	if (!m || !name || !fxmi_page_is_valid(m, page))
		return -EINVAL;
	if ((name[0] != 'P' && name[0] != 'Q') || name[1] < '0' || name[1] > '9' ||
	    sscanf(name + 1, "%9u%n", &number, &end) != 1 || name[1 + end])
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	pthread_mutex_lock(&k->trace->lock);
	k->trace->tags = true;
	bool ok = set_name_locked(k, fxmi_page_pfn(m, page), name[0], number, true);
	pthread_mutex_unlock(&k->trace->lock);
	return ok ? 0 : -ENOMEM;
}

/* ---- names of threads ---- */

static bool is_taken(const struct fxmi_trace *t, const char *word)
{
	for (size_t i = 0; i < t->nr_threads; i++)
		if (!strcmp(t->threads[i].word, word))
			return true;
	return false;
}

static void name_thread(const struct fxmi_trace *t, const struct fxm_task *task, char *word, size_t size)
{
	snprintf(word, size, "%s", *task->comm ? task->comm : "-");
	for (char *c = word; *c; c++)
		if (*c <= ' ' || *c == 0x7f)
			*c = '_';
	if (is_taken(t, word)) {
		char suffix[16];
		int n = snprintf(suffix, sizeof(suffix), "-%d", task->pid);
		size_t at = strlen(word);

		if (at + (size_t)n >= size)
			at = size - 1 - (size_t)n;
		memcpy(word + at, suffix, (size_t)n + 1);
	}
}

/* The idle tasks share a pid, and have names of their own. */
static const char *thread_word_locked(struct fxmi_trace *t, const struct fxm_task *task)
{
	if (task->is_idle)
		return task->comm;
	for (size_t i = t->nr_threads; i--;)
		if (t->threads[i].pid == task->pid)
			return t->threads[i].word;
	struct thread_name *more = realloc(t->threads, (t->nr_threads + 1) * sizeof(*more));
	if (!more)
		return "-";
	t->threads = more;
	struct thread_name *n = &more[t->nr_threads];
	n->pid = task->pid;
	name_thread(t, task, n->word, sizeof(n->word));
	t->nr_threads++;
	return n->word;
}

/* ---- what a line shows of an address ---- */

/* tag=: the word in the frame that @va maps, if the frame is a named page's; "" when nobody named pages. */
static void tag_locked(const struct fxmi_kernel *k, const struct fxm_walk *w, char *buf, size_t size)
{
	const struct fxmi_trace *t = k->trace;
	uint64_t pfn = w->pa.v >> FXM_PAGE_SHIFT;
	uint32_t word;

	buf[0] = 0;
	if (!t->tags)
		return;
	if (!w->mapped) {
		snprintf(buf, size, " tag=-");
		return;
	}
	const struct page_name *n = t->capacity ? name_slot((struct fxmi_trace *)t, pfn) : NULL;
	if (!n || !n->pfn_plus_1 || !n->has_tag) {
		snprintf(buf, size, " tag=?");
		return;
	}
	memcpy(&word, fxmi_frame(k->m, pfn) + TAG_OFFSET, sizeof(word));
	snprintf(buf, size, " tag=%d", (int)word);
}

/* pte= and tag= of @va. */
static void pte_fields_locked(struct fxmi_kernel *k, uint64_t va, bool with_tag, char *buf, size_t size)
{
	struct fxm_walk w;
	char tag[32] = "";

	fxm_walk(k->m, fxm_va_of(va & FXMI_PAGE_MASK), &w);
	if (with_tag)
		tag_locked(k, &w, tag, sizeof(tag));
	snprintf(buf, size, " pte=%" PRIx64 "%s", fxm_pte_at(k->m, fxm_va_of(va)).v, tag);
}

static const char *context_word(const struct fxm_vcpu *cpu)
{
	switch (fxm_context(cpu)) {
	case FXM_CONTEXT_HARDIRQ:
	case FXM_CONTEXT_NMI:
		return "irq";
	case FXM_CONTEXT_SOFTIRQ:
		return "sirq";
	case FXM_CONTEXT_TASK:
		break;
	}
	return "task";
}

/* ---- operations ---- */

static void enter(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	if (!op->outer)
		pthread_mutex_lock(&fxmi_kernel_of(cpu)->trace->op_lock);
	fxmi_percpu(cpu)->op = op;
}

static void leave(struct fxm_vcpu *cpu, const struct fxmi_op *op)
{
	fxmi_percpu(cpu)->op = op->outer;
	if (!op->outer)
		pthread_mutex_unlock(&fxmi_kernel_of(cpu)->trace->op_lock);
}

void fxmi_op_begin(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, const struct fxm_page *page, uint64_t address)
{
	if (fxmi_likely(!fxmi_tracing(cpu)) || (fxmi_percpu(cpu)->op && fxmi_percpu(cpu)->op->helper)) {
		op->name = NULL;
		return;
	}
	*op = (struct fxmi_op){.name = name, .page = page, .address = address, .outer = fxmi_percpu(cpu)->op};
	enter(cpu, op);
}

void fxmi_op_prot(struct fxm_vcpu *cpu, struct fxmi_op *op, uint64_t prot)
{
	static const struct {
		const char *prot, *suffix;
	} names[] = {{"PAGE_KERNEL_RO", ":RO"}, {"PAGE_KERNEL_NOCACHE", ":NC"}};
	fxm_pte value;

	snprintf(op->prot, sizeof(op->prot), ":%" PRIx64, prot);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!fxm_prot_value(fxmi_kernel_of(cpu)->layout, names[i].prot, &value) && value.v == prot)
			snprintf(op->prot, sizeof(op->prot), "%s", names[i].suffix);
}

void fxmi_op_tlb(struct fxm_vcpu *cpu, const char *fmt, ...)
{
	struct fxmi_op *op = fxmi_percpu(cpu)->op;
	va_list args;

	if (!op)
		return;
	size_t used = strlen(op->tlb);
	if (used && used + 1 < sizeof(op->tlb))
		op->tlb[used++] = '+';
	va_start(args, fmt);
	vsnprintf(op->tlb + used, sizeof(op->tlb) - used, fmt, args);
	va_end(args);
}

void fxmi_op_cache(struct fxm_vcpu *cpu, const char *fmt, ...)
{
	struct fxmi_op *op = fxmi_percpu(cpu)->op;
	va_list args;

	if (fxmi_likely(!op))
		return;
	size_t used = strlen(op->cache);
	if (used && used + 1 < sizeof(op->cache))
		op->cache[used++] = '+';
	va_start(args, fmt);
	vsnprintf(op->cache + used, sizeof(op->cache) - used, fmt, args);
	va_end(args);
}

void fxmi_op_flushed(struct fxm_vcpu *cpu, int slots)
{
	struct fxmi_op *op = fxmi_percpu(cpu)->op;
	if (fxmi_unlikely(op != NULL))
		op->flushed += slots;
}

void fxmi_flush_tlb_kernel_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end)
{
	if (fxmi_unlikely(fxmi_tracing(cpu))) {
		if (fxmi_kernel_of(cpu)->flush_range_is_all)
			fxmi_op_tlb(cpu, "all");
		else
			fxmi_op_tlb(cpu, "range:%" PRIx64 "-%" PRIx64, start, end);
	}
	fxmi_tlb_flush_range_all(cpu->machine, start, end);
}

static const char *tlb_text(const struct fxmi_op *op)
{
	return op->tlb[0] ? op->tlb : "-";
}

/* Begins the line of an operation: the locked trace, or NULL when it is not traced. */
static struct fxmi_trace *line_begin(struct fxm_vcpu *cpu, const struct fxmi_op *op)
{
	if (fxmi_likely(!op->name))
		return NULL;
	struct fxmi_trace *t = fxmi_kernel_of(cpu)->trace;
	pthread_mutex_lock(&t->lock);
	return t;
}

/* Ends the line, and the operation. */
static void line_end(struct fxm_vcpu *cpu, const struct fxmi_op *op)
{
	pthread_mutex_unlock(&fxmi_kernel_of(cpu)->trace->lock);
	leave(cpu, op);
}

/* What was reported during the operation comes before it. */
static void expects_locked(struct fxmi_trace *t, struct fxmi_op *op)
{
	char *save = NULL;

	for (char *line = strtok_r(op->expects, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		emit_locked(t, "%s", line);
	op->expects[0] = 0;
}

/* "op SEQ CPU THREAD CTX NAME ARG RET" then @fields. */
static void op_line_locked(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, uint64_t ret, const char *fields)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char arg[24] = "-";

	if (op->page)
		page_name_locked(k, fxmi_page_pfn(k->m, op->page), arg, sizeof(arg));
	expects_locked(k->trace, op);
	emit_locked(k->trace, "op %" PRIu64 " %u %s %s %s%s %s %08" PRIx64 "%s%s%s", ++k->trace->seq, cpu->id,
		    thread_word_locked(k->trace, cpu->current), context_word(cpu), name, op->prot, arg, ret, fields,
		    op->cache[0] ? " cache=" : "", op->cache);
}

/* The fields of the pool for the slot of @va. */
static void slot_fields(const struct fxmi_kernel *k, uint64_t va, char *buf, size_t size)
{
	int nr = va ? fxmi_pkmap_nr(&k->pkmap, va) : -1;
	snprintf(buf, size, " slot=%d cnt=%d last=%u", nr, nr >= 0 ? (int)fxmi_pkmap_count(&k->pkmap, (uint32_t)nr) : -1,
		 fxmi_pkmap_cursor(&k->pkmap));
}

void fxmi_op_end_kmap(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[LINE_BYTES / 2], slot[80], pte[80] = "", pa[32] = "";

	if (!t)
		return;
	uint64_t address = op->page ? fxmi_page_address(k, op->page) : 0;
	slot_fields(k, address, slot, sizeof(slot));
	if (op->page) {
		snprintf(pa, sizeof(pa), " pa=%08" PRIx64, address);
		pte_fields_locked(k, address, op->address != 0, pte, sizeof(pte));
	}
	snprintf(fields, sizeof(fields), "%s flushed=%d%s%s tlb=%s", slot, op->flushed, pa, pte, tlb_text(op));
	op_line_locked(cpu, op, op->slept ? "kmap-return" : op->name, op->address, fields);
	line_end(cpu, op);
}

void fxmi_op_sleeps(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_trace *t = k->trace;
	char fields[LINE_BYTES];

	pthread_mutex_lock(&t->lock);
	if (!op->slept) {
		snprintf(fields, sizeof(fields), " last=%u tlb=%s", fxmi_pkmap_cursor(&k->pkmap), tlb_text(op));
		op_line_locked(cpu, op, "kmap-enter", 0, fields);
		op->tlb[0] = 0;
		op->cache[0] = 0;
	}
	emit_locked(t, "ev thread %s state=D%s last=%u tlb=%s%s%s", thread_word_locked(t, cpu->current),
		    op->slept ? " again=1" : "",
		    fxmi_pkmap_cursor(&k->pkmap), tlb_text(op), op->cache[0] ? " cache=" : "", op->cache);
	pthread_mutex_unlock(&t->lock);
	op->slept = true;
	op->tlb[0] = 0;
	op->cache[0] = 0;
	op->flushed = 0;
}

void fxmi_op_pause(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	if (op)
		leave(cpu, op);
}

void fxmi_op_resume(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	if (op)
		enter(cpu, op);
}

/* " fix= rel= idx=" pte= pc= pf= md= tag= and the pool's fields for an address in pkmap. */
static void atomic_fields_locked(struct fxm_vcpu *cpu, uint64_t va, char *buf, size_t size)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_counts counts;
	struct fxm_walk w;
	char pte[64], tag[32], slot[80] = "";
	int fix = fxmi_va_is_fixed(k, va) ? (int)fxmi_virt_to_fix(k, va) : -1;

	fxm_counts(cpu, &counts);
	fxm_walk(k->m, fxm_va_of(va & FXMI_PAGE_MASK), &w);
	tag_locked(k, &w, tag, sizeof(tag));
	pte_fields_locked(k, va, false, pte, sizeof(pte));
	if (fxmi_pkmap_nr(&k->pkmap, va) >= 0)
		slot_fields(k, va, slot, sizeof(slot));
	snprintf(buf, size, " fix=%d rel=%d idx=%d%s pc=%d pf=%d md=%d%s%s", fix, fix < 0 ? -1 : fix - (int)k->fix_kmap_begin,
		 k->typed ? -1 : counts.kmap_depth, pte, counts.preempt & 0xff, counts.pagefault, counts.migrate, tag, slot);
}

/* " src= maps= calls= idx= pc= pf= md= sum= sum2=" */
static void helper_fields_locked(struct fxm_vcpu *cpu, const struct fxmi_op *op, char *buf, size_t size)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_helper *h = op->helper;
	char source[24], src[32] = "", sum2[24] = "";
	struct fxm_counts counts;

	fxm_counts(cpu, &counts);
	if (h->source) {
		page_name_locked(k, fxmi_page_pfn(k->m, h->source), source, sizeof(source));
		snprintf(src, sizeof(src), " src=%s", source);
		snprintf(sum2, sizeof(sum2), " sum2=%08" PRIx32, fxm_page_sum(k->m, h->source));
	}
	snprintf(buf, size, "%s maps=%u calls=%s idx=%d pc=%d pf=%d md=%d sum=%08" PRIx32 "%s", src, h->maps,
		 h->calls[0] ? h->calls : "-",
		 k->typed ? -1 : counts.kmap_depth, counts.preempt & 0xff, counts.pagefault, counts.migrate,
		 fxm_page_sum(k->m, op->page), sum2);
}

void fxmi_op_end_helper(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[LINE_BYTES], state[LINE_BYTES / 2];

	if (!t)
		return;
	helper_fields_locked(cpu, op, state, sizeof(state));
	snprintf(fields, sizeof(fields), "%s%s%s tlb=%s", op->detail[0] ? " " : "", op->detail, state, tlb_text(op));
	op_line_locked(cpu, op, op->name, op->address, fields);
	line_end(cpu, op);
}

void fxmi_op_end_atomic(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[LINE_BYTES], state[LINE_BYTES / 4];

	if (!t)
		return;
	atomic_fields_locked(cpu, op->address, state, sizeof(state));
	snprintf(fields, sizeof(fields), "%s%s%s tlb=%s", op->detail[0] ? " " : "", op->detail, state, tlb_text(op));
	op_line_locked(cpu, op, op->name, op->address, fields);
	line_end(cpu, op);
}

void fxmi_op_end_fixmap(struct fxm_vcpu *cpu, struct fxmi_op *op, uint32_t index)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[LINE_BYTES], pte[80];

	if (!t)
		return;
	pte_fields_locked(k, fxmi_fix_to_virt(k, index), true, pte, sizeof(pte));
	snprintf(fields, sizeof(fields), " %s%s tlb=%s", op->detail, pte, tlb_text(op));
	op_line_locked(cpu, op, op->name, op->address, fields);
	line_end(cpu, op);
}

/* Adds ARG and match= to kmap_to_page-like operations: the page that @op's address really maps. */
static void match_locked(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *fields, char *buf, size_t size)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_walk w;
	uint64_t pfn;

	buf[0] = 0;
	if (sscanf(fields, "pfn=%" SCNx64, &pfn) != 1)
		return;
	fxm_walk(k->m, fxm_va_of(op->address), &w);
	if (w.mapped && fxmi_pfn_is_ram(k->m, w.pa.v >> FXM_PAGE_SHIFT))
		op->page = &k->m->mem.mem_map[w.pa.v >> FXM_PAGE_SHIFT];
	snprintf(buf, size, " match=%d", w.mapped && w.pa.v >> FXM_PAGE_SHIFT == pfn);
}

void fxmi_op_end_fields(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *fmt, ...)
{
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[LINE_BYTES], own[128], match[16];
	va_list args;

	if (!t)
		return;
	va_start(args, fmt);
	vsnprintf(own, sizeof(own), fmt, args);
	va_end(args);
	match_locked(cpu, op, own, match, sizeof(match));
	snprintf(fields, sizeof(fields), "%s%s%s tlb=%s", own[0] ? " " : "", own, match, tlb_text(op));
	op_line_locked(cpu, op, op->name, op->address, fields);
	line_end(cpu, op);
}

void fxm_trace_peek(struct fxm_vcpu *cpu, fxm_va va)
{
	struct fxmi_op op;
	if (fxmi_check_cpu(cpu) || !fxmi_tracing(cpu))
		return;
	fxmi_op_begin(cpu, &op, "peek", NULL, va.v);
	fxmi_op_end_atomic(cpu, &op);
}

void fxmi_trace_mark(struct fxmi_kernel *k, const char *text)
{
	pthread_mutex_lock(&k->trace->lock);
	emit_locked(k->trace, "mark %s", text);
	pthread_mutex_unlock(&k->trace->lock);
}

/* ---- reports ---- */

/* The `expect` line of a report, "" for a kind that has none. */
static void expect_text(enum fxm_report_kind kind, const char *where, const struct fxm_fault *f, char *buf, size_t size)
{
	static const char *const words[] = {
	    [FXM_REPORT_WARN] = "warn", [FXM_REPORT_BUG] = "bug", [FXM_REPORT_SLEEPING] = "sleeping"};
	static const char *const access[] = {[FXM_READ] = "read", [FXM_WRITE] = "write", [FXM_EXEC] = "exec"};

	buf[0] = 0;
	if (kind == FXM_REPORT_OOPS)
		snprintf(buf, size, "expect oops addr=%08" PRIx64 " access=%s code=%04x reason=%s pte=%" PRIx64, f->address.v,
			 access[f->access], f->code, f->present ? "permissions" : "not-present", f->pte.v);
	else if (kind == FXM_REPORT_WARN || kind == FXM_REPORT_BUG || kind == FXM_REPORT_SLEEPING)
		snprintf(buf, size, "expect %s %s", words[kind], where ? where : "-");
}

/* The operation that the task dies in, or the access itself, after the report. */
static void do_lines_locked(struct fxm_vcpu *cpu, struct fxmi_op *op, const struct fxm_fault *f, const char *expect)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const char *thread = thread_word_locked(k->trace, cpu->current);
	char arg[24] = "-", state[LINE_BYTES / 2] = "";

	if (op && op->page)
		page_name_locked(k, fxmi_page_pfn(k->m, op->page), arg, sizeof(arg));
	if (op && op->helper)
		helper_fields_locked(cpu, op, state, sizeof(state));
	if (op)
		expects_locked(k->trace, op);
	if (*expect)
		emit_locked(k->trace, "%s", expect);
	if (op)
		emit_locked(k->trace, "do %u %s %s %s%s %s %08" PRIx64 "%s%s%s", cpu->id, thread, context_word(cpu), op->name,
			    op->prot, arg, op->address, op->detail[0] ? " " : "", op->detail, state);
	else
		emit_locked(k->trace, "do %u %s %s %s - %08" PRIx64, cpu->id, thread, context_word(cpu),
			    f->access == FXM_WRITE ? "write" : "read", f->address.v);
}

/*
 * A report belongs to the operation in progress, and is written together with it, so that no other CPU's lines come between. One
 * that no operation of the trace made, a BUG() of a driver say, is not replayed: a comment.
 */
void fxmi_trace_report(struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *where, const struct fxm_fault *fault, bool dies)
{
	if (!fxmi_tracing(cpu))
		return;
	struct fxmi_trace *t = fxmi_kernel_of(cpu)->trace;
	struct fxmi_op *op = fxmi_percpu(cpu)->op;
	char expect[256];

	expect_text(kind, where, fault, expect, sizeof(expect));
	pthread_mutex_lock(&t->lock);
	if (dies && (op || fault)) {
		do_lines_locked(cpu, op, fault, expect);
	} else if (op && *expect) {
		size_t used = strlen(op->expects);
		snprintf(op->expects + used, sizeof(op->expects) - used, "%s\n", expect);
	} else if (*expect) {
		emit_locked(t, "# %s", expect + strlen("expect "));
	}
	if (dies && t->file)
		fflush(t->file);
	pthread_mutex_unlock(&t->lock);
	for (; dies && op; op = op->outer)
		leave(cpu, op);
}

/* ---- CPUs ---- */

static void cpu_line_locked(struct fxmi_trace *t, unsigned id)
{
	emit_locked(t, "mark cpu %u online", id);
}

void fxmi_trace_cpu_online(struct fxm_vcpu *cpu)
{
	struct fxmi_trace *t = fxmi_kernel(cpu->machine)->trace;

	if (!t || !fxmi_tracing(cpu))
		return;
	pthread_mutex_lock(&t->lock);
	cpu_line_locked(t, cpu->id);
	pthread_mutex_unlock(&t->lock);
}

/* ---- header ---- */

/* Settings of the library itself are no part of the machine that a trace asks for. */
static bool is_machine_word(const struct fxmi_setting *s)
{
	static const char *const own[] = {"window", "identity", "detect", "trace", "stacks", "hung_task"};

	if (s->row->kind == FXMI_ROW_TEXT || !strncmp(s->row->name, "policy", 6))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(s->row->name, own[i]))
			return false;
	return s->is_set || s->value || s->row->kind == FXMI_ROW_OPTION;
}

static void machine_line_locked(struct fxmi_kernel *k)
{
	char line[LINE_BYTES];
	size_t used = (size_t)snprintf(line, sizeof(line), "machine profile=%s", fxmi_layout_profile(k->layout));
	const struct fxmi_setting *s;

	for (size_t i = 0; (s = fxmi_setting_at(k->layout, i)) != NULL; i++)
		if (is_machine_word(s) && used < sizeof(line))
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %s=%s", s->row->name,
						 fxmi_setting_text(k->layout, s->row->name));
	emit_locked(k->trace, "%s", line);
}

static void layout_lines_locked(struct fxmi_kernel *k)
{
	struct fxm_fixed fixed;
	const char *name;
	uint64_t value;
	uint32_t type;
	fxm_pte prot;
	bool is_address;

	for (size_t i = 0; !fxm_layout_at(k->layout, i, &name, &value, &is_address); i++)
		emit_locked(k->trace, is_address ? "layout %s=0x%" PRIx64 : "layout %s=%" PRIu64, name, value);
	for (size_t i = 0; !fxm_prot_at(k->layout, i, &name, &prot); i++)
		emit_locked(k->trace, "prot %s=0x%" PRIx64, name, prot.v);
	for (size_t i = 0; !fxm_fixed_at(k->layout, i, &fixed); i++)
		emit_locked(k->trace, "enum %s %u %08" PRIx64 " pte=%" PRIx64, fixed.name, fixed.index, fixed.address.v,
			    fxm_pte_at(k->m, fixed.address).v);
	for (size_t i = 0; !fxm_km_type_at(k->layout, i, &name, &type); i++)
		emit_locked(k->trace, "kmtype %s %u", name, type);
}

static void state_lines_locked(struct fxmi_kernel *k)
{
	const struct fxmi_pkmap *p = &k->pkmap;
	unsigned nonzero = 0;

	for (uint32_t nr = 0; nr < p->last_pkmap; nr++) {
		uint32_t count = fxmi_pkmap_count(p, nr);
		if (!count)
			continue;
		nonzero++;
		emit_locked(k->trace, "state slot=%u count=%u pte=%" PRIx64, nr, count,
			    fxm_pte_at(k->m, fxm_va_of(fxmi_pkmap_addr(p, nr))).v);
	}
	emit_locked(k->trace, "state last_pkmap_nr=%u nonzero=%u", fxmi_pkmap_cursor(p), nonzero);
}

static void header_locked(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;

	emit_locked(t, "V 1 kernel=libfixmap-" FXM_VERSION "-hosted cpu_nx=%u pti=%u pge=%u",
		    (unsigned)fxmi_setting(k->layout, "nx"), (unsigned)fxmi_setting(k->layout, "pti"),
		    (unsigned)fxmi_setting(k->layout, "pge"));
	machine_line_locked(k);
	layout_lines_locked(k);
	for (unsigned id = k->m->desc.cpus; id < k->m->cpus_online; id++)
		cpu_line_locked(t, id);
	for (size_t i = 0; i < t->capacity; i++)
		if (t->names[i].pfn_plus_1)
			emit_page_locked(k, &t->names[i]);
	state_lines_locked(k);
}

/* ---- start, stop ---- */

static int start(struct fxm_machine *m, fxm_trace_fn fn, void *arg, bool header)
{
	if (!m || !fn)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct fxmi_trace *t = k->trace;

	pthread_mutex_lock(&t->lock);
	if (t->fn) {
		pthread_mutex_unlock(&t->lock);
		return -EBUSY;
	}
	t->fn = fn;
	t->arg = arg;
	t->header = header;
	t->seq = 0;
	t->nr_threads = 0;
	if (header)
		header_locked(k);
	pthread_mutex_unlock(&t->lock);
	fxmi_set_rare(m, FXMI_RARE_TRACE, 0);
	return 0;
}

int fxm_trace_start(struct fxm_machine *m, fxm_trace_fn fn, void *arg)
{
	return start(m, fn, arg, true);
}

int fxm_trace_start_bare(struct fxm_machine *m, fxm_trace_fn fn, void *arg)
{
	return start(m, fn, arg, false);
}

void fxm_trace_stop(struct fxm_machine *m, const char *name)
{
	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct fxmi_trace *t = k->trace;

	fxmi_set_rare(m, 0, FXMI_RARE_TRACE);
	pthread_mutex_lock(&t->lock);
	if (t->header) {
		state_lines_locked(k);
		emit_locked(t, "end %s ops=%" PRIu64, name ? name : "trace", t->seq);
	}
	t->fn = NULL;
	t->header = false;
	pthread_mutex_unlock(&t->lock);
}

int fxmi_trace_init(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = calloc(1, sizeof(*t));
	const char *name = fxmi_setting_text(k->layout, "trace");

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->op_lock, NULL);
	pthread_mutex_init(&t->lock, NULL);
	k->trace = t;
	if (!name || !*name)
		return 0;
	t->file = fopen(name, "we");
	t->file_name = strdup(name);
	if (!t->file || !t->file_name)
		return t->file ? -ENOMEM : -errno;
	return fxm_trace_start(k->m, write_to_file, t);
}

void fxmi_trace_free(struct fxmi_kernel *k)
{
	struct fxmi_trace *t = k->trace;
	if (!t)
		return;
	if (t->file) {
		if (t->fn)
			fxm_trace_stop(k->m, "trace");
		bool failed = ferror(t->file);
		if (fclose(t->file) || failed)
			fprintf(stderr, "libfixmap: the trace %s is incomplete: writing it failed\n", t->file_name);
	}
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->op_lock);
	free(t->file_name);
	free(t->names);
	free(t->threads);
	free(t);
}
