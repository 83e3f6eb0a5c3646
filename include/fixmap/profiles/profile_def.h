/* SPDX-License-Identifier: MIT */
#ifndef FXM_PROFILES_PROFILE_DEF_H
#define FXM_PROFILES_PROFILE_DEF_H

/* <fixmap/profiles/x86_32-5.10.def>; or a file of the user's own, whose folder is on the include path. */
#ifdef FXM_KERNEL_PROFILE_FILE
#define FXM_KERNEL_PROFILE_DEF <FXM_KERNEL_PROFILE_FILE>
#else
#define FXM_KERNEL_PROFILE_DEF <fixmap/profiles/FXM_KERNEL_PROFILE_NAME.def>
#endif

#endif
