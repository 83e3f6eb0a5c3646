/* SPDX-License-Identifier: MIT */

/* Processes that a command starts. A signal that asks for an end is remembered, and raised when everything is cleared away. */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ---- signals ---- */

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

static void set_signals(void (*handler)(int))
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = handler};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

void tool_catch_signals(void)
{
	set_signals(on_signal);
}

void tool_default_signals(void)
{
	set_signals(SIG_DFL);
}

bool tool_is_stopped(void)
{
	return stop_signal != 0;
}

void tool_forget_keys(void)
{
	if (stop_signal == SIGINT || stop_signal == SIGQUIT)
		stop_signal = 0;
}

void tool_pass_signal(void)
{
	set_signals(SIG_DFL);
	if (stop_signal)
		raise(stop_signal);
}

/* ---- waiting ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What waitpid() says of @child; for a child that somebody else has waited for, an exit with 1. */
static int reap(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1 << 8;
	return status;
}

static int open_pid(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

static bool wait_for(pid_t child, int fd, double seconds)
{
	double end = now() + seconds;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		double left = end - now();
		siginfo_t info = {0};

		if (!waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == child)
			return true;
		if (left <= 0 || stop_signal)
			return false;
		/* Without pidfd_open() (a kernel before 5.3) it looks up now and then. */
		poll(&p, fd >= 0, fd >= 0 && left > 1 ? 1000 : (int)((left < 0.01 ? left : 0.01) * 1000) + 1);
	}
}

bool tool_has_ended(pid_t child, double seconds)
{
	int fd = open_pid(child);
	bool ended = wait_for(child, fd, seconds);

	if (fd >= 0)
		close(fd);
	return ended;
}

bool tool_wait(pid_t child, double seconds, int *status)
{
	bool in_time = seconds == 0 || tool_has_ended(child, seconds);

	if (!in_time)
		kill(child, SIGKILL);
	*status = reap(child);
	return in_time;
}

int tool_spawn(char **argv, const char *output, const char *messages, double seconds, int *status)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (output)
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (messages)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, messages, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return error;
	return tool_wait(pid, seconds, status) || tool_is_stopped() ? 0 : ETIME;
}
