// SPDX-License-Identifier: MIT
/*
 * One operation of a trace: what it is called, what it takes from its line, which call of the library it is.
 *
 * Everything a line can get wrong (a page that is not declared, a number that is none) is found before the operation starts,
 * on the replayer's side; the fibre only does it.
 */

#include "replay_internal.h"

#include <errno.h>
#include <string.h>

static void op_kmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap(cpu, a->page);
	a->error = fxm_va_error(a->result);
}

static void op_kunmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_kunmap(cpu, a->page);
}

static void op_kmap_flush_unused(struct fxm_vcpu *cpu, struct replay_action *a)
{
	int ret = fxm_kmap_flush_unused(cpu);

	a->error = ret < 0 ? ret : 0;
}

static void op_page_address(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_va_error(fxm_page_address(cpu, a->page));
}

static void op_kmap_atomic(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = a->has_type ? fxm_kmap_atomic_type(cpu, a->page, a->km_type) : fxm_kmap_atomic(cpu, a->page);
	a->error = fxm_va_error(a->result);
}

static void op_kmap_atomic_pfn(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = a->has_type ? fxm_kmap_atomic_pfn_type(cpu, a->pfn, a->km_type) : fxm_kmap_atomic_pfn(cpu, a->pfn);
	a->error = fxm_va_error(a->result);
}

static void op_kmap_atomic_prot(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_atomic_prot(cpu, a->page, a->prot);
	a->error = fxm_va_error(a->result);
}

static void op_kunmap_atomic(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = a->has_type ? fxm_kunmap_atomic_type(cpu, a->va, a->km_type) : fxm_kunmap_atomic(cpu, a->va);
}

static void op_kmap_local_page(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_local_page(cpu, a->page);
	a->error = fxm_va_error(a->result);
}

static void op_kmap_local_pfn(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_local_pfn(cpu, a->pfn);
	a->error = fxm_va_error(a->result);
}

static void op_kmap_local_page_prot(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_local_page_prot(cpu, a->page, a->prot);
	a->error = fxm_va_error(a->result);
}

static void op___kmap_local_page_prot(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_local_page_indexed(cpu, a->page, a->prot);
	a->error = fxm_va_error(a->result);
}

static void op___kmap_local_pfn_prot(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_kmap_local_pfn_indexed(cpu, a->pfn, a->prot);
	a->error = fxm_va_error(a->result);
}

static void op_kunmap_local(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_kunmap_local(cpu, a->va);
}

static void op_kunmap_local_indexed(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_kunmap_local_indexed(cpu, a->va);
}

static void op_peek(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = a->va;
	fxm_trace_peek(cpu, a->va);
}

static void op_kmap_to_page(struct fxm_vcpu *cpu, struct replay_action *a)
{
	struct fxm_page *page;

	a->error = fxm_kmap_to_page(cpu, a->va, &page);
}

static void op_kmap_atomic_to_page(struct fxm_vcpu *cpu, struct replay_action *a)
{
	struct fxm_page *page;

	a->error = fxm_kmap_atomic_to_page(cpu, a->va, &page);
}

static void op_virt_to_fix(struct fxm_vcpu *cpu, struct replay_action *a)
{
	(void)fxm_virt_to_fix(cpu, a->va);
}

static void op_set_fixmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_fix_to_virt_unchecked(fxm_vcpu_machine(cpu), a->fix);
	if (a->has_prot)
		fxm_set_fixmap_prot(cpu, a->fix, a->phys, a->prot);
	else
		a->error = fxm_set_fixmap(cpu, a->fix, a->phys);
}

static void op_set_fixmap_offset(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_set_fixmap_offset(cpu, a->fix, a->phys);
	a->error = fxm_va_error(a->result);
}

static void op_set_fixmap_offset_nocache(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_set_fixmap_offset_nocache(cpu, a->fix, a->phys);
	a->error = fxm_va_error(a->result);
}

static void op_set_fixmap_offset_io(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->result = fxm_set_fixmap_offset_io(cpu, a->fix, a->phys);
	a->error = fxm_va_error(a->result);
}

static void op_clear_fixmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	fxm_clear_fixmap(cpu, a->fix);
}

/* What lies at @va, looked up past every TLB: a store of it changes nothing. */
static unsigned char byte_at(struct fxm_machine *m, fxm_va va)
{
	struct fxm_walk walk;
	const unsigned char *frame;

	fxm_walk(m, va, &walk);
	frame = walk.mapped ? fxm_frame(m, walk.pa.v >> FXM_PAGE_SHIFT) : NULL;
	return frame ? frame[walk.pa.v & (FXM_PAGE_SIZE - 1)] : 0;
}

static void die_of_fault(struct fxm_vcpu *cpu, const struct replay_action *a)
{
	struct fxm_fault fault;

	if (a->error != -EFAULT)
		return;
	fxm_get_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

/*
 * A plain access, as kernel code does it: through the pointer where there is a window, and through the TLB, which a later operation
 * may find stale.
 */
static void access_memory(struct fxm_vcpu *cpu, struct replay_action *a, bool is_write)
{
	unsigned char byte = byte_at(fxm_vcpu_machine(cpu), a->va);
	volatile unsigned char *host = fxm_host(fxm_vcpu_machine(cpu), a->va);

	if (host && is_write)
		*host = byte;
	else if (host)
		(void)*host;
	a->error = is_write ? fxm_write(cpu, a->va, &byte, 1) : fxm_read(cpu, a->va, &a->tag_read, a->access_bytes);
	a->was_read = !is_write && !a->error;
	die_of_fault(cpu, a);
}

static void op_read(struct fxm_vcpu *cpu, struct replay_action *a)
{
	access_memory(cpu, a, false);
}

static void op_write(struct fxm_vcpu *cpu, struct replay_action *a)
{
	access_memory(cpu, a, true);
}

/* The fetch of an instruction. */
static void op_exec(struct fxm_vcpu *cpu, struct replay_action *a)
{
	fxm_pa pa;

	a->error = fxm_translate(cpu, a->va, FXM_EXEC, &pa);
	die_of_fault(cpu, a);
}

/* A name here stands for the same with a suffix too where it has OP_PROT. */
static const struct replay_op_kind kinds[] = {
    {"kmap", OP_PAGE | OP_MAPS | OP_SLEEPS, op_kmap},
    {"kunmap", OP_PAGE, op_kunmap},
    {"kmap_atomic", OP_PAGE | OP_TYPE | OP_MAPS, op_kmap_atomic},
    {"kunmap_atomic", OP_ADDRESS | OP_TYPE | OP_UNMAPS, op_kunmap_atomic},
    {"peek", OP_ADDRESS | OP_LOOKS, op_peek},
    {"page_address", OP_PAGE, op_page_address},
    {"kmap_atomic_pfn", OP_PAGE | OP_TYPE | OP_MAPS, op_kmap_atomic_pfn},
    {"kmap_atomic_prot", OP_PAGE | OP_MAPS | OP_PROT, op_kmap_atomic_prot},
    {"kmap_local_page", OP_PAGE | OP_MAPS, op_kmap_local_page},
    {"kunmap_local", OP_ADDRESS | OP_UNMAPS, op_kunmap_local},
    {"kmap_local_pfn", OP_PAGE | OP_MAPS, op_kmap_local_pfn},
    {"kmap_local_page_prot", OP_PAGE | OP_MAPS | OP_PROT, op_kmap_local_page_prot},
    {"__kmap_local_page_prot", OP_PAGE | OP_MAPS | OP_PROT, op___kmap_local_page_prot},
    {"__kmap_local_pfn_prot", OP_PAGE | OP_MAPS | OP_PROT, op___kmap_local_pfn_prot},
    {"kunmap_local_indexed", OP_ADDRESS | OP_UNMAPS, op_kunmap_local_indexed},
    {"kmap_to_page", OP_ADDRESS, op_kmap_to_page},
    {"kmap_atomic_to_page", OP_ADDRESS, op_kmap_atomic_to_page},
    {"kmap_flush_unused", 0, op_kmap_flush_unused},
    {"set_fixmap", OP_FIX | OP_PHYS | OP_LOOKS, op_set_fixmap},
    {"set_fixmap_offset", OP_FIX | OP_PHYS | OP_LOOKS, op_set_fixmap_offset},
    {"set_fixmap_offset_nocache", OP_FIX | OP_PHYS | OP_LOOKS, op_set_fixmap_offset_nocache},
    {"set_fixmap_offset_io", OP_FIX | OP_PHYS | OP_LOOKS, op_set_fixmap_offset_io},
    {"clear_fixmap", OP_FIX, op_clear_fixmap},
    {"virt_to_fix", OP_ADDRESS, op_virt_to_fix},
    {"read", OP_ADDRESS | OP_ACCESS, op_read},
    {"write", OP_ADDRESS | OP_ACCESS, op_write},
    {"exec", OP_ADDRESS | OP_ACCESS, op_exec},
    {"kmap-enter", OP_PAGE | OP_MAPS | OP_SLEEPS, op_kmap},
    {"kmap-return", OP_PAGE | OP_MAPS | OP_WAKES, op_kmap},
};

const struct replay_op_kind *replay_op_named(const char *name)
{
	size_t n = strcspn(name, ":");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(kinds[i].name, name, n) && !kinds[i].name[n] && (!name[n] || (kinds[i].flags & OP_PROT)))
			return &kinds[i];
	return replay_page_op_named(name);
}

bool replay_page_name(const char *name, unsigned *family, size_t *number)
{
	uint64_t n;

	if ((name[0] != 'P' && name[0] != 'Q') || !trace_number(name + 1, 10, &n) || n > REPLAY_MAX_PAGE)
		return false;
	*family = name[0] == 'Q';
	*number = (size_t)n;
	return true;
}

struct replay_page *replay_page_named(struct replay *rp, const char *name)
{
	unsigned family;
	size_t n;

	if (!replay_page_name(name, &family, &n) || n >= rp->npages[family] || !rp->pages[family][n].page)
		return NULL;
	return &rp->pages[family][n];
}

static int read_context(struct replay *rp, const char *word, struct replay_action *a)
{
	static const struct {
		const char *name;
		enum fxm_context context;
	} contexts[] = {
	    {"task", FXM_CONTEXT_TASK},
	    {"irq", FXM_CONTEXT_HARDIRQ},
	    {"sirq", FXM_CONTEXT_SOFTIRQ},
	    {"nmi", FXM_CONTEXT_NMI},
	};

	for (size_t i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++)
		if (!strcmp(contexts[i].name, word)) {
			a->context = contexts[i].context;
			a->irqs_on = rp->irqs_on;
			return 0;
		}
	return trace_reader_fail(&rp->reader, "\"%.20s\" is no context; write task, irq, sirq or nmi", word);
}

static int read_page(struct replay *rp, const char *word, struct replay_action *a)
{
	struct replay_page *page = replay_page_named(rp, word);

	if (!page)
		return trace_reader_fail(&rp->reader, "no page \"%.20s\"; declare it before with a line \"page %.20s\"", word,
					 word);
	a->page = page->page;
	a->pfn = page->pfn;
	return 0;
}

/* The address passed: RET, or where the page in ARG was mapped last when RET is left out. */
static int read_address(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	struct replay_page *page = replay_page_named(rp, op->arg);
	uint64_t v;

	if (!strcmp(op->address, "-") && page && page->last.v) {
		a->va = page->last;
		return 0;
	}
	if (!trace_number(op->address, 16, &v))
		return trace_reader_fail(
		    &rp->reader, "\"%.20s\" is no address; write one in hex, or - with a page that was mapped in ARG", op->address);
	a->va = fxm_va_of(v);
	return 0;
}

static int read_type(struct replay *rp, const char *text, struct replay_action *a)
{
	int type;
	uint64_t n;

	if (!text)
		return 0;
	type = fxm_km_type_index(rp->layout, text);
	if (type < 0 && (!trace_number(text, 10, &n) || n > 255))
		return trace_reader_fail(&rp->reader, "type=%.30s is no km_type of profile %s; `fixmap layout -p %s` lists them",
					 text, fxm_machine_profile(rp->machine), fxm_machine_profile(rp->machine));
	a->km_type = type < 0 ? (uint32_t)n : (uint32_t)type;
	a->has_type = true;
	return 0;
}

static int read_fix(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const char *fix = trace_field(&rp->line, op->field, "fix");
	const char *name = trace_field(&rp->line, op->field, "name");
	uint64_t n;
	int index;

	if (fix) {
		if (!trace_number(fix, 10, &n) || n > UINT32_MAX)
			return trace_reader_fail(&rp->reader, "fix=%.20s is no index; write a decimal number", fix);
		a->fix = (uint32_t)n;
		return 0;
	}
	if (!name)
		return trace_reader_fail(&rp->reader, "%s wants name=FIX_... or fix=INDEX", op->name);
	index = fxm_fixed_index(rp->layout, name);
	if (index < 0)
		return trace_reader_fail(&rp->reader, "name=%.40s is no fixed address here; `fixmap layout -p %s` lists them", name,
					 fxm_machine_profile(rp->machine));
	a->fix = (uint32_t)index;
	return 0;
}

static int read_phys(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const char *phys = trace_field(&rp->line, op->field, "phys");
	struct replay_page *page = phys ? replay_page_named(rp, phys) : NULL;
	uint64_t v;

	if (page)
		v = page->pfn << FXM_PAGE_SHIFT;
	else if (!phys || !trace_number(phys, 16, &v))
		return trace_reader_fail(&rp->reader, "%s wants phys=ADDRESS in hex, or phys=PAGE", op->name);
	a->phys = fxm_pa_of(v);
	return 0;
}

/* size= of a load or store, 1 or 4 bytes of one page. */
static int read_access(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const char *size = trace_field(&rp->line, op->field, "size");
	uint64_t n = 1;

	if (size && (!trace_number(size, 10, &n) || (n != 1 && n != 4)))
		return trace_reader_fail(&rp->reader, "size=%.20s: write size=1 or size=4", size);
	if ((a->va.v & (FXM_PAGE_SIZE - 1)) > FXM_PAGE_SIZE - n)
		return trace_reader_fail(&rp->reader, "%s crosses a page: write one line for each", op->name);
	a->access_bytes = (size_t)n;
	return 0;
}

/* prot=NAME, prot=NAME:HEX or prot=HEX. The name counts where the profile has it; that its value is HEX is checked too. */
static int read_prot(struct replay *rp, const char *text, struct replay_action *a)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char name[64];
	uint64_t v = 0;
	bool has_number;

	if (!text)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - text : (long)strlen(text)), text);
	has_number = trace_number(colon ? colon + 1 : text, 16, &v);
	a->has_prot = true;
	if (!fxm_prot_find(rp->layout, name, &a->prot)) {
		if (colon && has_number && a->prot.v != v)
			replay_differ_hex(rp, "prot", v, a->prot.v);
		return 0;
	}
	if (!has_number)
		return trace_reader_fail(&rp->reader, "prot=%.40s is no protection here; `fixmap layout -p %s` lists them", text,
					 fxm_machine_profile(rp->machine));
	a->prot = fxm_pte_of(v);
	return 0;
}

/* The protections that operations name: the value of the first one that the profile has. */
static const struct {
	const char *suffix, *prot[2];
} suffixes[] = {
    {":RO", {"PAGE_KERNEL_RO", NULL}},
    {":NC", {"PAGE_KERNEL_NOCACHE", "pgprot_noncached(PAGE_KERNEL)"}},
    {":FRO", {"FIXMAP_PAGE_RO", NULL}},
    {":FIO", {"FIXMAP_PAGE_IO", NULL}},
    {"", {"kmap_prot", "PAGE_KERNEL"}},
};

static int read_named_prot(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const char *suffix = op->name + strcspn(op->name, ":");

	if (!(a->kind->flags & OP_PROT))
		return 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		for (size_t j = 0; !strcmp(suffixes[i].suffix, suffix) && j < 2 && suffixes[i].prot[j]; j++)
			if (!fxm_prot_find(rp->layout, suffixes[i].prot[j], &a->prot)) {
				a->has_prot = true;
				return 0;
			}
	return trace_reader_fail(&rp->reader, "profile %s has no protection %s; write :RO, :NC, :FRO or :FIO",
				 fxm_machine_profile(rp->machine), suffix);
}

int replay_action_of(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	unsigned flags;
	int ret;

	memset(a, 0, sizeof(*a));
	a->kind = replay_op_named(op->name);
	if (!a->kind)
		return trace_reader_fail(&rp->reader,
					 "operation %.40s cannot be replayed; doc/trace-format.md lists those that can",
					 op->name);
	flags = a->kind->flags;
	ret = read_context(rp, op->context, a);
	if (!ret && (flags & OP_PAGE))
		ret = read_page(rp, op->arg, a);
	if (!ret && (flags & OP_ADDRESS))
		ret = read_address(rp, op, a);
	if (!ret && (flags & OP_ACCESS))
		ret = read_access(rp, op, a);
	if (!ret && (flags & OP_TYPE))
		ret = read_type(rp, trace_field(&rp->line, op->field, "type"), a);
	if (!ret && (flags & OP_FIX))
		ret = read_fix(rp, op, a);
	if (!ret && (flags & OP_PHYS))
		ret = read_phys(rp, op, a);
	if (!ret && (flags & OP_PHYS))
		ret = read_prot(rp, trace_field(&rp->line, op->field, "prot"), a);
	if (!ret && (flags & (OP_SIZE | OP_HELPER)))
		ret = replay_read_page_args(rp, op, a);
	return ret ? ret : read_named_prot(rp, op, a);
}

/* Reads the tag as the program itself would: by a plain load from the window. */
static void read_through_pointer(struct fxm_vcpu *cpu, struct replay_action *a)
{
	fxm_va at = fxm_va_of((a->result.v & ~(uint64_t)(FXM_PAGE_SIZE - 1)) + REPLAY_TAG_OFFSET);
	const volatile uint32_t *host = fxm_host(fxm_vcpu_machine(cpu), at);

	if (!host)
		return;
	a->tag_read = *host;
	a->was_read = true;
}

void replay_perform(struct fxm_vcpu *cpu, struct replay_action *a)
{
	bool interrupt = a->context != FXM_CONTEXT_TASK;

	a->cpu = cpu;
	if (interrupt)
		a->error = fxm_context_enter(cpu, a->context);
	if (a->error)
		return;
	if (interrupt && a->irqs_on)
		fxm_irq_enable(cpu);
	a->kind->perform(cpu, a);
	if (a->through_pointer && !a->error)
		read_through_pointer(cpu, a);
	if (interrupt && a->irqs_on)
		fxm_irq_disable(cpu);
	if (interrupt && fxm_context_leave(cpu, a->context) && !a->error)
		a->error = -EINVAL;
}
