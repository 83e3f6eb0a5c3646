/* SPDX-License-Identifier: MIT */
#ifndef FXM_MMIO_H
#define FXM_MMIO_H

/*
 * Memory-mapped devices: physical ranges outside RAM that answer accesses by a callback. Simulated code reaches them
 * through a mapping (set_fixmap_nocache, ...) and readl()/writel(); dereferencing such a mapping directly is the classic
 * mistake and is reported. Models the bus behind readb() to writeq() of arch/x86/include/asm/io.h and its kin, 2.6.12 to 6.12.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A device's behaviour. @offset is in bytes from its start, @width 1, 2, 4 or 8 bytes. Called on the accessing vCPU's thread. */
struct fxm_mmio_ops {
	uint64_t (*read)(void *arg, uint64_t offset, unsigned width);
	void (*write)(void *arg, uint64_t offset, unsigned width, uint64_t value);
};

/**
 * Puts a device at physical addresses [@base, @base + @size_bytes). Context: any thread that no access of a device waits for.
 * Models nothing of the kernel: a board has its devices. Errors: -EINVAL empty, not page aligned, or overlapping RAM; -EEXIST
 * overlapping another device; -ENOMEM. Ownership: @ops and @arg stay the caller's and must outlive the machine.
 */
FXM_API int fxm_mmio_add(struct fxm_machine *m, const char *name, fxm_pa base, uint64_t size_bytes, const struct fxm_mmio_ops *ops,
			 void *arg);

/**
 * A device access of @width bytes through the mapping at @va. Models readb(), readw(), readl(), readq() and their writes.
 * Context: the thread that sits on @cpu.
 * Physical addresses with neither RAM nor device read as all ones; writes there are dropped, as on a PC bus.
 * Errors: -EFAULT not mapped (fxm_get_last_fault()), -EINVAL bad width.
 */
FXM_API int fxm_mmio_read(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t *value);
FXM_API int fxm_mmio_write(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
