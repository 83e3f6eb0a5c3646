/* SPDX-License-Identifier: MIT */
/*
 * The lines of operations, and of the reports that arise in them. What the fields show is read from the machine itself (page
 * tables, counters), past every TLB, so a line tells what is so and not what the operation believes.
 */
#include "state.h"
#include "trace.h"
#include "writer.h"

#include <inttypes.h>

#define TAG_OFFSET 64

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
	const struct fxmi_page_name *n = fxmi_trace_find_name_locked(t, pfn);
	if (!n || !n->has_tag) {
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
	} names[] = {{"PAGE_KERNEL_RO", ":RO"},
		     {"PAGE_KERNEL_NOCACHE", ":NC"},
		     {"pgprot_noncached(PAGE_KERNEL)", ":NC"},
		     {"FIXMAP_PAGE_RO", ":FRO"},
		     {"FIXMAP_PAGE_IO", ":FIO"}};
	fxm_pte value;

	snprintf(op->prot, sizeof(op->prot), ":%" PRIx64, prot);
	for (size_t i = sizeof(names) / sizeof(names[0]); i-- > 0;)
		if (!fxm_prot_find(fxmi_kernel_of(cpu)->layout, names[i].prot, &value) && value.v == prot)
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
		fxmi_trace_emit_locked(t, "%s", line);
	op->expects[0] = 0;
}

/* "op SEQ CPU THREAD CTX NAME ARG RET" then @fields. */
static void op_line_locked(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, uint64_t ret, const char *fields)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char arg[24] = "-";

	if (op->page)
		fxmi_trace_page_name_locked(k, fxmi_page_pfn(k->m, op->page), arg, sizeof(arg));
	expects_locked(k->trace, op);
	fxmi_trace_emit_locked(k->trace, "op %" PRIu64 " %u %s %s %s%s %s %08" PRIx64 "%s%s%s", ++k->trace->seq, cpu->id,
			       fxmi_trace_thread_locked(k->trace, cpu->current), context_word(cpu), name, op->prot, arg, ret,
			       fields, op->cache[0] ? " cache=" : "", op->cache);
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
	char fields[FXMI_TRACE_LINE / 2], slot[80], pte[80] = "", pa[32] = "";

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
	char fields[FXMI_TRACE_LINE];

	pthread_mutex_lock(&t->lock);
	if (!op->slept) {
		snprintf(fields, sizeof(fields), " last=%u tlb=%s", fxmi_pkmap_cursor(&k->pkmap), tlb_text(op));
		op_line_locked(cpu, op, "kmap-enter", 0, fields);
		op->tlb[0] = 0;
		op->cache[0] = 0;
	}
	fxmi_trace_emit_locked(t, "ev thread %s state=D%s last=%u tlb=%s%s%s", fxmi_trace_thread_locked(t, cpu->current),
			       op->slept ? " again=1" : "", fxmi_pkmap_cursor(&k->pkmap), tlb_text(op),
			       op->cache[0] ? " cache=" : "", op->cache);
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

	fxm_get_counts(cpu, &counts);
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

	fxm_get_counts(cpu, &counts);
	if (h->source) {
		fxmi_trace_page_name_locked(k, fxmi_page_pfn(k->m, h->source), source, sizeof(source));
		snprintf(src, sizeof(src), " src=%s", source);
		snprintf(sum2, sizeof(sum2), " sum2=%08" PRIx32, fxm_page_sum(k->m, h->source));
	}
	snprintf(buf, size, "%s maps=%u calls=%s idx=%d pc=%d pf=%d md=%d sum=%08" PRIx32 "%s", src, h->maps,
		 h->calls[0] ? h->calls : "-", k->typed ? -1 : counts.kmap_depth, counts.preempt & 0xff, counts.pagefault,
		 counts.migrate, fxm_page_sum(k->m, op->page), sum2);
}

void fxmi_op_end_helper(struct fxm_vcpu *cpu, struct fxmi_op *op)
{
	struct fxmi_trace *t = line_begin(cpu, op);
	char fields[FXMI_TRACE_LINE], state[FXMI_TRACE_LINE / 2];

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
	char fields[FXMI_TRACE_LINE], state[FXMI_TRACE_LINE / 4];

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
	char fields[FXMI_TRACE_LINE], pte[80];

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
	char fields[FXMI_TRACE_LINE], own[128], match[16];
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

/* ---- reports ---- */

/* The `expect` line of a report, "" for a kind that has none. */
static void expect_text(const struct fxmi_kernel *k, enum fxm_report_kind kind, const char *where, const struct fxm_fault *f,
			char *buf, size_t size)
{
	static const char *const words[] = {
	    [FXM_REPORT_WARN] = "warn", [FXM_REPORT_BUG] = "bug", [FXM_REPORT_SLEEPING] = "sleeping"};
	static const char *const access[] = {[FXM_READ] = "read", [FXM_WRITE] = "write", [FXM_EXEC] = "exec"};

	buf[0] = 0;
	if (kind == FXM_REPORT_OOPS)
		snprintf(buf, size, "expect oops addr=%08" PRIx64 " access=%s code=%04x reason=%s pte=%" PRIx64, f->address.v,
			 access[f->access], fxmi_fault_status(k, f), f->present ? "permissions" : "not-present", f->pte.v);
	else if (kind == FXM_REPORT_WARN || kind == FXM_REPORT_BUG || kind == FXM_REPORT_SLEEPING)
		snprintf(buf, size, "expect %s %s", words[kind], where ? where : "-");
}

/* The operation that the task dies in, or the access itself, after the report. */
static void do_lines_locked(struct fxm_vcpu *cpu, struct fxmi_op *op, const struct fxm_fault *f, const char *expect)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const char *thread = fxmi_trace_thread_locked(k->trace, cpu->current);
	char arg[24] = "-", state[FXMI_TRACE_LINE / 2] = "";

	if (op && op->page)
		fxmi_trace_page_name_locked(k, fxmi_page_pfn(k->m, op->page), arg, sizeof(arg));
	if (op && op->helper)
		helper_fields_locked(cpu, op, state, sizeof(state));
	if (op)
		expects_locked(k->trace, op);
	if (*expect)
		fxmi_trace_emit_locked(k->trace, "%s", expect);
	if (op)
		fxmi_trace_emit_locked(k->trace, "do %u %s %s %s%s %s %08" PRIx64 "%s%s%s", cpu->id, thread, context_word(cpu),
				       op->name, op->prot, arg, op->address, op->detail[0] ? " " : "", op->detail, state);
	else
		fxmi_trace_emit_locked(k->trace, "do %u %s %s %s - %08" PRIx64, cpu->id, thread, context_word(cpu),
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

	expect_text(fxmi_kernel_of(cpu), kind, where, fault, expect, sizeof(expect));
	pthread_mutex_lock(&t->lock);
	if (dies && (op || fault)) {
		do_lines_locked(cpu, op, fault, expect);
	} else if (op && *expect) {
		size_t used = strlen(op->expects);
		snprintf(op->expects + used, sizeof(op->expects) - used, "%s\n", expect);
	} else if (*expect) {
		fxmi_trace_emit_locked(t, "# %s", expect + strlen("expect "));
	}
	if (dies && t->file)
		fflush(t->file);
	pthread_mutex_unlock(&t->lock);
	for (; dies && op; op = op->outer)
		leave(cpu, op);
}

/* ---- sum= ---- */

/* Four bits at a time. */
static uint32_t crc32_of(const unsigned char *p, size_t n)
{
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
					   0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = UINT32_MAX;

	while (n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

uint32_t fxm_page_sum(struct fxm_machine *m, const struct fxm_page *page)
{
	if (!m || m->dead || !fxmi_page_is_valid(m, page))
		return 0;
	return crc32_of(fxmi_frame(m, fxmi_page_pfn(m, page)), FXM_PAGE_SIZE);
}
