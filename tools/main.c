/* SPDX-License-Identifier: MIT */

/*
 * `fixmap`: one program, a sub-command per task.
 *
 * Exit status: 0 fine; 1 differences (diff, replay), reports or a failing init (insmod), a bad fit (plan); 2 bad usage, bad
 * input, or output that could not be written.
 */

#include "options.h"

#include <fixmap/version.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
    {"profiles", cmd_profiles, "list the kernels that can be simulated"},
    {"diff", cmd_diff, "tell what changed between two kernels for who maps pages"},
    {"layout", cmd_layout, "show the address space that settings come to"},
    {"plan", cmd_plan, "tell whether early mappings fit, and check a layout"},
    {"cflags", cmd_cflags, "print the compiler flags of the kernel tier"},
    {"insmod", cmd_insmod, "compile a kernel module, run it, list what it leaked"},
    {"tree", cmd_tree, "prepare a kernel source tree, whose files insmod then compiles"},
    {"replay", cmd_replay, "replay traces and tell differences"},
    {"show", cmd_show, "tell a trace or a module step by step, as text, a picture or a page"},
    {"walk", cmd_walk, "show how an address translates after a trace"},
    {"ptdump", cmd_ptdump, "dump the page table as the kernel does"},
    {"proc", cmd_proc, "show zones and memory as files of /proc do"},
    {"dmesg", cmd_dmesg, "show what the kernel says of its memory at boot"},
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print_help(void)
{
	puts("usage: fixmap COMMAND [OPTION]...\n"
	     "\n"
	     "Kernel mapping code (fixmap, kmap, kmap_atomic) on simulated hardware.\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n`fixmap help COMMAND` tells the options of a command; the pages of doc/ (installed in share/doc/libfixmap)\n"
	     "begin with what you have: a module, a kernel file, a panic at boot, a trace, a program, a class to teach.");
	return 0;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	return tool_error(NULL, "unknown %s %s; `fixmap --help` lists the commands", *name == '-' ? "option" : "command", name);
}

static int run_help(const char *name)
{
	const struct command *c = find(name);
	char *args[] = {(char *)name, (char *)"--help", NULL};
	return c ? c->run(2, args) : unknown(name);
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return tool_error(NULL, "which command? `fixmap --help` lists them");
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("fixmap " FXM_VERSION), 0;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	if (!strcmp(argv[1], "help"))
		return argc > 2 ? run_help(argv[2]) : print_help();
	const struct command *c = find(argv[1]);
	opterr = 0;
	return c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
}

static int finish(int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout) && (!fclose(stdout) || errno == EBADF))
		return status;
	return tool_output_failed(NULL, errno);
}

/*
 * A standard stream that the caller closed gets a file that refuses what is done to the stream. Else the next file that is
 * opened takes its number, and what is printed ends there.
 */
static void occupy_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* Inherited, it would have the kernel reap the compiler and the modules before their status is known. */
static void expect_children(void)
{
	signal(SIGCHLD, SIG_DFL);
}

/* Whether the stack suffices: a handler without room for its frame ends the process without a word. */
static bool has_stack(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur >= 256 << 10;
}

int main(int argc, char **argv)
{
	occupy_closed_streams();
	expect_children();
	if (!has_stack())
		return tool_error(NULL, "the stack is limited to less than 256 KB; raise it (ulimit -s 8192)");
	tool_offer_profiles();
	return finish(run(argc, argv));
}
