/* SPDX-License-Identifier: MIT */
/*
 * A full pool: kmap() sleeps until somebody unmaps. Two tasks are fibres, so this program decides who runs when; the
 * holder takes every slot, the waiter sleeps in kmap(), one kunmap() of the holder wakes it.
 */
#include "example.h"

#include <inttypes.h>

static struct fxm_machine *m;
static uint32_t slots;

static int holder(void *arg)
{
	struct fxm_page **pages = arg;

	for (uint32_t i = 0; i < slots; i++) {
		pages[i] = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
		fxm_kmap(fxm_current_or_null(), pages[i]);
	}
	fxm_task_yield();
	for (uint32_t i = 0; i < slots; i++)
		fxm_kunmap(fxm_current_or_null(), pages[i]);
	return 0;
}

static int waiter(void *arg)
{
	fxm_va va = fxm_kmap(fxm_current_or_null(), arg);

	printf("the waiter has %08" PRIx64 "\n", va.v);
	fxm_kunmap(fxm_current_or_null(), arg);
	return 0;
}

static void show(struct fxm_task *task)
{
	struct fxm_pkmap pool;

	fxm_get_pkmap(m, &pool);
	printf("%" PRIu32 " slots in use, %" PRIu32 " waiting; the waiter is %s\n", pool.used, pool.waiters,
	       fxm_task_state(task) == FXM_TASK_SLEEPING ? "asleep" : "runnable");
}

int main(void)
{
	struct fxm_task_attr on_cpu0 = { .struct_size = sizeof(on_cpu0), .name = "holder" };
	struct fxm_task_attr on_cpu1 = { .struct_size = sizeof(on_cpu1), .name = "waiter", .cpu = 1 };
	struct fxm_task *holds, *waits;
	struct fxm_page **pages;

	m = example_machine("x86_32-5.10", "cpus=2");
	slots = (uint32_t)fxm_layout_get(fxm_machine_layout(m), "LAST_PKMAP");
	pages = calloc(slots, sizeof(*pages));
	if (fxm_task_create(m, &on_cpu0, holder, pages, &holds) ||
	    fxm_task_create(m, &on_cpu1, waiter, example_page(m, ""), &waits))
		return 1;
	fxm_task_resume(holds);
	fxm_task_resume(waits);
	show(waits);
	fxm_task_join(holds, NULL);
	show(waits);
	fxm_task_join(waits, NULL);
	free(pages);
	return fxm_machine_destroy(m) != 0;
}
