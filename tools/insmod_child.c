/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod`: the process that runs the modules, as its parent sees it. The parent waits for that process and nothing else, so
 * that what a module leaves running (a forked child, one in a session of its own) neither delays the end nor outlives it: it
 * becomes this process's child when its own parent goes, and is ended then.
 */

#include "insmod.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that does not answer its own time limit is stopped this much later. */
#define GRACE_SECONDS 2

/* What follows the modules is the library's own: it ends, however many leaks there are to list. This bound is for our own bugs. */
#define LISTING_SECONDS 600

/* ---- what modules leave running ---- */

#define MAX_CHILDREN 256

/* This process's children, at most MAX_CHILDREN; returns how many. */
static size_t children(pid_t *pid)
{
	char path[64], line[4096];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	line[len > 0 ? len : 0] = 0;
	for (char *save, *word = strtok_r(line, " ", &save); word && n < MAX_CHILDREN; word = strtok_r(NULL, " ", &save))
		pid[n++] = (pid_t)atoi(word);
	return n;
}

static bool has(const pid_t *pid, size_t n, pid_t which)
{
	while (n--)
		if (pid[n] == which)
			return true;
	return false;
}

/*
 * Ends what the modules left running: it is this process's child by now, beside those of @before. Returns how many had to be ended:
 * a helper process of a sanitizer goes by itself.
 */
static unsigned end_orphans(const pid_t *before, size_t nr_before)
{
	pid_t now_there[MAX_CHILDREN];
	unsigned ended = 0;
	bool found = true;

	for (unsigned tries = 0; found && tries < 64; tries++) {
		size_t n = children(now_there);
		found = false;
		for (size_t i = 0; i < n; i++) {
			int status;
			if (has(before, nr_before, now_there[i]))
				continue;
			found = true;
			ended += !tool_wait(now_there[i], 0.2, &status);
		}
	}
	return ended;
}

/* ---- the child ---- */

static int judge(const struct insmod *job, int status)
{
	if (WIFEXITED(status) && job->shared->is_done)
		return WEXITSTATUS(status);
	if (job->shared->has_spoken)
		return 1;
	if (WIFEXITED(status) && !*job->shared->doing)
		return 2; /* the library could not go on, and has said why */
	if (WIFEXITED(status))
		insmod_say("%s: the module called _exit(%d); kernel code cannot", job->shared->doing, WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGPIPE)
		return 2;
	else
		insmod_say("%s: ended by signal %d (%s)", job->shared->doing, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 1;
}

static int watch(const struct insmod *job, pid_t child)
{
	bool in_time = tool_has_ended(child, job->time_limit + GRACE_SECONDS);
	int status;

	if (!in_time && job->shared->is_listing)
		in_time = tool_has_ended(child, LISTING_SECONDS);
	tool_wait(child, in_time ? 0 : -1, &status);
	if (tool_is_stopped())
		return 1;
	if (in_time)
		return judge(job, status);
	if (!job->shared->has_spoken)
		insmod_say("%s did not end within %g s and could not be interrupted", job->shared->doing, job->time_limit);
	return 1;
}

int insmod_run_child(struct insmod *job)
{
	job->shared = mmap(NULL, sizeof(*job->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job->shared == MAP_FAILED)
		return tool_error("insmod", "%s", strerror(errno));
	pid_t before[MAX_CHILDREN];
	size_t nr_before = children(before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	pid_t parent = getpid(), child = fork();
	if (child < 0)
		return tool_error("insmod", "cannot fork: %s", strerror(errno));
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		tool_default_signals();
		insmod_run(job);
	}
	int status = watch(job, child);
	unsigned orphans = end_orphans(before, nr_before);
	if (orphans) {
		insmod_say("%u process%s that a module made and left running %s ended; kernel code cannot fork()", orphans,
			   orphans > 1 ? "es" : "", orphans > 1 ? "were" : "was");
		status = status ? status : 1;
	}
	return status;
}
