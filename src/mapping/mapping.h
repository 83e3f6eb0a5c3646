/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MAPPING_H
#define FXMI_MAPPING_H

/*
 * The room `mapping`: the families of mappings, each in the file that its function has in the kernel. What they keep is in the room
 * `state`.
 *
 * Lock order: kmap_lock -> (sim's locks).
 */

#include "report.h"
#include "state.h"
#include "trace.h"

/* ---- inject.c ---- */

/* The points of src/, in the order of inject.c's table, after the machine's own. */
enum fxmi_point {
	FXMI_POINT_KMAP_CALLED = FXMI_POINT_ALLOC + 1,
	FXMI_POINT_KMAP_POOL,
	FXMI_POINT_KMAP_MAPPED,
	FXMI_POINT_KUNMAP_IDLE,
	FXMI_POINT_ATOMIC_PUSHED,
	FXMI_POINT_ATOMIC_MAPPED,
	FXMI_POINT_ATOMIC_CLEARED,
	FXMI_POINT_ATOMIC_POPPED,
	FXMI_POINTS
};

bool fxmi_point_pass(struct fxm_vcpu *cpu, enum fxmi_point point);

/*
 * Code passes @point, in a slow form: what was injected there happens. True: the pool shall pass for full. Where it may happen
 * that other code runs, no lock is held.
 */
FXMI_INLINE bool fxmi_point(struct fxm_vcpu *cpu, enum fxmi_point point)
{
	return fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_INJECT) && fxmi_point_pass(cpu, point);
}

/* Injects what inject= says. -EINVAL: this kernel cannot, and @error says why. */
int fxmi_inject_setting(struct fxmi_kernel *k, struct fxmi_error *error);

/* ---- fixmap.c ---- */

/* __set_fixmap() without its trace. BUG when @index is out of range. */
void fxmi_set_fixmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t pa, uint64_t prot);

/* Writes @entry as it is at a valid index, and flushes that page on this CPU. */
void fxmi_set_fixed_pte(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t entry);

extern const struct fxmi_family fxmi_family_fixed;

int fxmi_fixed_init(struct fxmi_kernel *k);
void fxmi_fixed_free(struct fxmi_kernel *k);
void fxmi_fixed_reset(struct fxmi_kernel *k);

/* Whether set_fixmap() has taken the slot of the FIX_KMAP group at @va since its temporary mapping @serial, the last one. */
bool fxmi_fixed_took_slot(const struct fxmi_kernel *k, uint64_t va, uint64_t serial);

/* ---- kmap_group.c ---- */

extern const struct fxmi_family fxmi_family_typed, fxmi_family_stack;

/* @task leaves @cpu, or ends: its mappings stay where they are. */
void fxmi_kmap_group_keep_holders(struct fxm_vcpu *cpu, const struct fxm_task *task);

/* ---- early_ioremap.c ---- */

extern const struct fxmi_family fxmi_family_early;

/* The slots and the phase of a new layout. */
void fxmi_early_adopt(struct fxmi_kernel *k);

/* Nothing was ever mapped there, and the phase is that of the boot. */
void fxmi_early_reset(struct fxmi_kernel *k);

/* Slot @slot maps @size bytes at @va by @call; or no longer (@va is 0). */
void fxmi_early_note(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t slot, uint64_t va, uint64_t size, const char *call);

/* ---- pkmap.c ---- */

extern const struct fxmi_family fxmi_family_pkmap;

int fxmi_pkmap_init(struct fxmi_kernel *k);
void fxmi_pkmap_free(struct fxmi_kernel *k);

/* The pool as it boots; nobody waits. */
void fxmi_pkmap_reset(struct fxmi_kernel *k);

/* kmap_high_get(): the pkmap address that @page has, with its count raised; 0 when it has none. */
uint64_t fxmi_kmap_high_get(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page);

/* kunmap_high() of a highmem page. */
void fxmi_kunmap_high(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page);

/* Notes who holds how many slots, mapped where. Returns how many of them task @pid has. */
unsigned fxmi_pkmap_holders(struct fxmi_kernel *k, int pid, struct fxmi_notes *notes);

/* ... and who else than @cpu's task waits for one, and where. */
void fxmi_pkmap_waiters(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_notes *notes);

/* ---- page_address.c ---- */

/* __phys_addr(): where @va of the direct map lies. Of any other a number that means nothing, or with DEBUG_VIRTUAL a BUG. */
uint64_t fxmi_phys_addr(struct fxm_vcpu *cpu, uint64_t va);

/* set_page_address() of a valid highmem page for a slot's address, or its removal (@va 0). kmap_lock held. */
void fxmi_set_page_address_locked(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t va);

/* ---- kmap_atomic_stack.c, kmap_atomic_typed.c, kmap_atomic_arm.c ---- */

/* Fills the function pointers of a CPU's per-CPU area. */
void fxmi_pointers_init(struct fxm_vcpu *cpu);
void fxmi_kmap_atomic_stack_init(struct fxm_vcpu *cpu);
void fxmi_kmap_atomic_typed_init(struct fxm_vcpu *cpu);

void fxmi_kmap_atomic_arm_init(struct fxm_vcpu *cpu);

/* kmap_atomic_pfn() of arm. */
uint64_t fxmi_kmap_atomic_arm_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/* kmap_atomic_idx_push() and _pop() of the stack generation. */
int fxmi_kmap_atomic_idx_push(struct fxm_vcpu *cpu, struct fxmi_kernel *k);
void fxmi_kmap_atomic_idx_pop(struct fxm_vcpu *cpu, struct fxmi_kernel *k);

/* cpu->rare has changed. */
void fxmi_kmap_atomic_rare_changed(struct fxm_vcpu *cpu);

/* ---- kmap_local.c ---- */

extern const struct fxmi_family fxmi_family_local;

/* Fills the function pointers of a CPU's per-CPU area; those of kmap_atomic too where kmap_local is below it. */
void fxmi_kmap_local_init(struct fxm_vcpu *cpu);
void fxmi_kmap_local_free(struct fxmi_kernel *k);

/* kmap_atomic_prot() and kmap_atomic_pfn() of that generation. The CPU has been checked. */
fxm_va fxmi_kmap_local_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t prot);
fxm_va fxmi_kmap_local_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/* The part of kmap_to_page() for kmap_local addresses: whether it finds the page, and its frame. */
bool fxmi_kmap_local_to_pfn(struct fxm_vcpu *cpu, uint64_t va, uint64_t *pfn);

/* A task leaves its CPU / comes back / ends; in each it is current. Nothing happens to one that never mapped. */
void fxmi_kmap_local_sched_out(struct fxm_vcpu *cpu, struct fxm_task *task);
void fxmi_kmap_local_sched_in(struct fxm_vcpu *cpu, struct fxm_task *task);
void fxmi_kmap_local_task_end(struct fxm_vcpu *cpu, struct fxm_task *task);

#endif
