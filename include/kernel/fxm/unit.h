/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_FXM_UNIT_H
#define FXM_KERNEL_FXM_UNIT_H

/*
 * What every translation unit of the kernel tier has, whichever header it includes first: the profile's compile-time
 * constants and enums, the stamp that says which they were, and the registration of both with the library.
 *
 * Macros such as module_init() leave pointers in the section fxm_entries; the linker gathers those of an object.
 */

#ifdef __cplusplus
#error "the kernel tier is C: kernel code does not compile as C++ (the explicit tier, <fixmap/fixmap.h>, does)"
#endif
#if !defined(FXM_KERNEL_PROFILE_NAME) || !defined(FXM_KERNEL_VERSION)
#error "the kernel tier is compiled for one profile: add the flags that `fixmap cflags -p PROFILE -o NAME=VALUE` prints"
#endif
#if __SIZEOF_POINTER__ != 8
#error "the kernel tier needs a 64-bit host"
#endif

#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/stringify.h>

#include <fixmap/kernel_tier.h>
#include <fixmap/machine.h>
#include <fixmap/since.h>
#include <fxm/calls.h>

/* "x86_32-5.10" */
#define FXM_KERNEL_PROFILE __stringify(FXM_KERNEL_PROFILE_NAME)

/* major << 16 | minor << 8 | patch: LINUX_VERSION_CODE. */
#define FXM_K_VERSION_CODE FXM_KERNEL_VERSION

/* Whether the profile's kernel has @function: <fixmap/since.h>. */
#define FXM_K_HAS(function) FXMI_IS_BETWEEN(FXM_K_VERSION_CODE, FXM_SINCE_##function)

/* Declares what this kernel does not have: whoever calls it reads which versions do. @call: what it was called as. */
#define FXM_K_NOT_HERE(function) FXM_K_NOT_HERE_AS(#function, function)
#define FXM_K_NOT_HERE_AS(call, function)                                                                                          \
	__attribute__((error(call "(): " FXMI_WORDS_OF(FXM_SINCE_##function) "; not in " FXM_KERNEL_PROFILE)))

/* Temporary mappings whose slot the caller names. */
#if FXM_K_HAS(kmap_atomic_type)
#define FXM_K_TYPED 1
#endif

/* Temporary mappings that belong to the task. */
#if FXM_K_HAS(kmap_local_page)
#define FXM_K_LOCAL 1
#endif

#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef NR_CPUS
#define NR_CPUS CONFIG_NR_CPUS
#endif

/* Constants of the version's source: KM_TYPE_NR or KM_MAX_IDX, LAST_PKMAP, PTRS_PER_PTE, ... */
#include <fixmap/profiles/profile_def.h>
enum fxm_k_constants {
#define FXM_CONST(name, expr) name = (expr),
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
};
#include <fixmap/profiles/fixed_addresses.h>

#ifdef FXM_K_TYPED
/* Under CONFIG_DEBUG_HIGHMEM each type has a slot below it that is never mapped. */
enum km_type {
#define FXM_KM_TYPE(name) FXM_IF_ON(CONFIG_DEBUG_HIGHMEM)(fxm_k_fence_##name,) name,
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
};
#endif

/* ---- the stamp ---- */

#if defined(CONFIG_HIGHMEM) || !defined(FXM_K_TYPED)
#define FXM_K_KMAP_BEGIN FIX_KMAP_BEGIN
#else
#define FXM_K_KMAP_BEGIN 0
#endif

static const struct fxm_stamp fxm_k_stamp __attribute__((unused)) = {
	.struct_size = sizeof(struct fxm_stamp),
#define FXM_PROFILE(name, arch, major, minor, patch, address_bits, summary) .profile = #name,
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
	.fix_kmap_begin = FXM_K_KMAP_BEGIN,
	.end_of_fixed_addresses = __end_of_fixed_addresses,
#ifdef FXM_K_LOCAL
	.km_type_nr = KM_MAX_IDX,
#else
	.km_type_nr = KM_TYPE_NR,
#endif
	.nr_cpus = NR_CPUS,
	.last_pkmap = LAST_PKMAP,
	.pte_bytes = IS_ENABLED(CONFIG_X86_PAE) ? 8 : 4,
	/* every enumerator, weighed by its name: two enums that differ anywhere have different sums */
	.enum_sum = 0
#define FXM_FIX(name, cond) FXM_IF_ON(cond)(+(uint32_t)name * sizeof(#name))
#define FXM_FIX_GROUP(first, last, slots, cond) \
	FXM_IF_ON(cond)(+(uint32_t)first * sizeof(#first) + (uint32_t)last * sizeof(#last))
#define FXM_FIX_AT(name, expr, cond) FXM_IF_ON(cond)(+(uint32_t)name * sizeof(#name))
#define FXM_FIX_MARK(name) +(uint32_t)name * sizeof(#name)
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
};

/* ---- entries and registration ---- */

#define FXM_K_PASTE_(a, b) a##b
#define FXM_K_PASTE(a, b) FXM_K_PASTE_(a, b)
#define FXM_K_ENTRY(kind_, name_, ...) FXM_K_ENTRY_(__COUNTER__, kind_, name_, __VA_ARGS__)
#define FXM_K_ENTRY_(id, kind_, name_, ...)                                                                          \
	static const struct fxm_entry FXM_K_PASTE(fxm_k_entry_, id) = {                                              \
		.kind = kind_, .name = name_, __VA_ARGS__, .file = __FILE__, .line = __LINE__};                      \
	static const struct fxm_entry *FXM_K_PASTE(fxm_k_entry_at_, id)                                              \
		__attribute__((used, section("fxm_entries"))) = &FXM_K_PASTE(fxm_k_entry_, id)

/*
 * A border of the area that mappings lie in, as a number. Where code mentions one, it may compare the pointers of mappings with it:
 * they are the slots' own addresses then, without identity.
 */
#define FXM_K_BORDER(name)                                                                                                         \
	__extension__({                                                                                                            \
		FXM_K_ENTRY(FXM_ENTRY_BORDER, name, .text = 0);                                                                    \
		fxm_k_address(name);                                                                                               \
	})

/* Of the program or shared object that this unit is linked into; null when it has no entry at all. */
extern const struct fxm_entry *const __start_fxm_entries[] __attribute__((weak, visibility("hidden")));
extern const struct fxm_entry *const __stop_fxm_entries[] __attribute__((weak, visibility("hidden")));

static struct fxm_unit fxm_k_unit;

static __attribute__((constructor, used)) void fxm_k_unit_begin(void)
{
	fxm_k_unit.struct_size = sizeof(fxm_k_unit);
	fxm_k_unit.stamp = &fxm_k_stamp;
	fxm_k_unit.entries = __start_fxm_entries;
	fxm_k_unit.entries_end = __stop_fxm_entries;
	fxm_k_unit.file = __BASE_FILE__;
#ifdef FXM_KERNEL_CHECKED
	fxm_k_unit.flags = FXM_UNIT_CHECKED;
#endif
	fxm_unit_register(&fxm_k_unit);
}

static __attribute__((destructor, used)) void fxm_k_unit_end(void)
{
	fxm_unit_unregister(&fxm_k_unit);
}

#endif
