/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PERCPU_H
#define FXM_KERNEL_LINUX_PERCPU_H

/* Variables that each CPU has a copy of. */

#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/threads.h>

/* Of the program or module that this unit is linked into. */
extern char __start_fxm_percpu[] __attribute__((weak, visibility("hidden")));
extern char __stop_fxm_percpu[] __attribute__((weak, visibility("hidden")));

#define DEFINE_PER_CPU(type, name) __attribute__((section("fxm_percpu"))) __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU(type, name) extern __attribute__((section("fxm_percpu"))) __typeof__(type) name
#define DECLARE_PER_CPU_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DECLARE_PER_CPU_READ_MOSTLY(type, name) DECLARE_PER_CPU(type, name)
#define EXPORT_PER_CPU_SYMBOL(name) EXPORT_SYMBOL(name)
#define EXPORT_PER_CPU_SYMBOL_GPL(name) EXPORT_SYMBOL(name)

#define per_cpu_ptr(ptr, cpu)                                                                                                      \
	((__typeof__(*(ptr)) *)fxm_k_per_cpu_ptr((const void *)(ptr), (unsigned int)(cpu), __start_fxm_percpu, __stop_fxm_percpu))
#define per_cpu(name, cpu) (*per_cpu_ptr(&(name), cpu))
#define raw_cpu_ptr(ptr) per_cpu_ptr(ptr, raw_smp_processor_id())
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, smp_processor_id())
#define __this_cpu_ptr(ptr) this_cpu_ptr(ptr)
#define __get_cpu_var(name) (*this_cpu_ptr(&(name)))

#define get_cpu_var(name)                                                                                                          \
	(*({                                                                                                                       \
		preempt_disable();                                                                                                 \
		this_cpu_ptr(&(name));                                                                                             \
	}))
#define put_cpu_var(name) ((void)&(name), preempt_enable())
#define get_cpu_ptr(ptr)                                                                                                           \
	({                                                                                                                         \
		preempt_disable();                                                                                                 \
		this_cpu_ptr(ptr);                                                                                                 \
	})
#define put_cpu_ptr(ptr) ((void)(ptr), preempt_enable())

/* One operation of these is whole: neither an interrupt nor another task comes in between. */
#define this_cpu_read(name) (*raw_cpu_ptr(&(name)))
#define this_cpu_write(name, value) ((void)(*raw_cpu_ptr(&(name)) = (value)))
#define this_cpu_add(name, value) ((void)(*raw_cpu_ptr(&(name)) += (value)))
#define this_cpu_sub(name, value) ((void)(*raw_cpu_ptr(&(name)) -= (value)))
#define this_cpu_inc(name) this_cpu_add(name, 1)
#define this_cpu_dec(name) this_cpu_sub(name, 1)
#define this_cpu_add_return(name, value) (*raw_cpu_ptr(&(name)) += (value))
#define this_cpu_inc_return(name) this_cpu_add_return(name, 1)
#define this_cpu_dec_return(name) this_cpu_add_return(name, -1)
#define raw_cpu_read(name) this_cpu_read(name)
#define raw_cpu_write(name, value) this_cpu_write(name, value)
#define raw_cpu_add(name, value) this_cpu_add(name, value)
#define raw_cpu_inc(name) this_cpu_inc(name)

/* These rely on their caller for that. The kernel looks since 3.15. */
#define FXM_K_THIS_CPU(op) fxm_k_check_preemptible("__this_cpu_" op)
#define __this_cpu_read(name) (FXM_K_THIS_CPU("read"), this_cpu_read(name))
#define __this_cpu_write(name, value) (FXM_K_THIS_CPU("write"), this_cpu_write(name, value))
#define __this_cpu_add(name, value) (FXM_K_THIS_CPU("add"), this_cpu_add(name, value))
#define __this_cpu_sub(name, value) __this_cpu_add(name, -(__typeof__(name))(value))
#define __this_cpu_inc(name) __this_cpu_add(name, 1)
#define __this_cpu_dec(name) __this_cpu_sub(name, 1)
#define __this_cpu_add_return(name, value) (FXM_K_THIS_CPU("add_return"), this_cpu_add_return(name, value))
#define __this_cpu_inc_return(name) __this_cpu_add_return(name, 1)

#define __alloc_percpu(size, align) fxm_k_alloc_percpu(size, align)
#define __alloc_percpu_gfp(size, align, gfp) ((void)(gfp), fxm_k_alloc_percpu(size, align))
#define alloc_percpu(type) ((__typeof__(type) *)fxm_k_alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, gfp) ((void)(gfp), alloc_percpu(type))
#define free_percpu(ptr) fxm_k_free_percpu((void *)(ptr))

#endif
