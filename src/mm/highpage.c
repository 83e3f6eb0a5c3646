/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: the page helpers. Each is the explicit tier's, on behalf of whoever called it.
 */
#include "tier.h"

/* fxm_k_NAME(@parameters) is fxm_NAME(cpu, @arguments), when @page is a page. */
#define HELPER(name, page, parameters, ...)                                                                                        \
	void fxm_k_##name parameters                                                                                               \
	{                                                                                                                          \
		struct fxm_vcpu *cpu = fxmi_tier_check_page(#name, page, __builtin_return_address(0));                             \
		FXMI_CALLED_FROM(cpu);                                                                                             \
		fxmi_tier_checked(cpu, #name, fxm_##name(cpu, __VA_ARGS__));                                                       \
	}
#define PAGE struct fxm_page *

HELPER(clear_highpage, page, (PAGE page), page)
HELPER(clear_user_highpage, page, (PAGE page, unsigned long address), page, address)
HELPER(copy_highpage, to, (PAGE to, PAGE from), to, from)
HELPER(copy_user_highpage, to, (PAGE to, PAGE from, unsigned long address), to, from, address)
HELPER(memclear_highpage_flush, page, (PAGE page, unsigned offset, unsigned size), page, offset, size)
HELPER(zero_user_segments, page, (PAGE page, unsigned s1, unsigned e1, unsigned s2, unsigned e2), page, s1, e1, s2, e2)
HELPER(zero_user_segment, page, (PAGE page, unsigned start, unsigned end), page, start, end)
HELPER(zero_user, page, (PAGE page, unsigned start, unsigned size), page, start, size)
HELPER(memcpy_page, to, (PAGE to, size_t to_offset, PAGE from, size_t from_offset, size_t len), to, to_offset, from, from_offset,
       len)
HELPER(memset_page, page, (PAGE page, size_t offset, int value, size_t len), page, offset, value, len)
HELPER(memcpy_from_page, page, (void *to, PAGE page, size_t offset, size_t len), to, page, offset, len)
HELPER(memcpy_to_page, page, (PAGE page, size_t offset, const void *from, size_t len), page, offset, from, len)
HELPER(memzero_page, page, (PAGE page, size_t offset, size_t len), page, offset, len)
HELPER(copy_mc_highpage, to, (PAGE to, PAGE from), to, from)
HELPER(copy_mc_user_highpage, to, (PAGE to, PAGE from, unsigned long address), to, from, address)
HELPER(memcpy_from_folio, folio, (void *to, PAGE folio, size_t offset, size_t len), to, folio, offset, len)
HELPER(memcpy_to_folio, folio, (PAGE folio, size_t offset, const void *from, size_t len), folio, offset, from, len)
HELPER(folio_fill_tail, folio, (PAGE folio, size_t offset, const void *from, size_t len), folio, offset, from, len)
HELPER(folio_zero_segments, folio, (PAGE folio, unsigned s1, unsigned e1, unsigned s2, unsigned e2), folio, s1, e1, s2, e2)
HELPER(folio_zero_segment, folio, (PAGE folio, unsigned start, unsigned end), folio, start, end)
HELPER(folio_zero_range, folio, (PAGE folio, unsigned start, unsigned length), folio, start, length)

size_t fxm_k_memcpy_from_file_folio(void *to, PAGE folio, uint64_t pos, size_t len)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("memcpy_from_file_folio", folio, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	int64_t copied = fxm_memcpy_from_file_folio(cpu, to, folio, pos, len);

	fxmi_tier_checked(cpu, "memcpy_from_file_folio", copied < 0 ? (int)copied : 0);
	return (size_t)copied;
}
