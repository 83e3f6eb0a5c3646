/* SPDX-License-Identifier: MIT */
#ifndef FXM_LAYOUT_H
#define FXM_LAYOUT_H

/*
 * The address-space layout that a config comes to: every named address and size of the simulated kernel (PAGE_OFFSET,
 * PKMAP_BASE, VMALLOC_END, ...), the fixed addresses, the protection values. Computed from the profile's formulas alone, no
 * machine needed. The numbers are those of asm/fixmap.h, asm/highmem.h, asm/pgtable*.h, arch/<arch>/mm/init*.c of each
 * profile's version.
 *
 * Of all, unless a function says otherwise: Context: any thread. Errors: -EINVAL a null pointer. Ownership: texts are the
 * layout's and live as long as it. Addresses are simulated virtual ones. Models nothing of the kernel.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Computes the layout of @cfg and checks it as the kernel's boot checks and build checks would, and for settings that
 * leave no room for an area.
 * Context: any thread. Errors: -EINVAL with one line in fxm_config_error(), -ENOMEM.
 * Ownership: the caller's; fxm_layout_destroy() frees it.
 */
FXM_API int fxm_layout_create(struct fxm_config *cfg, struct fxm_layout **out);

/** Frees a layout from fxm_layout_create(). NULL is allowed. Layouts of machines belong to the machine. */
FXM_API void fxm_layout_destroy(struct fxm_layout *layout);

/** The layout of a machine. Ownership: the machine's. */
FXM_API const struct fxm_layout *fxm_machine_layout(const struct fxm_machine *m);

/** The value called @name ("PKMAP_BASE", "LAST_PKMAP", "high_memory", ...) into @out. Errors: -ENOENT. */
FXM_API int fxm_layout_find(const struct fxm_layout *layout, const char *name, uint64_t *out);

/** Like fxm_layout_find() for a value known to exist; 0 when it does not. */
FXM_API uint64_t fxm_layout_get(const struct fxm_layout *layout, const char *name);

/** Value number @i, in the order of the profile; @is_address tells hex from decimal printing. Errors: -ENOENT past the end. */
FXM_API int fxm_layout_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value, bool *is_address);

/** One enumerator of `enum fixed_addresses`. Groups appear as two enumerators, first and last. */
struct fxm_fixed {
	const char *name; /**< as in the kernel's enum */
	uint32_t index;	  /**< its value */
	fxm_va address;	  /**< __fix_to_virt(index) */
};

/** Enumerator number @i in the order of the enum. Errors: -ENOENT past the end. */
FXM_API int fxm_fixed_at(const struct fxm_layout *layout, size_t i, struct fxm_fixed *out);

/** The value of enumerator @name, or -ENOENT (not in this profile, or its CONFIG_ condition is off). */
FXM_API int fxm_fixed_index(const struct fxm_layout *layout, const char *name);

/** The name of the enumerator with value @index, or NULL when the index lies inside a group or is out of range. */
FXM_API const char *fxm_fixed_name(const struct fxm_layout *layout, uint32_t index);

/** Protection value number @i ("PAGE_KERNEL", "FIXMAP_PAGE_NOCACHE", ...). Errors: -ENOENT past the end. */
FXM_API int fxm_prot_at(const struct fxm_layout *layout, size_t i, const char **name, fxm_pte *value);

/** The protection value called @name into @out. Errors: -ENOENT. */
FXM_API int fxm_prot_find(const struct fxm_layout *layout, const char *name, fxm_pte *out);

/** The value of `enum km_type` member @name (KM_USER0, ...), or -ENOENT; 2.6 profiles only. */
FXM_API int fxm_km_type_index(const struct fxm_layout *layout, const char *name);

/** `enum km_type` member number @i, and its value. Errors: -ENOENT past the end or no such enum. */
FXM_API int fxm_km_type_at(const struct fxm_layout *layout, size_t i, const char **name, uint32_t *value);

/** Base address of early_ioremap slot @i (slot_virt[@i]; 2.6: slot 0 is the one boot window). Errors: -ENOENT past the end. */
FXM_API int fxm_btslot_at(const struct fxm_layout *layout, size_t i, fxm_va *out);

/** CONFIG_ option number @i, CONFIG_ left out of its name: those that are settings, then those that follow. Errors: -ENOENT. */
FXM_API int fxm_kernel_config_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value);

/** CONFIG_ option @name ("HIGHMEM64G") into @out: 0, 1, or an integer. Errors: -ENOENT not an option of this profile. */
FXM_API int fxm_kernel_config_find(const struct fxm_layout *layout, const char *name, uint64_t *out);

/**
 * Trait number @i: how this kernel's mapping code behaves ("atomic_pte_left": kunmap_atomic leaves the PTE in place), 0 for no.
 * A trait that a profile does not have is 0. Errors: -ENOENT past the end.
 */
FXM_API int fxm_layout_trait_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value);

/**
 * Place number @i where this kernel complains: what the library calls it ("kunmap_high_zero"), and "FILE:LINE" in that version's
 * source, or "FILE" where the line is not known. Errors: -ENOENT past the end. Ownership: static, or the profile's own file's.
 */
FXM_API int fxm_layout_site_at(const struct fxm_layout *layout, size_t i, const char **name, const char **where);

/** Size of a base page in bytes. */
FXM_API uint64_t fxm_layout_page_size(const struct fxm_layout *layout);

/** A region of the address space, for drawings: [start, end), named as the kernel names it. */
struct fxm_region {
	const char *name;
	fxm_va start;
	uint64_t size_bytes;
};

/** Region number @i, by ascending address. Errors: -ENOENT past the end. */
FXM_API int fxm_region_at(const struct fxm_layout *layout, size_t i, struct fxm_region *out);

#ifdef __cplusplus
}
#endif

#endif
