/* SPDX-License-Identifier: MIT */
#include <linux/module.h>
#include <asm-generic/early_ioremap.h>
#include <asm-generic/fixmap.h>
#include <asm/barrier.h>
#include <asm/pgtable_types.h>
#include <linux/uaccess.h>

static int numbers[4], n;
static char text[8] = "x", *names[3];
static bool flags[2], early;
module_param_array(numbers, int, &n, 0444);
module_param_array(flags, bool, NULL, 0444);
module_param_array_named(words, names, charp, NULL, 0444);
module_param(early, bool, 0444);
module_param_string(text, text, sizeof(text), 0444);

static int __init names_init(void)
{
	int value = 0, user = 0, read = 0;
	void *at = early ? early_memremap(0x100000, 64) : NULL;

	pr_info("%d: %d %d %d %s %d %s\n", n, numbers[0], numbers[1], numbers[2], text, flags[1], names[1]);
	print_hex_dump_bytes("dump ", DUMP_PREFIX_OFFSET, "Hello, hex dump of more", 23);
	print_hex_dump(KERN_INFO, "", DUMP_PREFIX_NONE, 16, 4, "0123456789abcdef", 16, false);
	if (sscanf("77", "%d", &value) != 1 || __put_user(value, &user) || __get_user(read, &user))
		return -EINVAL;
	wmb();
	pr_info("%d %d\n", value, read);
	pr_info("%lx\n", __set_fixmap_offset(FIX_APIC_BASE, 0x1234, PAGE_KERNEL) & 0xfff);
	clear_fixmap(FIX_APIC_BASE);
	if (early)
		early_memunmap(at, 64);
	return 0;
}

module_init(names_init);
MODULE_LICENSE("GPL");
