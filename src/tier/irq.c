/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: request_irq() and free_irq(). No device of the machine interrupts; the hard interrupts that are
 * injected run every handler that was requested, in the order of the requests. Models kernel/irq/manage.c no further.
 *
 * Handlers are requested and freed while no interrupt comes, or by the handlers themselves: each is run from a copy of its entry.
 */
#include "state.h"
#include "tier.h"

#include <stdlib.h>

struct fxmi_irq {
	struct fxmi_irq *next;
	unsigned irq;
	fxm_k_irq_fn handler;
	void *dev;
};

static struct fxmi_irq **find_locked(struct fxmi_tier *tier, unsigned irq)
{
	struct fxmi_irq **at = &tier->irqs;

	while (*at && (*at)->irq != irq)
		at = &(*at)->next;
	return at;
}

/* The @n-th handler, if there are as many. */
static bool copy_of(struct fxmi_tier *tier, unsigned n, struct fxmi_irq *out)
{
	pthread_mutex_lock(&tier->lock);
	const struct fxmi_irq *i = tier->irqs;
	while (i && n--)
		i = i->next;
	if (i)
		*out = *i;
	pthread_mutex_unlock(&tier->lock);
	return i;
}

static void interrupt(struct fxm_vcpu *cpu, void *arg)
{
	struct fxmi_tier_mark mark;
	struct fxmi_irq i;

	for (unsigned n = 0; copy_of(arg, n, &i); n++) {
		fxmi_tier_context_begin(cpu, &mark);
		i.handler((int)i.irq, i.dev, NULL);
		fxmi_tier_context_check(cpu, &mark, "hardirq context", (uintptr_t)i.handler);
	}
}

int fxm_k_request_irq(unsigned irq, fxm_k_irq_fn handler, void *dev)
{
	struct fxmi_kernel *k = fxmi_kernel_of(fxm_k_cpu());
	struct fxmi_tier *tier = fxmi_tier(k);
	struct fxmi_irq *i = handler ? malloc(sizeof(*i)) : NULL;
	int error = !handler ? -EINVAL : i ? 0 : -ENOMEM;

	if (error)
		return error;
	*i = (struct fxmi_irq){.irq = irq, .handler = handler, .dev = dev};
	pthread_mutex_lock(&tier->lock);
	struct fxmi_irq **at = find_locked(tier, irq);
	if (*at)
		error = -EBUSY;
	else
		*at = i;
	pthread_mutex_unlock(&tier->lock);
	if (error) {
		free(i);
		return error;
	}
	fxmi_held_add(tier,
		      &(struct fxm_held){.kind = FXM_HELD_IRQ, .index = irq, .site.pc = (uintptr_t)__builtin_return_address(0)}, 0);
	k->handler[FXM_CONTEXT_HARDIRQ] = (struct fxmi_handler){.fn = interrupt, .arg = tier, .is_checked = true};
	return 0;
}

void fxm_k_free_irq(unsigned irq, const void *dev)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));

	pthread_mutex_lock(&tier->lock);
	struct fxmi_irq **at = find_locked(tier, irq), *i = *at && (*at)->dev == dev ? *at : NULL;
	if (i)
		*at = i->next;
	pthread_mutex_unlock(&tier->lock);
	if (i)
		fxmi_held_remove(tier, FXM_HELD_IRQ, irq);
	else
		fxm_k_warn("kernel/irq/manage.c", "free_irq of IRQ %u, which was not requested for this device", irq);
	free(i);
}

void fxmi_irqs_free(struct fxmi_tier *tier)
{
	for (struct fxmi_irq *i = tier->irqs, *next; i; i = next) {
		next = i->next;
		free(i);
	}
}
