/* SPDX-License-Identifier: MIT */
#ifndef FXMI_SIM_H
#define FXMI_SIM_H

/*
 * The machine as src/ sees it, room by room: all that lies between the simulated kernel and the simulated hardware.
 *
 * sim/ knows nothing of fixmaps. It builds what a struct fxmi_desc describes, implements the machine families of the public
 * API itself (memory.h, mmu.h, task.h, window.h, mmio.h), and offers src/ the primitives of these headers. It calls upwards only
 * through struct fxmi_callbacks.
 *
 * Preconditions, stated once: every function here takes live objects of one machine; `va` is a simulated virtual address,
 * page aligned unless said otherwise; a vCPU argument is the caller's own seat. Functions named *_locked want the lock
 * that their comment names. Page-table entries are raw values, zero-extended to 64 bits.
 *
 * Lock order (outer first): a lock of src/ (fxmi_spinlock) -> machine.task_lock -> window.lock -> zone_lock. A vCPU's seat is
 * never waited for with any of these held.
 */

/* base */
#include "assertions.h"
#include "compiler.h"
#include "forked.h"
#include "injections.h"

/* mem */
#include "board.h"
#include "frames.h"
#include "kmalloc.h"
#include "physmem.h"

/* mmu */
#include "pgtable.h"
#include "tlb.h"
#include "vcpu.h"

/* task */
#include "tasks.h"

/* window */
#include "lanes.h"
#include "window.h"

/* machine */
#include "machines.h"

#include <fixmap/types.h>

#include <string.h>

#endif
