/* SPDX-License-Identifier: MIT */
#ifndef PLANTED_BASE_H
#define PLANTED_BASE_H

/*
 * What every generated program begins with: its parameters, its pages, and the four tasks that its functions run in.
 *
 * A task has pages of its own, page(n), which are others in every round: so all slots of the kmap pool get their turn. All tasks
 * read common(n); nobody maps fresh(n). They are pages of somebody else's in high memory, as the page cache would give them, and
 * are not freed.
 *
 * PLANT(n) is true once in a run with plant=n: in the round number `at`.
 */

#include <fixmap/task.h>

#include <asm/early_ioremap.h>
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static unsigned int rounds = 1, at, plant;
module_param(rounds, uint, 0444);
module_param(at, uint, 0444);
module_param(plant, uint, 0444);

#define TASKS 4
/* Whom pages are allocated to first. */
#define OTHERS 65536

#define PAGES_OF_ROUND 160
#define PAGES (3 * PAGES_OF_ROUND + 7)

#define PLANT(n) unlikely(plant == (n) && round == at)

static struct page *first_page;
static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
static spinlock_t own_lock[TASKS];
static struct mutex own_mutex[TASKS];
static unsigned long operations[TASKS], sums[TASKS];

#define page(n) (first_page + me * PAGES + (round * PAGES_OF_ROUND + (n)) % PAGES)
#define common(n) (first_page + TASKS * PAGES + (n))
#define fresh(n) (first_page + (TASKS + 1) * PAGES + (n))

#define interrupt_begin() fxm_context_enter(fxm_k_cpu(), FXM_CONTEXT_HARDIRQ)
#define interrupt_end() fxm_context_leave(fxm_k_cpu(), FXM_CONTEXT_HARDIRQ)

/* The variables of a block. */
#define VARIABLES                                                                                                                  \
	char *v __maybe_unused = NULL, *w __maybe_unused = NULL, *u __maybe_unused = NULL, *object __maybe_unused = NULL;          \
	struct page *page __maybe_unused = NULL;                                                                                   \
	int i __maybe_unused

/* Nested deeper than any kernel allows. A macro: all of it is one line of the program. */
#define DEEP(map, unmap, page)                                                                                                     \
	do {                                                                                                                       \
		void *deep[24];                                                                                                    \
		for (i = 0; i < 24; i++)                                                                                           \
			deep[i] = map(page);                                                                                       \
		while (i--)                                                                                                        \
			unmap(deep[i]);                                                                                            \
	} while (0)

static int (*const task_function[TASKS])(void *);
static int boot(void *unused);

static int __init planted_init(void)
{
	struct fxm_machine *machine = fxm_vcpu_machine(fxm_k_cpu());
	struct fxm_task *task[TASKS];
	unsigned long sum = 0;
	unsigned int i;

	first_page = virt_to_page(high_memory - PAGE_SIZE) + OTHERS;
	boot(NULL);
	for (i = 0; i < TASKS; i++) {
		struct fxm_task_attr attr = {.struct_size = sizeof(attr),
					     .name = "planted",
					     .cpu = i % fxm_machine_cpus_online(machine),
					     .vehicle = FXM_THREAD};

		if (fxm_task_create(machine, &attr, task_function[i], NULL, &task[i]))
			return -ENOMEM;
	}
	for (i = 0; i < TASKS; i++) {
		fxm_task_join(task[i], NULL);
		sum += operations[i];
	}
	printk(KERN_INFO "%lu operations\n", sum);
	return 0;
}

module_init(planted_init);
MODULE_LICENSE("Dual MIT/GPL");

#endif
