/* SPDX-License-Identifier: MIT */
#ifndef FXM_FIXMAP_H
#define FXM_FIXMAP_H

/* All of the explicit tier. The kernel's own names are in <fixmap/kernel.h>, for those who opt in. */

#include <fixmap/config.h>
#include <fixmap/debugger.h>
#include <fixmap/early_fixmap.h>
#include <fixmap/early_ioremap.h>
#include <fixmap/fuzz.h>
#include <fixmap/highpage.h>
#include <fixmap/inject.h>
#include <fixmap/json.h>
#include <fixmap/kmap.h>
#include <fixmap/kmap_atomic.h>
#include <fixmap/kmap_local.h>
#include <fixmap/layout.h>
#include <fixmap/machine.h>
#include <fixmap/mapping.h>
#include <fixmap/memory.h>
#include <fixmap/mmio.h>
#include <fixmap/mmu.h>
#include <fixmap/report.h>
#include <fixmap/set_fixmap.h>
#include <fixmap/show.h>
#include <fixmap/since.h>
#include <fixmap/task.h>
#include <fixmap/trace.h>
#include <fixmap/types.h>
#include <fixmap/version.h>
#include <fixmap/window.h>

#endif
