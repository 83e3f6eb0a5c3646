/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MODULEPARAM_H
#define FXM_KERNEL_LINUX_MODULEPARAM_H

/*
 * Parameters: byte, short, ushort, int, uint, long, ulong, bool, invbool, charp, and arrays of these, with commas between.
 * NAME=VALUE after the files of `fixmap insmod`.
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/stringify.h>

#define FXM_K_INFO(tag, value) FXM_K_ENTRY(FXM_ENTRY_INFO, #tag, .text = (value))

/* The type is used as a word, so it must not be expanded on its way here: bool is a macro. */
#define FXM_K_PARAM(name_, variable, type_, size)                                                                                  \
	FXM_K_ENTRY(FXM_ENTRY_PARAM, name_, .text = type_, .data = &(variable));                                                   \
	_Static_assert(sizeof(variable) == (size), "module_param: the variable is no " type_)

#define module_param(name, type, perm) FXM_K_PARAM(#name, name, #type, FXM_K_PARAM_SIZE_##type)
#define module_param_named(name, variable, type, perm) FXM_K_PARAM(#name, variable, #type, FXM_K_PARAM_SIZE_##type)
#define module_param_array(name, type, number, perm) FXM_K_PARAM_ARRAY(name, name, #type, number, FXM_K_PARAM_SIZE_##type)
#define module_param_array_named(name, array, type, number, perm)                                                                  \
	FXM_K_PARAM_ARRAY(name, array, #type, number, FXM_K_PARAM_SIZE_##type)
#define FXM_K_PARAM_ARRAY(name_, array_, type_, number_, size_)                                                                    \
	static const struct fxm_param_array fxm_k_array_##name_ = {                                                                \
	    .text = type_,                                                                                                         \
	    .size = (size_),                                                                                                       \
	    .most = sizeof(array_) / sizeof((array_)[0]),                                                                          \
	    .number = (void *)(number_),                                                                                           \
	    .data = array_};                                                                                                       \
	FXM_K_ENTRY(FXM_ENTRY_PARAM, #name_, .text = "array of " type_, .data = (void *)&fxm_k_array_##name_);                     \
	_Static_assert(sizeof((array_)[0]) == (size_), "module_param_array: the array is none of " type_)

/* A text that is copied to @string. */
#define module_param_string(name, string, len, perm)                                                                               \
	static const struct fxm_param_array fxm_k_string_##name = {.text = "string", .size = 1, .most = (len), .data = string};    \
	FXM_K_ENTRY(FXM_ENTRY_PARAM, #name, .text = "string", .data = (void *)&fxm_k_string_##name)

/* One with functions of its own. */
struct kernel_param;
struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *value, const struct kernel_param *param);
	int (*get)(char *buffer, const struct kernel_param *param);
	void (*free)(void *arg);
};
struct kernel_param {
	const char *name;
	const struct kernel_param_ops *ops;
	void *arg;
};

static __attribute__((unused)) int fxm_k_param_callback(const char *value, const void *param)
{
	const struct kernel_param *p = (const struct kernel_param *)param;

	return p->ops->set ? p->ops->set(value, p) : -EPERM;
}

#define module_param_cb(name_, ops_, arg_, perm)                                                                                   \
	static const struct kernel_param fxm_k_param_##name_ = {#name_, ops_, arg_};                                               \
	static const struct fxm_param_callback fxm_k_callback_##name_ = {fxm_k_param_callback, &fxm_k_param_##name_};              \
	FXM_K_ENTRY(FXM_ENTRY_PARAM, #name_, .text = "callback", .data = (void *)&fxm_k_callback_##name_)

/* The functions of the plain types, for those that only add to them. */
#define FXM_K_PARAM_FUNCTIONS(name, type, read, format)                                                                            \
	FXM_K_INLINE int param_set_##name(const char *value, const struct kernel_param *param)                                     \
	{                                                                                                                          \
		return read(value, 0, (type *)param->arg);                                                                         \
	}                                                                                                                          \
	FXM_K_INLINE int param_get_##name(char *buffer, const struct kernel_param *param)                                          \
	{                                                                                                                          \
		return sprintf(buffer, format "\n", *(type *)param->arg);                                                          \
	}                                                                                                                          \
	static const struct kernel_param_ops param_ops_##name                                                                      \
	    __attribute__((unused)) = {.set = param_set_##name, .get = param_get_##name};
FXM_K_PARAM_FUNCTIONS(int, int, kstrtoint, "%d")
FXM_K_PARAM_FUNCTIONS(uint, unsigned int, kstrtouint, "%u")
FXM_K_PARAM_FUNCTIONS(long, long, kstrtol, "%ld")
FXM_K_PARAM_FUNCTIONS(ulong, unsigned long, kstrtoul, "%lu")
#undef FXM_K_PARAM_FUNCTIONS

#define MODULE_PARM_DESC(name, text) FXM_K_INFO(parm, #name ":" text)

#define FXM_K_PARAM_SIZE_byte 1
#define FXM_K_PARAM_SIZE_short 2
#define FXM_K_PARAM_SIZE_ushort 2
#define FXM_K_PARAM_SIZE_int 4
#define FXM_K_PARAM_SIZE_uint 4
#define FXM_K_PARAM_SIZE_long 8
#define FXM_K_PARAM_SIZE_ulong 8
#define FXM_K_PARAM_SIZE_bool 1
#define FXM_K_PARAM_SIZE_invbool 1
#define FXM_K_PARAM_SIZE_charp 8

#endif
