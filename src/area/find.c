/* SPDX-License-Identifier: MIT */
/*
 * What a call that undoes a part of the vmalloc area was given, for the user: the kernel takes its middle for the whole, and the
 * word of the wrong call.
 */
#include "area.h"

#include "detect.h"

void fxmi_area_judge(struct fxm_vcpu *cpu, const char *call, uint64_t va, const struct fxmi_mapping *was)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.va = va};
	bool has_pages = !strcmp(was->undo, "vfree");

	about.mapped_at = was->mapped_at;
	if (strcmp(call, was->undo) != 0)
		fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about, "%s() of %llx, which %s() mapped: %s() undoes that%s", call,
			     (unsigned long long)va, was->call, was->undo, has_pages ? "; here its pages are lost" : "");
	else if (va < was->va || va - was->va >= FXM_PAGE_SIZE || (va != was->va && was->va % FXM_PAGE_SIZE == 0))
		fxmi_finding(
		    k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about,
		    "%s() takes the address that %s() returned, %llx, and was given %llx, inside of it: this kernel undoes "
		    "all of it",
		    call, was->call, (unsigned long long)was->va, (unsigned long long)va);
}

void fxmi_area_describe_none(struct fxm_vcpu *cpu, uint64_t va, struct fxmi_subject *about, char *buf, size_t size)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_mapping m;

	about->va = va;
	if (va > k->va_mask || !fxmi_mapping_at(k, va, &m) || m.family != &fxmi_family_area) {
		fxmi_describe(k, va, buf, size);
		return;
	}
	fxmi_about_mapping(about, &m);
	if (m.is_live)
		snprintf(buf, size, "%llx, inside of the %llu bytes at %llx that %s() mapped", (unsigned long long)va,
			 (unsigned long long)m.bytes, (unsigned long long)m.va, m.call);
	else
		snprintf(buf, size, "%llx: the %llu bytes that %s() mapped there were given back already", (unsigned long long)va,
			 (unsigned long long)m.bytes, m.call);
}
