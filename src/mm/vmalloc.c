/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: vmalloc, vmap, ioremap, memremap. What the kernel logs when it has no room is printed here, for it
 * is no report: the call returns NULL.
 */
#include "area.h"
#include "mm.h"
#include "tier.h"

#include <stdlib.h>

/* @va as the pointer that @call returns; NULL when it is 0, with the kernel's line where @size bytes find no room. */
static void *result(struct fxm_vcpu *cpu, const char *call, size_t size, uint64_t va)
{
	void *pointer = fxmi_tier_pointer(cpu, call, fxm_va_of(va));

	if (pointer)
		return pointer;
	if (size && !fxmi_area_has_room(cpu, (size + FXM_PAGE_SIZE - 1) >> FXM_PAGE_SHIFT))
		fxm_k_printk("vmap allocation for size %zu failed: use vmalloc=<size> to increase size\n",
			     (size + 2 * FXM_PAGE_SIZE - 1) & (size_t)FXMI_PAGE_MASK);
	return NULL;
}

static uint64_t given(struct fxm_vcpu *cpu, const char *call, const volatile void *address, const void *site)
{
	fxmi_percpu(cpu)->caller = (uintptr_t)site;
	return address ? fxmi_tier_address_arg(cpu, call, (const void *)address, site) : 0;
}

#define SITE __builtin_return_address(0)

static void *vmalloc(struct fxm_vcpu *cpu, const char *call, size_t size, unsigned gfp, const void *site)
{
	fxmi_percpu(cpu)->caller = (uintptr_t)site;
	uint64_t va = fxmi_vmalloc(cpu, call, size, fxmi_gfp(cpu, gfp | FXM_GFP_HIGHMEM) & ~FXM_GFP_COMP);

	if (!va)
		fxmi_note_null(cpu, call);
	return result(cpu, call, size, va);
}

void *fxm_k_vmalloc(const char *call, size_t size, unsigned gfp)
{
	return vmalloc(fxm_k_cpu(), call, size, gfp, SITE);
}

void fxm_k_vfree(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_vfree(cpu, given(cpu, "vfree", address, SITE));
	fxmi_percpu(cpu)->caller = 0;
}

/* ---- kvmalloc: small ones are kmalloc()'s ---- */

void *fxm_k_kvmalloc(size_t size, unsigned gfp)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	void *object = size <= FXM_PAGE_SIZE << FXM_MAX_ORDER ? fxmi_tier_kmalloc(cpu, size, gfp, SITE) : NULL;

	return object || size <= FXM_PAGE_SIZE ? object : vmalloc(cpu, "kvmalloc", size, gfp, SITE);
}

void fxm_k_kvfree(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (!fxm_k_is_vmalloc_addr(address)) {
		fxmi_tier_kfree(cpu, address, SITE);
		return;
	}
	fxmi_vfree(cpu, given(cpu, "kvfree", address, SITE));
	fxmi_percpu(cpu)->caller = 0;
}

/* ---- vmap ---- */

void *fxm_k_vmap(const char *call, const char *undo, struct fxm_page *const *pages, unsigned n, uint64_t prot)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t *pfn = malloc(n ? n * sizeof(*pfn) : 1);

	for (unsigned i = 0; pfn && i < n; i++) {
		fxmi_tier_check_page(call, pages[i], SITE);
		pfn[i] = fxmi_page_pfn(cpu->machine, pages[i]);
	}
	FXMI_CALLED_FROM(cpu);
	uint64_t va = pfn ? fxmi_vmap(cpu, call, undo, pfn, n, prot) : 0;

	free(pfn);
	if (!va)
		fxmi_note_null(cpu, call);
	return result(cpu, call, (size_t)n << FXM_PAGE_SHIFT, va);
}

void fxm_k_vunmap(const char *call, const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_vunmap(cpu, call, given(cpu, call, address, SITE));
	fxmi_percpu(cpu)->caller = 0;
}

struct fxm_page *fxm_k_vmalloc_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t pfn = fxmi_vmalloc_to_pfn(cpu, given(cpu, "vmalloc_to_page", address, SITE));

	if (pfn == UINT64_MAX)
		fxmi_note_null(cpu, "vmalloc_to_page");
	fxmi_percpu(cpu)->caller = 0;
	return pfn == UINT64_MAX ? NULL : fxmi_page_of(cpu->machine, pfn);
}

/* ---- devices ---- */

void *fxm_k_ioremap(const char *call, unsigned long long physical, size_t size, unsigned how)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	FXMI_CALLED_FROM(cpu);
	uint64_t va = fxmi_ioremap(cpu, call, "iounmap", physical, size, (enum fxmi_io)how);

	if (!va)
		fxmi_note_null(cpu, call);
	return result(cpu, call, 0, va);
}

void fxm_k_iounmap(const volatile void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_iounmap(cpu, given(cpu, "iounmap", address, SITE));
	fxmi_percpu(cpu)->caller = 0;
}

void *fxm_k_memremap(unsigned long long physical, size_t size, unsigned long flags)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	FXMI_CALLED_FROM(cpu);
	uint64_t va = fxmi_memremap(cpu, physical, size, (unsigned)flags);

	if (!va)
		fxmi_note_null(cpu, "memremap");
	return result(cpu, "memremap", 0, va);
}

void fxm_k_memunmap(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_memunmap(cpu, given(cpu, "memunmap", address, SITE));
	fxmi_percpu(cpu)->caller = 0;
}
