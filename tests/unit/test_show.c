/* SPDX-License-Identifier: MIT */
/* What the kernel shows of its memory: the page-table dump of each version, the boot log's tables, the files of /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static char *text;
static size_t text_bytes;

/* What @show writes, in `text`. */
static int shown(struct kernel *k, int (*show)(struct fxm_machine *, FILE *))
{
	free(text);
	FILE *out = open_memstream(&text, &text_bytes);
	int error = show(k->m, out);

	assert_int_equal(fclose(out), 0);
	return error;
}

static int shown_proc(struct kernel *k, const char *name)
{
	free(text);
	FILE *out = open_memstream(&text, &text_bytes);
	int error = fxm_print_proc(k->m, name, out);

	assert_int_equal(fclose(out), 0);
	return error;
}

static void assert_shows(const char *part)
{
	if (!strstr(text, part)) {
		print_error("\"%s\" is not in:\n%.6000s\n", part, text);
		fail();
	}
}

/* ---- the page-table dump ---- */

static void one_kmap_is_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *words, *line;
	} cases[] = {
	    {"profile=x86_32-4.15", "0xff801000-0xff802000           4K     RW                 GLB x  pte\n"},
	    {"profile=x86_32-4.15,pae=1,nx=1", "0xffa01000-0xffa02000           4K     RW                 GLB NX pte\n"},
	    {"profile=x86_32-6.1", "0xfec01000-0xfec02000           4K     RW                 GLB x  pte\n"},
	    {"profile=arm-4.7", "0xbfe01000-0xbfe02000           4K     RW NX SHD MEM/CACHED/WBWA\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct fxm_page *page = high_page(k);

		fxm_va va = fxm_kmap(k->cpu, page);
		assert_int_equal(shown(k, fxm_ptdump), 0);
		assert_shows(cases[i].line);
		assert_int_equal(strtoull(cases[i].line, NULL, 16), va.v);
		fxm_kunmap(k->cpu, page);
		kernel_free(k);
	}
}

static void the_areas_have_their_kernels_names(void **state)
{
	(void)state;
	static const struct {
		const char *words, *names[12];
	} cases[] = {
	    {"profile=x86_32-4.7",
	     {"User Space", "Kernel Mapping", "vmalloc() Area", "vmalloc() End", "Persistent kmap() Area", "Fixmap Area"}},
	    {"profile=x86_32-4.15",
	     {"User Space", "Kernel Mapping", "vmalloc() Area", "vmalloc() End", "Persistent kmap() Area", "CPU entry area",
	      "Fixmap area"}},
	    {"profile=x86_32-6.1",
	     {"User Space", "Kernel Mapping", "vmalloc() Area", "vmalloc() End", "Persistent kmap() Area", "LDT remap",
	      "CPU entry area", "Fixmap area"}},
	    {"profile=x86_64-4.15", {"User Space", "Kernel Space", "Low Kernel Mapping", "vmalloc() Area", "Vmemmap"}},
	    {"profile=arm-4.7", {"Modules", "Kernel Mapping", "vmalloc() Area", "vmalloc() End", "Fixmap Area", "Vectors"}},
	    {"profile=arm64-4.7,ARM64_VA_BITS=48",
	     {"Modules start", "Modules end", "vmalloc() Area", "vmalloc() End", "Fixmap start", "Fixmap end", "PCI I/O start"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		char marker[64];

		assert_int_equal(shown(k, fxm_ptdump), 0);
		const char *at = text;
		for (size_t n = 0; n < ARRAY_SIZE(cases[i].names) && cases[i].names[n]; n++) {
			snprintf(marker, sizeof(marker), "---[ %s ]---\n", cases[i].names[n]);
			const char *found = strstr(at, marker);
			if (!found)
				print_error("%s: no %s after:\n%.200s\n", cases[i].words, marker, at);
			assert_non_null(found);
			at = found + 1;
		}
		kernel_free(k);
	}
}

/* Line after line without a gap, from address 0 to the end of the address space. */
static void the_lines_cover_the_address_space(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.7", "profile=x86_32-4.15,pae=1", "profile=x86_32-6.1,pae=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		uint64_t at = 0, mapped = 0;

		assert_int_equal(shown(k, fxm_ptdump), 0);
		for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
			unsigned start, end;

			if (*line == '-' || *line == 'x')
				continue;
			assert_int_equal(sscanf(line, "0x%8x-0x%8x", &start, &end), 2);
			assert_int_equal(start, at);
			at = end ? end : UINT64_C(1) << 32;
			mapped += strstr(line, "RW ") && strstr(line, "RW ") < strchr(line, '\n') &&
					  start < layout_value(k, "high_memory")
				      ? at - start
				      : 0;
		}
		assert_int_equal(at, UINT64_C(1) << 32);
		assert_int_equal(mapped, layout_value(k, "high_memory") - layout_value(k, "PAGE_OFFSET"));
		kernel_free(k);
	}
}

static void attributes_stand_in_their_columns(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
	char line[128];

	fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, high_page(k)), fxm_pte_of(0x015)); /* P USER PCD, read-only */
	assert_int_equal(shown(k, fxm_ptdump), 0);
	uint64_t va = fxm_fix_to_virt(k->m, index).v;
	snprintf(line, sizeof(line), "0x%08llx-0x%08llx           4K USR ro     PCD             x  pte\n", (unsigned long long)va,
		 (unsigned long long)va + FXM_PAGE_SIZE);
	assert_shows(line);
	fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, high_page(k)), fxm_pte_of(0x1eb)); /* P RW PWT A D PAT G */
	assert_int_equal(shown(k, fxm_ptdump), 0);
	assert_shows("4K     RW PWT         PAT GLB x  pte\n");
	kernel_free(k);
}

static void arm64_shows_the_kind_of_memory(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=arm64-4.7,ARM64_VA_BITS=48");

	assert_int_not_equal(fxm_set_fixmap_offset_io(k->cpu, fixed_index(k, "FIX_EARLYCON_MEM_BASE"), fxm_pa_of(0x9000000)).v, 0);
	assert_int_equal(shown(k, fxm_ptdump), 0);
	assert_shows("DEVICE/nGnRE\n");
	assert_shows("BLK");
	assert_shows("MEM/NORMAL\n");
	kernel_free(k);
}

static void writable_and_executable_pages_are_counted(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,pae=1,nx=1");

	assert_int_equal(shown(k, fxm_ptdump_check_wx), 0);
	assert_string_equal(text, "x86/mm: Checked W+X mappings: passed, no W+X pages found.\n");
	fxm_set_fixmap_prot(k->cpu, fixed_index(k, "FIX_PCIE_MCFG"), fxm_page_phys(k->m, high_page(k)), fxm_pte_of(0x063));
	assert_int_equal(shown(k, fxm_ptdump_check_wx), 0);
	assert_string_equal(text, "x86/mm: Checked W+X mappings: FAILED, 1 W+X pages found.\n");
	kernel_free(k);
	k = kernel_new("profile=x86_32-6.1");
	assert_int_equal(shown(k, fxm_ptdump_check_wx), -ENOSYS);
	kernel_free(k);
}

/* ---- the boot log ---- */

static void the_boot_log_has_its_kernels_table(void **state)
{
	(void)state;
	static const struct {
		const char *words, *log;
	} cases[] = {
	    {"profile=x86_32-4.15,pae=1", "virtual kernel memory layout:\n"
					  "    fixmap  : 0xfff15000 - 0xfffff000   ( 936 kB)\n"
					  "  cpu_entry : 0xffc00000 - 0xffd40000   (1280 kB)\n"
					  "    pkmap   : 0xffa00000 - 0xffc00000   (2048 kB)\n"
					  "    vmalloc : 0xf81fe000 - 0xff9fe000   ( 120 MB)\n"
					  "    lowmem  : 0xc0000000 - 0xf79fe000   ( 889 MB)\n"},
	    {"profile=arm-4.7", "Virtual kernel memory layout:\n"
				"    vector  : 0xffff0000 - 0xffff1000   (   4 kB)\n"
				"    fixmap  : 0xffc00000 - 0xfff00000   (3072 kB)\n"
				"    vmalloc : 0xf0800000 - 0xff800000   ( 240 MB)\n"
				"    lowmem  : 0xc0000000 - 0xf0000000   ( 768 MB)\n"
				"    pkmap   : 0xbfe00000 - 0xc0000000   (   2 MB)\n"
				"    modules : 0xbf000000 - 0xbfe00000   (  14 MB)\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);

		assert_int_equal(shown(k, fxm_print_boot_log), 0);
		assert_string_equal(text, cases[i].log);
		kernel_free(k);
	}
	struct kernel *k = kernel_new("profile=arm64-4.7,ARM64_VA_BITS=48");
	assert_int_equal(shown(k, fxm_print_boot_log), 0);
	assert_shows("    fixed   : 0xffff7dfffe7fd000 - 0xffff7dfffec00000   (  4108 KB)\n");
	kernel_free(k);
	k = kernel_new("profile=i386-2.6.12");
	assert_int_equal(shown(k, fxm_print_boot_log), 0);
	assert_shows("1151MB HIGHMEM available.\n896MB LOWMEM available.\nMemory: ");
	kernel_free(k);
	k = kernel_new("profile=x86_32-6.1");
	assert_int_equal(shown(k, fxm_print_boot_log), -ENOSYS);
	kernel_free(k);
}

/* ---- /proc ---- */

static unsigned long long kilobytes(const char *label)
{
	const char *line = strstr(text, label);

	assert_non_null(line);
	return strtoull(line + strlen(label), NULL, 10);
}

static void meminfo_adds_up(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=i386-2.6.12", "profile=x86_32-4.15", "profile=x86_32-6.1", "profile=arm-4.7"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);

		assert_int_equal(shown_proc(k, "meminfo"), 0);
		unsigned long long high = kilobytes("HighFree:"), low = kilobytes("LowFree:");
		assert_int_equal(kilobytes("LowTotal:"), kilobytes("MemTotal:") - kilobytes("HighTotal:"));
		assert_int_equal(low, kilobytes("MemFree:") - high);
		assert_int_equal(kilobytes("VmallocTotal:"),
				 (layout_value(k, "VMALLOC_END") - layout_value(k, "VMALLOC_START")) >> 10);
		struct fxm_page *page = high_page(k);
		assert_int_equal(shown_proc(k, "meminfo"), 0);
		assert_int_equal(kilobytes("HighFree:"), high - 4);
		assert_int_equal(kilobytes("LowFree:"), low);
		/* kmap usage is counted nowhere */
		fxm_kmap(k->cpu, page);
		assert_int_equal(shown_proc(k, "meminfo"), 0);
		assert_int_equal(kilobytes("HighFree:"), high - 4);
		assert_int_equal(kilobytes("LowFree:"), low);
		kernel_free(k);
	}
}

static void the_lines_have_their_versions_form(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,HIGHMEM=0");

	assert_int_equal(shown_proc(k, "meminfo"), 0);
	assert_shows("HighTotal:           0 kB\n");
	assert_int_equal(shown_proc(k, "zoneinfo"), -ENOSYS);
	kernel_free(k);
	k = kernel_new("profile=x86_32-4.15,HIGHMEM=0");
	assert_int_equal(shown_proc(k, "meminfo"), 0);
	assert_null(strstr(text, "High"));
	assert_null(strstr(text, "Low"));
	assert_int_equal(strchr(text, '\n') - text, 16 + 8 + 3);
	kernel_free(k);
}

static void buddyinfo_counts_the_free_frames(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	unsigned zones = 0;

	assert_int_equal(shown_proc(k, "buddyinfo"), 0);
	for (char *line = text; *line; line = strchr(line, '\n') + 1, zones++) {
		char name[16];
		int used;
		unsigned long long free_frames = 0;
		struct fxm_zone_info zone;

		assert_int_equal(sscanf(line, "Node 0, zone %15s%n", name, &used), 1);
		assert_int_equal(used, 21);
		char *at = line + used;
		for (unsigned order = 0; order <= FXM_MAX_ORDER; order++)
			free_frames += strtoull(at, &at, 10) << order;
		assert_int_equal(fxm_get_zone_info(k->m, (enum fxm_zone)zones, &zone), 0);
		assert_string_equal(name, zone.name);
		assert_int_equal(free_frames, zone.free);
	}
	assert_int_equal(zones, 3);
	assert_int_equal(shown_proc(k, "zoneinfo"), 0);
	assert_shows("Node 0, zone  HighMem\n  pages free     ");
	kernel_free(k);
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12");

	assert_int_equal(fxm_ptdump(NULL, stdout), -EINVAL);
	assert_int_equal(fxm_ptdump(k->m, NULL), -EINVAL);
	assert_int_equal(shown(k, fxm_ptdump), -ENOSYS);
	assert_int_equal(shown(k, fxm_ptdump_check_wx), -ENOSYS);
	assert_int_equal(fxm_ptdump_check_wx(k->m, NULL), -EINVAL);
	assert_int_equal(fxm_print_boot_log(k->m, NULL), -EINVAL);
	assert_int_equal(fxm_print_proc(k->m, NULL, stdout), -EINVAL);
	assert_int_equal(shown_proc(k, "cpuinfo"), -ENOENT);
	kernel_free(k);

	k = kernel_new("profile=x86_32-6.1");
	FILE *full = fopen("/dev/full", "w");
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(fxm_ptdump(k->m, full), -EIO);
	assert_int_equal(fxm_print_proc(k->m, "meminfo", full), -EIO);
	fclose(full);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_kmap_is_one_line),
	    cmocka_unit_test(the_areas_have_their_kernels_names),
	    cmocka_unit_test(the_lines_cover_the_address_space),
	    cmocka_unit_test(attributes_stand_in_their_columns),
	    cmocka_unit_test(arm64_shows_the_kind_of_memory),
	    cmocka_unit_test(writable_and_executable_pages_are_counted),
	    cmocka_unit_test(the_boot_log_has_its_kernels_table),
	    cmocka_unit_test(meminfo_adds_up),
	    cmocka_unit_test(the_lines_have_their_versions_form),
	    cmocka_unit_test(buddyinfo_counts_the_free_frames),
	    cmocka_unit_test(bad_arguments_are_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(text);
	return failed;
}
