/* SPDX-License-Identifier: MIT */
#ifndef FXMI_ASSERTIONS_H
#define FXMI_ASSERTIONS_H

/*
 * Our own bugs. fxm_assert() is always asked: it costs next to nothing, and going on would do damage. fxm_assert_internal() is
 * what the code around it has made sure of, and asked with -Dassertions=internal, as in a build for development; on a hot path it
 * is too dear. fxm_assert_expensive() looks at a whole structure, with -Dassertions=expensive.
 *
 * A structure says whether it is whole in a function `bool fxmi_..._is_valid()`, by a line fxm_invariant() for each thing that
 * must hold: the first broken one makes it return false, and stands in the words of the assertion that asked. These functions are
 * there in every build, for tests.
 */

#include <stdbool.h>

_Noreturn void fxmi_assert_failed(const char *expr, const char *file, int line);

/* Notes what does not hold, for this thread. Returns false. */
bool fxmi_invariant_broken(const char *expr, const char *file, int line);

/* The last one noted on this thread; "" for none. */
const char *fxmi_broken_invariant(void);

#define fxm_assert(e) ((e) ? (void)0 : fxmi_assert_failed(#e, __FILE__, __LINE__))

/* The level in numbers: release, internal, expensive. What is not asked is compiled all the same. */
#ifndef FXMI_ASSERTIONS
#define FXMI_ASSERTIONS 1
#endif
#define fxm_assert_internal(e) (FXMI_ASSERTIONS >= 1 ? fxm_assert(e) : (void)0)
#define fxm_assert_expensive(e) (FXMI_ASSERTIONS >= 2 ? fxm_assert(e) : (void)0)

#define fxm_invariant(e)                                                                                                           \
	do {                                                                                                                       \
		if (!(e))                                                                                                          \
			return fxmi_invariant_broken(#e, __FILE__, __LINE__);                                                      \
	} while (0)

#endif
