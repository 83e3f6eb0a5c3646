// SPDX-License-Identifier: MIT
/*
 * The same mapping with a mistake that is easy to make: set_fixmap_nocache() wants the index, and here gets the address. Both
 * are integers, so it compiles. The kernel has a BUG for it, and the report says what the index would have been.
 *
 *     fixmap insmod -p i386-2.6.12 apic_wrong_argument.c        (exit status 1)
 *
 * Any profile with X86_LOCAL_APIC=1.
 */
#include <asm/apicdef.h>
#include <asm/fixmap.h>
#include <asm/io.h>
#include <linux/module.h>

static int __init apic_wrong_argument_init(void)
{
	unsigned long apic = fix_to_virt(FIX_APIC_BASE);

	pr_info("setting index %#lx\n", apic);
	set_fixmap_nocache(apic, APIC_DEFAULT_PHYS_BASE);
	pr_info("not reached: version %#x\n", readl((void *)(apic + APIC_LVR)));
	return 0;
}

module_init(apic_wrong_argument_init);
MODULE_LICENSE("Dual MIT/GPL");
