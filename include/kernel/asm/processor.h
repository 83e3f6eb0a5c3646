/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_PROCESSOR_H
#define FXM_KERNEL_ASM_PROCESSOR_H

#if defined(__x86_64__)
#define cpu_relax() __builtin_ia32_pause()
#else
#define cpu_relax() __asm__ __volatile__("yield" ::: "memory")
#endif

#endif
