/* SPDX-License-Identifier: MIT */
/*
 * What a debugger is told: the mappings that there are, and what is known of an address. Everything is read as it stands, without a
 * lock; nothing is allocated. See <fixmap/debugger.h>.
 */
#include "base.h"
#include "mapping.h"
#include "report.h"
#include "state.h"

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
	struct fxm_stack stack = fxmi_noted(k, &site);

	for (unsigned i = 0; i < stack.depth; i++)
		fxmi_text_add(t, "%s <%#llx>", i ? "\n    called from" : label, (unsigned long long)stack.pc[i]);
}

/* ---- one mapping ---- */

/* Whom to tell of mappings. */
struct teller {
	struct fxmi_text *t;
	const struct fxmi_kernel *k;
	int seat;	  /* only those of this CPU's task; NOBODYS: only those of no CPU, or whose task is away; ANYBODYS */
	uint64_t only_va; /* 0: all */
	unsigned nr;
};

enum { NOBODYS = -1, ANYBODYS = -2 };

/* "kmap slot", "kmap_atomic level": the numbers are those of the calls. */
static void add_slot(struct fxmi_text *t, const struct fxmi_kernel *k, const struct fxmi_mapping *m)
{
	bool is_of_task = m->family == &fxmi_family_local;
	const char *name = m->family == &fxmi_family_early ? "early" : m->family->name;

	fxmi_text_add(t, "  %08llx  %s %s %u", (unsigned long long)m->va, name, m->family->noun,
		      is_of_task ? m->slot / (unsigned)k->km_incr : m->slot);
	if (is_of_task)
		fxmi_text_add(t, " of %s[%d]%s", m->comm, m->pid, m->is_away ? ", which sits on no CPU" : "");
	if (m->cpu && !m->is_away)
		fxmi_text_add(t, " on CPU %d", m->cpu_id);
}

static void tell(const struct fxmi_mapping *m, void *arg)
{
	struct teller *to = arg;

	if (to->only_va && to->only_va - m->va >= m->bytes)
		return;
	if (to->seat != ANYBODYS && to->seat != (m->is_away ? NOBODYS : m->cpu_id))
		return;
	to->nr++;
	add_slot(to->t, to->k, m);
	fxmi_text_add(to->t, ", pfn %llx", (unsigned long long)m->pfn);
	if (m->bytes > FXM_PAGE_SIZE)
		fxmi_text_add(to->t, ", %llx bytes", (unsigned long long)m->bytes);
	if (m->users)
		fxmi_text_add(to->t, ", %u user%s", m->users, m->users == 1 ? "" : "s");
	if (strcmp(m->call, m->family->call))
		fxmi_text_add(to->t, ", by %s()", m->call);
	add_place(to->t, to->k, ", mapped at", m->mapped_at);
	fxmi_text_add(to->t, "\n");
}

/* ---- the three questions ---- */

static void mappings(struct fxmi_text *t, uint64_t address)
{
	struct fxm_machine *m = machine_of(address, t);

	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct teller to = {.t = t, .k = k};

	fxmi_text_add(t, "%s, %u CPU%s online%s\n", fxmi_layout_profile(k->layout), fxm_machine_cpus_online(m),
		      fxm_machine_cpus_online(m) == 1 ? "" : "s",
		      k->record_sites ? "" : "; who maps is not recorded (detect=on records it)");
	for (unsigned i = 0; i < fxm_machine_cpus_online(m); i++) {
		const struct fxm_vcpu *cpu = m->vcpu[i];

		fxmi_text_add(t, "CPU %u: %s[%d], preempt_count %x\n", i, cpu->current->comm, cpu->current->pid,
			      (unsigned)fxmi_count_preempt(cpu->counts));
		to.seat = (int)i;
		fxmi_mapping_each(k, tell, &to);
	}
	to.seat = NOBODYS;
	fxmi_mapping_each(k, tell, &to);
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
	struct fxmi_mapping m;
	bool is_direct = va >= k->page_offset && va < k->high_memory;

	fxmi_text_add(t, "  %s\n",
		      is_direct				  ? "the direct map: always mapped, by nobody"
		      : fxm_pte_at(k->m, fxm_va_of(va)).v ? "no call holds it, but there is an entry (fixmap walk shows it)"
							  : "not mapped");
	fxmi_mapping_at(k, va, &m);
	add_place(t, k, "  was mapped at", m.mapped_at);
	add_place(t, k, m.mapped_at ? "\n  unmapped at" : "  unmapped at", m.unmapped_at);
	if (m.mapped_at | m.unmapped_at)
		fxmi_text_add(t, "\n");
	else if (!k->record_sites && !is_direct)
		fxmi_text_add(t, "  who mapped it is not recorded (detect=on records it)\n");
}

static void who(struct fxmi_text *t, uint64_t address)
{
	struct fxm_machine *m = machine_of(address, t);

	if (!m)
		return;
	struct fxmi_kernel *k = fxmi_kernel(m);
	struct teller to = {.t = t, .k = k, .seat = ANYBODYS, .only_va = simulated(m, address)};

	fxmi_text_add_name(t, k, to.only_va);
	fxmi_mapping_each(k, tell, &to);
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
