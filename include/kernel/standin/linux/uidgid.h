/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_UIDGID_H
#define FXM_KERNEL_LINUX_UIDGID_H

#if __has_include_next(<linux/uidgid.h>)
#include_next <linux/uidgid.h>
#else

/* Everything runs as root. */

#include <linux/types.h>

typedef struct {
	uid_t val;
} kuid_t;
typedef struct {
	gid_t val;
} kgid_t;

struct user_namespace {
	int level;
};
static const struct user_namespace init_user_ns __attribute__((unused));

#define KUIDT_INIT(value) ((kuid_t){value})
#define KGIDT_INIT(value) ((kgid_t){value})
#define GLOBAL_ROOT_UID KUIDT_INIT(0)
#define GLOBAL_ROOT_GID KGIDT_INIT(0)
#define __kuid_val(uid) ((uid).val)
#define __kgid_val(gid) ((gid).val)
#define make_kuid(ns, value) ((void)(ns), KUIDT_INIT(value))
#define make_kgid(ns, value) ((void)(ns), KGIDT_INIT(value))
#define from_kuid(ns, uid) ((void)(ns), __kuid_val(uid))
#define from_kgid(ns, gid) ((void)(ns), __kgid_val(gid))
#define uid_valid(uid) (__kuid_val(uid) != (uid_t)-1)
#define gid_valid(gid) (__kgid_val(gid) != (gid_t)-1)
#define uid_eq(a, b) (__kuid_val(a) == __kuid_val(b))
#define gid_eq(a, b) (__kgid_val(a) == __kgid_val(b))

#endif
#endif
