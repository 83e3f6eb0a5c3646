/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_FXM_CHECKS_H
#define FXM_KERNEL_FXM_CHECKS_H

/*
 * Checked accesses: included before everything else (-include) by the flags of window=checked. The compiler's kernel address-
 * sanitizer calls get names of the library, unit by unit: no object and no library defines or exports the sanitizer's own, so a
 * program that is itself built with AddressSanitizer has its own beside them.
 */

#define FXM_K_CALL_INSTEAD(theirs, ours) __asm__(".set " #theirs ", " #ours);
#define FXM_K_CHECK(bytes)                                                                                                         \
	FXM_K_CALL_INSTEAD(__asan_load##bytes##_noabort, fxm_k_load##bytes)                                                        \
	FXM_K_CALL_INSTEAD(__asan_store##bytes##_noabort, fxm_k_store##bytes)

FXM_K_CHECK(1)
FXM_K_CHECK(2)
FXM_K_CHECK(4)
FXM_K_CHECK(8)
FXM_K_CHECK(16)
FXM_K_CHECK(N)
FXM_K_CALL_INSTEAD(__asan_handle_no_return, fxm_k_no_return)
#ifdef __clang__
/* what it makes of copies of structures */
FXM_K_CALL_INSTEAD(memcpy, fxm_k_memcpy)
FXM_K_CALL_INSTEAD(memmove, fxm_k_memmove)
FXM_K_CALL_INSTEAD(memset, fxm_k_memset)
#endif

#define FXM_KERNEL_CHECKED 1

/* Kernel code that asks has no shadow memory to look after. */
#undef __SANITIZE_ADDRESS__

#endif
