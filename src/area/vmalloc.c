/* SPDX-License-Identifier: MIT */
/* Memory that is side by side in virtual addresses only. Models vmalloc(), vmap() and their undoing, mm/vmalloc.c. */
#include "area.h"

#include "detect.h"

#include <stdlib.h>

#define VERSION(major, minor, patch) ((unsigned)(major) << 16 | (minor) << 8 | (patch))

static bool in_interrupt(const struct fxm_vcpu *cpu)
{
	return fxmi_count_preempt(cpu->counts) & FXMI_INTERRUPT_MASK;
}

/* __get_vm_area_node() */
static void check_context(struct fxm_vcpu *cpu, const char *call, const char *sleeps)
{
	if (in_interrupt(cpu) && fxmi_kernel_of(cpu)->version >= VERSION(2, 6, 28))
		fxmi_bug(cpu, "get_vm_area_irq", NULL, "%s() in interrupt context: take the memory beforehand, or kmalloc() it",
			 call);
	fxmi_might_sleep(cpu, sleeps);
}

static uint64_t prot_kernel(const struct fxmi_kernel *k)
{
	fxm_pte prot;

	return fxm_prot_find(k->layout, "PAGE_KERNEL", &prot) ? k->prot_normal : prot.v;
}

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + FXM_PAGE_SIZE - 1) >> FXM_PAGE_SHIFT;
}

static void give_back(struct fxmi_kernel *k, uint64_t *pfn, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		fxm_free_pages(k->m, k->m->mem.mem_map + pfn[i], 0);
	free(pfn);
}

/* @n pages, of highmem where there is any. NULL: there are not so many. */
static uint64_t *take_pages(struct fxmi_kernel *k, uint64_t n, unsigned gfp)
{
	uint64_t *pfn = malloc(n * sizeof(*pfn));

	for (uint64_t i = 0; pfn && i < n; i++) {
		struct fxm_page *page = fxm_alloc_pages(k->m, gfp, 0);

		if (!page) {
			give_back(k, pfn, i);
			return NULL;
		}
		pfn[i] = fxmi_page_pfn(k->m, page);
	}
	return pfn;
}

uint64_t fxmi_vmalloc(struct fxm_vcpu *cpu, const char *call, uint64_t size, unsigned gfp)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_area_request r = {
	    .call = call, .undo = "vfree", .bytes = size, .pages = pages_of(size), .prot = prot_kernel(k), .is_owner = true};

	check_context(cpu, call, "vmalloc_might_sleep");
	if (!size && k->version >= VERSION(5, 13, 0))
		fxmi_warn(cpu, "vmalloc_size_0", NULL, "%s(0): nothing to allocate", call);
	if (!size || r.pages > k->m->mem.nr_frames)
		return 0;
	r.pfn = take_pages(k, r.pages, gfp);
	if (!r.pfn)
		return 0;
	uint64_t va = fxmi_area_map(cpu, &r);
	if (!va)
		give_back(k, r.pfn, r.pages);
	return va;
}

uint64_t fxmi_vmap(struct fxm_vcpu *cpu, const char *call, const char *undo, uint64_t *pfn, uint64_t n, uint64_t prot)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_area_request r = {
	    .call = call, .undo = undo, .bytes = n << FXM_PAGE_SHIFT, .pages = n, .pfn = pfn, .prot = prot ? prot : prot_kernel(k)};

	check_context(cpu, call, "vmap_might_sleep");
	return n > k->m->mem.nr_frames ? 0 : fxmi_area_map(cpu, &r);
}

/* ---- undoing ---- */

/* __vunmap() */
static void unmap(struct fxm_vcpu *cpu, const char *call, uint64_t va, bool frees)
{
	const char *none = frees ? "vfree_none" : "vunmap_none";
	struct fxmi_subject about = {.va = va};
	struct fxmi_mapping was;
	char what[256];

	if (va % FXM_PAGE_SIZE) {
		fxmi_describe(fxmi_kernel_of(cpu), va, what, sizeof(what));
		fxmi_history(fxmi_kernel_of(cpu), va, &about);
		fxmi_tell(fxmi_kernel_of(cpu), va, FXMI_MISTAKE_STAYS);
		fxmi_warn(cpu, "vfree_bad", &about, "Trying to vfree() bad address (%08llx): %s() was given %s; nothing is undone",
			  (unsigned long long)va, call, what);
		return;
	}
	if (fxmi_area_unmap(cpu, va, frees, &was)) {
		fxmi_area_judge(cpu, call, va, &was);
		return;
	}
	fxmi_area_describe_none(cpu, va, &about, what, sizeof(what));
	fxmi_warn(cpu, none, &about, "Trying to %s() nonexistent vm area (%08llx): %s() was given %s",
		  frees || fxmi_kernel_of(cpu)->version < VERSION(6, 3, 0) ? "vfree" : "vunmap", (unsigned long long)va, call,
		  what);
}

void fxmi_vfree(struct fxm_vcpu *cpu, uint64_t va)
{
	unsigned version = fxmi_kernel_of(cpu)->version;

	if (in_interrupt(cpu) && version < VERSION(3, 10, 0))
		fxmi_bug(cpu, "vunmap_irq", &(struct fxmi_subject){.va = va}, "vfree() in interrupt context");
	if (!in_interrupt(cpu) && version >= VERSION(4, 10, 0))
		fxmi_might_sleep(cpu, "vfree_might_sleep");
	if (va)
		unmap(cpu, "vfree", va, true);
}

void fxmi_vunmap(struct fxm_vcpu *cpu, const char *call, uint64_t va)
{
	if (in_interrupt(cpu))
		fxmi_bug(cpu, "vunmap_irq", &(struct fxmi_subject){.va = va}, "%s() in interrupt context", call);
	if (fxmi_kernel_of(cpu)->version >= VERSION(2, 6, 28))
		fxmi_might_sleep(cpu, "vunmap_might_sleep");
	if (va)
		unmap(cpu, call, va, false);
}

/* ---- looking ---- */

uint64_t fxmi_vmalloc_to_pfn(struct fxm_vcpu *cpu, uint64_t va)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.va = va};
	struct fxm_walk walk;
	char what[160];

	if (va < k->vmalloc_start || va >= k->vmalloc_end) {
		fxmi_describe(k, va, what, sizeof(what));
		fxmi_history(k, va, &about);
		if (k->debug_virtual)
			fxmi_bug(cpu, "vmalloc_to_page", &about, "vmalloc_to_page() is for the vmalloc area and was given %s",
				 what);
		fxmi_finding(k, cpu, FXMI_FIND_VIRT_TO_PAGE, &about, "vmalloc_to_page() is for the vmalloc area and was given %s%s",
			     what, va >= k->page_offset && va < k->high_memory ? ": virt_to_page() is right there" : "");
	}
	fxm_walk(k->m, fxm_va_of(va & k->va_mask), &walk);
	return walk.mapped ? walk.pa.v >> FXM_PAGE_SHIFT : UINT64_MAX;
}
