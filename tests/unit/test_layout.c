/* SPDX-License-Identifier: MIT */

/* Layouts against numbers that were computed by hand from the kernels' headers; and what makes a layout impossible. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "layout.h"
#include "report.h"

#include <fixmap/kmap_atomic.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_A "profile=i386-2.6.12 "
#define CONFIG_B "profile=x86_32-4.15 "
#define CONFIG_C "profile=x86_32-6.1 NR_CPUS=8 ACPI_APEI_GHES=0 "
#define CONFIG_4_7 "profile=x86_32-4.7 "

static struct fxm_layout *make(const char *words)
{
	struct fxm_config *cfg;
	struct fxm_layout *layout = NULL;
	assert_int_equal(fxm_config_create(NULL, &cfg), 0);
	if (fxm_config_parse(cfg, words) || fxm_layout_create(cfg, &layout))
		fail_msg("%s: %s", words, fxm_config_error(cfg));
	fxm_config_destroy(cfg);
	return layout;
}

/* Value, fixed address, protection value or CONFIG_ option called @name; UINT64_MAX when there is none. */
static uint64_t number(const struct fxm_layout *layout, const char *name)
{
	uint64_t value;
	fxm_pte prot;
	int index = fxm_fixed_index(layout, name);
	if (index >= 0)
		return (uint64_t)index;
	if (!fxm_layout_find(layout, name, &value))
		return value;
	if (!fxm_prot_find(layout, name, &prot))
		return prot.v;
	return strncmp(name, "CONFIG_", 7) || fxm_kernel_config_find(layout, name + 7, &value) ? UINT64_MAX : value;
}

static void numbers_are_the_kernels(void **state)
{
	static const struct {
		const char *words;
		struct {
			const char *name;
			uint64_t value;
		} expected[12];
	} cases[] = {
	    {CONFIG_A,
	     {{"__end_of_permanent_fixed_addresses", 120},
	      {"__end_of_fixed_addresses", 137},
	      {"FIXADDR_START", 0xfff87000},
	      {"FIXADDR_BOOT_START", 0xfff76000},
	      {"__FIXADDR_SIZE", 0x78000},
	      {"PKMAP_BASE", 0xff800000},
	      {"LAST_PKMAP", 1024},
	      {"VMALLOC_END", 0xff7fe000},
	      {"VMALLOC_START", 0xf8800000},
	      {"high_memory", 0xf8000000},
	      {"MAXMEM", 0x38000000}}},
	    {CONFIG_A "pae=1",
	     {{"FIXADDR_START", 0xfff87000},
	      {"PKMAP_BASE", 0xffc00000},
	      {"LAST_PKMAP", 512},
	      {"VMALLOC_END", 0xffbfe000},
	      {"PAGE_KERNEL", 0x8000000000000163},
	      {"sizeof(pte_t)", 8}}},
	    {CONFIG_A "DEBUG_HIGHMEM=1",
	     {{"__end_of_permanent_fixed_addresses", 232},
	      {"__end_of_fixed_addresses", 249},
	      {"FIXADDR_START", 0xfff17000},
	      {"FIXADDR_BOOT_START", 0xfff06000},
	      {"PKMAP_BASE", 0xff800000},
	      {"KM_TYPE_NR", 27}}},
	    {CONFIG_A "SMP=0 X86_LOCAL_APIC=0 ACPI_BOOT=0 PCI_MMCONFIG=0",
	     {{"__end_of_permanent_fixed_addresses", 15},
	      {"__end_of_fixed_addresses", 32},
	      {"FIXADDR_START", 0xffff0000},
	      {"FIXADDR_BOOT_START", 0xfffdf000},
	      {"VMALLOC_END", 0xff7fe000},
	      {"NR_CPUS", 1}}},
	    {CONFIG_A "HIGHMEM=0",
	     {{"__end_of_permanent_fixed_addresses", 16},
	      {"FIXADDR_START", 0xfffef000},
	      {"VMALLOC_END", 0xfffed000},
	      {"FIX_KMAP_BEGIN", UINT64_MAX},
	      {"CONFIG_HIGHMEM4G", 0},
	      {"max_pfn", 0x38000}}},
	    {CONFIG_A "vmalloc=256M", {{"MAXMEM", 0x30000000}, {"high_memory", 0xf0000000}, {"VMALLOC_START", 0xf0800000}}},
	    {CONFIG_A "pge=0", {{"PAGE_KERNEL", 0x63}, {"PAGE_KERNEL_NOCACHE", 0x73}}},
	    {CONFIG_A "X86_NUMA=1 X86_VISWS_APIC=1 X86_F00F_BUG=1 X86_CYCLONE_TIMER=1",
	     {{"MAX_IO_APICS", 32}, {"FIX_CO_CPU", 35}, {"FIX_F00F_IDT", 39}, {"FIX_CYCLONE_TIMER", 40}, {"FIX_KMAP_BEGIN", 41}}},
	    {"profile=i386-2.6.12.6", {{"__end_of_fixed_addresses", 137}, {"FIX_ACPI_END", 118}, {"CONFIG_ACPI_BOOT", 1}}},
	    {"profile=i386-2.6.13.1",
	     {{"__end_of_fixed_addresses", 137}, {"MAX_IO_APICS", 8}, {"FIX_PCIE_MCFG", 119}, {"PKMAP_BASE", 0xff800000}}},
	    {"profile=i386-2.6.14",
	     {{"MAX_IO_APICS", 64},
	      {"__end_of_permanent_fixed_addresses", 176},
	      {"__end_of_fixed_addresses", 193},
	      {"FIXADDR_START", 0xfff4f000},
	      {"FIXADDR_BOOT_START", 0xfff3e000},
	      {"PKMAP_BASE", 0xff800000},
	      {"VMALLOC_END", 0xff7fe000},
	      {"CONFIG_ACPI", 1},
	      {"CONFIG_ACPI_BOOT", UINT64_MAX}}},
	    {"profile=i386-2.6.15 ACPI=0 X86_NUMA=1",
	     {{"MAX_IO_APICS", 64}, {"FIX_PCIE_MCFG", 171}, {"FIX_ACPI_BEGIN", UINT64_MAX}}},
	    {CONFIG_4_7,
	     {{"FIX_RO_IDT", 68},
	      {"FIX_KMAP_BEGIN", 69},
	      {"__end_of_permanent_fixed_addresses", 233},
	      {"FIXADDR_START", 0xfff16000},
	      {"PKMAP_BASE", 0xff800000},
	      {"VMALLOC_END", 0xff7fe000},
	      {"MAXMEM", 0x377fe000},
	      {"high_memory", 0xf77fe000},
	      {"VMALLOC_START", 0xf7ffe000},
	      {"FIX_APEI_GHES_IRQ", UINT64_MAX},
	      {"CPU_ENTRY_AREA_BASE", UINT64_MAX}}},
	    {CONFIG_4_7 "pae=1",
	     {{"__end_of_permanent_fixed_addresses", 233},
	      {"FIXADDR_START", 0xfff16000},
	      {"FIX_BTMAP_END", 512},
	      {"PKMAP_BASE", 0xffc00000},
	      {"VMALLOC_END", 0xffbfe000},
	      {"MAXMEM", 0x37bfe000},
	      {"high_memory", 0xf7bfe000},
	      {"VMALLOC_START", 0xf83fe000}}},
	    {CONFIG_B,
	     {{"__end_of_permanent_fixed_addresses", 234},
	      {"__end_of_fixed_addresses", 748},
	      {"FIXADDR_START", 0xfff15000},
	      {"FIXADDR_TOP", 0xfffff000},
	      {"CPU_ENTRY_AREA_BASE", 0xffc00000},
	      {"PKMAP_BASE", 0xff800000},
	      {"VMALLOC_END", 0xff7fe000},
	      {"MAXMEM", 0x377fe000},
	      {"high_memory", 0xf77fe000},
	      {"VMALLOC_START", 0xf7ffe000},
	      {"FIX_BTMAP_END", 234},
	      {"FIX_TBOOT_BASE", 747}}},
	    {CONFIG_B "pae=1",
	     {{"__end_of_permanent_fixed_addresses", 234},
	      {"__end_of_fixed_addresses", 1026},
	      {"FIX_BTMAP_END", 512},
	      {"FIX_BTMAP_BEGIN", 1023},
	      {"PKMAP_BASE", 0xffa00000},
	      {"VMALLOC_END", 0xff9fe000},
	      {"MAXMEM", 0x379fe000},
	      {"high_memory", 0xf79fe000},
	      {"VMALLOC_START", 0xf81fe000},
	      {"CONFIG_HIGHMEM64G", 1}}},
	    {CONFIG_B "pae=1 DEBUG_HIGHMEM=1",
	     {{"__end_of_permanent_fixed_addresses", 402},
	      {"FIXADDR_START", 0xffe6d000},
	      {"PKMAP_BASE", 0xffa00000},
	      {"KM_TYPE_NR", 41}}},
	    {CONFIG_B "ACPI_APEI_GHES=0 PARAVIRT=0 PROVIDE_OHCI1394_DMA_INIT=1 X86_INTEL_MID=1 INTEL_TXT=0",
	     {{"FIX_OHCI1394_BASE", 3},
	      {"FIX_APIC_BASE", 4},
	      {"FIX_PARAVIRT_BOOTMAP", UINT64_MAX},
	      {"FIX_LNW_VRTC", 232},
	      {"__end_of_permanent_fixed_addresses", 233},
	      {"FIX_TBOOT_BASE", UINT64_MAX}}},
	    {"profile=biscuitos-arm32",
	     {{"FIXADDR_TOP", 0x963ff000},
	      {"FIXADDR_START", 0x96395000},
	      {"FIXADDR_BOOT_START", 0x96384000},
	      {"PKMAP_BASE", 0x96000000},
	      {"LAST_PKMAP", 512},
	      {"VMALLOC_END", 0x95ffe000},
	      {"FIX_KMAP_BEGIN", 2},
	      {"FIX_KMAP_END", 105},
	      {"__end_of_permanent_fixed_addresses", 106},
	      {"FIX_BTMAP_BEGIN", 121},
	      {"FIX_WP_TEST", 122},
	      {"__end_of_fixed_addresses", 123}}},
	    {"profile=x86_64-4.15",
	     {{"FIXADDR_TOP", 0xffffffffff7ff000},
	      {"FIXADDR_START", 0xffffffffff577000},
	      {"FIX_DBGP_BASE", 512},
	      {"FIX_APIC_BASE", 514},
	      {"FIX_IO_APIC_BASE_END", 642},
	      {"FIX_PARAVIRT_BOOTMAP", 643},
	      {"FIX_APEI_GHES_NMI", 647},
	      {"__end_of_permanent_fixed_addresses", 648},
	      {"FIX_BTMAP_END", 1024},
	      {"FIX_TBOOT_BASE", 1536},
	      {"__end_of_fixed_addresses", 1537},
	      {"CPU_ENTRY_AREA_BASE", 0xfffffe0000000000}}},
	    {"profile=x86_64-4.15 X86_VSYSCALL_EMULATION=0", {{"FIX_DBGP_BASE", 0}, {"VSYSCALL_PAGE", UINT64_MAX}}},
	    {"profile=arm-4.7",
	     {{"FIXADDR_TOP", 0xffeff000},
	      {"PKMAP_BASE", 0xbfe00000},
	      {"LAST_PKMAP", 512},
	      {"high_memory", 0xf0000000},
	      {"VMALLOC_START", 0xf0800000},
	      {"VMALLOC_END", 0xff800000},
	      {"FIX_KMAP_END", 64},
	      {"FIX_TEXT_POKE1", 66},
	      {"__end_of_fixmap_region", 67},
	      {"FIX_BTMAP_BEGIN", 224},
	      {"__end_of_fixed_addresses", 225},
	      {"PAGE_KERNEL", 0x65f}}},
	    {"profile=arm-4.7 NR_CPUS=8", {{"FIX_KMAP_END", 128}, {"FIX_TEXT_POKE0", 129}, {"__end_of_fixed_addresses", 225}}},
	    {"profile=arm-4.7 NR_CPUS=16", {{"FIX_KMAP_END", 256}, {"FIX_TEXT_POKE0", 257}, {"__end_of_fixed_addresses", 259}}},
	    {"profile=arm-4.7 NR_CPUS=32", {{"FIX_KMAP_END", 512}, {"FIX_TEXT_POKE1", 514}, {"__end_of_fixed_addresses", 515}}},
	    {"profile=arm-4.7 SMP=0 CPU_CACHE_VIVT=1", {{"PAGE_KERNEL", 0x24f}, {"kmap_prot", 0x24f}, {"NR_CPUS", 1}}},
	    {"profile=arm-4.7 vmalloc=512M", {{"high_memory", 0xdf800000}, {"VMALLOC_START", 0xe0000000}}},
	    {"profile=arm-4.7 vmalloc=1M", {{"high_memory", 0xfe800000}, {"VMALLOC_START", 0xff000000}}},
	    {"profile=arm64-4.7",
	     {{"PAGE_OFFSET", 0xffffffc000000000},
	      {"FIXADDR_TOP", 0xffffffbefec00000},
	      {"FIXADDR_START", 0xffffffbefe7fd000},
	      {"__end_of_permanent_fixed_addresses", 1027},
	      {"__end_of_fixed_addresses", 1479},
	      {"FIX_FDT", 1024},
	      {"PGTABLE_LEVELS", 3},
	      {"PAGE_KERNEL", 0xe8000000000713}}},
	    {"profile=arm64-4.7 ARM64_VA_BITS=48",
	     {{"FIXADDR_TOP", 0xffff7dfffec00000},
	      {"FIXADDR_START", 0xffff7dfffe7fd000},
	      {"FIX_BTMAP_END", 1027},
	      {"FIX_BTMAP_BEGIN", 1474},
	      {"FIX_PTE", 1475},
	      {"FIX_PGD", 1478},
	      {"PGTABLE_LEVELS", 4},
	      {"PMD_SIZE", 0x200000}}},
	    {"profile=arm64-4.7 ARM64_PAGE_SHIFT=16",
	     {{"FIXADDR_TOP", 0xfffffdff7ec00000},
	      {"FIXADDR_START", 0xfffffdff7e7d0000},
	      {"__end_of_permanent_fixed_addresses", 67},
	      {"__end_of_fixed_addresses", 99},
	      {"FIX_FDT", 64},
	      {"FIX_EARLYCON_MEM_BASE", 65},
	      {"FIX_TEXT_POKE0", 66},
	      {"FIX_BTMAP_BEGIN", 94},
	      {"FIX_PTE", 95},
	      {"PGTABLE_LEVELS", 2},
	      {"PTRS_PER_PTE", 8192},
	      {"PMD_SIZE", 0x20000000}}},
	    {"profile=arm64-4.7 ARM64_PAGE_SHIFT=16 ARM64_VA_BITS=48",
	     {{"FIXADDR_TOP", 0xffff7fdffec00000},
	      {"FIXADDR_START", 0xffff7fdffe7d0000},
	      {"__end_of_fixed_addresses", 99},
	      {"FIX_BTMAP_END", 67},
	      {"FIX_PGD", 98},
	      {"PGTABLE_LEVELS", 3}}},
	    {CONFIG_B "vmalloc=256M", {{"__VMALLOC_RESERVE", 0x10800000}, {"MAXMEM", 0x2effe000}, {"high_memory", 0xeeffe000}}},
	    {CONFIG_B "ram_end=10000000", {{"high_memory", 0xd0000000}, {"VMALLOC_START", 0xd0800000}, {"max_low_pfn", 0x10000}}},
	    {CONFIG_C,
	     {{"FIX_KMAP_END", 195},
	      {"__end_of_permanent_fixed_addresses", 197},
	      {"__end_of_fixed_addresses", 710},
	      {"FIX_BTMAP_END", 197},
	      {"FIXADDR_START", 0xfff3a000},
	      {"FIXADDR_TOT_START", 0xffd39000},
	      {"CPU_ENTRY_AREA_BASE", 0xff800000},
	      {"LDT_BASE_ADDR", 0xff400000},
	      {"PKMAP_BASE", 0xff000000},
	      {"MAXMEM", 0x36ffe000},
	      {"high_memory", 0xf6ffe000},
	      {"VMALLOC_START", 0xf77fe000}}},
	    {CONFIG_C "pae=1",
	     {{"__end_of_fixed_addresses", 1025},
	      {"FIX_WP_TEST", 1024},
	      {"FIXADDR_TOT_START", 0xffbfe000},
	      {"CPU_ENTRY_AREA_BASE", 0xffa00000},
	      {"LDT_END_ADDR", 0xffa00000},
	      {"PKMAP_BASE", 0xff600000},
	      {"VMALLOC_END", 0xff5fe000},
	      {"MAXMEM", 0x375fe000},
	      {"high_memory", 0xf75fe000},
	      {"VMALLOC_START", 0xf7dfe000},
	      {"KM_TYPE_NR", UINT64_MAX},
	      {"KM_MAX_IDX", 16}}},
	    {CONFIG_C "DEBUG_KMAP_LOCAL=1",
	     {{"__end_of_permanent_fixed_addresses", 333},
	      {"__end_of_fixed_addresses", 846},
	      {"FIXADDR_START", 0xffeb2000},
	      {"FIXADDR_TOT_START", 0xffcb1000},
	      {"PKMAP_BASE", 0xff000000}}},
	    {CONFIG_C "DEBUG_HIGHMEM=1 pae=1",
	     {{"KM_MAX_IDX", 33},
	      {"FIXADDR_TOT_START", 0xffbfe000},
	      {"CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP", 1},
	      {"CONFIG_DEBUG_KMAP_LOCAL", 1},
	      {"PKMAP_BASE", 0xff600000}}},
	    {"profile=x86_32-6.1 pae=1 pti=1",
	     {{"kmap_prot", 0x63}, {"FIXMAP_PAGE_NOCACHE", 0x7b}, {"CONFIG_PAGE_TABLE_ISOLATION", 1}}},
	    {"profile=x86_32-5.10 highmem=0", {{"max_pfn", 0x36bfe}, {"max_low_pfn", 0x36bfe}, {"PKMAP_BASE", 0xfec00000}}},
	    {"profile=x86_32-5.10 pae=1 pti=1",
	     {{"PAGE_KERNEL", 0x63}, {"FIXMAP_PAGE_NOCACHE", 0x7b}, {"CONFIG_PAGE_TABLE_ISOLATION", 1}}},
	    {"profile=x86_32-5.10 pae=1 nx=1",
	     {{"PAGE_KERNEL", 0x8000000000000163}, {"PAGE_KERNEL_EXEC", 0x163}, {"__supported_pte_mask64", UINT64_MAX}}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fxm_layout *layout = make(cases[i].words);
		for (size_t n = 0; n < 12 && cases[i].expected[n].name; n++) {
			const char *name = cases[i].expected[n].name;
			if (number(layout, name) != cases[i].expected[n].value)
				fail_msg("%s: %s is %llx, not %llx", cases[i].words, name, (unsigned long long)number(layout, name),
					 (unsigned long long)cases[i].expected[n].value);
		}
		fxm_layout_destroy(layout);
	}
}

static void fixed_addresses_descend_from_the_top(void **state)
{
	(void)state;
	for (size_t p = 0; p < fxm_profile_count(); p++) {
		char words[64];
		snprintf(words, sizeof(words), "profile=%s", fxm_profile_name(p));
		struct fxm_layout *layout = make(words);
		struct fxm_fixed f, last = {0};
		uint64_t top = fxm_layout_get(layout, "FIXADDR_TOP");
		for (size_t i = 0; !fxm_fixed_at(layout, i, &f); i++) {
			assert_int_equal(f.address.v, top - (uint64_t)f.index * fxm_layout_page_size(layout));
			/* arm's boot maps share indices with the temporary mappings */
			assert_true(i == 0 || f.index >= last.index || !strcmp(f.name, "FIX_BTMAP_END"));
			assert_int_equal(fxm_fixed_index(layout, f.name), (int)f.index);
			assert_non_null(fxm_fixed_name(layout, f.index));
			last = f;
		}
		assert_string_equal(last.name, "__end_of_fixed_addresses");
		assert_string_equal(fxm_fixed_name(layout, (uint32_t)number(layout, "FIX_BTMAP_END")), "FIX_BTMAP_END");
		if (fxm_fixed_index(layout, "FIX_KMAP_BEGIN") >= 0)
			assert_null(fxm_fixed_name(layout, (uint32_t)number(layout, "FIX_KMAP_BEGIN") + 1));
		assert_null(fxm_fixed_name(layout, last.index + 1));
		fxm_layout_destroy(layout);
	}
}

static void km_types_are_odd_with_fences(void **state)
{
	struct fxm_layout *plain = make(CONFIG_A), *debug = make(CONFIG_A "DEBUG_HIGHMEM=1"), *stack = make(CONFIG_B);
	const char *name;
	uint32_t value, with_fences;
	size_t n = 0;
	(void)state;
	for (; !fxm_km_type_at(plain, n, &name, &value); n++) {
		assert_int_equal(value, n);
		assert_int_equal(fxm_km_type_at(debug, n, &name, &with_fences), 0);
		assert_int_equal(with_fences, 2 * n + 1);
	}
	assert_int_equal(n, fxm_layout_get(plain, "KM_TYPE_NR"));
	assert_int_equal(fxm_km_type_index(plain, "KM_USER0"), 3);
	assert_int_equal(fxm_km_type_index(debug, "KM_USER0"), 7);
	assert_int_equal(fxm_km_type_index(stack, "KM_USER0"), -ENOENT);
	assert_int_equal(fxm_km_type_at(stack, 0, &name, &value), -ENOENT);
	fxm_layout_destroy(plain);
	fxm_layout_destroy(debug);
	fxm_layout_destroy(stack);
}

static void boot_map_slots_lie_above_each_other(void **state)
{
	struct fxm_layout *a = make(CONFIG_A), *b = make(CONFIG_B "pae=1");
	fxm_va va;
	(void)state;
	assert_int_equal(fxm_btslot_at(a, 0, &va), 0);
	assert_int_equal(va.v, 0xfff78000);
	assert_int_equal(fxm_btslot_at(a, 1, &va), -ENOENT);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(fxm_btslot_at(b, i, &va), 0);
		assert_int_equal(va.v, 0xffc00000 + i * 0x40000);
	}
	assert_int_equal(fxm_btslot_at(b, 8, &va), -ENOENT);
	fxm_layout_destroy(a);
	fxm_layout_destroy(b);
}

static void regions_ascend_and_stay_in_the_address_space(void **state)
{
	(void)state;
	for (size_t p = 0; p < fxm_profile_count(); p++) {
		char words[64];
		snprintf(words, sizeof(words), "profile=%s", fxm_profile_name(p));
		struct fxm_layout *layout = make(words);
		struct fxm_region r;
		uint64_t last = 0;
		size_t n = 0;
		for (; !fxm_region_at(layout, n, &r); n++) {
			assert_true(r.start.v >= last);
			assert_true(r.size_bytes > 0 && r.start.v + (r.size_bytes - 1) >= r.start.v);
			assert_true(fxmi_layout_address_bits(layout) == 64 || r.start.v + r.size_bytes <= UINT64_C(1) << 32);
			last = r.start.v;
		}
		assert_true(n >= 5);
		if (strstr(words, "86_32") || strstr(words, "i386")) {
			assert_string_equal(r.name, "fixmap");
			assert_int_equal(r.start.v + r.size_bytes, fxm_layout_get(layout, "FIXADDR_TOP") + 4096);
		}
		fxm_layout_destroy(layout);
	}
}

static void reserved_top_moves_everything(void **state)
{
	static const struct {
		const char *words;
		uint64_t reserve, top;
	} cases[] = {
	    {CONFIG_B, 0x04000000, 0xfbfff000},
	    {CONFIG_B, 1, 0xffbff000},
	    {CONFIG_B, 0, 0xfffff000},
	    {CONFIG_B "pae=1", 1, 0xffdff000},
	    {"profile=x86_32-5.10", 0x400001, 0xff7ff000},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fxm_layout *before = make(cases[i].words), *after;
		struct fxmi_error error;
		assert_int_equal(fxmi_layout_with(before, FXMI_SETTING_reservetop, cases[i].reserve, &after, &error), 0);
		uint64_t moved = fxm_layout_get(before, "FIXADDR_TOP") - cases[i].top;
		assert_int_equal(fxm_layout_get(after, "FIXADDR_TOP"), cases[i].top);
		assert_int_equal(fxm_layout_get(after, "FIXADDR_START"), fxm_layout_get(before, "FIXADDR_START") - moved);
		assert_int_equal(fxm_layout_get(after, "PKMAP_BASE"), fxm_layout_get(before, "PKMAP_BASE") - moved);
		assert_int_equal(fxm_layout_get(after, "MAXMEM"), fxm_layout_get(before, "MAXMEM") - moved);
		assert_int_equal(number(after, "FIX_KMAP_BEGIN"), number(before, "FIX_KMAP_BEGIN"));
		assert_int_equal(fxmi_setting(after, FXMI_SETTING_reservetop), cases[i].reserve);
		fxm_layout_destroy(before);
		fxm_layout_destroy(after);
	}
}

static void reserving_too_much_or_on_2_6_is_refused(void **state)
{
	struct fxm_layout *a = make(CONFIG_A), *b = make(CONFIG_B), *none = (void *)1;
	struct fxmi_error error;
	(void)state;
	assert_int_equal(fxmi_layout_with(a, FXMI_SETTING_reservetop, 1, &none, &error), -ENOENT);
	assert_null(none);
	assert_int_equal(fxmi_layout_with(b, FXMI_SETTING_reservetop, 0x3f000000, &none, &error), -EINVAL);
	assert_non_null(strstr(error.text, "reservetop=3f000000"));
	assert_int_equal(fxmi_layout_with(b, FXMI_SETTING_reservetop, UINT64_MAX, &none, &error), -EINVAL);
	assert_int_equal(fxm_layout_get(b, "FIXADDR_TOP"), 0xfffff000);
	fxm_layout_destroy(a);
	fxm_layout_destroy(b);
}

static void impossible_settings_get_one_line(void **state)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
	    {"ram_end=0", "ram_end=0 is a machine without memory: write"},
	    {"ram_end=1000", "ram_end=1000 is too little memory to boot: write ram_end=1000000 (16 MB) or more"},
	    {"ram_end=7ffe0800", "no multiple of a page"},
	    {"ram_end=100001000", "beyond 32-bit physical addresses: write pae=1 too, or at most ram_end=100000000"},
	    {"pae=1 ram_end=1000001000", "beyond the 64 GB that PAE reaches: write at most ram_end=1000000000"},
	    {"cpus=9 NR_CPUS=8", "cpus=9 is more than NR_CPUS=8: write cpus=8 or fewer"},
	    {"SMP=0 NR_CPUS=2", "NR_CPUS=2 needs SMP=1"},
	    {"X86_LOCAL_APIC=0 X86_IO_APIC=1", "X86_IO_APIC=1 needs X86_LOCAL_APIC=1"},
	    {"highmem=1 ram_end=20000000", "highmem=1, but memory ends at ram_end=20000000"},
	    {"highmem=1 HIGHMEM=0", "highmem=1 needs a kernel with HIGHMEM=1"},
	    {"pti=1", "pti=1 on 32-bit x86 needs PAE: write pae=1 too, or pti=0"},
	    {"pae=1 pti=1 PAGE_TABLE_ISOLATION=0", "leave PAGE_TABLE_ISOLATION=0 out"},
	    {"DEBUG_ATOMIC_SLEEP=1 PREEMPT_COUNT=0", "DEBUG_ATOMIC_SLEEP=1 selects PREEMPT_COUNT"},
	    {"profile=x86_32-5.10 DEBUG_KMAP_LOCAL=1", "came with 5.11"},
	    {"profile=x86_32-6.1 KMAP_LOCAL=0", "write KMAP_LOCAL=1"},
	    {"profile=x86_32-6.1 DEBUG_HIGHMEM=1 DEBUG_KMAP_LOCAL=0", "leave DEBUG_KMAP_LOCAL=0 out"},
	    {"profile=x86_32-6.1 DEBUG_HIGHMEM=1 DEBUG_KMAP_LOCAL_FORCE_MAP=0", "leave DEBUG_KMAP_LOCAL_FORCE_MAP=0 out"},
	    {"profile=x86_32-6.1 PREEMPT_RT=1 PREEMPTION=0", "write PREEMPTION=1"},
	    {"profile=x86_32-6.1 pti=1", "write pae=1 too"},
	    {"NR_CPUS=8192", "NR_CPUS=8192 makes the per-CPU areas"},
	    {"NR_CPUS=4000", "leave less than 16 MB for the direct map"},
	    {"vmalloc=3f000000", "leave less than 16 MB for the direct map"},
	    {"vmalloc=ffffffffff000", "is as much as the kernel's whole address space"},
	    {CONFIG_A "vmalloc=100000000", "is as much as the kernel's whole address space"},
	    {"reservetop=20000000", "reservetop=20000000 leaves too little"},
	    {CONFIG_A "NR_CPUS=8192", "NR_CPUS=8192"},
	    {CONFIG_A "vmalloc=3f800000", "vmalloc=3f800000 leaves less than 16 MB"},
	    {CONFIG_A "vmalloc=1M", "leave no room for the vmalloc area between high_memory 0xfff00000 and 0xff7fe000"},
	    {CONFIG_A "pti=1", "pti=1 needs a kernel with page-table isolation"},
	    {CONFIG_A "HIGHMEM=0 pae=1", "pae=1 is HIGHMEM64G in 2.6"},
	    {CONFIG_A "PREEMPT_COUNT=0", "write PREEMPT_COUNT=1"},
	    {CONFIG_B "pti=1", "write pti=0"},
	    {"profile=arm-4.7 pae=1", "write pae=0"},
	    {"profile=arm-4.7 CPU_CACHE_VIVT=1", "write CPU_V7=0"},
	    {"profile=arm-4.7 CPU_V7=0 CPU_TLB_V6=1 CPU_CACHE_VIVT=1", "does not compile in 4.7"},
	    {"profile=arm64-4.7 ARM64_PAGE_SHIFT=14", "write 12 (4 KB) or 16 (64 KB)"},
	    {"profile=arm64-4.7 ARM64_VA_BITS=42", "write 39 or 48 for 4 KB pages"},
	    {"profile=arm64-4.7 HIGHMEM=1", "arm64 has no high memory"},
	    {CONFIG_B "NR_CPUS=8000", "NR_CPUS=8000"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fxm_config *cfg;
		struct fxm_layout *layout = (void *)1;
		assert_int_equal(fxm_config_create(NULL, &cfg), 0);
		assert_int_equal(fxm_config_parse(cfg, cases[i].words), 0);
		int err = fxm_layout_create(cfg, &layout);
		const char *line = fxm_config_error(cfg);
		if (err != -EINVAL || layout || !strstr(line, cases[i].message) || strpbrk(line, "\n{}"))
			fail_msg("%s gave %d: %s", cases[i].words, err, line);
		assert_int_equal(fxm_config_parse(cfg, "profile=x86_32-5.10"), 0);
		fxm_config_destroy(cfg);
	}
}

/* No number of CPUs is accepted whose areas wrap around or overlap. */
static void areas_never_wrap_around(void **state)
{
	static const char *const bases[] = {CONFIG_A,
					    CONFIG_A "pae=1 DEBUG_HIGHMEM=1",
					    CONFIG_B,
					    CONFIG_B "pae=1 DEBUG_HIGHMEM=1",
					    "profile=x86_32-5.10",
					    "profile=x86_32-5.10 pae=1 reservetop=10000000 vmalloc=8000000"};
	(void)state;
	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		bool refused = false;
		for (unsigned cpus = 1; cpus <= 8192; cpus += cpus < 64 ? 1 : 61) {
			struct fxm_config *cfg;
			struct fxm_layout *l;
			char words[160];
			assert_int_equal(fxm_config_create(NULL, &cfg), 0);
			snprintf(words, sizeof(words), "%s NR_CPUS=%u", bases[b], cpus);
			assert_int_equal(fxm_config_parse(cfg, words), 0);
			int err = fxm_layout_create(cfg, &l);
			fxm_config_destroy(cfg);
			refused |= err != 0;
			assert_int_equal(err != 0, refused);
			if (err)
				continue;
			uint64_t pkmap_end = fxm_layout_get(l, "PKMAP_BASE") + fxm_layout_get(l, "LAST_PKMAP") * 4096;
			assert_true(fxm_layout_get(l, "PAGE_OFFSET") < fxm_layout_get(l, "high_memory"));
			assert_true(fxm_layout_get(l, "high_memory") <= fxm_layout_get(l, "VMALLOC_START"));
			assert_true(fxm_layout_get(l, "VMALLOC_START") < fxm_layout_get(l, "VMALLOC_END"));
			assert_true(fxm_layout_get(l, "VMALLOC_END") < fxm_layout_get(l, "PKMAP_BASE"));
			assert_true(pkmap_end <= fxm_layout_get(l, "FIXADDR_START"));
			assert_true(fxm_layout_get(l, "FIXADDR_START") < fxm_layout_get(l, "FIXADDR_TOP"));
			fxm_layout_destroy(l);
		}
		assert_true(refused);
	}
}

/* A name given twice would be taken once, silently; a condition that is no option could not be set. */
static void profiles_are_well_formed(void **state)
{
	(void)state;
	for (size_t p = 0; p < fxmi_profile_count(); p++) {
		const struct fxmi_profile *profile = fxmi_profile_at(p);
		char words[64];
		uint64_t value;
		snprintf(words, sizeof(words), "profile=%s", profile->name);
		struct fxm_layout *layout = make(words);
		for (size_t i = 0; i < profile->nr_rows; i++) {
			const struct fxmi_row *row = &profile->rows[i];
			bool is_fixed = row->kind >= FXMI_ROW_FIX && row->kind <= FXMI_ROW_FIX_MARK;
			for (size_t j = i + 1; j < profile->nr_rows && row->name; j++)
				if (profile->rows[j].name && !strcmp(row->name, profile->rows[j].name) &&
				    row->kind != FXMI_ROW_BOOT && profile->rows[j].kind != FXMI_ROW_BOOT &&
				    fxmi_row_is_setting(row) == fxmi_row_is_setting(&profile->rows[j]) &&
				    (row->kind == FXMI_ROW_SITE) == (profile->rows[j].kind == FXMI_ROW_SITE))
					fail_msg("%s: %s stands twice", profile->name, row->name);
			if (is_fixed && strcmp(row->cond, "1") && fxm_kernel_config_find(layout, row->cond + 7, &value))
				fail_msg("%s: the condition %s of %s is no option", profile->name, row->cond, row->name);
			if (row->kind == FXMI_ROW_SITE && !strstr(row->expr, ".c") && !strstr(row->expr, ".h"))
				fail_msg("%s: site %s is no FILE:LINE or FILE", profile->name, row->name);
		}
		fxm_layout_destroy(layout);
	}
}

static void src_finds_traits_sites_and_settings(void **state)
{
	struct fxm_layout *a = make(CONFIG_A "detect=leak"), *b = make(CONFIG_B), *c = make("detect=on");
	uint32_t index;
	fxm_pa phys;
	fxm_pte prot;
	(void)state;
	assert_int_equal(fxmi_trait(a, FXMI_TRAIT_kmap_atomic_generation), 1);
	assert_int_equal(fxmi_trait(b, FXMI_TRAIT_kmap_atomic_generation), 2);
	assert_int_equal(fxmi_trait(a, FXMI_TRAIT_pagefault_counter), 0);
	assert_int_equal(fxmi_trait(b, FXMI_TRAIT_kmap_local_increment), 0);
	assert_string_equal(fxmi_site(a, "kunmap_irq"), "arch/i386/mm/highmem.c:14");
	assert_string_equal(fxmi_site(b, "atomic_busy"), "arch/x86/mm/highmem_32.c:47");
	assert_null(fxmi_site(c, "kunmap_irq"));
	assert_int_equal(fxmi_setting(a, FXMI_SETTING_NR_CPUS), 8);
	assert_string_equal(fxmi_setting_text(a, FXMI_SETTING_ram_end), "7ffe0000");
	assert_null(fxmi_setting_text(a, FXMI_SETTING_INTEL_TXT));
	assert_int_equal(fxmi_layout_version(b), 0x040f00);
	assert_true(fxmi_detects(a, FXMI_FIND_LEAK));
	assert_false(fxmi_detects(a, FXMI_FIND_USE_AFTER_UNMAP));
	assert_false(fxmi_detects(b, FXMI_FIND_LEAK));
	assert_true(fxmi_detects(c, FXMI_FIND_LEAK));
	assert_int_equal(fxmi_boot_at(b, 0, &index, &phys, &prot), -ENOENT);
	assert_int_equal(fxmi_boot_at(c, 0, &index, &phys, &prot), 0);
	assert_int_equal(index, 3);
	assert_int_equal(phys.v | prot.v, 0xfee0017b);
	fxm_layout_destroy(a);
	fxm_layout_destroy(b);
	fxm_layout_destroy(c);
}

static void traits_and_functions_are_listed(void **state)
{
	struct fxm_layout *a = make(CONFIG_A "DEBUG_HIGHMEM=1"), *b = make(CONFIG_B);
	const char *name;
	uint64_t value;
	unsigned first, last;
	size_t n = 0, found = 0;
	(void)state;
	for (; !fxm_layout_trait_at(a, n, &name, &value); n++) {
		enum fxmi_trait trait = 0;
		while (trait < FXMI_TRAITS && strcmp(fxmi_trait_name(trait), name))
			trait++;
		assert_true(trait < FXMI_TRAITS);
		assert_int_equal(value, fxmi_trait(a, trait));
		found += !strcmp(name, "atomic_pte_left");
	}
	assert_int_equal(found, 1);
	assert_int_equal(fxm_layout_trait_at(b, 1000, &name, &value), -ENOENT);
	assert_int_equal(fxm_layout_trait_at(b, 0, NULL, &value), -EINVAL);
	for (n = 0; !fxm_since_at(n, &name, &first, &last); n++) {
		assert_non_null(fxm_since(name));
		assert_true(first <= last);
		if (!strcmp(name, "kmap_atomic_pfn"))
			assert_int_equal(first, 0x02060d);
	}
	assert_true(n > 10);
	assert_int_equal(fxm_since_at(0, &name, &first, NULL), -EINVAL);
	fxm_layout_destroy(a);
	fxm_layout_destroy(b);
}

static void null_arguments_are_refused(void **state)
{
	struct fxm_layout *l = make(CONFIG_A);
	struct fxm_config *cfg;
	const char *name;
	uint64_t value;
	bool is_address;
	fxm_pte pte;
	(void)state;
	assert_int_equal(fxm_config_create(NULL, &cfg), 0);
	assert_int_equal(fxm_layout_create(NULL, &l), -EINVAL);
	assert_int_equal(fxm_layout_create(cfg, NULL), -EINVAL);
	fxm_config_destroy(cfg);
	assert_int_equal(fxm_layout_find(NULL, "PAGE_OFFSET", &value), -EINVAL);
	assert_int_equal(fxm_layout_find(l, NULL, &value), -EINVAL);
	assert_int_equal(fxm_layout_find(l, "PAGE_OFFSET", NULL), -EINVAL);
	assert_int_equal(fxm_layout_find(l, "PAGE_OFFSETS", &value), -ENOENT);
	assert_int_equal(fxm_layout_find(l, "FIX_HOLE", &value), -ENOENT);
	assert_int_equal(fxm_layout_get(l, "nothing"), 0);
	assert_int_equal(fxm_layout_at(NULL, 0, &name, &value, &is_address), -EINVAL);
	assert_int_equal(fxm_layout_at(l, 10000, &name, &value, &is_address), -ENOENT);
	assert_int_equal(fxm_fixed_at(l, 0, NULL), -EINVAL);
	assert_int_equal(fxm_fixed_index(l, NULL), -EINVAL);
	assert_int_equal(fxm_fixed_index(l, "FIX_NOTHING"), -ENOENT);
	assert_null(fxm_fixed_name(NULL, 0));
	assert_int_equal(fxm_prot_at(l, 0, &name, NULL), -EINVAL);
	assert_int_equal(fxm_prot_find(l, "PAGE_OFFSET", &pte), -ENOENT);
	assert_int_equal(fxm_region_at(l, 0, NULL), -EINVAL);
	assert_int_equal(fxm_btslot_at(l, 0, NULL), -EINVAL);
	assert_int_equal(fxm_kernel_config_at(l, 0, NULL, &value), -EINVAL);
	assert_int_equal(fxm_kernel_config_at(l, 10000, &name, &value), -ENOENT);
	assert_int_equal(fxm_kernel_config_find(l, "pae", &value), -ENOENT);
	assert_int_equal(fxm_km_type_index(l, NULL), -EINVAL);
	fxm_layout_destroy(NULL);
	fxm_layout_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_the_kernels),
	    cmocka_unit_test(fixed_addresses_descend_from_the_top),
	    cmocka_unit_test(km_types_are_odd_with_fences),
	    cmocka_unit_test(boot_map_slots_lie_above_each_other),
	    cmocka_unit_test(regions_ascend_and_stay_in_the_address_space),
	    cmocka_unit_test(reserved_top_moves_everything),
	    cmocka_unit_test(reserving_too_much_or_on_2_6_is_refused),
	    cmocka_unit_test(impossible_settings_get_one_line),
	    cmocka_unit_test(areas_never_wrap_around),
	    cmocka_unit_test(profiles_are_well_formed),
	    cmocka_unit_test(src_finds_traits_sites_and_settings),
	    cmocka_unit_test(traits_and_functions_are_listed),
	    cmocka_unit_test(null_arguments_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
