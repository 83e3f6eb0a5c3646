/* SPDX-License-Identifier: MIT */
/* Calls of the simulated kernel, made. Each runs inside fxm_task_run(), and may end there. */
#include "ops.h"

static void take_address(struct ops_call *c, fxm_va va)
{
	c->value = fxm_va_error(va);
	c->address = c->value ? 0 : va.v;
}

static void bad_access(struct fxm_vcpu *cpu, struct ops_call *c)
{
	struct fxm_fault fault;
	uint64_t word;

	if (fxm_read_u64(cpu, fxm_va_of(c->va), &word) == 0)
		return;
	fxm_get_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

static void dereference(struct ops_run *run, struct ops_call *c)
{
	volatile uint64_t *p = fxm_host(run->m, fxm_va_of(c->va));

	if (c->write)
		*p = c->pa;
	else
		c->value = (int64_t)*p;
}

static void perform_pool(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	uint64_t pfn;
	struct fxm_page *page = fxm_page_of_pfn(run->m, c->pfn);

	switch (c->kind) {
	case CALL_KMAP:
		return take_address(c, fxm_kmap(cpu, page));
	case CALL_KUNMAP:
		c->value = fxm_kunmap(cpu, page);
		return;
	case CALL_KMAP_HIGH:
		return take_address(c, fxm_kmap_high(cpu, page));
	case CALL_KUNMAP_HIGH:
		c->value = fxm_kunmap_high(cpu, page);
		return;
	case CALL_MAP_NEW_VIRTUAL:
		return take_address(c, fxm_map_new_virtual(cpu, page));
	case CALL_FLUSH_ALL_ZERO_PKMAPS:
		c->value = fxm_flush_all_zero_pkmaps(cpu);
		return;
	case CALL_KMAP_FLUSH_UNUSED:
		c->value = fxm_kmap_flush_unused(cpu);
		return;
	case CALL_PAGE_ADDRESS:
		return take_address(c, fxm_page_address(cpu, page));
	case CALL_SET_PAGE_ADDRESS:
		c->value = fxm_set_page_address(cpu, page, fxm_va_of(c->va));
		return;
	default:
		c->value = fxm_find_kmap_pfn(cpu, fxm_va_of(c->va), &pfn) ? -1 : (int64_t)pfn;
		if (c->value == -1)
			c->value = fxm_kmap_to_page(cpu, fxm_va_of(c->va), &page);
	}
}

static void perform_atomic(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	uint64_t pfn;
	struct fxm_page *page = fxm_page_of_pfn(run->m, c->pfn);

	switch (c->kind) {
	case CALL_KMAP_ATOMIC:
		return take_address(c, fxm_kmap_atomic(cpu, page));
	case CALL_KMAP_ATOMIC_PROT:
		return take_address(c, fxm_kmap_atomic_prot(cpu, page, fxm_pte_of(c->prot)));
	case CALL_KMAP_ATOMIC_PFN:
		return take_address(c, fxm_kmap_atomic_pfn(cpu, c->pfn));
	case CALL_KUNMAP_ATOMIC:
		c->value = fxm_kunmap_atomic(cpu, fxm_va_of(c->va));
		return;
	case CALL_KMAP_LOCAL_PAGE:
		return take_address(c, fxm_kmap_local_page(cpu, page));
	case CALL_KMAP_LOCAL_PAGE_PROT:
		return take_address(c, fxm_kmap_local_page_prot(cpu, page, fxm_pte_of(c->prot)));
	case CALL_KMAP_LOCAL_PFN:
		return take_address(c, fxm_kmap_local_pfn(cpu, c->pfn));
	case CALL_KMAP_LOCAL_FOLIO:
		return take_address(c, fxm_kmap_local_folio(cpu, page, c->pa));
	case CALL_KUNMAP_LOCAL:
		c->value = fxm_kunmap_local(cpu, fxm_va_of(c->va));
		return;
	case CALL_IS_KMAP_ADDR:
		c->value = fxm_is_kmap_addr(cpu, fxm_va_of(c->va));
		return;
	case CALL_IDX_PUSH:
		c->value = fxm_kmap_atomic_idx_push(cpu);
		return;
	case CALL_IDX:
		c->value = fxm_kmap_atomic_idx(cpu);
		return;
	case CALL_IDX_POP:
		c->value = fxm_kmap_atomic_idx_pop(cpu);
		return;
	case CALL_KMAP_ATOMIC_TYPE:
		return take_address(c, fxm_kmap_atomic_type(cpu, page, c->index));
	case CALL_KMAP_ATOMIC_PFN_TYPE:
		return take_address(c, fxm_kmap_atomic_pfn_type(cpu, c->pfn, c->index));
	case CALL_KUNMAP_ATOMIC_TYPE:
		c->value = fxm_kunmap_atomic_type(cpu, fxm_va_of(c->va), c->index);
		return;
	default:
		c->value = fxm_find_kmap_atomic_pfn(cpu, fxm_va_of(c->va), &pfn) ? -1 : (int64_t)pfn;
		if (c->value == -1)
			c->value = fxm_kmap_atomic_to_page(cpu, fxm_va_of(c->va), &page);
	}
}

static void perform_fixmap(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	fxm_pa pa = fxm_pa_of(c->pa);

	switch (c->kind) {
	case CALL___SET_FIXMAP:
		return fxm_set_fixmap_prot(cpu, c->index, pa, fxm_pte_of(c->prot));
	case CALL_SET_FIXMAP:
		c->value = fxm_set_fixmap(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_NOCACHE:
		c->value = fxm_set_fixmap_nocache(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_IO:
		c->value = fxm_set_fixmap_io(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_OFFSET:
		return take_address(c, fxm_set_fixmap_offset(cpu, c->index, pa));
	case CALL_SET_FIXMAP_OFFSET_NOCACHE:
		return take_address(c, fxm_set_fixmap_offset_nocache(cpu, c->index, pa));
	case CALL_SET_FIXMAP_OFFSET_IO:
		return take_address(c, fxm_set_fixmap_offset_io(cpu, c->index, pa));
	case CALL_CLEAR_FIXMAP:
		return fxm_clear_fixmap(cpu, c->index);
	case CALL_VIRT_TO_FIX:
		c->value = (int64_t)fxm_virt_to_fix(cpu, fxm_va_of(c->va));
		return;
	default:
		take_address(c, fxm_fix_to_virt(run->m, c->index));
	}
}

static void perform_state(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	switch (c->kind) {
	case CALL_PREEMPT_DISABLE:
		return fxm_preempt_disable(cpu);
	case CALL_PREEMPT_ENABLE:
		return fxm_preempt_enable(cpu);
	case CALL_PAGEFAULT_DISABLE:
		return fxm_pagefault_disable(cpu);
	case CALL_PAGEFAULT_ENABLE:
		return fxm_pagefault_enable(cpu);
	case CALL_IRQ_DISABLE:
		return fxm_irq_disable(cpu);
	case CALL_IRQ_ENABLE:
		return fxm_irq_enable(cpu);
	case CALL_ENTER:
		c->value = fxm_context_enter(cpu, (enum fxm_context)c->index);
		return;
	case CALL_LEAVE:
		c->value = fxm_context_leave(cpu, (enum fxm_context)c->index);
		return;
	case CALL_MIGHT_SLEEP:
		return fxm_might_sleep(cpu, "fuzz.c:1");
	case CALL_SCHEDULE:
		return fxm_schedule(cpu);
	case CALL_TLB_FLUSH_ONE:
		return fxm_tlb_flush_one(cpu, fxm_va_of(c->va));
	case CALL_TLB_FLUSH:
		return fxm_tlb_flush(cpu);
	case CALL_NOTHING:
		return;
	case CALL_WARN:
		return fxm_warn(cpu, "fuzz.c:1", "the fuzzer's");
	case CALL_BUG:
		return fxm_bug(cpu, "fuzz.c:1");
	case CALL_OOPS:
		return bad_access(cpu, c);
	default:
		dereference(run, c);
	}
}

int ops_perform(void *arg)
{
	struct ops_actor *actor = arg;
	struct ops_run *run = actor->run;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(run->m, actor->cpu);
	struct ops_call *c = &actor->call;

	if (c->kind <= CALL_KMAP_TO_PFN)
		perform_pool(run, cpu, c);
	else if (c->kind <= CALL_KMAP_ATOMIC_TO_PFN)
		perform_atomic(run, cpu, c);
	else if (c->kind <= CALL_FIX_TO_VIRT)
		perform_fixmap(run, cpu, c);
	else
		perform_state(run, cpu, c);
	return 0;
}
