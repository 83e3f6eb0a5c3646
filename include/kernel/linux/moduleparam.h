/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MODULEPARAM_H
#define FXM_KERNEL_LINUX_MODULEPARAM_H

/*
 * Parameters: byte, short, ushort, int, uint, long, ulong, bool, invbool, charp, and arrays of these, with commas between.
 * NAME=VALUE after the files of `fixmap insmod`.
 */

#include <linux/init.h>
#include <linux/stat.h>
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
