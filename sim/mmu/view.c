/* SPDX-License-Identifier: MIT */
/*
 * Who sits nowhere sees nothing of a machine: all his accesses go to fxmi_check_elsewhere(), which knows.
 */
#include "vcpu.h"

const struct fxmi_view fxmi_strangers_view = {.hot = {FXMI_NOT_HOT, FXMI_NOT_HOT}, .slots_bytes = UINT64_MAX};
__thread const struct fxmi_view *fxmi_view = &fxmi_strangers_view;
