/* SPDX-License-Identifier: MIT */

/*
 * Explicit access: transfers of any length, faults, and what the TLB keeps and forgets.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_machine.h"

#include <sched.h>
#include <signal.h>

/* Highmem frames that the tests map. */
#define FRAME UINT64_C(0x3000)
#define PRESENT_RW UINT64_C(0x003)
#define DIRTY UINT64_C(0x040)

static struct fxm_machine *m;
static struct fxm_vcpu *cpu, *other;

static int setup_format(const struct fxmi_pt_format *format)
{
	m = sim_machine_new(format, 2);
	cpu = m->vcpu[0];
	other = m->vcpu[1];
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_format(&fxmi_pt_i386);
}

static int setup_pae(void **state)
{
	(void)state;
	return setup_format(&fxmi_pt_i386_pae);
}

static int teardown(void **state)
{
	(void)state;
	sim_machine_free(m);
	return 0;
}

static fxm_va at(uint64_t page, uint64_t offset)
{
	return fxm_va_of(SIM_AREA + page * 4096 + offset);
}

static void map(uint64_t page, uint64_t pfn)
{
	sim_set_pte(m, SIM_AREA + page * 4096, sim_entry(pfn, SIM_KERNEL));
}

/* The word at @offset of frame @pfn, past the MMU. */
static uint64_t *word(uint64_t pfn, uint64_t offset)
{
	return (uint64_t *)((char *)fxm_frame(m, pfn) + offset);
}

static uint64_t load(struct fxm_vcpu *c, fxm_va va)
{
	uint64_t value = 0;

	assert_int_equal(fxm_read_u64(c, va, &value), 0);
	return value;
}

/* ---- transfers ------------------------------------------------------------------------------------------------------- */

static void test_direct_map(void **state)
{
	(void)state;
	for (uint64_t pfn = 1; pfn < SIM_HIGHMEM_PFN; pfn += 37) {
		fxm_va va = fxm_va_of(SIM_PAGE_OFFSET + (pfn << 12) + 64);

		assert_int_equal(fxm_write_u64(cpu, va, pfn), 0);
		assert_int_equal(*word(pfn, 64), pfn);
		assert_int_equal(load(cpu, va), pfn);
	}
}

static void test_lengths_and_offsets(void **state)
{
	(void)state;
	static unsigned char out[3 * 4096], in[3 * 4096];

	/* Neighbours in virtual memory, strangers in physical memory. */
	map(0, FRAME + 7);
	map(1, FRAME);
	map(2, FRAME + 3);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 31 + 5);
	for (unsigned off = 0; off < 4100; off += 517) {
		for (unsigned len = 0; len < 8100; len += 991) {
			memset(in, 0, sizeof(in));
			assert_int_equal(fxm_fill(cpu, at(0, 0), 0x5a, 3 * 4096), 0);
			assert_int_equal(fxm_write(cpu, at(0, off), out, len), 0);
			assert_int_equal(fxm_read(cpu, at(0, 0), in, 3 * 4096), 0);
			assert_memory_equal(in + off, out, len);
			for (unsigned i = 0; i < sizeof(in); i++)
				if (i < off || i >= off + len)
					assert_int_equal(in[i], 0x5a);
		}
	}
	assert_memory_equal(fxm_frame(m, FRAME + 7), in, 4096);
	assert_memory_equal(fxm_frame(m, FRAME), in + 4096, 4096);
	assert_memory_equal(fxm_frame(m, FRAME + 3), in + 8192, 4096);
}

static void test_unaligned_words(void **state)
{
	(void)state;
	map(0, FRAME);
	map(1, FRAME + 9);
	for (unsigned off = 4080; off < 4104; off++) {
		unsigned char bytes[8];

		assert_int_equal(fxm_write_u64(cpu, at(0, off), UINT64_C(0x0807060504030201) * (off & 15)), 0);
		assert_int_equal(load(cpu, at(0, off)), UINT64_C(0x0807060504030201) * (off & 15));
		assert_int_equal(fxm_read(cpu, at(0, off), bytes, 8), 0);
		assert_int_equal(bytes[0], (off & 15));
	}
	assert_int_equal(*((unsigned char *)fxm_frame(m, FRAME + 9) + 3), load(cpu, at(1, 3)) & 0xff);
}

static void test_copy(void **state)
{
	(void)state;
	static unsigned char a[5 * 4096], b[5 * 4096];

	for (unsigned i = 0; i < 10; i++)
		map(i, FRAME + 5 * i);
	for (unsigned i = 0; i < sizeof(a); i++)
		a[i] = (unsigned char)(i % 251);
	assert_int_equal(fxm_write(cpu, at(0, 0), a, sizeof(a)), 0);
	assert_int_equal(fxm_copy(cpu, at(5, 100), at(0, 3000), 15000), 0);
	assert_int_equal(fxm_read(cpu, at(5, 100), b, 15000), 0);
	assert_memory_equal(b, a + 3000, 15000);
	/* Two pages of one set of the TLB, and the next ones of another: source and target push each other out of way 0. */
	map(128, FRAME + 90);
	map(129, FRAME + 91);
	assert_int_equal(fxm_copy(cpu, at(128, 0), at(0, 0), 8192), 0);
	assert_int_equal(fxm_read(cpu, at(128, 0), b, 8192), 0);
	assert_memory_equal(b, a, 8192);
	/* One frame under two addresses. */
	map(130, FRAME + 90);
	assert_int_equal(fxm_copy(cpu, at(130, 8), at(128, 0), 4000), 0);
	assert_memory_equal((char *)fxm_frame(m, FRAME + 90) + 8, a, 4000);
}

static void test_null_pointers(void **state)
{
	(void)state;
	fxm_pa pa;

	assert_int_equal(fxm_read(cpu, at(0, 0), NULL, 1), -EINVAL);
	assert_int_equal(fxm_read(NULL, at(0, 0), &pa, 1), -EINVAL);
	assert_int_equal(fxm_write(cpu, at(0, 0), NULL, 1), -EINVAL);
	assert_int_equal(fxm_copy(NULL, at(0, 0), at(0, 0), 1), -EINVAL);
	assert_int_equal(fxm_fill(NULL, at(0, 0), 0, 1), -EINVAL);
	assert_int_equal(fxm_translate(cpu, at(0, 0), FXM_READ, NULL), -EINVAL);
	assert_int_equal(fxm_translate(cpu, at(0, 0), 3, &pa), -EINVAL);
	fxm_tlb_flush(NULL);
	fxm_tlb_flush_one(NULL, at(0, 0));
	fxm_get_last_fault(NULL, NULL);
	assert_false(fxm_tlb_lookup(NULL, at(0, 0), &pa));
}

/* ---- faults ---------------------------------------------------------------------------------------------------------- */

static void test_fault_after_some_bytes(void **state)
{
	(void)state;
	unsigned char buf[8192];
	struct fxm_fault fault;

	map(0, FRAME);
	memset(buf, 1, sizeof(buf));
	*word(FRAME, 4088) = 0;
	assert_int_equal(fxm_write(cpu, at(0, 4000), buf, 200), -EFAULT);
	assert_int_equal(*word(FRAME, 4088), UINT64_C(0x0101010101010101));
	fxm_get_last_fault(cpu, &fault);
	assert_int_equal(fault.address.v, at(1, 0).v);
	assert_int_equal(fault.access, FXM_WRITE);
	assert_int_equal(fault.code, 2);
	assert_int_equal(fault.level, 1);
	assert_int_equal(fxm_copy(cpu, at(0, 0), at(1, 0), 8), -EFAULT);
	fxm_get_last_fault(cpu, &fault);
	assert_int_equal(fault.access, FXM_READ);
	assert_int_equal(fxm_write_u64(cpu, at(0, 4092), 0), -EFAULT);
	assert_int_equal(fxm_read_u64(cpu, at(1, 0), word(FRAME, 0)), -EFAULT);
	assert_int_equal(fxm_fill(cpu, at(1, 0), 0, 1), -EFAULT);
	assert_int_equal(fxm_read(cpu, at(1, 0), buf, 0), 0); /* nothing asked, nothing touched */
}

static void test_read_only_page(void **state)
{
	(void)state;
	struct fxm_fault fault;

	*word(FRAME, 0) = 77;
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, SIM_KERNEL & ~UINT64_C(2)));
	assert_int_equal(load(cpu, at(0, 0)), 77);
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 1), -EFAULT);
	fxm_get_last_fault(cpu, &fault);
	assert_int_equal(fault.code, 3);
	assert_true(fault.present);
	assert_int_equal(fault.pte.v, sim_entry(FRAME, SIM_KERNEL & ~UINT64_C(2)));
	assert_int_equal(*word(FRAME, 0), 77);
	/* As on x86, the fault has dropped the translation. */
	assert_false(fxm_tlb_lookup(cpu, at(0, 0), NULL));
}

static void test_top_of_address_space(void **state)
{
	(void)state;
	unsigned char buf[16] = {0};

	sim_set_pte(m, 0xfffff000, sim_entry(FRAME, SIM_KERNEL));
	assert_int_equal(fxm_fill(cpu, fxm_va_of(0xfffffff0), 9, 16), 0);
	assert_int_equal(fxm_read(cpu, fxm_va_of(0xfffffff0), buf, 16), 0);
	assert_int_equal(buf[15], 9);
	/* Addresses wrap: the next byte is at 0, which nobody maps. */
	assert_int_equal(fxm_fill(cpu, fxm_va_of(0xfffffff0), 8, 17), -EFAULT);
	assert_int_equal(load(cpu, fxm_va_of(UINT64_C(0x1fffffff0))), UINT64_C(0x0808080808080808));
	/* Page 0 is a page like others: an empty TLB must not answer for it. */
	fxm_tlb_flush(cpu);
	assert_int_equal(fxm_read(cpu, fxm_va_of(0), buf, 1), -EFAULT);
	assert_false(fxm_tlb_lookup(cpu, fxm_va_of(0), NULL));
}

/* ---- the TLB --------------------------------------------------------------------------------------------------------- */

static void test_stale_until_flushed(void **state)
{
	(void)state;
	fxm_pa pa;

	*word(FRAME, 0) = 1;
	*word(FRAME + 1, 0) = 2;
	map(0, FRAME);
	assert_int_equal(load(cpu, at(0, 0)), 1);
	map(0, FRAME + 1);
	assert_int_equal(load(cpu, at(0, 0)), 1);
	assert_int_equal(load(other, at(0, 0)), 2);
	assert_true(fxm_tlb_lookup(cpu, at(0, 0x123), &pa));
	assert_int_equal(pa.v, (FRAME << 12) + 0x123);
	assert_int_equal(fxm_translate(cpu, at(0, 5), FXM_READ, &pa), 0);
	assert_int_equal(pa.v, (FRAME << 12) + 5);
	/* Stores, too, go to the old frame. */
	assert_int_equal(fxm_write_u64(cpu, at(0, 8), 33), 0);
	assert_int_equal(*word(FRAME, 8), 33);
	fxm_tlb_flush_one(cpu, at(0, 0x777));
	assert_false(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	assert_int_equal(load(cpu, at(0, 0)), 2);
	sim_set_pte(m, at(0, 0).v, 0);
	assert_int_equal(load(cpu, at(0, 0)), 2);
	fxm_tlb_flush(cpu);
	assert_int_equal(fxm_read(cpu, at(0, 0), &pa, 8), -EFAULT);
}

static void test_flush_one_page_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		map(i, FRAME + i);
		load(cpu, at(i, 0));
	}
	fxm_tlb_flush_one(cpu, at(1, 0));
	assert_true(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	assert_false(fxm_tlb_lookup(cpu, at(1, 0), NULL));
	assert_true(fxm_tlb_lookup(cpu, at(2, 0), NULL));
}

static void test_flushes_of_all_vcpus(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		map(i, FRAME + i);
		load(cpu, at(i, 0));
		load(other, at(i, 0));
	}
	fxmi_tlb_flush_range_all(m, at(3, 0).v, at(5, 0).v);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(fxm_tlb_lookup(cpu, at(i, 0), NULL), i < 3 || i > 4);
		assert_int_equal(fxm_tlb_lookup(other, at(i, 0), NULL), i < 3 || i > 4);
	}
	fxmi_tlb_flush_cpu(other);
	assert_true(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	assert_false(fxm_tlb_lookup(other, at(0, 0), NULL));
	load(other, at(0, 0));
	fxmi_tlb_flush_range_all(m, at(1, 0).v, at(35, 0).v); /* more than the ceiling: everything */
	assert_false(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	assert_false(fxm_tlb_lookup(other, at(0, 0), NULL));
	load(other, at(0, 0));
	fxmi_tlb_flush_all(m);
	assert_false(fxm_tlb_lookup(other, at(0, 0), NULL));
}

static void test_two_ways(void **state)
{
	(void)state;
	/* Three pages of one set: the one used least recently goes. */
	map(0, FRAME);
	map(128, FRAME + 1);
	map(256, FRAME + 2);
	load(cpu, at(0, 0));
	load(cpu, at(128, 0));
	assert_true(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	load(cpu, at(0, 0));
	load(cpu, at(256, 0));
	assert_true(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	assert_false(fxm_tlb_lookup(cpu, at(128, 0), NULL));
	assert_true(fxm_tlb_lookup(cpu, at(256, 0), NULL));
	/* Flushing finds a page in either way, and no page is there twice. */
	for (unsigned i = 0; i < 6; i++) {
		load(cpu, at(0, 0));
		load(cpu, at(i % 2 ? 128 : 256, 0));
		assert_int_equal(fxm_write_u64(cpu, at(0, 0), i), 0);
		fxm_tlb_flush_one(cpu, at(0, 0));
		assert_false(fxm_tlb_lookup(cpu, at(0, 0), NULL));
	}
}

/* How many entries @cpu has for the page of @va. */
static unsigned copies(fxm_va va)
{
	struct fxmi_tlb_entry *set = fxmi_tlb_set(cpu, va.v);

	return (atomic_load(&set[0].read_tag) == va.v) + (atomic_load(&set[1].read_tag) == va.v);
}

static void test_no_page_twice(void **state)
{
	(void)state;
	/* A clean page in the second way, an empty first way, and then a store that has to walk. */
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, PRESENT_RW));
	map(128, FRAME + 1);
	load(cpu, at(0, 0));
	load(cpu, at(128, 0));
	fxm_tlb_flush_one(cpu, at(128, 0));
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 1), 0);
	assert_int_equal(copies(at(0, 0)), 1);
	/* The same with the first way taken. */
	sim_set_pte(m, at(256, 0).v, sim_entry(FRAME, PRESENT_RW));
	load(cpu, at(256, 0));
	load(cpu, at(128, 0));
	assert_int_equal(fxm_write_u64(cpu, at(256, 0), 1), 0);
	assert_int_equal(copies(at(256, 0)), 1);
	assert_int_equal(copies(at(128, 0)), 1);
}

static void test_write_after_read_sets_dirty(void **state)
{
	(void)state;
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, PRESENT_RW));
	load(cpu, at(0, 0));
	assert_int_equal(fxm_pte_at(m, at(0, 0)).v & DIRTY, 0);
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 1), 0);
	assert_int_equal(fxm_pte_at(m, at(0, 0)).v & DIRTY, DIRTY);
	/* Cleared behind the TLB's back: it stays clear until somebody flushes, as on hardware. */
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, PRESENT_RW));
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 2), 0);
	assert_int_equal(fxm_pte_at(m, at(0, 0)).v, sim_entry(FRAME, PRESENT_RW));
	fxm_tlb_flush_one(cpu, at(0, 0));
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 3), 0);
	assert_int_equal(fxm_pte_at(m, at(0, 0)).v & DIRTY, DIRTY);
}

static void test_write_through_a_clean_stale_entry(void **state)
{
	(void)state;
	/* Setting DIRTY takes a walk, which meets the new entry. */
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, PRESENT_RW));
	load(cpu, at(0, 0));
	sim_set_pte(m, at(0, 0).v, sim_entry(FRAME + 1, PRESENT_RW));
	assert_int_equal(fxm_write_u64(cpu, at(0, 0), 44), 0);
	assert_int_equal(*word(FRAME + 1, 0), 44);
	assert_int_equal(load(cpu, at(0, 0)), 44);
	sim_set_pte(m, at(1, 0).v, sim_entry(FRAME, PRESENT_RW));
	load(cpu, at(1, 0));
	sim_set_pte(m, at(1, 0).v, 0);
	assert_int_equal(fxm_write_u64(cpu, at(1, 0), 44), -EFAULT);
	assert_int_equal(fxm_pte_at(m, at(1, 0)).v, 0);
}

/* ---- two threads ----------------------------------------------------------------------------------------------------- */

/*
 * Races are provoked: a signal stops one of the two threads wherever it happens to be, until the other one has got well ahead.
 */
enum { PAUSES = 150, READS_AHEAD = 40, ROUNDS_AHEAD = 2, FREE_ROUNDS = 10000 };

enum victim { NOBODY, READER, FLUSHER };

static atomic_uint published; /* the round whose mapping everybody must see */
static atomic_uint reads;
static atomic_uint mistakes;
static atomic_uint paused, resumed; /* how often the victim stopped, and went on */
static atomic_bool stop;
static pthread_t flusher, reader; /* this thread, and the vehicle of `other` */
static enum victim victim;

/* Waits a moment: gives the processor away only now and then, for it comes back late on a busy host. */
static void relax(unsigned *n)
{
	if (++*n % 512 == 0)
		sched_yield();
}

static void pause_here(int signal)
{
	atomic_uint *progress = victim == READER ? &published : &reads;
	unsigned from = atomic_load(progress), ahead = victim == READER ? ROUNDS_AHEAD : READS_AHEAD;

	(void)signal;
	atomic_fetch_add(&paused, 1);
	for (unsigned i = 0; !atomic_load(&stop) && atomic_load(progress) - from < ahead;)
		relax(&i);
	atomic_fetch_add(&resumed, 1);
}

/* Stops the other thread, by chance at a point where it has not been before. */
static void disturb(pthread_t thread)
{
	unsigned n = atomic_load(&resumed);

	if (atomic_load(&paused) != n)
		return; /* it still stands */
	for (volatile unsigned spin = n * 37 % 211; spin; spin--)
		;
	pthread_kill(thread, SIGUSR1);
	for (unsigned i = 0; !atomic_load(&stop) && atomic_load(&paused) == n;)
		relax(&i);
}

/* Called by the flusher in every round; false when it is time to end. */
static bool another_round(void)
{
	if (victim == NOBODY)
		return atomic_load(&published) < FREE_ROUNDS;
	if (victim == READER)
		disturb(reader);
	return atomic_load(&resumed) < PAUSES;
}

static void after_read(unsigned n)
{
	atomic_fetch_add(&reads, 1);
	if (victim == FLUSHER && n % 64 == 0)
		disturb(flusher);
}

/* Runs @rounds here, against @body on another thread. */
static void race(void (*rounds)(void), void *(*body)(void *), enum victim who)
{
	struct sigaction action = {.sa_handler = pause_here, .sa_flags = SA_RESTART}, old;

	atomic_store(&published, 0);
	atomic_store(&mistakes, 0);
	atomic_store(&paused, 0);
	atomic_store(&resumed, 0);
	atomic_store(&stop, false);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	victim = who;
	flusher = pthread_self();
	assert_int_equal(pthread_create(&reader, NULL, body, NULL), 0);
	rounds();
	atomic_store(&stop, true);
	pthread_join(reader, NULL);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(atomic_load(&mistakes), 0);
}

/*
 * Reads pages of one set over and over, so that entries are filled, moved and pushed out all the time. A page may show a newer
 * round than was published when the load began, never an older one.
 */
static void *read_for_ever(void *arg)
{
	static const unsigned char order[] = {0, 1, 0, 1, 0, 2, 1, 2};
	uint64_t value;

	for (unsigned i = 0; !atomic_load(&stop); i++) {
		unsigned before = atomic_load(&published);

		if (fxm_read_u64(other, at(UINT64_C(128) * order[i % sizeof(order)], 0), &value) || value < before)
			atomic_fetch_add(&mistakes, 1);
		after_read(i);
	}
	return arg;
}

static void (*flush)(void);

/* Frame FRAME + r % 64 carries r from before it is mapped in round r on. */
static void remap_and_flush(void)
{
	for (unsigned r = 1; another_round(); r++) {
		__atomic_store_n(word(FRAME + r % 64, 0), r, __ATOMIC_RELEASE);
		for (unsigned i = 0; i < 3; i++)
			map(128 * i, FRAME + r % 64);
		flush();
		atomic_store(&published, r);
	}
}

static void flush_race(void (*how)(void))
{
	flush = how;
	for (unsigned who = NOBODY; who <= FLUSHER; who++) {
		*word(FRAME, 0) = 0;
		for (unsigned i = 0; i < 3; i++)
			map(128 * i, FRAME);
		fxm_tlb_flush(other);
		race(remap_and_flush, read_for_ever, who);
	}
}

static void flush_everything(void)
{
	fxmi_tlb_flush_all(m);
}

static void flush_three_pages(void)
{
	for (unsigned i = 0; i < 3; i++)
		fxmi_tlb_flush_range_all(m, at(128 * i, 0).v, at(128 * i + 1, 0).v);
}

static void test_flush_while_another_fills(void **state)
{
	(void)state;
	flush_race(flush_everything);
	flush_race(flush_three_pages);
}

static void *write_for_ever(void *arg)
{
	for (unsigned i = 0; !atomic_load(&stop); i++) {
		fxm_write_u64(other, at(0, 0), i);
		fxm_tlb_flush_one(other, at(0, 0));
		after_read(i);
	}
	return arg;
}

static void wait_for_the_victim(void)
{
	for (unsigned i = 0; atomic_load(&resumed) != atomic_load(&paused);)
		relax(&i);
	for (volatile unsigned spin = 300; spin; spin--)
		;
}

/* Keeps the entry clean until the writer stands still, with luck between its walk and its setting of DIRTY; then clears it. */
static void map_and_clear(void)
{
	while (atomic_load(&resumed) < PAUSES) {
		unsigned n = atomic_load(&paused);

		for (unsigned i = 0; atomic_load(&paused) == n; i++) {
			sim_set_pte(m, at(0, 0).v, sim_entry(FRAME, PRESENT_RW));
			if (i == 200 + n % 97)
				pthread_kill(reader, SIGUSR1);
		}
		sim_set_pte(m, at(0, 0).v, 0);
		atomic_fetch_add(&published, ROUNDS_AHEAD);
		wait_for_the_victim();
		if (fxm_pte_at(m, at(0, 0)).v)
			atomic_fetch_add(&mistakes, 1);
	}
}

/* DIRTY is set with a compare-and-swap: it never turns an entry that was just cleared into garbage. */
static void test_dirty_never_revives_an_entry(void **state)
{
	(void)state;
	race(map_and_clear, write_for_ever, READER);
}

int main(void)
{
/* In the two formats. */
#define BOTH(test)                                                                                                                 \
	cmocka_unit_test_setup_teardown(test, setup, teardown), cmocka_unit_test_setup_teardown(test, setup_pae, teardown)
	const struct CMUnitTest tests[] = {
	    BOTH(test_direct_map),
	    BOTH(test_lengths_and_offsets),
	    BOTH(test_unaligned_words),
	    BOTH(test_copy),
	    BOTH(test_null_pointers),
	    cmocka_unit_test_setup_teardown(test_fault_after_some_bytes, setup, teardown),
	    BOTH(test_read_only_page),
	    BOTH(test_top_of_address_space),
	    BOTH(test_stale_until_flushed),
	    BOTH(test_flush_one_page_only),
	    BOTH(test_flushes_of_all_vcpus),
	    BOTH(test_two_ways),
	    cmocka_unit_test_setup_teardown(test_no_page_twice, setup, teardown),
	    BOTH(test_write_after_read_sets_dirty),
	    BOTH(test_write_through_a_clean_stale_entry),
	    cmocka_unit_test_setup_teardown(test_flush_while_another_fills, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_dirty_never_revives_an_entry, setup_pae, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
