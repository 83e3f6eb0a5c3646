/* SPDX-License-Identifier: MIT */

/* Forgets the row macros; see rows.h. */

#undef FXM_PROFILE
#undef FXM_OPTION
#undef FXM_INTEGER
#undef FXM_SIZE
#undef FXM_CONFIG
#undef FXM_CONST
#undef FXM_NUMBER
#undef FXM_VALUE
#undef FXM_BITS
#undef FXM_LET
#undef FXM_REQUIRE
#undef FXM_PROT
#undef FXM_FIX
#undef FXM_FIX_GROUP
#undef FXM_FIX_AT
#undef FXM_FIX_MARK
#undef FXM_KM_TYPE
#undef FXM_TRAIT
#undef FXM_SITE
#undef FXM_REGION
#undef FXM_BOOT
