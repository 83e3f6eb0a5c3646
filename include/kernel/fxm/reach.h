/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_FXM_REACH_H
#define FXM_KERNEL_FXM_REACH_H

/*
 * How far the pointers of mappings reach, for gcc, which with -fsanitize=object-size tests each access through a pointer that it
 * can follow to where it came from. Included before anything else (-include), so that no macro of a kernel tree is in the way, and
 * in every unit, because any array may be tested.
 */

void fxm_k_check_reach(const void *address, unsigned long size, int is_write, const void *site);

/* @address, which may be used for @bytes. Of an inline function the compiler would forget that. */
static __attribute__((noipa, unused, alloc_size(2))) void *fxm_k_reaches(void *address, unsigned long bytes)
{
	(void)bytes;
	return address;
}
#define fxm_k_reaches fxm_k_reaches

struct fxm_k_type_mismatch {
	struct {
		const char *file;
		unsigned int line, column;
	} location;
	const struct {
		unsigned short kind, info;
	} * type;
	unsigned char log_alignment, access;
};

/* Called of an access that fails the test, before it is made. Each module has its own, since the program may have gcc's. */
__attribute__((weak, noinline, visibility("hidden"))) void __ubsan_handle_type_mismatch_v1(void *data, void *address)
{
	enum { INTEGER, REAL, STORE = 1 };
	const struct fxm_k_type_mismatch *mismatch = data;
	unsigned int info = mismatch->type->info;
	unsigned long bits = mismatch->type->kind == INTEGER ? 1ul << (info >> 1) : mismatch->type->kind == REAL ? info : 0;

	/* those that have an alignment are of NULL and of alignment */
	if (address && !mismatch->log_alignment)
		fxm_k_check_reach(address, bits / 8, mismatch->access == STORE, __builtin_return_address(0));
}

#endif
