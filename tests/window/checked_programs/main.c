/* SPDX-License-Identifier: MIT */
/* The program around: it makes the access that its argument names, and says "end" when it got so far. */
#include "kernel.h"

#include <fixmap/fixmap.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef MIXED
void unchecked_pair(void);
#endif

static void in_handler(int sig)
{
	(void)sig;
	use_stale();
}

static void by_signal(void)
{
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
}

static void *in_thread(void *arg)
{
	(void)arg;
	touch();
	return NULL;
}

static void by_stranger(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
}

static void after_destroy(void)
{
	fxm_detach();
	if (!fxm_machine_destroy(fxm_machine_default()))
		touch();
}

static void in_child(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		touch();
		_exit(0);
	}
	waitpid(child, &status, 0);
}

static void of_host(void)
{
	char *p = malloc(7);

	use_of_host(p - 1);
	free(p);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} accesses[] = {{"nothing", touch},	  {"stale", use_stale},	 {"signal", by_signal}, {"stranger", by_stranger},
			{"destroyed", after_destroy}, {"fork", in_child}, {"host", of_host},
#ifdef MIXED
			{"mixed", unchecked_pair}
#endif
	};

	if (argc != 2)
		return 2;
	map_and_keep();
	touch();
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		if (!strcmp(argv[1], accesses[i].name))
			accesses[i].fn();
	puts("end");
	return 0;
}
