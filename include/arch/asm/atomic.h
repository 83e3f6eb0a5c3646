/* SPDX-License-Identifier: MIT */
#ifndef _ASM_ATOMIC_H
#define _ASM_ATOMIC_H

/* Atomic variables of 32 and 64 bits, by the compiler; linux/atomic/ makes the other forms of these. */

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define ATOMIC64_INIT(i) {(i)}

#define FXM_ATOMIC_OP(pre, type, word, op)                                                                                         \
	static __always_inline void arch_##pre##_##op(word i, type *v)                                                             \
	{                                                                                                                          \
		__sync_fetch_and_##op(&v->counter, i);                                                                             \
	}                                                                                                                          \
	static __always_inline word arch_##pre##_fetch_##op(word i, type *v)                                                       \
	{                                                                                                                          \
		return __sync_fetch_and_##op(&v->counter, i);                                                                      \
	}
#define FXM_ATOMIC_OP_RETURN(pre, type, word, op)                                                                                  \
	static __always_inline word arch_##pre##_##op##_return(word i, type *v)                                                    \
	{                                                                                                                          \
		return __sync_##op##_and_fetch(&v->counter, i);                                                                    \
	}
#define FXM_ATOMIC(pre, type, word)                                                                                                \
	static __always_inline word arch_##pre##_read(const type *v)                                                               \
	{                                                                                                                          \
		return *(const volatile word *)&v->counter;                                                                        \
	}                                                                                                                          \
	static __always_inline void arch_##pre##_set(type *v, word i)                                                              \
	{                                                                                                                          \
		*(volatile word *)&v->counter = i;                                                                                 \
	}                                                                                                                          \
	static __always_inline word arch_##pre##_xchg(type *v, word value)                                                         \
	{                                                                                                                          \
		return arch_xchg(&v->counter, value);                                                                              \
	}                                                                                                                          \
	static __always_inline word arch_##pre##_cmpxchg(type *v, word old, word value)                                            \
	{                                                                                                                          \
		return arch_cmpxchg(&v->counter, old, value);                                                                      \
	}                                                                                                                          \
	FXM_ATOMIC_OP(pre, type, word, add)                                                                                        \
	FXM_ATOMIC_OP(pre, type, word, sub)                                                                                        \
	FXM_ATOMIC_OP(pre, type, word, and)                                                                                        \
	FXM_ATOMIC_OP(pre, type, word, or)                                                                                         \
	FXM_ATOMIC_OP(pre, type, word, xor)                                                                                        \
	FXM_ATOMIC_OP_RETURN(pre, type, word, add)                                                                                 \
	FXM_ATOMIC_OP_RETURN(pre, type, word, sub)
FXM_ATOMIC(atomic, atomic_t, int)
FXM_ATOMIC(atomic64, atomic64_t, s64)

/* What is there, for linux/atomic/, which asks the preprocessor. */
#define arch_atomic_add_return arch_atomic_add_return
#define arch_atomic_sub_return arch_atomic_sub_return
#define arch_atomic_fetch_add arch_atomic_fetch_add
#define arch_atomic_fetch_sub arch_atomic_fetch_sub
#define arch_atomic_fetch_and arch_atomic_fetch_and
#define arch_atomic_fetch_or arch_atomic_fetch_or
#define arch_atomic_fetch_xor arch_atomic_fetch_xor
#define arch_atomic_xchg arch_atomic_xchg
#define arch_atomic_cmpxchg arch_atomic_cmpxchg
#define arch_atomic64_add_return arch_atomic64_add_return
#define arch_atomic64_sub_return arch_atomic64_sub_return
#define arch_atomic64_fetch_add arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and arch_atomic64_fetch_and
#define arch_atomic64_fetch_or arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor arch_atomic64_fetch_xor
#define arch_atomic64_xchg arch_atomic64_xchg
#define arch_atomic64_cmpxchg arch_atomic64_cmpxchg

#endif
