/* SPDX-License-Identifier: MIT */
/* The same mistake @times times: what it costs must not grow with them. */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

static char *mistake = "";
static int times = 1;
module_param(mistake, charp, 0);
module_param(times, int, 0);

static struct page *page, *other;
static volatile char sum;

static void warns(void)
{
	WARN_ON(1);
}

static void order(void)
{
	char *a = kmap_local_page(page), *b = kmap_local_page(other);

	kunmap_local(a);
	kunmap_local(b);
}

static void uses_old(void)
{
	char *a = kmap_local_page(page), *b = kmap_local_page(other);

	kunmap_local(b);
	kunmap_local(a);
	a = kmap_local_page(other);
	b = kmap_local_page(page);
	sum = a[0];
	kunmap_local(b);
	kunmap_local(a);
	b = kmap_local_page(page);
	sum = a[0];
	kunmap_local(b);
}

/* Two accesses in one line, by turns. */
static void runs_off(void)
{
	char *b = kmap_local_page(other), *a = kmap_local_page(page);
	int i;

	for (i = 0; i < 10; i++)
		sum = a[PAGE_SIZE + 2 * i] + a[PAGE_SIZE + 2 * i + 1];
	kunmap_local(a);
	kunmap_local(b);
}

static void frees_mapped(void)
{
	struct page *p = alloc_page(GFP_HIGHUSER);

	kmap(p);
	__free_page(p);
	kunmap(p);
}

static void past_object(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	p[100] = 1;
	kfree(p);
}

static void after_kfree(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	kfree(p);
	sum = p[5];
}

static void sleeps(void)
{
	char *p = kmap_atomic(page);

	might_sleep();
	kunmap_atomic(p);
}

static void which_cpu(void)
{
	sum = smp_processor_id();
}

static void leaks_object(void)
{
	(void)kmalloc(1, GFP_KERNEL);
}

static void enables(void)
{
	preempt_enable();
	preempt_disable();
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{"warns", warns}, {"order", order}, {"uses_old", uses_old}, {"runs_off", runs_off}, {"frees_mapped", frees_mapped},
	{"past_object", past_object}, {"after_kfree", after_kfree}, {"sleeps", sleeps}, {"which_cpu", which_cpu},
	{"leaks_object", leaks_object}, {"enables", enables},
};

static int __init many_init(void)
{
	int i, n;

	other = alloc_page(GFP_HIGHUSER);
	page = alloc_page(GFP_HIGHUSER);
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strcmp(mistakes[i].name, mistake))
			break;
	if (i == ARRAY_SIZE(mistakes))
		return -EINVAL;
	for (n = 0; n < times; n++)
		mistakes[i].make();
	__free_page(page);
	__free_page(other);
	return 0;
}
module_init(many_init);

static void __exit many_exit(void) {}
module_exit(many_exit);

MODULE_LICENSE("GPL");
