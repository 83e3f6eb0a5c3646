/* SPDX-License-Identifier: MIT */
/* The hardware that a layout asks for, in the words of sim/. */
#include "machine.h"
#include "report.h"
#include "state.h"

static enum fxm_window_mode window_mode(const struct fxm_layout *layout)
{
	static const char *const words[] = {[FXM_WINDOW_OFF] = "off",
					    [FXM_WINDOW_STRICT] = "strict",
					    [FXM_WINDOW_RETAIN] = "retain",
					    [FXM_WINDOW_EAGER] = "eager",
					    [FXM_WINDOW_CHECKED] = "checked"};
	const char *word = fxmi_setting_text(layout, FXMI_SETTING_window);

	for (unsigned i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return (enum fxm_window_mode)i;
	return FXM_WINDOW_OFF;
}

void fxmi_describe_segments(struct fxmi_desc *d, const struct fxm_layout *layout, uint64_t vmalloc_start)
{
	uint64_t pkmap = fxm_layout_get(layout, "PKMAP_BASE");
	uint64_t pkmap_end = pkmap + (fxm_layout_get(layout, "LAST_PKMAP") << FXM_PAGE_SHIFT);
	uint64_t page = fxm_layout_page_size(layout), low_end = fxm_layout_get(layout, "max_low_pfn") * page;
	uint64_t top = fxm_layout_get(layout, "FIXADDR_TOP") + page;
	uint64_t fixed = top - (uint64_t)fxm_fixed_index(layout, "__end_of_fixed_addresses") * page;

	d->segment[d->nr_segments++] =
	    (struct fxmi_segment_desc){.start = fxm_layout_get(layout, "PAGE_OFFSET"), .size = low_end - d->ram_start};
	if (fxmi_setting(layout, FXMI_SETTING_HIGHMEM)) {
		d->segment[d->nr_segments++] = (struct fxmi_segment_desc){.start = pkmap, .size = pkmap_end - pkmap, .lazy = true};
		/* The boot maps of 4.x PAE overlap pkmap: the page there belongs to pkmap's segment. */
		if (fixed < pkmap_end && top > pkmap_end)
			fixed = pkmap_end;
	}
	d->segment[d->nr_segments++] = (struct fxmi_segment_desc){.start = fixed, .size = top - fixed, .lazy = true};
	if (fxmi_layout_address_bits(layout) == 32) {
		uint64_t end = fxm_layout_get(layout, "VMALLOC_END");

		/* Without highmem the boot maps of 2.6 lie in the vmalloc area: the pages there belong to the fixmap's segment. */
		end = end < fixed || vmalloc_start > fixed ? end : fixed;
		d->segment[d->nr_segments++] =
		    (struct fxmi_segment_desc){.start = vmalloc_start, .size = end - vmalloc_start, .lazy = true};
	}
}

static const struct fxmi_pt_format *arm64_format(const struct fxm_layout *layout)
{
	static const struct {
		unsigned page_shift, va_bits;
		const struct fxmi_pt_format *format;
	} formats[] = {
	    {12, 39, &fxmi_pt_arm64_4k_39},  {12, 48, &fxmi_pt_arm64_4k_48},  {12, 52, &fxmi_pt_arm64_4k_52},
	    {14, 36, &fxmi_pt_arm64_16k_36}, {14, 47, &fxmi_pt_arm64_16k_47}, {14, 48, &fxmi_pt_arm64_16k_48},
	    {14, 52, &fxmi_pt_arm64_16k_52}, {16, 42, &fxmi_pt_arm64_64k_42}, {16, 48, &fxmi_pt_arm64_64k_48},
	    {16, 52, &fxmi_pt_arm64_64k_52},
	};
	uint64_t shift = fxm_layout_get(layout, "PAGE_SHIFT"), bits = fxm_layout_get(layout, "VA_BITS");
	size_t i = 0, last = sizeof(formats) / sizeof(formats[0]) - 1;

	while (i < last && (formats[i].page_shift != shift || formats[i].va_bits != bits))
		i++;
	return formats[i].format;
}

/* Trait page_table_format. */
static const struct fxmi_pt_format *format_of(const struct fxm_layout *layout)
{
	switch (fxmi_trait(layout, FXMI_TRAIT_page_table_format)) {
	case 1:
		return &fxmi_pt_arm;
	case 3:
		return &fxmi_pt_arm_lpae;
	case 2:
		return arm64_format(layout);
	default:
		if (fxmi_layout_address_bits(layout) == 64)
			return fxm_layout_get(layout, "PGDIR_SHIFT") == 48 ? &fxmi_pt_x86_64_5 : &fxmi_pt_x86_64;
		return fxmi_layout_pae(layout) ? &fxmi_pt_i386_pae : &fxmi_pt_i386;
	}
}

void fxmi_describe_machine(struct fxmi_desc *d, const struct fxm_layout *layout, bool identity)
{
	const char *word = fxmi_setting_text(layout, FXMI_SETTING_identity);
	uint64_t page = fxm_layout_page_size(layout);

	*d = (struct fxmi_desc){
	    .nr_cpus = (unsigned)fxmi_setting(layout, FXMI_SETTING_NR_CPUS),
	    .cpus = (unsigned)fxmi_setting(layout, FXMI_SETTING_cpus),
	    .ram_end = fxm_layout_get(layout, "max_pfn") * page,
	    .highmem_pfn = fxm_layout_get(layout, "max_low_pfn") * (page / FXM_PAGE_SIZE),
	    .dma_pfn = fxm_layout_get(layout, "MAX_DMA_PFN") * (page / FXM_PAGE_SIZE),
	    .ram_start = fxmi_setting(layout, FXMI_SETTING_PHYS_OFFSET),
	    .page_offset = fxm_layout_get(layout, "PAGE_OFFSET") - fxmi_setting(layout, FXMI_SETTING_PHYS_OFFSET),
	    .format = format_of(layout),
	    .preempt_count = fxmi_setting(layout, FXMI_SETTING_PREEMPT_COUNT),
	    .window = window_mode(layout),
	    .identity = word && strcmp(word, "auto") ? !strcmp(word, "1") : identity,
	    .poison = fxmi_detects(layout, FXMI_FIND_USE_AFTER_UNMAP),
	    .poison_slabs = fxmi_detects(layout, FXMI_FIND_USE_AFTER_FREE),
	    .hung_task_seconds = (unsigned)fxmi_setting(layout, FXMI_SETTING_hung_task),
	    .callbacks = &fxmi_kernel_callbacks,
	};
	fxmi_describe_segments(d, layout, fxm_layout_get(layout, "VMALLOC_START"));
}
