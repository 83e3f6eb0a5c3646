/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: profile files.
 *
 * Input: the file. Whatever it says, a refusal is one line that begins with the file, and its line where there is one; a profile
 * that is accepted describes layouts that agree with themselves, and those that keep the rules make a machine. The files that it
 * includes are found in the folder FIXMAP_PROFILES.
 */
#include "config_checks.h"
#include "fuzz.h"
#include "machine_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define check(e) ((e) ? (void)0 : config_checks_fail(#e, __LINE__))

enum { MAX_SIZE = 16384 };

/* A fuzzer that was carried elsewhere has them beside itself. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *slash = strrchr(**argv, '/');
	char path[4096];

	(void)argc;
	snprintf(path, sizeof(path), "%.*s/profiles", slash ? (int)(slash - **argv) : 1, slash ? **argv : ".");
	return setenv("FIXMAP_PROFILES", path, 0);
}

static void check_profile(const char *path)
{
	struct fxm_config *cfg;
	struct fxm_profile_info info;

	if (fxm_config_create(NULL, &cfg))
		return;
	int error = fxm_config_set(cfg, "profile", path);
	config_checks_error(cfg, error);
	if (error) {
		check(strstr(fxm_config_error(cfg), path) ||
		      strstr(fxm_config_error(cfg), ".def:")); /* or a file that it includes */
	} else {
		check(!fxm_config_get_profile_info(cfg, &info) && *info.name && *info.arch && info.file);
		config_checks_options(cfg);
		config_checks_layout(cfg);
		machine_checks(cfg);
	}
	fxm_config_destroy(cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[MAX_SIZE + 1];
	char path[64];

	if (size > MAX_SIZE)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	config_checks_input(text);
	int fd = memfd_create("profile", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check_profile(path);
	close(fd);
	return 0;
}
