/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_CRED_H
#define FXM_KERNEL_LINUX_CRED_H

#if __has_include_next(<linux/cred.h>)
#include_next <linux/cred.h>
#else

/* Whose the current task is: root's. */

#include <linux/sched.h>
#include <linux/uidgid.h>

struct cred {
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid, sgid, fsgid;
};
static const struct cred fxm_k_root_cred __attribute__((unused));
static struct cred fxm_k_new_cred __attribute__((unused));

/* Whatever they are changed to, the task stays root's. */
#define prepare_creds() (fxm_k_new_cred = fxm_k_root_cred, &fxm_k_new_cred)
#define commit_creds(cred) ((void)(cred), 0)
#define abort_creds(cred) ((void)(cred))
#define current_user_ns() (&init_user_ns)

#define current_cred() (&fxm_k_root_cred)
#define current_uid() (current_cred()->uid)
#define current_euid() (current_cred()->euid)
#define current_gid() (current_cred()->gid)
#define current_egid() (current_cred()->egid)
#define current_fsuid() (current_cred()->fsuid)
#define current_fsgid() (current_cred()->fsgid)
#define capable(capability) ((void)(capability), true)

#endif
#endif
