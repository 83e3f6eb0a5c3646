/* SPDX-License-Identifier: MIT */
#ifndef _ASM_ELF_H
#define _ASM_ELF_H

/* Files that are 64-bit x86 programs: for what reads them; none is run. */

#include <linux/elf-em.h>
#include <asm/ptrace.h>

#define ELF_ARCH EM_X86_64
#define ELF_CLASS ELFCLASS64
#define ELF_DATA ELFDATA2LSB
#define ELF_NGREG 18
typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef struct {
	unsigned long fp[64];
} elf_fpregset_t;

#define elf_check_arch(x) ((x)->e_machine == ELF_ARCH)
#define ELF_EXEC_PAGESIZE 4096
#define ELF_ET_DYN_BASE (TASK_SIZE / 3 * 2)
#define ELF_CORE_COPY_REGS(dest, regs) memcpy(&(dest), (regs), sizeof(dest));
#define ELF_HWCAP (0)
#define ELF_PLATFORM NULL
#define SET_PERSONALITY(ex) set_personality(PER_LINUX)
#define R_X86_64_64 1

#endif
