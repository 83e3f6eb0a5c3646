/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: pages. What is taken is noted with its place (held.c); what is given back too early or twice is
 * reported.
 */
#include "detect.h"
#include "mapping.h"
#include "mm.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <errno.h>

/* ---- pages ---- */

unsigned long fxm_k_page_to_pfn(const struct fxm_page *page)
{
	return (unsigned long)(page - fxm_k_cpu()->machine->mem.mem_map);
}

struct fxm_page *fxm_k_pfn_to_page(unsigned long pfn)
{
	return fxmi_page_of(fxm_k_cpu()->machine, pfn);
}

bool fxm_k_pfn_valid(unsigned long pfn)
{
	return fxmi_pfn_is_ram(fxm_k_cpu()->machine, pfn);
}

bool fxm_k_page_is_highmem(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("PageHighMem", page, __builtin_return_address(0));
	return fxm_page_is_highmem(cpu->machine, page);
}

struct fxm_page *fxm_k_compound_head(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("compound_head", page, __builtin_return_address(0));
	return fxm_compound_head(cpu->machine, page);
}

int fxm_k_page_count(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("page_count", page, __builtin_return_address(0));
	return fxm_page_count(cpu->machine, page);
}

void fxm_k_get_page(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("get_page", page, __builtin_return_address(0));
	fxm_page_get(cpu->machine, page);
}

/* The bits of a gfp_t that mean something to the library; without __GFP_WAIT the caller cannot sleep. */
#define GFP_WAIT 0x800u

unsigned fxmi_gfp(struct fxm_vcpu *cpu, unsigned gfp)
{
	if (gfp & GFP_WAIT)
		fxm_might_sleep(cpu, "mm/page_alloc.c");
	return (gfp & (FXM_GFP_DMA | FXM_GFP_HIGHMEM | FXM_GFP_ZERO | FXM_GFP_COMP)) | (gfp & GFP_WAIT ? 0 : FXM_GFP_ATOMIC);
}

static struct fxm_page *alloc_pages(struct fxm_vcpu *cpu, unsigned gfp, unsigned order, const void *site)
{
	struct fxm_machine *m = cpu->machine;
	struct fxm_page *page = fxm_alloc_pages(m, fxmi_gfp(cpu, gfp), order);

	if (page)
		fxmi_held_add(
		    fxmi_tier(fxmi_kernel(m)),
		    &(struct fxm_held){
			.kind = FXM_HELD_PAGES, .pfn = fxmi_page_pfn(m, page), .order = order, .site.pc = (uintptr_t)site},
		    0);
	else
		fxmi_note_null(cpu, "alloc_pages");
	return page;
}

struct fxm_page *fxm_k_alloc_pages(unsigned gfp, unsigned order)
{
	return alloc_pages(fxm_k_cpu(), gfp, order, __builtin_return_address(0));
}

/*
 * A page that goes while a mapping still shows it: the kernel does not look, the next owner's contents appear there. Told once: the
 * mapping will be there too when the next owner frees the page, and at the end.
 */
static void check_mapped(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!fxmi_detects(k->layout, FXMI_FIND_FREE_WHILE_MAPPED))
		return;
	for (struct fxm_page *p = page; p < page + (1u << order) && fxmi_page_is_valid(k->m, p); p++) {
		unsigned long long pfn = fxmi_page_pfn(k->m, p);
		struct fxmi_subject about = {.page = p, .site = (uintptr_t)site};
		struct fxmi_mapping m;

		if (!fxmi_mapping_of(cpu, pfn, &m))
			continue;
		about.va = m.va;
		about.slot_plus_1 = m.users ? (uint32_t)m.slot + 1 : 0;
		fxmi_about_mapping(&about, &m);
		fxmi_finding(k, cpu, FXMI_FIND_FREE_WHILE_MAPPED, &about,
			     "page pfn %llx is freed while it is mapped at %llx: %s() first", pfn, (unsigned long long)m.va,
			     fxmi_mapping_undo(&m));
		fxmi_mapping_tell(&m, FXMI_MISTAKE_FREE);
	}
}

static FXMI_COLD void bad_page_state(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	char head[128], text[160], what[96] = "the page is free already";

	snprintf(head, sizeof(head), "BUG: Bad page state in process %s  pfn:%05llx\n", cpu->current->comm,
		 (unsigned long long)pfn);
	if (fxm_page_count(k->m, page))
		snprintf(what, sizeof(what), "order %u begins there: free that, or was it freed before and is somebody else's now?",
			 page->order);
	snprintf(text, sizeof(text), "__free_pages(pfn %llx, order %u): %s", (unsigned long long)pfn, order, what);
	fxmi_report(k, cpu, FXM_REPORT_WARN, NULL, NULL, head, &(struct fxmi_subject){.page = page, .site = (uintptr_t)site}, text);
}

static void free_pages(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxm_machine *m = cpu->machine;

	if (fxm_page_count(m, page) == 1)
		check_mapped(cpu, page, order, site);
	if (fxm_free_pages(m, page, order))
		bad_page_state(cpu, page, order, site);
	else if (!fxm_page_count(m, page))
		fxmi_held_remove(fxmi_tier(fxmi_kernel(m)), FXM_HELD_PAGES, fxmi_page_pfn(m, page));
}

void fxm_k_free_pages(struct fxm_page *page, unsigned order)
{
	const void *site = __builtin_return_address(0);
	free_pages(fxmi_tier_check_page("__free_pages", page, site), page, order, site);
}

void fxm_k_put_page(struct fxm_page *page)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxmi_tier_check_page("put_page", page, site);
	struct fxm_page *head = fxm_compound_head(cpu->machine, page);
	free_pages(cpu, head, head->order, site);
}

unsigned long fxm_k_get_free_pages(unsigned gfp, unsigned order)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxm_page *page = alloc_pages(cpu, gfp & ~FXM_GFP_HIGHMEM, order, __builtin_return_address(0));
	return page ? (uintptr_t)fxmi_tier_host(cpu, fxmi_page_address(fxmi_kernel_of(cpu), page)) : 0;
}

void fxm_k_free_pages_at(unsigned long address, unsigned order)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char what[128];

	if (!address)
		return;
	if (!fxm_k_virt_addr_valid((void *)address)) {
		fxmi_tier_describe(k, address, what, sizeof(what));
		fxmi_bug(cpu, "mm/page_alloc.c",
			 &(struct fxmi_subject){.va = fxmi_tier_simulated(k->m, address), .site = (uintptr_t)site},
			 "free_pages() takes an address from __get_free_pages() and was given %s", what);
	}
	free_pages(cpu, k->m->mem.mem_map + ((fxmi_tier_simulated(k->m, address) - k->linear_base) >> FXM_PAGE_SHIFT), order, site);
}
