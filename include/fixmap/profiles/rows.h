/* SPDX-License-Identifier: MIT */

/*
 * The rows of a profile. A NAME.def file is read as text by the library (every expression is kept and evaluated at run time)
 * and by the preprocessor (kernel-tier headers make `enum fixed_addresses` of it). A reader defines the macros of the rows that
 * it wants, includes this file, which makes the others empty, then the .def, then rows_end.h, which forgets all of them.
 *
 * Expressions are C, 64-bit unsigned, over settings (pae, ram_end, NR_CPUS), CONFIG_ names and other rows in any order. They have
 * no comma outside parentheses. Only the rows marked (C) are for the compiler too; these use nothing but CONFIG_ names, numbers,
 * NR_CPUS, PAGE_SHIFT and one another.
 *
 *   FXM_PROFILE(name, arch, major, minor, patch, address_bits, summary)	first row of a profile
 *
 * Settings. A default is an expression over other settings: it follows them until the setting is given a value.
 *   FXM_OPTION(NAME, default, help)		0 or 1. An upper-case name is the CONFIG_ option of that name
 *   FXM_INTEGER(NAME, default, least, greatest, help)	a decimal number
 *   FXM_SIZE(NAME, default, help)			an address or size, written in hexadecimal
 *
 * What they come to:
 *   FXM_CONFIG(NAME, expr)		a CONFIG_ option that follows from settings
 *   FXM_CONST(NAME, expr)	(C)	a number that the kernel's source has as a constant
 *   FXM_NUMBER(NAME, expr)		a number known at boot only, or a constant that headers define by hand
 *   FXM_VALUE(NAME, expr)		an address or size, cut to the address width
 *   FXM_BITS(NAME, expr)		page-table bits, not cut
 *   FXM_LET(NAME, expr)		a name for an expression, for other rows only
 *   FXM_REQUIRE(expr, message)		settings are impossible unless expr; {NAME} in the message becomes its value
 *   FXM_PROT(NAME, expr)		a protection value
 *
 * enum fixed_addresses, in order. @cond is one CONFIG_ name, or 1; FXM_IF_ON() below selects by it:
 *	#define FXM_FIX(name, cond) FXM_IF_ON(cond)(name,)
 *   FXM_FIX(NAME, cond)			(C)	one slot
 *   FXM_FIX_GROUP(FIRST, LAST, slots, cond)	(C)	a group; enumerators for both ends
 *   FXM_FIX_AT(NAME, expr, cond)		(C)	the count goes on from expr
 *   FXM_FIX_MARK(NAME)				(C)	the next index; the row after it is FXM_FIX_AT or the last
 *
 *   FXM_KM_TYPE(NAME)			(C)	enum km_type; under CONFIG_DEBUG_HIGHMEM a nameless fence precedes each
 *   FXM_TRAIT(name, expr)		how this version behaves
 *   FXM_SITE(key, where)		"FILE:LINE" of a BUG, WARN or might_sleep; "FILE" where the line is not known
 *   FXM_REGION(name, start, size)	a region of the address space; none when size is 0
 *   FXM_BOOT(NAME, phys, PROT)		a fixed address that boot code sets, if it is in the enum and @phys is not 0
 */

#ifndef FXM_IF_ON
/* FXM_IF_ON(cond)(tokens): the tokens when @cond is 1 or a macro that is 1, nothing for anything else. By the preprocessor. */
#define FXM_IF_ON(cond) FXMI_IF_ON_EXPANDED(cond)
#define FXMI_IF_ON_EXPANDED(value) FXMI_IF_ON_PASTED(FXMI_ON_##value)
#define FXMI_IF_ON_PASTED(on) FXMI_IF_ON_SECOND(on FXMI_KEEP, FXMI_DROP, )
#define FXMI_IF_ON_SECOND(first, second, ...) second
#define FXMI_KEEP(...) __VA_ARGS__
#define FXMI_DROP(...)
#define FXMI_ON_1 ~,
#endif

#ifndef FXM_PROFILE
#define FXM_PROFILE(name, arch, major, minor, patch, address_bits, summary)
#endif
#ifndef FXM_OPTION
#define FXM_OPTION(name, default_, help)
#endif
#ifndef FXM_INTEGER
#define FXM_INTEGER(name, default_, least, greatest, help)
#endif
#ifndef FXM_SIZE
#define FXM_SIZE(name, default_, help)
#endif
#ifndef FXM_CONFIG
#define FXM_CONFIG(name, expr)
#endif
#ifndef FXM_CONST
#define FXM_CONST(name, expr)
#endif
#ifndef FXM_NUMBER
#define FXM_NUMBER(name, expr)
#endif
#ifndef FXM_VALUE
#define FXM_VALUE(name, expr)
#endif
#ifndef FXM_BITS
#define FXM_BITS(name, expr)
#endif
#ifndef FXM_LET
#define FXM_LET(name, expr)
#endif
#ifndef FXM_REQUIRE
#define FXM_REQUIRE(expr, message)
#endif
#ifndef FXM_PROT
#define FXM_PROT(name, expr)
#endif
#ifndef FXM_FIX
#define FXM_FIX(name, cond)
#endif
#ifndef FXM_FIX_GROUP
#define FXM_FIX_GROUP(first, last, slots, cond)
#endif
#ifndef FXM_FIX_AT
#define FXM_FIX_AT(name, expr, cond)
#endif
#ifndef FXM_FIX_MARK
#define FXM_FIX_MARK(name)
#endif
#ifndef FXM_KM_TYPE
#define FXM_KM_TYPE(name)
#endif
#ifndef FXM_TRAIT
#define FXM_TRAIT(name, expr)
#endif
#ifndef FXM_SITE
#define FXM_SITE(key, where)
#endif
#ifndef FXM_REGION
#define FXM_REGION(name, start, size)
#endif
#ifndef FXM_BOOT
#define FXM_BOOT(name, phys, prot)
#endif
