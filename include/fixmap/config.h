/* SPDX-License-Identifier: MIT */
#ifndef FXM_CONFIG_H
#define FXM_CONFIG_H

/*
 * Profiles and settings: which kernel, which architecture, which CONFIG_ options, how much memory, which window.
 *
 * A profile names a kernel version on an architecture ("x86_32-5.10"). A config starts as a profile with its defaults;
 * every word of a golden trace's machine line (pae=1, NR_CPUS=8, ram_end=7ffe0000, DEBUG_HIGHMEM=1, ...) and the library's
 * own words (window=, policy=, detect=, trace=, hung_task=) are settings by the same name everywhere: here, in
 * FIXMAP_OPTIONS, in `fixmap -o`. Nothing is checked against anything else until fxm_layout_create() or fxm_machine_create().
 *
 * Of all, unless a function says otherwise: Context: one thread at a time per config, any thread for what takes none. Errors:
 * -EINVAL a null pointer. Ownership: texts of a config are valid until it changes, those of profiles static storage. Models nothing
 * of the kernel: these are the words of its build and its boot loader.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of built-in profiles. Context: any thread. */
FXM_API size_t fxm_profile_count(void);

/** Name of built-in profile @i, in a stable order, or NULL past the end. Context: any thread. Ownership: static storage. */
FXM_API const char *fxm_profile_name(size_t i);

/** One line about built-in profile @i (architecture, kernel version, generation of its temporary mappings), or NULL. */
FXM_API const char *fxm_profile_summary(size_t i);

/** Kernel version of built-in profile @i as major << 16 | minor << 8 | patch (LINUX_VERSION_CODE), or 0. */
FXM_API unsigned fxm_profile_version(size_t i);

/** Name of the profile that NULL stands for. Context: any thread. Ownership: static storage. */
FXM_API const char *fxm_profile_default(void);

/**
 * A config of profile @profile (NULL: the default profile) with that profile's default settings. @profile may be a file as for
 * fxm_config_set(), which can say what is wrong with it.
 * Context: any thread. Errors: -ENOENT no such profile, -EINVAL no such file, -ENOMEM. Ownership: the caller's;
 * fxm_config_destroy() frees it.
 */
FXM_API int fxm_config_create(const char *profile, struct fxm_config **out);

/** Frees a config. Machines and layouts made from it live on. NULL is allowed. */
FXM_API void fxm_config_destroy(struct fxm_config *cfg);

/**
 * Gives setting @name the value @value (both as text, as in NAME=VALUE). "profile" changes the profile: the kernel's
 * settings get its defaults, the library's own (window=, policy=, ...) stay. A profile with a slash in it or .def at its end is
 * a file of the user's own, which is read (doc/profile-format.md). The words are listed by fxm_config_option_at().
 * Context: one thread at a time per config. Errors: -ENOENT no such setting in this profile, -EINVAL or -ERANGE bad value;
 * fxm_config_error() then holds one line that says what to write instead; the config is unchanged.
 */
FXM_API int fxm_config_set(struct fxm_config *cfg, const char *name, const char *value);

/**
 * Applies words NAME=VALUE separated by commas or blanks, in order (a profile= word first, wherever it stands).
 * Context and errors as fxm_config_set(); words before the bad one have taken effect.
 */
FXM_API int fxm_config_parse(struct fxm_config *cfg, const char *words);

/** Applies the environment variable FIXMAP_OPTIONS, if set, as fxm_config_parse() does. */
FXM_API int fxm_config_parse_environment(struct fxm_config *cfg);

/** The value of setting @name as text in the form that fxm_config_set() takes, or NULL. Valid until the next change. */
FXM_API const char *fxm_config_get(const struct fxm_config *cfg, const char *name);

/** A profile. The strings are valid for the life of the process. */
struct fxm_profile_info {
	const char *name;    /**< "x86_32-6.1" */
	const char *arch;    /**< "i386", "x86_32", "x86_64", "arm", "arm64" */
	const char *summary; /**< one line about it */
	const char *file;    /**< what it was read from, NULL: it is built in */
	unsigned version;    /**< of the kernel: major << 16 | minor << 8 | patch */
};

/** The config's profile into @out. Errors: -EINVAL. */
FXM_API int fxm_config_get_profile_info(const struct fxm_config *cfg, struct fxm_profile_info *out);

/** The name of the config's profile. Valid as long as the config. */
FXM_API const char *fxm_config_profile(const struct fxm_config *cfg);

/** What was wrong with the last failed call on @cfg (also layout and machine creation): one line, "" if none failed. */
FXM_API const char *fxm_config_error(const struct fxm_config *cfg);

/** One setting of a config. */
struct fxm_option {
	const char *name;	   /**< the word before '=' */
	const char *value;	   /**< its present value */
	const char *default_value; /**< the profile's default */
	const char *help;	   /**< what it means and which values it takes, one line */
	bool is_kernel_config;	   /**< a CONFIG_ option of the simulated kernel (CONFIG_ left out of the name) */
};

/** Number of settings of @cfg. */
FXM_API size_t fxm_config_option_count(const struct fxm_config *cfg);

/** Setting number @i of @cfg into @out; the strings are valid until the config changes. Errors: -ENOENT past the end. */
FXM_API int fxm_config_option_at(const struct fxm_config *cfg, size_t i, struct fxm_option *out);

#ifdef __cplusplus
}
#endif

#endif
