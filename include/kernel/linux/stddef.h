/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_STDDEF_H
#define FXM_KERNEL_LINUX_STDDEF_H

#include <linux/types.h>

/* Members that are one structure, too. */
#ifndef struct_group
#define __struct_group(tag, name, attributes, ...)                                                                                 \
	union {                                                                                                                    \
		struct {                                                                                                           \
			__VA_ARGS__                                                                                                \
		} attributes;                                                                                                      \
		struct tag {                                                                                                       \
			__VA_ARGS__                                                                                                \
		} attributes name;                                                                                                 \
	}
#define struct_group(name, ...) __struct_group(, name, , __VA_ARGS__)
#define struct_group_attr(name, attributes, ...) __struct_group(, name, attributes, __VA_ARGS__)
#define struct_group_tagged(tag, name, ...) __struct_group(tag, name, , __VA_ARGS__)
#endif

/* An array without a size, where C wants a named member before it. */
#ifndef DECLARE_FLEX_ARRAY
#define __DECLARE_FLEX_ARRAY(type, name)                                                                                           \
	struct {                                                                                                                   \
		struct {                                                                                                           \
		} fxm_empty_##name;                                                                                                \
		type name[];                                                                                                       \
	}
#define DECLARE_FLEX_ARRAY(type, name) __DECLARE_FLEX_ARRAY(type, name)
#endif
#ifndef sizeof_field
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))
#endif

#endif
