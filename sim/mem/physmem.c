/* SPDX-License-Identifier: MIT */

/*
 * Physical memory as the firmware hands it over: one sparse memfd for the frames, mapped once and shared with the window,
 * and mem_map, a struct fxm_page per frame.
 *
 *     frame  0          the real-mode interrupt table: the kernel's
 *            1 - 0x9e   usable
 *            0x9f-0xff  video memory and ROMs: frames exist, but are nobody's to allocate
 *            0x100-0x1ff  the kernel's image, from whose frames the page tables are taken
 *            0x200-...  usable, up to ram_end
 *
 * Where memory begins elsewhere (ram_start) the frames count from there, and there is no hole below the image.
 *
 * One page more, behind the last frame, is no RAM: all ones, for the window to show where neither RAM nor a device answers.
 *
 * Invariants: the memfd never changes its size (sealed), so an access inside [0, nr_frames] cannot raise SIGBUS. Both host
 * mappings are sparse, and creation touches the few struct pages that say something other than zero: free memory is recorded
 * in physmem.fresh (page_alloc.c).
 */

#include "mem_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HOLE_PFN = 0x9f,   /* the last, incomplete page of conventional memory belongs to the BIOS too */
	IMAGE_PFN = 0x100, /* 1 MB */
	IMAGE_END_PFN = 0x200
};

/* 64 TiB of frames: more than any profile addresses, and small enough that no size below overflows. */
#define MAX_RAM (UINT64_C(1) << 46)

static size_t round_to_page(size_t bytes)
{
	return (bytes + FXM_PAGE_SIZE - 1) & ~(size_t)(FXM_PAGE_SIZE - 1);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int fxmi_host_refused(const struct fxm_machine *m, const char *call)
{
	int error = -errno;

	if (m->desc.refused)
		*m->desc.refused = call;
	return error;
}

/* Close-on-exec, and never file 0, 1 or 2: in a program that closed its output, what it prints would land in simulated memory. */
static int create_pool(void)
{
	int fd = memfd_create("fixmap-ram", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), saved = errno;
	close(fd);
	errno = saved;
	return higher;
}

static uint64_t pool_bytes(const struct fxmi_physmem *mem)
{
	return (mem->nr_frames + 1) << FXM_PAGE_SHIFT;
}

/* As ftruncate(), but where the host would end the program by SIGXFSZ, it gets the error alone. */
static int set_size(int fd, uint64_t bytes)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && bytes > limit.rlim_cur) {
		errno = EFBIG;
		return -1;
	}
	return ftruncate(fd, (off_t)bytes);
}

static int open_pool(struct fxm_machine *m)
{
	struct fxmi_physmem *mem = &m->mem;

	mem->memfd = create_pool();
	if (mem->memfd < 0)
		return fxmi_host_refused(m, "memfd_create");
	if (set_size(mem->memfd, pool_bytes(mem)))
		return fxmi_host_refused(m, "ftruncate");
	if (fcntl(mem->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fxmi_host_refused(m, "fcntl");
	return 0;
}

static int map_sparse(const struct fxm_machine *m, void **out, size_t bytes, int flags, int fd)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);

	if (p == MAP_FAILED)
		return fxmi_host_refused(m, "mmap");
	*out = p;
	return 0;
}

static uint64_t nr_touch_words(const struct fxmi_physmem *mem)
{
	return mem->nr_frames / FXMI_TOUCH_PAGES / 64 + 1;
}

static int map_host_memory(struct fxm_machine *m)
{
	struct fxmi_physmem *mem = &m->mem;
	void *p = NULL;
	int err = open_pool(m);

	if (err || (err = map_sparse(m, &p, pool_bytes(mem), MAP_SHARED, mem->memfd)))
		return err;
	mem->ram = p;
	/* A forked child must not write into its parent's memory. mem_map is private, and stays readable there. */
	if (madvise(p, pool_bytes(mem), MADV_DONTFORK))
		return fxmi_host_refused(m, "madvise");
	mem->mem_map_bytes = round_to_page(mem->nr_frames * sizeof(struct fxm_page));
	if ((err = map_sparse(m, &p, mem->mem_map_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1)))
		return err;
	mem->mem_map = p;
	uint64_t fresh = (mem->nr_frames >> FXM_MAX_ORDER) / 64 + 1;
	mem->fresh_bytes = round_to_page((fresh + nr_touch_words(mem)) * sizeof(uint64_t));
	if ((err = map_sparse(m, &p, mem->fresh_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1)))
		return err;
	mem->fresh = p;
	mem->touched = (_Atomic uint64_t *)(mem->fresh + fresh);
	return 0;
}

/* @count: a kernel page is in use, a hole is nothing. */
static void reserve(struct fxmi_physmem *mem, uint64_t start, uint64_t end, int count)
{
	fxm_assert_internal(end <= mem->nr_frames);
	for (uint64_t pfn = start; pfn < end; pfn++) {
		mem->mem_map[pfn].flags = FXMI_PG_RESERVED;
		atomic_init(&mem->mem_map[pfn].refcount, count);
	}
}

static void set_zone(struct fxmi_zone *zone, uint64_t start, uint64_t end)
{
	zone->start_pfn = start;
	zone->end_pfn = end;
	zone->present = end - start;
	zone->fresh_from = start >> FXM_MAX_ORDER;
}

/* The part of [start, end) that lies in each zone becomes free. */
static void add_free(struct fxmi_physmem *mem, uint64_t start, uint64_t end)
{
	for (int z = 0; z < FXM_ZONES; z++) {
		struct fxmi_zone *zone = &mem->zone[z];
		uint64_t from = start > zone->start_pfn ? start : zone->start_pfn;
		uint64_t to = min_u64(end, zone->end_pfn);

		if (from < to)
			fxmi_zone_add(mem, zone, from, to);
	}
}

static void divide(struct fxmi_physmem *mem, uint64_t dma_pfn)
{
	uint64_t start = mem->start_pfn;

	dma_pfn = min_u64(dma_pfn, mem->highmem_pfn);
	set_zone(&mem->zone[FXM_ZONE_DMA], start, dma_pfn);
	set_zone(&mem->zone[FXM_ZONE_NORMAL], dma_pfn, mem->highmem_pfn);
	set_zone(&mem->zone[FXM_ZONE_HIGHMEM], mem->highmem_pfn, mem->nr_frames);
	mem->table_pfn = start + IMAGE_PFN;
	mem->table_end_pfn = start + IMAGE_END_PFN;
	reserve(mem, start + IMAGE_PFN, start + IMAGE_END_PFN, 1);
	add_free(mem, start + IMAGE_END_PFN, mem->nr_frames);
	if (start) {
		add_free(mem, start, start + IMAGE_PFN);
		return;
	}
	for (uint64_t pfn = HOLE_PFN; pfn < IMAGE_PFN; pfn++)
		mem->zone[pfn < dma_pfn ? FXM_ZONE_DMA : pfn < mem->highmem_pfn ? FXM_ZONE_NORMAL : FXM_ZONE_HIGHMEM].present--;

	reserve(mem, 0, 1, 1);
	reserve(mem, HOLE_PFN, IMAGE_PFN, 0);
	add_free(mem, 1, HOLE_PFN);
}

uint64_t fxmi_physmem_ones(const struct fxm_machine *m)
{
	uint64_t offset = m->mem.nr_frames << FXM_PAGE_SHIFT;

	memset(m->mem.ram + offset, 0xff, FXM_PAGE_SIZE);
	return offset;
}

int fxmi_physmem_init(struct fxm_machine *m)
{
	struct fxmi_physmem *mem = &m->mem;
	int err;

	memset(mem, 0, sizeof(*mem));
	mem->memfd = -1;
	if (m->desc.ram_end < m->desc.ram_start + ((uint64_t)IMAGE_END_PFN << FXM_PAGE_SHIFT) || m->desc.ram_end > MAX_RAM)
		return -EINVAL;
	mem->start_pfn = m->desc.ram_start >> FXM_PAGE_SHIFT;
	mem->nr_frames = m->desc.ram_end >> FXM_PAGE_SHIFT;
	mem->highmem_pfn = min_u64(m->desc.highmem_pfn, mem->nr_frames);
	pthread_mutex_init(&mem->zone_lock, NULL);
	err = map_host_memory(m);
	if (err) {
		fxmi_physmem_free(m);
		return err;
	}
	divide(mem, m->desc.dma_pfn);
	return 0;
}

static unsigned char *sparse(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void fxmi_frames_become(struct fxm_machine *m, uint64_t pfn, unsigned order, unsigned char state)
{
	const size_t shades = FXM_PAGE_SIZE / 8;

	for (uint64_t end = pfn + (UINT64_C(1) << order); pfn < end; pfn++) {
		unsigned char *at = &m->mem.frame_state[pfn];

		if (pfn < m->mem.highmem_pfn && *at != state)
			memset(m->mem.shadow + pfn * shades, state == FXMI_FRAME_PLAIN ? 0 : FXMI_SHADE_NONE, shades);
		*at = state;
	}
}

bool fxmi_frames_watch(struct fxm_machine *m)
{
	m->mem.frame_state = sparse(m->mem.nr_frames);
	m->mem.shadow = sparse(m->mem.highmem_pfn << (FXM_PAGE_SHIFT - 3));
	return m->mem.frame_state && m->mem.shadow;
}

/* ---- as after creation ---- */

static uint64_t host_blocks(const struct fxmi_physmem *mem)
{
	struct stat st;

	return fstat(mem->memfd, &st) ? 0 : (uint64_t)st.st_blocks;
}

static void punch(const struct fxmi_physmem *mem, uint64_t pfn, uint64_t end)
{
	if (fallocate(mem->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(pfn << FXM_PAGE_SHIFT),
		      (off_t)((end - pfn) << FXM_PAGE_SHIFT)))
		memset(mem->ram + (pfn << FXM_PAGE_SHIFT), 0, (end - pfn) << FXM_PAGE_SHIFT);
}

static void zero_frames(struct fxmi_physmem *mem, uint64_t pfn, uint64_t end)
{
	memset(mem->ram + (pfn << FXM_PAGE_SHIFT), 0, (end - pfn) << FXM_PAGE_SHIFT);
}

/*
 * Asks the host where there is anything else than zeroes. A few frames are kept for the next time, which costs less than to have
 * them anew; the others go back to the host.
 */
static void find_kept(struct fxmi_physmem *mem)
{
	struct fxmi_kept *kept = &mem->kept;
	uint64_t pfn = 0, end, frames = 0;

	kept->nr = 0;
	for (; pfn < mem->nr_frames; pfn = end) {
		off_t from = lseek(mem->memfd, (off_t)(pfn << FXM_PAGE_SHIFT), SEEK_DATA);

		if (from < 0 && errno == ENXIO)
			break;
		off_t to = from < 0 ? (off_t)pool_bytes(mem) : lseek(mem->memfd, from, SEEK_HOLE);
		pfn = from < 0 ? pfn : (uint64_t)from >> FXM_PAGE_SHIFT;
		end = min_u64((uint64_t)to >> FXM_PAGE_SHIFT, mem->nr_frames);
		if (from >= 0 && kept->nr < FXMI_KEPT_RUNS && frames + (end - pfn) <= FXMI_KEPT_FRAMES) {
			kept->run[kept->nr].pfn = pfn;
			kept->run[kept->nr++].end = end;
			frames += end - pfn;
		} else if (pfn < end) {
			punch(mem, pfn, end);
		}
	}
}

/* No track is kept of who writes where: the host knows which frames there are. */
static void reset_frames(struct fxmi_physmem *mem)
{
	struct fxmi_kept *kept = &mem->kept;
	int saved = errno;

	bool is_known = kept->host_blocks && host_blocks(mem) == kept->host_blocks;
	if (!is_known)
		find_kept(mem);
	for (unsigned i = 0; i < kept->nr; i++)
		zero_frames(mem, kept->run[i].pfn, kept->run[i].end);
	if (!is_known)
		kept->host_blocks = host_blocks(mem);
	errno = saved;
}

static void reset_pages(struct fxm_machine *m, uint64_t first)
{
	struct fxmi_physmem *mem = &m->mem;
	uint64_t n = min_u64(FXMI_TOUCH_PAGES, mem->nr_frames - first);

	memset(&mem->mem_map[first], 0, n * sizeof(struct fxm_page));
	for (uint64_t pfn = first; mem->frame_state && pfn < first + n; pfn++)
		fxmi_frames_become(m, pfn, 0, FXMI_FRAME_PLAIN);
}

void fxmi_physmem_reset(struct fxm_machine *m)
{
	struct fxmi_physmem *mem = &m->mem;

	reset_frames(mem);
	for (uint64_t i = 0; i < nr_touch_words(mem); i++) {
		for (uint64_t word = mem->touched[i]; word; word &= word - 1)
			reset_pages(m, (i * 64 + (unsigned)__builtin_ctzll(word)) * FXMI_TOUCH_PAGES);
		if (mem->touched[i]) /* pages of zeroes that the host lends stay what they are */
			mem->touched[i] = 0;
	}
	memset(mem->zone, 0, sizeof(mem->zone));
	divide(mem, m->desc.dma_pfn);
}

void fxmi_physmem_free(struct fxm_machine *m)
{
	struct fxmi_physmem *mem = &m->mem;

	if (mem->fresh)
		munmap(mem->fresh, mem->fresh_bytes);
	if (mem->mem_map)
		munmap(mem->mem_map, mem->mem_map_bytes);
	if (mem->frame_state)
		munmap(mem->frame_state, mem->nr_frames);
	if (mem->shadow)
		munmap(mem->shadow, mem->highmem_pfn << (FXM_PAGE_SHIFT - 3));
	if (mem->ram)
		munmap(mem->ram, pool_bytes(mem));
	if (mem->memfd >= 0)
		close(mem->memfd);
	pthread_mutex_destroy(&mem->zone_lock);
	memset(mem, 0, sizeof(*mem));
	mem->memfd = -1;
}

/* ---- self-check ---- */

/* The kernel's own frames are used once and for ever; what is a hole is nobody's. */
static bool reserved_is_valid(const struct fxmi_physmem *mem, uint64_t start, uint64_t end, int count)
{
	for (uint64_t pfn = start; pfn < end; pfn++) {
		fxm_invariant(mem->mem_map[pfn].flags & FXMI_PG_RESERVED);
		fxm_invariant(!(mem->mem_map[pfn].flags & (FXMI_PG_BUDDY | FXMI_PG_SLAB)));
		fxm_invariant(!mem->mem_map[pfn].refcount == !count);
	}
	return true;
}

bool fxmi_physmem_is_valid_locked(struct fxm_machine *m)
{
	const struct fxmi_physmem *mem = &m->mem;

	fxm_invariant(mem->memfd > STDERR_FILENO);
	fxm_invariant(mem->ram && mem->mem_map && mem->fresh);
	fxm_invariant(mem->nr_frames == m->desc.ram_end >> FXM_PAGE_SHIFT);
	fxm_invariant(mem->highmem_pfn <= mem->nr_frames);
	fxm_invariant(mem->mem_map_bytes >= mem->nr_frames * sizeof(*mem->mem_map));
	fxm_invariant(mem->fresh_bytes * 8 >= mem->nr_frames >> FXM_MAX_ORDER);
	fxm_invariant(mem->start_pfn == m->desc.ram_start >> FXM_PAGE_SHIFT);
	fxm_invariant(mem->table_pfn >= mem->start_pfn + IMAGE_PFN && mem->table_pfn <= mem->table_end_pfn);
	fxm_invariant(mem->table_end_pfn == mem->start_pfn + IMAGE_END_PFN);
	return reserved_is_valid(mem, mem->start_pfn + IMAGE_PFN, mem->start_pfn + IMAGE_END_PFN, 1) &&
	       (mem->start_pfn || (reserved_is_valid(mem, 0, 1, 1) && reserved_is_valid(mem, HOLE_PFN, IMAGE_PFN, 0)));
}
