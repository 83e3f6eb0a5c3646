/* SPDX-License-Identifier: MIT */

/*
 * The frames and the buddy allocator: zones, blocks, references, injected failure.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static struct fxm_machine *m;

static int setup(void **state)
{
	(void)state;
	m = sim_machine_sized(&fxmi_pt_i386, SIM_RAM_END, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_machine_free(m);
	return 0;
}

static struct fxm_zone_info info(enum fxm_zone zone)
{
	struct fxm_zone_info z;

	assert_int_equal(fxm_get_zone_info(m, zone, &z), 0);
	return z;
}

static uint64_t all_free(void)
{
	return info(FXM_ZONE_DMA).free + info(FXM_ZONE_NORMAL).free + info(FXM_ZONE_HIGHMEM).free;
}

/* xorshift: the same sequence everywhere. */
static uint32_t next_random(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

/* ---- the machine's memory as it starts ------------------------------------------------------------------------------- */

static void test_zones_at_start(void **state)
{
	(void)state;
	struct fxm_zone_info dma = info(FXM_ZONE_DMA), normal = info(FXM_ZONE_NORMAL), high = info(FXM_ZONE_HIGHMEM);

	assert_string_equal(dma.name, "DMA");
	assert_int_equal(dma.start_pfn, 0);
	assert_int_equal(dma.spanned, SIM_DMA_PFN);
	assert_int_equal(dma.present, SIM_DMA_PFN - 0x61);	    /* without 0x9f000 to 1 MB */
	assert_int_equal(dma.free, SIM_DMA_PFN - 0x61 - 1 - 0x100); /* and frame 0, and the kernel's image */
	assert_string_equal(normal.name, "Normal");
	assert_int_equal(normal.start_pfn, SIM_DMA_PFN);
	assert_int_equal(normal.present, SIM_HIGHMEM_PFN - SIM_DMA_PFN);
	assert_int_equal(normal.free, normal.present);
	assert_string_equal(high.name, "HighMem");
	assert_int_equal(high.start_pfn, SIM_HIGHMEM_PFN);
	assert_int_equal(high.free, (SIM_RAM_END >> 12) - SIM_HIGHMEM_PFN);
	assert_true(fxmi_zones_are_valid(m));
	/* The border at 0x2ffe cuts a block: 1 GB less two pages' worth of halves below it, the two pages above. */
	assert_int_equal(normal.free_blocks[0], 0);
	assert_int_equal(normal.free_blocks[1], 1);
	assert_int_equal(high.free_blocks[1], 1);
	assert_int_equal(fxm_get_zone_info(m, FXM_ZONES, &dma), -ENOENT);
	assert_int_equal(fxm_get_zone_info(NULL, FXM_ZONE_DMA, &dma), -EINVAL);
}

/* Pages of mem_map that the host had to provide. */
static unsigned resident_mem_map(const struct fxm_machine *big)
{
	size_t pages = big->mem.mem_map_bytes / 4096;
	unsigned char *vec = malloc(pages);
	unsigned n = 0;

	assert_non_null(vec);
	assert_int_equal(mincore(big->mem.mem_map, big->mem.mem_map_bytes, vec), 0);
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	free(vec);
	return n;
}

static void test_creation_touches_little(void **state)
{
	(void)state;
	struct fxm_machine *big = sim_machine_try(&fxmi_pt_i386_pae, UINT64_C(64) << 30, 0);
	uint64_t gib = big ? 64 : 5; /* valgrind has no room for 64 */

	if (!big)
		big = sim_machine_sized(&fxmi_pt_i386_pae, gib << 30, 0);
	struct fxm_zone_info high;

	assert_in_range(resident_mem_map(big), 1, 64);
	assert_int_equal(fxm_get_zone_info(big, FXM_ZONE_HIGHMEM, &high), 0);
	assert_int_equal(high.free, (gib << 18) - SIM_HIGHMEM_PFN);
	struct fxm_page *page = fxm_alloc_page(big, FXM_GFP_HIGHMEM);

	assert_non_null(page);
	assert_int_equal(fxm_free_pages(big, page, 0), 0);
	assert_true(fxmi_zones_are_valid(big));
	sim_machine_free(big);
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int init_with(uint64_t ram_end)
{
	struct fxm_machine *bad = calloc(1, sizeof(*bad));

	assert_non_null(bad);
	bad->desc = (struct fxmi_desc){.ram_end = ram_end, .dma_pfn = 0x1000, .highmem_pfn = 0x38000, .format = &fxmi_pt_i386};
	int err = fxmi_physmem_init(bad);

	if (!err)
		fxmi_physmem_free(bad);
	free(bad);
	return err;
}

static void test_creation_errors(void **state)
{
	(void)state;
	unsigned before = open_files();
	struct rlimit old, small;

	assert_int_equal(init_with(0), -EINVAL);
	assert_int_equal(init_with(0x1fffff), -EINVAL);
	assert_int_equal(init_with(UINT64_MAX), -EINVAL);
	assert_int_equal(init_with(0x200000), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	small = old;
	small.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	int err = init_with(SIM_RAM_END);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(err, -EMFILE);
	assert_int_equal(open_files(), before);
}

static void test_memory_is_no_standard_stream(void **state)
{
	(void)state;
	int input = dup(STDIN_FILENO);

	close(STDIN_FILENO);
	struct fxm_machine *own = sim_machine_try(&fxmi_pt_i386, SIM_RAM_END, 0);
	int memfd = own ? own->mem.memfd : -1;
	bool is_open = fcntl(STDIN_FILENO, F_GETFD) >= 0;

	if (input >= 0) {
		dup2(input, STDIN_FILENO);
		close(input);
	}
	assert_non_null(own);
	assert_true(memfd > STDERR_FILENO);
	assert_false(is_open);
	sim_machine_free(own);
}

static void test_memory_cannot_shrink(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(m->mem.memfd, 4096), -1);
	assert_int_equal(errno, EPERM);
}

static void test_reserved_frames(void **state)
{
	(void)state;
	static const uint64_t reserved[] = {0, 0x9f, 0xa0, 0xff, 0x100, 0x1ff};
	struct fxm_page *page;

	for (unsigned i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		assert_int_equal(fxm_alloc_pfn(m, reserved[i], &page), -EBUSY);
		assert_int_equal(fxm_free_pages(m, fxm_page_of_pfn(m, reserved[i]), 0), -EINVAL);
	}
	assert_int_equal(fxm_alloc_pfn(m, 1, &page), 0);
	assert_int_equal(fxm_alloc_pfn(m, 0x9e, &page), 0);
	assert_int_equal(fxm_alloc_pfn(m, 0x200, &page), 0);
	assert_int_equal(fxm_alloc_pfn(m, SIM_RAM_END >> 12, &page), -ENOENT);
	assert_null(fxm_page_of_pfn(m, SIM_RAM_END >> 12));
	assert_null(fxm_frame(m, SIM_RAM_END >> 12));
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------- */

struct block {
	struct fxm_page *page;
	unsigned order;
};

/* Claims the frames of a block for its owner; nobody may have them. */
static void claim(unsigned char *owned, const struct block *b)
{
	uint64_t pfn = fxm_page_pfn(m, b->page);

	assert_int_equal(pfn % (1u << b->order), 0);
	for (uint64_t i = pfn; i < pfn + (1u << b->order); i++) {
		assert_false(owned[i]);
		owned[i] = 1;
	}
}

static void unclaim(unsigned char *owned, const struct block *b)
{
	memset(owned + fxm_page_pfn(m, b->page), 0, (size_t)1 << b->order);
}

static void take_or_give(struct block *b, unsigned char *owned)
{
	if (b->page) {
		unclaim(owned, b);
		assert_int_equal(fxm_free_pages(m, b->page, b->order), 0);
		b->page = NULL;
		return;
	}
	uint32_t r = next_random();

	b->order = r % 8 ? r / 8 % 4 : r / 64 % (FXM_MAX_ORDER + 1);
	if (r % 16 == 1) {
		b->order = 0;
		if (fxm_alloc_pfn(m, r / 256 % (SIM_RAM_END >> 12), &b->page))
			b->page = NULL;
	} else {
		b->page = fxm_alloc_pages(m, (r >> 24) & (FXM_GFP_DMA | FXM_GFP_HIGHMEM | FXM_GFP_COMP), b->order);
	}
	if (b->page)
		claim(owned, b);
}

static void test_random_blocks(void **state)
{
	(void)state;
	enum { BLOCKS = 600 };
	static struct block blocks[BLOCKS];
	static unsigned char owned[SIM_RAM_END >> 12];
	struct fxm_zone_info before[FXM_ZONES], after[FXM_ZONES];
	uint64_t held, free_before = all_free();

	for (int z = 0; z < FXM_ZONES; z++)
		before[z] = info(z);
	for (unsigned step = 0; step < 20000; step++) {
		take_or_give(&blocks[next_random() % BLOCKS], owned);
		if (step % 500)
			continue;
		held = 0;
		for (unsigned i = 0; i < BLOCKS; i++)
			held += blocks[i].page ? 1u << blocks[i].order : 0;
		assert_int_equal(all_free() + held, free_before);
		assert_true(fxmi_zones_are_valid(m));
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].page)
			take_or_give(&blocks[i], owned);
	for (int z = 0; z < FXM_ZONES; z++) {
		after[z] = info(z);
		assert_memory_equal(&before[z], &after[z], sizeof(before[z]));
	}
	assert_true(fxmi_zones_are_valid(m));
}

static void test_exhaust_and_fall_back(void **state)
{
	(void)state;
	uint64_t n = all_free(), high = info(FXM_ZONE_HIGHMEM).free, normal = info(FXM_ZONE_NORMAL).free;
	struct fxm_page *page = NULL;

	for (uint64_t i = 0; i < n; i++) {
		page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
		assert_non_null(page);
		uint64_t pfn = fxm_page_pfn(m, page);

		/* HighMem first, then Normal, then DMA. */
		assert_int_equal(fxm_page_is_highmem(m, page), i < high);
		assert_int_equal(pfn >= SIM_DMA_PFN, i < high + normal);
	}
	assert_null(fxm_alloc_page(m, FXM_GFP_HIGHMEM));
	assert_int_equal(all_free(), 0);
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_ptr_equal(fxm_alloc_page(m, FXM_GFP_DMA), page);
	assert_true(fxmi_zones_are_valid(m));
}

static void test_zone_choice(void **state)
{
	(void)state;
	assert_in_range(fxm_page_pfn(m, fxm_alloc_page(m, FXM_GFP_DMA)), 1, SIM_DMA_PFN - 1);
	assert_in_range(fxm_page_pfn(m, fxm_alloc_page(m, 0)), SIM_DMA_PFN, SIM_HIGHMEM_PFN - 1);
	struct fxm_page *high = fxm_alloc_page(m, FXM_GFP_HIGHMEM);

	assert_true(fxm_page_is_highmem(m, high));
	assert_int_equal(fxm_page_phys(m, high).v, fxm_page_pfn(m, high) << 12);
}

static void test_no_merge_across_border(void **state)
{
	(void)state;
	/* 0x2ffc-0x2ffd is Normal's last block, 0x2ffe-0x2fff HighMem's first: buddies by number, strangers by zone. */
	struct fxm_page *low, *high;

	assert_int_equal(fxm_alloc_pfn(m, 0x2ffd, &low), 0);
	assert_int_equal(fxm_alloc_pfn(m, 0x2ffe, &high), 0);
	assert_int_equal(fxm_free_pages(m, low, 0), 0);
	assert_int_equal(fxm_free_pages(m, high, 0), 0);
	assert_int_equal(info(FXM_ZONE_NORMAL).free_blocks[1], 1);
	assert_int_equal(info(FXM_ZONE_HIGHMEM).free_blocks[1], 1);
	assert_true(fxmi_zones_are_valid(m));
}

static void test_alloc_pfn(void **state)
{
	(void)state;
	struct fxm_zone_info before = info(FXM_ZONE_HIGHMEM);
	struct fxm_page *page, *again = NULL;

	assert_int_equal(fxm_alloc_pfn(m, 0x3456, &page), 0);
	assert_int_equal(fxm_page_pfn(m, page), 0x3456);
	assert_int_equal(fxm_page_count(m, page), 1);
	assert_int_equal(fxm_alloc_pfn(m, 0x3456, &again), -EBUSY);
	assert_null(again);
	/* The block of 1024 fell into one half of each order. */
	for (unsigned order = 0; order < FXM_MAX_ORDER; order++)
		assert_int_equal(info(FXM_ZONE_HIGHMEM).free_blocks[order], before.free_blocks[order] + 1);
	assert_true(fxmi_zones_are_valid(m));
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_int_equal(info(FXM_ZONE_HIGHMEM).free_blocks[FXM_MAX_ORDER], before.free_blocks[FXM_MAX_ORDER]);
	assert_int_equal(fxm_alloc_pfn(m, 0x3456, NULL), -EINVAL);
}

static void test_compound(void **state)
{
	(void)state;
	struct fxm_page *head = fxm_alloc_pages(m, FXM_GFP_COMP, 3), *plain = fxm_alloc_pages(m, 0, 3);

	for (unsigned i = 0; i < 8; i++) {
		assert_ptr_equal(fxm_compound_head(m, head + i), head);
		assert_ptr_equal(fxm_compound_head(m, plain + i), plain + i);
	}
	fxm_page_get(m, head + 5);
	assert_int_equal(fxm_page_count(m, head), 2);
	assert_int_equal(fxm_free_pages(m, head + 5, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, head, 3), 0);
	assert_ptr_equal(fxm_compound_head(m, head + 5), head);
	assert_int_equal(fxm_free_pages(m, head, 3), 0);
	assert_ptr_equal(fxm_compound_head(m, head + 5), head + 5);
	/* A damaged tail leads nowhere. */
	head = fxm_alloc_pages(m, FXM_GFP_COMP, 1);
	head[1].kernel[0] = 0x1234;
	assert_ptr_equal(fxm_compound_head(m, head + 1), head + 1);
}

/* ---- mistakes -------------------------------------------------------------------------------------------------------- */

static void test_wrong_frees(void **state)
{
	(void)state;
	struct fxm_machine *other = sim_machine_sized(&fxmi_pt_i386, SIM_RAM_END, 0);
	struct fxm_page *page = fxm_alloc_page(m, 0), *four = fxm_alloc_pages(m, 0, 2);
	struct fxm_page *foreign = fxm_alloc_page(other, 0), *slab;
	uint64_t free_before = all_free();

	slab = fxm_page_of_pfn(m, (fxm_kmalloc(m, 8, 0).v - SIM_PAGE_OFFSET) >> 12);
	free_before--;
	assert_int_equal(fxm_free_pages(m, slab, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, NULL, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, foreign, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, (struct fxm_page *)((char *)page + 8), 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, page, 1), -EINVAL);
	assert_int_equal(fxm_free_pages(m, four, 1), -EINVAL);
	assert_int_equal(fxm_free_pages(m, four + 1, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, page, 99), -EINVAL);
	assert_int_equal(all_free(), free_before);
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_int_equal(fxm_free_pages(m, page, 0), -EINVAL);
	assert_int_equal(fxm_free_pages(m, four, 2), 0);
	assert_int_equal(fxm_free_pages(m, four, 2), -EINVAL);
	assert_int_equal(all_free(), free_before + 5);
	assert_true(fxmi_zones_are_valid(m));
	sim_machine_free(other);
}

static void test_references(void **state)
{
	(void)state;
	struct fxm_page *page = fxm_alloc_page(m, 0);

	fxm_page_get(m, page);
	assert_int_equal(fxm_page_count(m, page), 2);
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_int_equal(fxm_page_count(m, page), 1);
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_int_equal(fxm_page_count(m, page), 0);
	fxm_page_get(m, page); /* too late: it stays free */
	assert_int_equal(fxm_page_count(m, page), 0);
	fxm_page_get(m, NULL);
	assert_int_equal(fxm_page_count(m, NULL), 0);
	assert_int_equal(fxm_page_pfn(m, NULL), UINT64_MAX);
	assert_false(fxm_page_is_highmem(m, NULL));
	assert_true(fxmi_zones_are_valid(m));
}

static void test_new_owner_sees_a_clean_page(void **state)
{
	(void)state;
	struct fxm_page *page = fxm_alloc_page(m, 0), *again;
	unsigned char *frame = fxm_frame(m, fxm_page_pfn(m, page));

	page->flags |= 0x1234 | FXMI_PG_NAMED;
	page->kernel[3] = 5;
	atomic_store(&page->mapcount, 7);
	memset(frame, 0xaa, 4096);
	assert_int_equal(fxm_free_pages(m, page, 0), 0);
	assert_int_equal(frame[100], 0xaa);
	again = fxm_alloc_page(m, FXM_GFP_ZERO);
	assert_ptr_equal(again, page);
	assert_int_equal(again->flags, FXMI_PG_NAMED);
	assert_int_equal(again->kernel[3], 0);
	assert_int_equal(atomic_load(&again->mapcount), 0);
	for (unsigned i = 0; i < 4096; i++)
		assert_int_equal(frame[i], 0);
}

static void test_injected_failure(void **state)
{
	(void)state;
	struct fxm_page *page;

	fxmi_inject_add(&m->inject, FXMI_POINT_ALLOC, 1, 3, 0);
	assert_non_null(fxm_alloc_page(m, 0));
	assert_true(fxm_kmalloc(m, 8, 0).v != 0);
	assert_null(fxm_alloc_page(m, 0));
	assert_non_null(fxm_alloc_page(m, 0));
	fxmi_inject_clear(&m->inject, UINT32_MAX);
	fxmi_inject_add(&m->inject, FXMI_POINT_ALLOC, 1, 1, 1);
	assert_true(fxm_kmalloc(m, 8, 0).v == 0);
	assert_null(fxm_alloc_page(m, FXM_GFP_HIGHMEM));
	assert_int_equal(fxm_alloc_pfn(m, 0x3000, &page), 0); /* a trace's frames are not up for failure */
	fxmi_inject_clear(&m->inject, UINT32_MAX);
	assert_non_null(fxm_alloc_page(m, 0));
	assert_null(fxm_alloc_pages(m, 0, FXM_MAX_ORDER + 1));
	assert_null(fxm_alloc_pages(NULL, 0, 0));
}

/* ---- several threads ------------------------------------------------------------------------------------------------- */

/* Returns @arg when something fails, else NULL. */
static void *alloc_and_free(void *arg)
{
	struct fxm_page *held[16] = {0};

	for (unsigned i = 0; i < 4000; i++) {
		struct fxm_page **p = &held[i * 7 % 16];

		if (*p && fxm_free_pages(m, *p, i * 7 % 16 % 3))
			return arg;
		*p = fxm_alloc_pages(m, FXM_GFP_HIGHMEM, i * 7 % 16 % 3);
		if (!*p)
			return arg;
		(*p)->kernel[2] = i;
	}
	for (unsigned i = 0; i < 16; i++)
		if (held[i] && fxm_free_pages(m, held[i], i % 3))
			return arg;
	return NULL;
}

static void test_two_threads(void **state)
{
	(void)state;
	uint64_t before = all_free();
	pthread_t thread;
	void *other;

	assert_int_equal(pthread_create(&thread, NULL, alloc_and_free, m), 0);
	void *mine = alloc_and_free(m);

	pthread_join(thread, &other);
	assert_null(mine);
	assert_null(other);
	assert_int_equal(all_free(), before);
	assert_true(fxmi_zones_are_valid(m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_zones_at_start, setup, teardown),
	    cmocka_unit_test(test_creation_touches_little),
	    cmocka_unit_test(test_creation_errors),
	    cmocka_unit_test(test_memory_is_no_standard_stream),
	    cmocka_unit_test_setup_teardown(test_memory_cannot_shrink, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reserved_frames, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_random_blocks, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_exhaust_and_fall_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_zone_choice, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_merge_across_border, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_alloc_pfn, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_compound, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_frees, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_references, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_new_owner_sees_a_clean_page, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_injected_failure, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
