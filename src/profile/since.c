/* SPDX-License-Identifier: MIT */
/*
 * Which kernel versions have which function. A call that the profile's kernel does not have is refused, and the message
 * names the version that has it; nothing is emulated silently.
 */
#include "profile.h"

#include <fixmap/kmap_atomic.h>
#include <sim.h>

#include <errno.h>

#define V(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
#define FOR_EVER UINT32_MAX

static const struct {
	const char *function;
	uint32_t first, last; /* versions of the profiles that have it, inclusive */
	const char *words;
} functions[] = {
	{"kmap_atomic_type", 0, V(2, 6, 36),
	 "the form with a km_type: until 2.6.36; since 2.6.37 kmap_atomic(page) takes the page alone"},
	{"kmap_atomic", V(2, 6, 37), FOR_EVER, "the form without a km_type: since 2.6.37; until then kmap_atomic(page, type)"},
	{"kmap_atomic_prot", V(2, 6, 22), FOR_EVER, "since 2.6.22"},
	{"kmap_atomic_pfn", V(2, 6, 13), FOR_EVER, "since 2.6.13"},
	{"kmap_atomic_to_page", 0, V(4, 0, 0), "2.6.12 until 4.0"},
	{"kmap_atomic_idx", V(2, 6, 37), V(5, 10, 255), "2.6.37 to 5.10"},
	{"kmap_flush_unused", V(2, 6, 22), FOR_EVER, "since 2.6.22"},
	{"kmap_to_page", V(3, 6, 0), FOR_EVER, "since 3.6"},
	{"kmap_high_get", V(2, 6, 29), FOR_EVER, "since 2.6.29, where the architecture asks for it (arm)"},
	{"kmap_local_page", V(5, 11, 0), FOR_EVER, "since 5.11"},
	{"kmap_local_page_prot", V(5, 11, 0), FOR_EVER, "since 5.11"},
	{"kmap_local_pfn", V(5, 11, 0), FOR_EVER, "since 5.11"},
	{"kmap_local_folio", V(5, 16, 0), FOR_EVER, "since 5.16, with folios"},
	{"kunmap_local", V(5, 11, 0), FOR_EVER, "since 5.11"},
	{"is_kmap_addr", V(5, 18, 0), FOR_EVER, "since 5.18"},
	{"set_fixmap_io", V(3, 14, 0), FOR_EVER, "since 3.14"},
	{"set_fixmap_offset", V(3, 14, 0), FOR_EVER, "since 3.14"},
	{"bt_ioremap", 0, V(2, 6, 26), "2.6 until 2.6.26; since 2.6.27 early_ioremap"},
	{"bt_iounmap", 0, V(2, 6, 26), "2.6 until 2.6.26; since 2.6.27 early_iounmap"},
	{"early_ioremap", V(2, 6, 27), FOR_EVER, "since 2.6.27; until then bt_ioremap"},
	{"early_iounmap", V(2, 6, 27), FOR_EVER, "since 2.6.27; until then bt_iounmap"},
	{"early_memremap", V(2, 6, 29), FOR_EVER, "since 2.6.29"},
	{"early_memremap_ro", V(4, 3, 0), FOR_EVER, "since 4.3, where the architecture has FIXMAP_PAGE_RO"},
	{"early_memremap_prot", V(4, 14, 0), FOR_EVER, "since 4.14, with CONFIG_ARCH_USE_MEMREMAP_PROT (64-bit x86)"},
	{"early_memunmap", V(3, 15, 0), FOR_EVER, "since 3.15"},
	{"copy_from_early_mem", V(4, 3, 0), FOR_EVER, "since 4.3"},
	{"check_early_ioremap_leak", V(2, 6, 27), FOR_EVER, "since 2.6.27"},
	{"early_ioremap_init", V(2, 6, 27), FOR_EVER, "since 2.6.27"},
	{"early_fixmap_init", V(3, 15, 0), FOR_EVER, "since 3.15 on arm64, 4.3 on arm; x86 has early_ioremap_init"},
	{"early_fixmap_shutdown", V(4, 3, 0), FOR_EVER, "since 4.3, on arm"},
	{"fixmap_remap_fdt", V(4, 2, 0), FOR_EVER, "since 4.2, on arm64"},
	{"pte_set_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64"},
	{"pmd_set_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64 with three levels or more"},
	{"pud_set_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64 with four levels"},
	{"pgd_set_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64"},
	{"pte_clear_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64"},
	{"pmd_clear_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64 with three levels or more"},
	{"pud_clear_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64 with four levels"},
	{"pgd_clear_fixmap", V(4, 6, 0), FOR_EVER, "since 4.6, on arm64"},
	{"memclear_highpage_flush", 0, V(2, 6, 24), "2.6 until 2.6.24; since 2.6.25 zero_user"},
	{"zero_user_segments", V(2, 6, 25), FOR_EVER, "since 2.6.25; until then memclear_highpage_flush"},
	{"zero_user_segment", V(2, 6, 25), FOR_EVER, "since 2.6.25; until then memclear_highpage_flush"},
	{"zero_user", V(2, 6, 25), FOR_EVER, "since 2.6.25; until then memclear_highpage_flush"},
	{"memcpy_page", V(5, 12, 0), FOR_EVER, "since 5.12"},
	{"memset_page", V(5, 12, 0), FOR_EVER, "since 5.12"},
	{"memcpy_from_page", V(5, 12, 0), FOR_EVER, "since 5.12"},
	{"memcpy_to_page", V(5, 12, 0), FOR_EVER, "since 5.12"},
	{"memzero_page", V(5, 12, 0), FOR_EVER, "since 5.12"},
	{"folio_zero_segments", V(5, 17, 0), FOR_EVER, "since 5.17; until then zero_user_segments"},
	{"folio_zero_segment", V(5, 17, 0), FOR_EVER, "since 5.17; until then zero_user_segment"},
	{"folio_zero_range", V(5, 17, 0), FOR_EVER, "since 5.17; until then zero_user"},
	{"/proc/zoneinfo", V(2, 6, 16), FOR_EVER, "since 2.6.13 or 2.6.14, in 2.6.16 for certain"},
	{"mem_init_print_layout", V(2, 6, 25), V(5, 7, 255), "32-bit x86: until 5.7; arm and arm64: 4.7"},
	{"ptdump", V(2, 6, 26), FOR_EVER, "since 2.6.26"},
	{"reserve_top_address", V(2, 6, 18), FOR_EVER, "since 2.6.18"},
};

const char *fxm_since(const char *function)
{
	for (size_t i = 0; function && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i].function, function))
			return functions[i].words;
	return NULL;
}

int fxm_since_at(size_t i, const char **function, unsigned *first, unsigned *last)
{
	if (!function || !first || !last)
		return -EINVAL;
	if (i >= sizeof(functions) / sizeof(functions[0]))
		return -ENOENT;
	*function = functions[i].function;
	*first = functions[i].first;
	*last = functions[i].last;
	return 0;
}

bool fxmi_version_has(unsigned version, const char *function)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i].function, function))
			return version >= functions[i].first && version <= functions[i].last;
	fxm_assert(!"a function of the table");
	return false;
}
