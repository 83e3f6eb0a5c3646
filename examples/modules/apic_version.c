// SPDX-License-Identifier: MIT
/*
 * A permanent fixed mapping: the local APIC's registers behind FIX_APIC_BASE. The address is known at compile time, what it
 * maps is set here. `fixmap insmod` puts a small local APIC at its usual physical address.
 *
 *     fixmap insmod -p i386-2.6.12 apic_version.c
 *
 * Any profile with X86_LOCAL_APIC=1. From 5.10 on boot has set this mapping already; setting it again changes nothing.
 */
#include <asm/apicdef.h>
#include <asm/fixmap.h>
#include <asm/io.h>
#include <linux/module.h>
#include <linux/version.h>

static unsigned long apic;

static int __init apic_version_init(void)
{
	unsigned int version;

	apic = fix_to_virt(FIX_APIC_BASE);
	set_fixmap_nocache(FIX_APIC_BASE, APIC_DEFAULT_PHYS_BASE);
	version = readl((void *)(apic + APIC_LVR));
	pr_info("local APIC at %#lx, fixmap index %d\n", apic, FIX_APIC_BASE);
	pr_info("version %#x, %u local vectors\n", GET_APIC_VERSION(version), GET_APIC_MAXLVT(version) + 1);
	return 0;
}

static void __exit apic_version_exit(void)
{
	if (LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0))
		clear_fixmap(FIX_APIC_BASE);
}

module_init(apic_version_init);
module_exit(apic_version_exit);
MODULE_LICENSE("Dual MIT/GPL");
