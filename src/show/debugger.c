/* SPDX-License-Identifier: MIT */
/*
 * What a debugger is told: the mappings that there are, and what is known of an address. Everything is read as it stands, without a
 * lock; nothing is allocated. See <fixmap/debugger.h>.
 */
#include "base.h"
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <fixmap/debugger.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* The buffer keeps room for a last line. */
enum { TEXT_BYTES = 256 * 1024, LAST_LINE = 128 };

static char buffer[TEXT_BYTES];

struct fxm_debugger_answer fxm_debugger_answer;

#if defined(__x86_64__)

/* What the CPU's vector and other extended registers hold; all of them. */
static _Alignas(64) unsigned char registers[16 * 1024];

static bool can_keep_registers(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && __get_cpuid_count(0xd, 0, &a, &b, &c, &d) &&
	       b <= sizeof(registers);
}

static void keep_registers(void)
{
	__asm__ volatile("xsave64 %0" : "+m"(registers) : "a"(-1), "d"(-1));
}

static void put_registers_back(void)
{
	__asm__ volatile("xrstor64 %0" : : "m"(registers), "a"(-1), "d"(-1) : "memory");
}
#else
static bool can_keep_registers(void)
{
	return false;
}

static void keep_registers(void)
{
}

static void put_registers_back(void)
{
}
#endif

/* Lets @write fill the buffer. Not inline: a compiler may use vector registers at its very beginning. */
static __attribute__((noinline)) void fill(void (*write)(struct fxmi_text *t, uint64_t address), uint64_t address)
{
	struct fxmi_text t = {.buf = buffer, .size = sizeof(buffer) - LAST_LINE};

	buffer[0] = 0;
	write(&t, address);
	if (t.used >= t.size)
		snprintf(buffer + t.size - 1, LAST_LINE, "\n... and more, which this buffer has no room for\n");
	fxm_debugger_answer.text = buffer;
	fxm_debugger_answer.number++;
}

static const char *answer(void (*write)(struct fxmi_text *t, uint64_t address), uint64_t address)
{
	bool keeps = can_keep_registers();

	if (keeps)
		keep_registers();
	fill(write, address);
	if (keeps)
		put_registers_back();
	return buffer;
}

static struct fxm_machine *machine_of(uint64_t address, struct fxmi_text *t)
{
	struct fxm_machine *m = fxmi_machine_guess(address);

	if (!m || !m->kernel) {
		fxmi_text_add(t, "there is no machine now\n");
		return NULL;
	}
	return m;
}

static uint64_t simulated(const struct fxm_machine *m, uint64_t address)
{
	return fxm_va_of_host(m, (const void *)(uintptr_t)address).v;
}

/* The place, and with stacks=full who called it. */
static void add_place(struct fxmi_text *t, const struct fxmi_kernel *k, const char *label, uintptr_t site)
{
	site &= ~FXMI_SITE_TOLD;
	struct fxm_stack stack = fxmi_noted(k, &site);

	for (unsigned i = 0; i < stack.depth; i++)
		fxmi_text_add(t, "%s <%#llx>", i ? "\n    called from" : label, (unsigned long long)stack.pc[i]);
}

/* ---- one mapping ---- */

/* Whom to tell of mappings. */
struct teller {
	struct fxmi_text *t;
	const struct fxmi_kernel *k;
	uint64_t only_va; /* 0: all */
	unsigned nr;
};

static void tell(const struct fxmi_mapping *at, void *arg)
{
	struct teller *to = arg;

	if (to->only_va && to->only_va - at->va >= at->bytes)
		return;
	to->nr++;
	fxmi_text_add(to->t, "  %08llx  %s %u", (unsigned long long)at->va, at->what, at->number);
	if (at->comm)
		fxmi_text_add(to->t, " of %s[%d]%s", at->comm, at->pid, at->cpu ? "" : ", which sits on no CPU");
	if (at->cpu)
		fxmi_text_add(to->t, " on CPU %u", at->cpu->id);
	fxmi_text_add(to->t, ", pfn %llx", (unsigned long long)at->pfn);
	if (at->bytes > FXM_PAGE_SIZE)
		fxmi_text_add(to->t, ", %llx bytes", (unsigned long long)at->bytes);
	if (at->users)
		fxmi_text_add(to->t, ", %u user%s", at->users, at->users == 1 ? "" : "s");
	add_place(to->t, to->k, ", mapped at", at->mapped_at);
	fxmi_text_add(to->t, "\n");
}

/* ---- the kinds of mappings ---- */

/* The slots of a CPU, in the generations before kmap_local. */
static void each_of_cpu(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, struct teller *to)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int depth = fxmi_count_depth(cpu->counts);

	for (uint32_t slot = 0; k->has_kmap_group && slot < k->km_type_nr; slot++) {
		if (!(k->typed ? pc->live_types >> slot & 1 : (int)slot < depth))
			continue;
		uint64_t entry = fxmi_pte_get(pc->kmap_pte - (size_t)slot * k->pte_bytes, k->pte_bytes);
		tell(&(struct fxmi_mapping){.what = k->typed ? "kmap_atomic type" : "kmap_atomic level",
					    .number = slot,
					    .va = pc->kmap_va - (uint64_t)slot * FXM_PAGE_SIZE,
					    .bytes = FXM_PAGE_SIZE,
					    .pfn = (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT,
					    .cpu = cpu,
					    .mapped_at = pc->site[slot]},
		     to);
	}
}

static void each_temporary(struct fxmi_kernel *k, const struct fxm_vcpu *seat, struct teller *to)
{
	if (k->local)
		fxmi_kmap_local_each(k, seat, tell, to);
	else if (seat)
		each_of_cpu(k, seat, to);
}

static void each_kmap(const struct fxmi_kernel *k, struct teller *to)
{
	const struct fxmi_pkmap *p = &k->pkmap;

	for (uint32_t nr = 0; nr < p->last_pkmap; nr++) {
		uint64_t word = atomic_load_explicit(&p->slot[nr].word, memory_order_relaxed);

		if ((int32_t)word >= 2)
			tell(&(struct fxmi_mapping){.what = "kmap slot",
						    .number = nr,
						    .va = fxmi_pkmap_addr(p, nr),
						    .bytes = FXM_PAGE_SIZE,
						    .pfn = (word >> 32) - 1,
						    .users = (uint32_t)word - 1,
						    .mapped_at = p->site[nr]},
			     to);
	}
}

static void each_early(const struct fxmi_kernel *k, struct teller *to)
{
	for (uint32_t i = 0; i < FXMI_EARLY_SLOTS; i++) {
		const struct fxmi_early_slot *slot = &k->early.slot[i];

		if (slot->prev_map)
			tell(&(struct fxmi_mapping){.what = "early slot",
						    .number = i,
						    .va = slot->prev_map,
						    .bytes = slot->prev_size,
						    .pfn = (fxm_pte_at(k->m, fxm_va_of(slot->prev_map)).v &
							    k->m->desc.format->frame_mask) >>
							   FXM_PAGE_SHIFT,
						    .mapped_at = slot->site},
			     to);
	}
}

/* Set by the kernel tier, which alone notes who does. */
static void add_fixed_site(const struct fxmi_kernel *k, uint64_t va, struct fxmi_text *t)
{
	struct fxmi_tier *tier = atomic_load(&k->tier);

	for (size_t i = 0; tier && i < tier->held_places; i++) {
		const struct fxmi_held *h = &tier->held[i];

		if (h->seq && h->held.kind == FXM_HELD_FIXMAP && h->held.index == fxmi_virt_to_fix(k, va))
			fxmi_text_add(t, "  set at <%#llx>\n", (unsigned long long)h->held.site.pc);
	}
}

/* ---- the three questions ---- */

static void mappings(struct fxmi_text *t, uint64_t address)
{
	struct fxm_machine *m = machine_of(address, t);

	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct teller to = {.t = t, .k = k};

	fxmi_text_add(t, "%s, %u CPU%s online%s\n", fxm_machine_profile(m), fxm_machine_cpus_online(m),
		      fxm_machine_cpus_online(m) == 1 ? "" : "s",
		      k->record_sites ? "" : "; who maps is not recorded (detect=on records it)");
	for (unsigned i = 0; i < fxm_machine_cpus_online(m); i++) {
		const struct fxm_vcpu *cpu = m->vcpu[i];

		fxmi_text_add(t, "CPU %u: %s[%d], preempt_count %x\n", i, cpu->current->comm, cpu->current->pid,
			      (unsigned)fxmi_count_preempt(cpu->counts));
		each_temporary(k, cpu, &to);
	}
	each_temporary(k, NULL, &to);
	each_kmap(k, &to);
	each_early(k, &to);
}

static void walk(struct fxmi_text *t, uint64_t address)
{
	struct fxm_machine *m = machine_of(address, t);

	if (m)
		fxmi_text_add_walk(t, fxmi_kernel(m), simulated(m, address));
}

/* Of an address that no call holds now. */
static void add_past(struct fxmi_text *t, struct fxmi_kernel *k, uint64_t va)
{
	struct fxmi_subject about = {.va = va};
	bool is_direct = va >= k->page_offset && va < k->high_memory;

	fxmi_text_add(t, "  %s\n",
		      is_direct				  ? "the direct map: always mapped, by nobody"
		      : fxm_pte_at(k->m, fxm_va_of(va)).v ? "no call holds it, but there is an entry (fixmap walk shows it)"
							  : "not mapped");
	fxmi_history(k, about.va, &about);
	add_place(t, k, "  was mapped at", about.mapped_at);
	add_place(t, k, about.mapped_at ? "\n  unmapped at" : "  unmapped at", about.unmapped_at);
	if (about.mapped_at | about.unmapped_at)
		fxmi_text_add(t, "\n");
	else if (!k->record_sites && !is_direct)
		fxmi_text_add(t, "  who mapped it is not recorded (detect=on records it)\n");
	add_fixed_site(k, va, t);
}

static void who(struct fxmi_text *t, uint64_t address)
{
	struct fxm_machine *m = machine_of(address, t);

	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct teller to = {.t = t, .k = k, .only_va = simulated(m, address)};

	fxmi_text_add_name(t, k, to.only_va);
	for (unsigned i = 0; i < fxm_machine_cpus_online(m); i++)
		each_temporary(k, m->vcpu[i], &to);
	each_kmap(k, &to);
	each_early(k, &to);
	if (!to.nr)
		add_past(t, k, to.only_va);
}

const char *fxm_debugger_mappings(void)
{
	return answer(mappings, 0);
}

const char *fxm_debugger_walk(uint64_t address)
{
	return answer(walk, address);
}

const char *fxm_debugger_who(uint64_t address)
{
	return answer(who, address);
}
