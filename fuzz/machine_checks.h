/* SPDX-License-Identifier: MIT */
#ifndef MACHINE_CHECKS_H
#define MACHINE_CHECKS_H

#include <fixmap/fixmap.h>

/* Makes machines of @cfg, in an early and in the last phase of the boot, and uses them. Changes settings of @cfg. */
void machine_checks(struct fxm_config *cfg);

#endif
