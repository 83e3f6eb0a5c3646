/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells of memory in files of /proc and while it boots. Models meminfo_read_proc() of fs/proc/proc_misc.c (2.6.12),
 * meminfo_proc_show() of fs/proc/meminfo.c, frag_show() and zoneinfo_show_print() of mm/vmstat.c (4.7 to 6.1), mem_init() of
 * arch/i386/mm/init.c, arch/x86/mm/init_32.c, arch/arm/mm/init.c and arch/arm64/mm/init.c.
 *
 * Only lines whose numbers the machine has: it has no page cache, no swap and no image of the kernel.
 */
#include "state.h"

#define VERSION(major, minor) ((unsigned)(major) << 16 | (minor) << 8)

enum { KB_SHIFT = FXM_PAGE_SHIFT - 10, MB_SHIFT = 20 - FXM_PAGE_SHIFT };

/* ---- zones ---- */

struct counts {
	struct fxm_zone_info zone[FXM_ZONES];
	uint64_t total, free, high_total, high_free; /* frames */
};

static void count(const struct fxmi_kernel *k, struct counts *c)
{
	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < FXM_ZONES; i++) {
		fxm_get_zone_info(k->m, (enum fxm_zone)i, &c->zone[i]);
		c->total += c->zone[i].present;
		c->free += c->zone[i].free;
	}
	c->high_total = c->zone[FXM_ZONE_HIGHMEM].present;
	c->high_free = c->zone[FXM_ZONE_HIGHMEM].free;
}

/* ---- /proc/meminfo ---- */

static uint64_t vmalloc_frames(const struct fxmi_kernel *k)
{
	return (fxm_layout_get(k->layout, "VMALLOC_END") - fxm_layout_get(k->layout, "VMALLOC_START")) >> FXM_PAGE_SHIFT;
}

static int meminfo(const struct fxmi_kernel *k, FILE *out)
{
	struct counts c;
	bool is_2_6 = k->version < VERSION(3, 0), has_high = is_2_6 || k->highmem;

	count(k, &c);
	const struct {
		const char *label;
		uint64_t frames;
		bool is_there;
	} lines[] = {
	    {"MemTotal:", c.total, true},
	    {"MemFree:", c.free, true},
	    {"HighTotal:", c.high_total, has_high},
	    {"HighFree:", c.high_free, has_high},
	    {"LowTotal:", c.total - c.high_total, has_high},
	    {"LowFree:", c.free - c.high_free, has_high},
	    {"VmallocTotal:", vmalloc_frames(k), true},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].is_there)
			fprintf(out, "%-*s%8llu kB\n", is_2_6 ? 14 : 16, lines[i].label,
				(unsigned long long)lines[i].frames << KB_SHIFT);
	return 0;
}

/* ---- /proc/buddyinfo, /proc/zoneinfo ---- */

static int buddyinfo(const struct fxmi_kernel *k, FILE *out)
{
	struct counts c;

	count(k, &c);
	for (unsigned i = 0; i < FXM_ZONES; i++) {
		if (!c.zone[i].present)
			continue;
		fprintf(out, "Node 0, zone %8s ", c.zone[i].name);
		for (unsigned order = 0; order <= FXM_MAX_ORDER; order++)
			fprintf(out, "%6llu ", (unsigned long long)c.zone[i].free_blocks[order]);
		fputc('\n', out);
	}
	return 0;
}

static int zoneinfo(const struct fxmi_kernel *k, FILE *out)
{
	struct counts c;

	if (!fxmi_has(k, "proc_zoneinfo"))
		return -ENOSYS;
	count(k, &c);
	for (unsigned i = 0; i < FXM_ZONES; i++) {
		const struct fxm_zone_info *z = &c.zone[i];

		if (z->present)
			fprintf(out,
				"Node 0, zone %8s\n  pages free     %llu\n        spanned  %llu\n        present  %llu\n"
				"        managed  %llu\n  start_pfn:           %llu\n",
				z->name, (unsigned long long)z->free, (unsigned long long)z->spanned,
				(unsigned long long)z->present, (unsigned long long)z->present, (unsigned long long)z->start_pfn);
	}
	return 0;
}

int fxm_print_proc(struct fxm_machine *m, const char *name, FILE *out)
{
	static const struct {
		const char *name;
		int (*show)(const struct fxmi_kernel *, FILE *);
	} files[] = {{"meminfo", meminfo}, {"buddyinfo", buddyinfo}, {"zoneinfo", zoneinfo}};

	if (!m || m->dead || !name || !out)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(files[i].name, name)) {
			int error = files[i].show(fxmi_kernel(m), out);
			return !error && ferror(out) ? -EIO : error;
		}
	return -ENOENT;
}

/* ---- the boot log ---- */

/* An area: from @start to @end, values of the layout; a kernel without one of them has no such row. */
struct area {
	const char *name, *start, *end;
	uint64_t size;	/* instead of @end */
	unsigned shift; /* of the unit */
	const char *unit;
};

static const struct area areas_of_x86_32[] = {
    {"    fixmap  ", "FIXADDR_START", "FIXADDR_TOP", 0, 10, "kB"},
    {"  cpu_entry ", "CPU_ENTRY_AREA_BASE", "CPU_ENTRY_AREA_PAGES", 0, 10, "kB"},
    {"    pkmap   ", "PKMAP_BASE", "LAST_PKMAP", 0, 10, "kB"},
    {"    vmalloc ", "VMALLOC_START", "VMALLOC_END", 0, 20, "MB"},
    {"    lowmem  ", "PAGE_OFFSET", "high_memory", 0, 20, "MB"},
    {0},
};

static const struct area areas_of_arm[] = {
    {"    vector  ", "VECTORS_BASE", NULL, 4096, 10, "kB"},
    {"    fixmap  ", "FIXADDR_START", "FIXADDR_END", 0, 10, "kB"},
    {"    vmalloc ", "VMALLOC_START", "VMALLOC_END", 0, 20, "MB"},
    {"    lowmem  ", "PAGE_OFFSET", "high_memory", 0, 20, "MB"},
    {"    pkmap   ", "PKMAP_BASE", "LAST_PKMAP", 0, 20, "MB"},
    {"    modules ", "MODULES_VADDR", "MODULES_END", 0, 20, "MB"},
    {0},
};

static const struct area areas_of_arm64[] = {
    {"    modules ", "MODULES_VADDR", "MODULES_END", 0, 20, "MB"},
    {"    vmalloc ", "VMALLOC_START", "VMALLOC_END", 0, 30, "GB"},
    {"    fixed   ", "FIXADDR_START", "FIXADDR_TOP", 0, 10, "KB"},
    {"    PCI I/O ", "PCI_IO_START", "PCI_IO_END", 0, 20, "MB"},
    {"    vmemmap ", "VMEMMAP_START", "PAGE_OFFSET", 0, 30, "GB maximum"},
    {"    memory  ", "PAGE_OFFSET", "high_memory", 0, 20, "MB"},
    {0},
};

/* An end that is a number of pages counts from the start. */
static bool find_area(const struct fxmi_kernel *k, const struct area *a, uint64_t *start, uint64_t *end)
{
	if (fxm_layout_find(k->layout, a->start, start) || (!strcmp(a->start, "PKMAP_BASE") && !k->highmem))
		return false;
	if (!a->end)
		*end = *start + a->size;
	else if (fxm_layout_find(k->layout, a->end, end))
		return false;
	if (*end < *start)
		*end = *start + (*end << FXM_PAGE_SHIFT);
	return true;
}

static void print_areas(const struct fxmi_kernel *k, const struct area *a, FILE *out)
{
	bool is_64 = k->va_mask > UINT32_MAX;
	uint64_t start, end;

	for (; a->name; a++)
		if (find_area(k, a, &start, &end))
			fprintf(out, "%s: 0x%0*llx - 0x%0*llx   (%*llu %s)\n", a->name, is_64 ? 16 : 8, (unsigned long long)start,
				is_64 ? 16 : 8, (unsigned long long)end, is_64 ? 6 : 4,
				(unsigned long long)((end - start) >> a->shift), a->unit);
}

/* No table yet: two lines of setup_memory(), one of mem_init(). */
static void print_megabytes(const struct fxmi_kernel *k, FILE *out)
{
	struct counts c;
	uint64_t low = fxm_layout_get(k->layout, "max_low_pfn"), all = k->m->mem.nr_frames;

	count(k, &c);
	if (k->highmem)
		fprintf(out, "%lluMB HIGHMEM available.\n", (unsigned long long)(all > low ? all - low : 0) >> MB_SHIFT);
	fprintf(out, "%lluMB LOWMEM available.\n", (unsigned long long)low >> MB_SHIFT);
	fprintf(out, "Memory: %lluk/%lluk available (0k kernel code, %lluk reserved, 0k data, 0k init, %lluk highmem)\n",
		(unsigned long long)c.free << KB_SHIFT, (unsigned long long)all << KB_SHIFT,
		(unsigned long long)(all - c.total) << KB_SHIFT, (unsigned long long)c.high_total << KB_SHIFT);
}

static const struct {
	const char *arch;
	unsigned first, last;
	const char *title;
	const struct area *areas; /* NULL: megabytes instead of a table */
} boot_logs[] = {
    {"i386", 0, VERSION(2, 7), NULL, NULL},
    {"x86_32", VERSION(4, 0), VERSION(4, 255), "virtual kernel memory layout:", areas_of_x86_32},
    {"arm", VERSION(4, 0), VERSION(4, 255), "Virtual kernel memory layout:", areas_of_arm},
    {"arm64", VERSION(4, 0), VERSION(4, 255), "Virtual kernel memory layout:", areas_of_arm64},
};

int fxm_print_boot_log(struct fxm_machine *m, FILE *out)
{
	if (!m || m->dead || !out)
		return -EINVAL;
	const struct fxmi_kernel *k = fxmi_kernel(m);

	for (size_t i = 0; i < sizeof(boot_logs) / sizeof(boot_logs[0]); i++) {
		if (strcmp(boot_logs[i].arch, fxmi_layout_arch(k->layout)) || k->version < boot_logs[i].first ||
		    k->version > boot_logs[i].last)
			continue;
		if (!boot_logs[i].areas) {
			print_megabytes(k, out);
		} else {
			fprintf(out, "%s\n", boot_logs[i].title);
			print_areas(k, boot_logs[i].areas, out);
		}
		return ferror(out) ? -EIO : 0;
	}
	return -ENOSYS;
}
