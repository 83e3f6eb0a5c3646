/* SPDX-License-Identifier: MIT */
/* The window in its four modes: what is resident when, at what cost, and what that does to the page-table entries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SLOT (FIXMAP + 4 * FXM_PAGE_SIZE)
#define PFN (HIGHMEM_PFN + 5)

/* ---- callbacks: a fault ends the task, the rest is noted --------------------------------------------------------- */

static struct fxmi_trap_info trapped;
static volatile unsigned traps;
static volatile bool dead_page; /* is_live() of SLOT */

static void on_trap(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info)
{
	trapped = *info;
	traps++;
	if (info->trap != FXMI_TRAP_ENDED && info->trap != FXMI_TRAP_DEVICE && info->trap != FXMI_TRAP_UNATTACHED)
		fxmi_task_kill(cpu);
}

static bool is_live(struct fxm_machine *m, uint64_t va)
{
	(void)m;
	return !(dead_page && va == SLOT);
}

static const struct fxmi_callbacks callbacks = {.trap = on_trap, .is_live = is_live};

static int setup_mode(void **state, enum fxm_window_mode mode)
{
	*state = bare_machine(mode, true, &callbacks);
	traps = 0;
	dead_page = false;
	return fxm_attach(*state, 0);
}

static int setup_strict(void **state)
{
	return setup_mode(state, FXM_WINDOW_STRICT);
}

static int setup_retain(void **state)
{
	return setup_mode(state, FXM_WINDOW_RETAIN);
}

static int setup_eager(void **state)
{
	return setup_mode(state, FXM_WINDOW_EAGER);
}

static int setup_off(void **state)
{
	return setup_mode(state, FXM_WINDOW_OFF);
}

static int teardown(void **state)
{
	return bare_machine_free(*state);
}

/* CMocka puts its own handler in front before each test. */
static struct fxm_machine *machine_of(void **state)
{
	fxm_window_rearm();
	return *state;
}

static struct fxm_window_stats stats(const struct fxm_machine *m)
{
	struct fxm_window_stats s;

	fxm_get_window_stats(m, &s);
	return s;
}

/* Whether a system call can read / write one byte there: the host's page table, asked without touching. */
static bool kernel_can(volatile unsigned char *p, bool write_to_it)
{
	int fd[2];
	char byte = 'k';

	assert_int_equal(pipe(fd), 0);
	if (write_to_it)
		assert_int_equal(write(fd[1], &byte, 1), 1);
	ssize_t n = write_to_it ? read(fd[0], (void *)(uintptr_t)p, 1) : write(fd[1], (const void *)(uintptr_t)p, 1);
	int error = errno;
	close(fd[0]);
	close(fd[1]);
	if (n != 1)
		assert_int_equal(error, EFAULT);
	return n == 1;
}

static int read_byte(void *arg)
{
	return *(volatile unsigned char *)arg;
}

static int write_byte(void *arg)
{
	*(volatile unsigned char *)arg = 0x77;
	return 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static void test_host_addresses_keep_the_low_32_bits(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT + 0x123);

	assert_int_equal((uint32_t)(uintptr_t)p, SLOT + 0x123);
	assert_int_equal(fxm_va_of_host(m, (void *)(uintptr_t)p).v, SLOT + 0x123);
	assert_int_equal((uint32_t)(uintptr_t)bare_host(m, PAGE_OFFSET), PAGE_OFFSET);
	assert_null(bare_host(m, 0x1000));
	assert_null(bare_host(m, PAGE_OFFSET + LOWMEM_BYTES));
	assert_int_equal(fxm_va_of_host(m, NULL).v, 0);
	assert_int_equal(fxm_va_of_host(m, &trapped).v, (uintptr_t)&trapped);
	if (fxm_window_is_identity(m))
		assert_int_equal((uintptr_t)p, SLOT + 0x123);
}

static void test_a_second_machine_is_relocated_and_its_own(void **state)
{
	struct fxm_machine *m = machine_of(state), *second = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	volatile unsigned char *p = bare_host(second, SLOT);

	assert_false(fxm_window_is_identity(second));
	assert_int_equal((uint32_t)(uintptr_t)p, SLOT);
	assert_true((uintptr_t)p > UINT32_MAX);
	assert_ptr_not_equal(p, bare_host(m, SLOT));
	bare_map(fxm_machine_vcpu(m, 0), SLOT, PFN, RW_ENTRY);
	bare_map(fxm_machine_vcpu(second, 0), SLOT, PFN, RW_ENTRY);
	*bare_host(m, SLOT) = 1;
	traps = 0;
	*p = 2; /* we sit on the other machine: told, then served */
	assert_int_equal(traps, 1);
	assert_int_equal(trapped.trap, FXMI_TRAP_UNATTACHED);
	assert_int_equal(*bare_frame(m, PFN), 1);
	assert_int_equal(*bare_frame(second, PFN), 2);
	assert_int_equal(fxmi_machine_free(second), 0);
}

static void test_identity_addresses_have_one_owner_at_a_time(void **state)
{
	struct fxm_machine *first = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	bool possible = fxm_window_is_identity(first);

	(void)state;
	assert_int_equal(fxmi_machine_free(first), 0);
	first = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	assert_int_equal(fxm_window_is_identity(first), possible);
	assert_int_equal(fxmi_machine_free(first), 0);
	if (possible) {
		void *taken = mmap((void *)(uintptr_t)(PAGE_OFFSET + LOWMEM_BYTES), FXM_PAGE_SIZE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		assert_ptr_not_equal(taken, MAP_FAILED);
		first = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
		assert_false(fxm_window_is_identity(first));
		assert_int_equal(fxm_window_mode(first), FXM_WINDOW_STRICT);
		assert_int_equal(fxmi_machine_free(first), 0);
		munmap(taken, FXM_PAGE_SIZE);
	}
}

static void test_the_direct_map_is_there_at_once(void **state)
{
	struct fxm_machine *m = machine_of(state);

	*bare_host(m, PAGE_OFFSET + 0x1000) = 9;
	assert_int_equal(*bare_frame(m, 1), 9);
	*bare_frame(m, HIGHMEM_PFN - 1) = 8;
	assert_int_equal(*bare_host(m, PAGE_OFFSET + LOWMEM_BYTES - FXM_PAGE_SIZE), 8);
	assert_int_equal(stats(m).faults, 0);
	assert_int_equal(stats(m).system_calls, 0);
}

/* ---- strict ------------------------------------------------------------------------------------------------------ */

static void test_a_page_appears_at_the_first_touch(void **state)
{
	struct fxm_machine *m = machine_of(state);
	struct fxm_vcpu *cpu = fxm_current_or_null();

	bare_map(cpu, SLOT, PFN, RW_ENTRY);
	assert_int_equal(stats(m).system_calls, 0);
	assert_int_equal(stats(m).resident, 0);
	*bare_host(m, SLOT) = 5;
	assert_int_equal(*bare_frame(m, PFN), 5);
	assert_int_equal(stats(m).faults, 1);
	assert_int_equal(stats(m).resident, 1);
	assert_int_equal(*bare_host(m, SLOT), 5);
	assert_int_equal(stats(m).faults, 1);
	bare_unmap(cpu, SLOT, false);
	assert_int_equal(stats(m).resident, 0);
	assert_int_equal(stats(m).system_calls, 2);
	assert_false(kernel_can(bare_host(m, SLOT), false));
	assert_int_equal(traps, 0);
}

static void test_an_unmapped_page_faults(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT + 8);

	assert_int_equal(fxm_task_run(fxm_current_or_null(), read_byte, (void *)(uintptr_t)p, NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.address.v, SLOT + 8);
	assert_int_equal(trapped.fault.access, FXM_READ);
	assert_false(trapped.fault.present);
	assert_true(trapped.pc);
	bare_map(fxm_current_or_null(), SLOT, PFN, RO_ENTRY);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), write_byte, (void *)(uintptr_t)p, NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.access, FXM_WRITE);
	assert_true(trapped.fault.present);
	assert_int_equal(trapped.fault.code & 3, 3);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), read_byte, (void *)(uintptr_t)p, NULL), 0);
	assert_int_equal(stats(m).resident, 1);
	assert_int_equal(traps, 2);
}

static void test_beside_the_segments_is_a_fault_too(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *pkmap = bare_host(m, PKMAP);

	/* the vmalloc area below pkmap has no page tables; the page above FIXADDR_TOP has, but no entry */
	assert_int_equal(fxm_task_run(fxm_current_or_null(), read_byte, (void *)(uintptr_t)(pkmap - 0x100000), NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.address.v, PKMAP - 0x100000);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), write_byte,
				      (void *)(uintptr_t)bare_host(m, FIXMAP) + FIXMAP_PAGES * FXM_PAGE_SIZE, NULL),
			 -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.access, FXM_WRITE);
}

static void test_use_after_the_end_is_reported_and_goes_on(void **state)
{
	struct fxm_machine *m = machine_of(state);
	struct fxm_vcpu *cpu = fxm_current_or_null();

	bare_map(cpu, SLOT, PFN, RW_ENTRY);
	*bare_host(m, SLOT) = 5;
	dead_page = true;
	bare_unmap(cpu, SLOT, true);
	*bare_host(m, SLOT) = 6;
	assert_int_equal(traps, 1);
	assert_int_equal(trapped.trap, FXMI_TRAP_ENDED);
	assert_int_equal(trapped.fault.address.v, SLOT);
	assert_int_equal(*bare_frame(m, PFN), 6);
	*bare_host(m, SLOT) = 7; /* told once, until it goes again */
	assert_int_equal(traps, 1);
	bare_unmap(cpu, SLOT, true);
	assert_int_equal(*bare_host(m, SLOT), 7);
	assert_int_equal(traps, 2);
}

static void test_accessed_and_dirty_are_set_as_they_happen(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	bare_map(fxm_current_or_null(), SLOT, PFN, UINT64_C(0x103)); /* neither accessed nor dirty */
	assert_int_equal(*p, 0);
	assert_int_equal(bare_pte(m, SLOT) & 0x60, 0x20);
	assert_false(kernel_can(p, true)); /* a write must still be noticed */
	*p = 1;
	assert_int_equal(bare_pte(m, SLOT) & 0x60, 0x60);
	assert_int_equal(stats(m).faults, 2);
	*p = 2;
	assert_int_equal(stats(m).faults, 2);
	/* the entry loses DIRTY: the page loses its permission */
	bare_map(fxm_current_or_null(), SLOT, PFN, CLEAN_ENTRY);
	*p = 3;
	assert_int_equal(bare_pte(m, SLOT) & 0x40, 0x40);
	assert_int_equal(stats(m).faults, 3);
}

static void test_setting_over_shows_the_new_frame(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	*bare_frame(m, PFN) = 1;
	*bare_frame(m, PFN + 1) = 2;
	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	assert_int_equal(*p, 1);
	bare_map(fxm_current_or_null(), SLOT, PFN + 1, RW_ENTRY);
	assert_int_equal(*p, 2);
	bare_map(fxm_current_or_null(), SLOT, PFN + 1, RO_ENTRY);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), write_byte, (void *)(uintptr_t)p, NULL), -ECANCELED);
}

static void test_a_range_ends_with_one_system_call(void **state)
{
	struct fxm_machine *m = machine_of(state);
	struct fxm_vcpu *cpu = fxm_current_or_null();

	for (unsigned i = 0; i < 64; i += 2) {
		bare_map(cpu, PKMAP + i * FXM_PAGE_SIZE, PFN + i, RW_ENTRY);
		*bare_host(m, PKMAP + i * FXM_PAGE_SIZE) = (unsigned char)i;
	}
	assert_int_equal(stats(m).resident, 32);
	uint64_t before = stats(m).system_calls;
	fxmi_window_end_range(cpu, PKMAP - 4 * FXM_PAGE_SIZE, 200);
	assert_int_equal(stats(m).system_calls, before + 1);
	assert_int_equal(stats(m).resident, 0);
	fxmi_window_end_range(cpu, PKMAP, PKMAP_PAGES);
	assert_int_equal(stats(m).system_calls, before + 1);
	assert_int_equal(*bare_host(m, PKMAP + 62 * FXM_PAGE_SIZE), 62);
}

/* Nothing there, or a device: a load finds all ones, and is told. */
static void test_a_frame_outside_ram_reads_as_ones(void **state)
{
	struct fxm_machine *m = machine_of(state);

	bare_map(fxm_current_or_null(), SLOT, UINT64_C(0xfee00), RW_ENTRY);
	assert_int_equal(*bare_host(m, SLOT + 100), 0xff);
	assert_int_equal(traps, 1);
	assert_int_equal(trapped.trap, FXMI_TRAP_DEVICE);
	assert_int_equal(trapped.fault.address.v, SLOT + 100);
	*bare_host(m, SLOT) = 0; /* goes nowhere */
	bare_unmap(fxm_current_or_null(), SLOT, false);
	bare_map(fxm_current_or_null(), SLOT, UINT64_C(0xfee00), RW_ENTRY);
	assert_int_equal(*bare_host(m, SLOT), 0xff);
	assert_int_equal(traps, 2);
}

/* ---- system calls ------------------------------------------------------------------------------------------------ */

static void test_system_calls_need_a_prefault(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	bare_map(fxm_current_or_null(), SLOT, PFN, CLEAN_ENTRY);
	bare_map(fxm_current_or_null(), SLOT + FXM_PAGE_SIZE, PFN + 1, RO_ENTRY);
	assert_false(kernel_can(p, false));
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT + 4000), 200), 0);
	assert_true(kernel_can(p, false));
	assert_true(kernel_can(p, true));
	assert_int_equal(*p, 'k');
	assert_int_equal(bare_pte(m, SLOT) & 0x40, 0x40);
	assert_true(kernel_can(p + FXM_PAGE_SIZE, false));
	assert_false(kernel_can(p + FXM_PAGE_SIZE, true));
	assert_int_equal(stats(m).faults, 0);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT), 3 * FXM_PAGE_SIZE), -EFAULT);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT), 0), 0);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(PAGE_OFFSET), LOWMEM_BYTES), 0);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(PAGE_OFFSET), LOWMEM_BYTES + 1), -EFAULT);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT), SIZE_MAX), -EFAULT);
	assert_int_equal(fxm_prefault(NULL, fxm_va_of(SLOT), 1), -EINVAL);
	dead_page = true;
	bare_unmap(fxm_current_or_null(), SLOT, true);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT), 1), -EFAULT);
	assert_int_equal(traps, 0);
}

static void test_eager_pages_are_there_at_map_time(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	assert_int_equal(stats(m).resident, 1);
	assert_true(kernel_can(p, false));
	assert_true(kernel_can(p, true));
	assert_int_equal(stats(m).faults, 0);
	bare_map(fxm_current_or_null(), SLOT, PFN + 1, RW_ENTRY);
	*p = 4;
	assert_int_equal(*bare_frame(m, PFN + 1), 4);
	assert_int_equal(stats(m).faults, 0);
	bare_unmap(fxm_current_or_null(), SLOT, false);
	assert_false(kernel_can(p, false));
	/* eager or not, a write that makes the page dirty must be seen */
	bare_map(fxm_current_or_null(), SLOT, PFN, CLEAN_ENTRY);
	assert_true(kernel_can(p, false));
	assert_false(kernel_can(p, true));
	*p = 5;
	assert_int_equal(bare_pte(m, SLOT) & 0x40, 0x40);
}

/* As under AddressSanitizer: what ends is poisoned, page by page, and nothing beside it. */
static void test_a_range_that_ends_is_poisoned_and_no_more(void **state)
{
	struct fxm_machine *m = *state;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	const struct fxmi_segment *seg = fxmi_lazy_segment(m->window, PKMAP);

	m->window->poisons = m->window->wants_users = m->window->wants_all = true;
	for (unsigned i = 0; i < 5; i++)
		bare_map(cpu, PKMAP + i * FXM_PAGE_SIZE, PFN + i, RW_ENTRY);
	assert_int_equal(fxm_prefault(cpu, fxm_va_of(PKMAP), 5 * FXM_PAGE_SIZE), 0);
	fxmi_window_end_range(cpu, PKMAP + FXM_PAGE_SIZE, 3);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(seg->page[i].poisoned, i >= 1 && i <= 3);
	bare_map(cpu, PKMAP + FXM_PAGE_SIZE, PFN + 9, RW_ENTRY);
	assert_false(seg->page[1].poisoned);
	assert_true(seg->page[2].poisoned);
	for (unsigned i = 0; i < 5; i++)
		bare_map(cpu, PKMAP + i * FXM_PAGE_SIZE, PFN + i, RW_ENTRY);
	assert_true(fxmi_window_is_valid(m));
}

/* ---- retain ------------------------------------------------------------------------------------------------------ */

static void test_retain_costs_nothing_for_the_same_frame(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	*p = 1;
	struct fxm_window_stats before = stats(m);
	for (int i = 0; i < 1000; i++) {
		bare_unmap(fxm_current_or_null(), SLOT, false);
		bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
		*p = (unsigned char)i;
	}
	assert_int_equal(stats(m).faults, before.faults);
	assert_int_equal(stats(m).system_calls, before.system_calls);
}

static void test_retain_exchanges_frames_with_one_system_call(void **state)
{
	struct fxm_machine *m = machine_of(state);
	volatile unsigned char *p = bare_host(m, SLOT);

	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	*p = 1;
	struct fxm_window_stats before = stats(m);
	for (unsigned i = 1; i <= 10; i++) {
		bare_unmap(fxm_current_or_null(), SLOT, false);
		bare_map(fxm_current_or_null(), SLOT, PFN + i, RW_ENTRY);
		*p = (unsigned char)i;
		assert_int_equal(*bare_frame(m, PFN + i), i);
	}
	assert_int_equal(stats(m).faults, before.faults);
	assert_int_equal(stats(m).system_calls, before.system_calls + 10);
	fxmi_window_end_range(fxm_current_or_null(), FIXMAP, FIXMAP_PAGES);
	assert_int_equal(stats(m).resident, 1);
}

/* ---- off --------------------------------------------------------------------------------------------------------- */

static void test_off_shows_nothing(void **state)
{
	struct fxm_machine *m = machine_of(state);

	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	bare_unmap(fxm_current_or_null(), SLOT, false);
	fxmi_window_end_range(fxm_current_or_null(), FIXMAP, FIXMAP_PAGES);
	assert_int_equal(fxm_window_mode(m), FXM_WINDOW_OFF);
	assert_null(bare_host(m, SLOT));
	assert_null(bare_host(m, PAGE_OFFSET));
	assert_int_equal(fxm_va_of_host(m, (void *)4096).v, 4096);
	assert_int_equal(fxm_prefault(fxm_current_or_null(), fxm_va_of(SLOT), 1), -ENOTSUP);
	assert_int_equal(stats(m).system_calls, 0);
}

/* The sanitizers reserve more than any limit leaves; they are not asked. */
static void test_without_address_space_there_is_no_window(void **state)
{
	struct rlimit old, tight;
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	if (pages > (UINT64_C(1) << 40) / FXM_PAGE_SIZE)
		return;
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	tight = old;
	tight.rlim_cur = pages * FXM_PAGE_SIZE + (UINT64_C(512) << 20);
	assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
	struct fxm_machine *m = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_int_equal(fxm_window_mode(m), FXM_WINDOW_OFF);
	bare_map(fxm_machine_vcpu(m, 0), SLOT, PFN, RW_ENTRY);
	assert_int_equal(fxmi_machine_free(m), 0);
}

/* Its RAM. */
static void test_a_machine_needs_one_file(void **state)
{
	struct rlimit old, one_file;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct fxmi_desc desc = bare_desc(FXM_WINDOW_STRICT, false, &callbacks);
	struct fxm_machine *m;

	(void)state;
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	one_file = old;
	one_file.rlim_cur = (rlim_t)next + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &one_file), 0);
	int err = fxmi_machine_new(&desc, &m);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(err, 0);
	assert_int_equal(fxm_window_mode(m), FXM_WINDOW_STRICT);
	assert_int_equal(fxmi_machine_free(m), 0);
}

#define in_mode(f, mode) cmocka_unit_test_setup_teardown(f, setup_##mode, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_machine_needs_one_file),
		in_mode(test_host_addresses_keep_the_low_32_bits, strict),
		in_mode(test_a_second_machine_is_relocated_and_its_own, strict),
		cmocka_unit_test(test_identity_addresses_have_one_owner_at_a_time),
		in_mode(test_the_direct_map_is_there_at_once, strict),
		in_mode(test_a_page_appears_at_the_first_touch, strict),
		in_mode(test_an_unmapped_page_faults, strict),
		in_mode(test_beside_the_segments_is_a_fault_too, strict),
		in_mode(test_use_after_the_end_is_reported_and_goes_on, strict),
		in_mode(test_accessed_and_dirty_are_set_as_they_happen, strict),
		in_mode(test_setting_over_shows_the_new_frame, strict),
		in_mode(test_a_range_ends_with_one_system_call, strict),
		in_mode(test_a_frame_outside_ram_reads_as_ones, strict),
		in_mode(test_system_calls_need_a_prefault, strict),
		in_mode(test_eager_pages_are_there_at_map_time, eager),
		in_mode(test_use_after_the_end_is_reported_and_goes_on, eager),
		in_mode(test_a_frame_outside_ram_reads_as_ones, eager),
		in_mode(test_an_unmapped_page_faults, eager),
		in_mode(test_accessed_and_dirty_are_set_as_they_happen, retain),
		in_mode(test_setting_over_shows_the_new_frame, retain),
		in_mode(test_retain_costs_nothing_for_the_same_frame, retain),
		in_mode(test_a_range_that_ends_is_poisoned_and_no_more, retain),
		in_mode(test_retain_exchanges_frames_with_one_system_call, retain),
		in_mode(test_off_shows_nothing, off),
		cmocka_unit_test(test_without_address_space_there_is_no_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
