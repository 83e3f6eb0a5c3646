/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_COMPILER_H
#define FXM_KERNEL_LINUX_COMPILER_H

/* Attributes and small compiler idioms. Macros only, so that every other header can start from here. */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define barrier() __asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define noinline __attribute__((noinline))
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __used __attribute__((used))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(fmt, first) __attribute__((format(printf, fmt, first)))
#define __noreturn __attribute__((noreturn))
#define __weak __attribute__((weak))
#define __pure __attribute__((pure))
#define __cold __attribute__((cold))
#define __malloc __attribute__((malloc))
#define __alloc_size(...) __attribute__((alloc_size(__VA_ARGS__)))
#define __assume_aligned(...) __attribute__((assume_aligned(__VA_ARGS__)))
#ifndef __attribute_const__
#define __attribute_const__ __attribute__((const))
#endif
#define __section(name) __attribute__((section(name)))
#define __deprecated
#define __visible
#define __latent_entropy
#define __ro_after_init
#define __read_mostly
#define __cacheline_aligned
#define ____cacheline_aligned
#define ____cacheline_aligned_in_smp
#define __no_sanitize_address
#define __counted_by(member)
#define fallthrough __attribute__((fallthrough))

/* The simulated kernel is not checked by sparse. */
#define __user
#define __kernel
#define __iomem
#define __force
#define __rcu
#define __percpu
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __cond_acquires(x)
#define __cond_lock(x, c) (c)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#define __private
#define __nocast
#define __safe

#define asmlinkage
#define fastcall
#define notrace

#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define data_race(x) (x)
#define absolute_pointer(value) ((void *)(value))
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "=r"(var) : "0"(var))

/* An inline function of this folder: a debugger, and the library's call stacks, show its caller instead. */
#define FXM_K_INLINE static inline __attribute__((always_inline, artificial, unused))

#endif
