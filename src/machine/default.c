/* SPDX-License-Identifier: MIT */
/*
 * The default machine: made when a thread that sits nowhere first needs one, and the only one that asks for the simulated addresses
 * themselves. It ends with the process; if it cannot be made, so does the process.
 */
#include "machine.h"
#include "profile.h"
#include "state.h"

#include <stdlib.h>
#include <unistd.h>

static struct fxm_machine *default_machine;
static pthread_once_t default_once = PTHREAD_ONCE_INIT;

static void destroy_default(void)
{
	if (default_machine && !default_machine->dead) {
		fxm_detach();
		fxm_machine_destroy(default_machine);
	}
}

/* Whom to ask which profile loaded code was compiled for, and whether with checks. */
static const char *(*_Atomic who_knows)(void);
static bool (*_Atomic who_knows_checks)(void);

void fxmi_default_from(const char *(*compiled_profile)(void), bool (*compiled_checked)(void))
{
	atomic_store(&who_knows, compiled_profile);
	atomic_store(&who_knows_checks, compiled_checked);
}

/* What the program was compiled for; without the kernel tier any profile will do. */
static const char *compiled_profile(void)
{
	const char *(*ask)(void) = atomic_load(&who_knows);
	const char *profile = ask ? ask() : NULL;

	return profile && fxmi_profile_find(profile) ? profile : NULL;
}

static void make_default(void)
{
	struct fxm_config *cfg;
	int error = fxm_config_create(compiled_profile(), &cfg);
	bool (*is_checked)(void) = atomic_load(&who_knows_checks);

	if (!error) {
		error = fxm_config_set(cfg, "window", is_checked && is_checked() ? "checked" : "strict");
		if (!error)
			error = fxm_config_set(cfg, "detect", "on");
		if (!error)
			error = fxm_config_parse_environment(cfg);
		if (!error)
			error = fxmi_machine_create(cfg, true, &default_machine);
		if (error)
			fprintf(stderr, "libfixmap: the default machine cannot be made: %s\n",
				*fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(error));
		fxm_config_destroy(cfg);
	} else {
		fprintf(stderr, "libfixmap: the default machine cannot be made: %s\n", fxm_strerror(error));
	}
	if (error)
		_exit(2);
	atexit(destroy_default);
}

struct fxm_machine *fxm_machine_default(void)
{
	pthread_once(&default_once, make_default);
	return default_machine;
}

/* Nobody destroys it at exit: it is not ours. */
static void keep_default(void)
{
}

int fxm_machine_set_default(struct fxm_machine *m)
{
	if (!m)
		return -EINVAL;
	if (default_machine)
		return default_machine == m ? 0 : -EBUSY;
	default_machine = m;
	pthread_once(&default_once, keep_default);
	return 0;
}

struct fxm_vcpu *fxm_current(void)
{
	if (fxmi_likely(fxmi_self != NULL))
		return fxmi_self;
	int error = fxm_attach(fxm_machine_default(), -1);
	if (error) {
		fprintf(stderr, "libfixmap: this thread cannot attach to the default machine: %s\n", fxm_strerror(error));
		abort();
	}
	return fxmi_self;
}
