/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_APICDEF_H
#define FXM_KERNEL_ASM_APICDEF_H

/* Where the local APIC lies, and the registers that a look at it needs. */
#define APIC_DEFAULT_PHYS_BASE 0xfee00000
#define IO_APIC_DEFAULT_PHYS_BASE 0xfec00000
#define APIC_ID 0x20
#define APIC_LVR 0x30
#define APIC_TASKPRI 0x80
#define APIC_SPIV 0xf0
#define APIC_BASE (fix_to_virt(FIX_APIC_BASE))
#define GET_APIC_VERSION(x) ((x)&0xffu)
#define GET_APIC_MAXLVT(x) (((x) >> 16) & 0xffu)

#endif
