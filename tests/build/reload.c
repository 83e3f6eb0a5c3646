/* SPDX-License-Identifier: MIT */
/*
 * reload LIBRARY: a plugin host's program. It loads and unloads the library again and again; nothing is left behind each time, and
 * the program's own handler for SIGSEGV works afterwards, although the library's was in front of it.
 */
#include <fixmap/fixmap.h>

#include <dirent.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 1200 }; /* more than there are keys for thread-specific data */

static sigjmp_buf back;

static void on_segv(int sig)
{
	siglongjmp(back, sig);
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void *find(void *library, const char *name)
{
	void *f = dlsym(library, name);

	if (!f) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return f;
}

/* A machine with a window, attached to and left again. */
static int use(const char *path)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	int (*config_create)(const char *, struct fxm_config **) = find(library, "fxm_config_create");
	int (*config_set)(struct fxm_config *, const char *, const char *) = find(library, "fxm_config_set");
	void (*config_destroy)(struct fxm_config *) = find(library, "fxm_config_destroy");
	int (*create)(struct fxm_config *, struct fxm_machine **) = find(library, "fxm_machine_create");
	int (*attach)(struct fxm_machine *, int) = find(library, "fxm_attach");
	int (*detach)(void) = find(library, "fxm_detach");
	int (*destroy)(struct fxm_machine *) = find(library, "fxm_machine_destroy");

	if (config_create("x86_32-5.10", &cfg) || config_set(cfg, "window", "strict") || create(cfg, &m) || attach(m, -1) ||
	    detach() || destroy(m))
		return 1;
	config_destroy(cfg);
	return dlclose(library);
}

int main(int argc, char **argv)
{
	struct sigaction ours = {.sa_handler = on_segv};
	int failed = argc != 2;

	sigaction(SIGSEGV, &ours, NULL);
	if (!failed)
		failed = use(argv[1]);
	unsigned before = open_files();
	for (int i = 0; i < ROUNDS && !failed; i++)
		failed = use(argv[1]);
	if (failed)
		return failed;
	if (open_files() != before) {
		fprintf(stderr, "%u files are open after %d rounds, %u before\n", open_files(), ROUNDS, before);
		return 1;
	}
	if (!sigsetjmp(back, 1)) {
		*(volatile char *)strtoul("8", NULL, 0) = 1;
		fprintf(stderr, "a store to address 8 went through\n");
		return 1;
	}
	return 0;
}
