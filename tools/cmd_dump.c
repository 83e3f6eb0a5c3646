// SPDX-License-Identifier: MIT
/*
 * `fixmap ptdump`, `fixmap proc`, `fixmap dmesg`: what the kernel itself shows of its memory, on a machine that has just booted or
 * after a trace.
 */

#include "after.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

static const char ptdump_help[] =
    "usage: fixmap ptdump [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]...\n"
    "\n"
    "Prints the kernel's page-table dump as its file in debugfs shows it, and below it the line of the\n"
    "check for writable and executable pages where the kernel has it. After the whole TRACE, after its\n"
    "operation number SEQ, or on a machine that has just booted. TRACE - is standard input.\n";

static const char proc_help[] = "usage: fixmap proc [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]... FILE...\n"
				"\n"
				"Prints files of /proc: meminfo, buddyinfo, zoneinfo, with the lines whose numbers a simulated\n"
				"machine has. After the whole TRACE, after its operation number SEQ, or on a machine that has\n"
				"just booted.\n";

static const char dmesg_help[] = "usage: fixmap dmesg [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]...\n"
				 "\n"
				 "Prints what the kernel says of its memory while it boots: the table of its areas, or the\n"
				 "megabytes of memory, as its version does.\n";

static int finish(const char *command)
{
	errno = 0;
	return fflush(stdout) || ferror(stdout) ? tool_output_failed(command, errno) : 0;
}

static int refuse(const struct after *a, struct fxm_machine *m, const char *what, const char *since)
{
	return tool_error(a->target.command, "%s has no %s (%s); choose another profile", fxm_machine_profile(m), what, since);
}

static int show_ptdump(struct after *a, struct fxm_machine *m, int argc, char **argv)
{
	if (optind < argc)
		return tool_error("ptdump", "%s: ptdump takes options only", argv[optind]);
	int error = fxm_ptdump(m, stdout);

	if (error == -ENOSYS)
		return refuse(a, m, "page-table dump", fxm_since("ptdump"));
	if (!error)
		fxm_ptdump_check_wx(m, stdout);
	return finish("ptdump");
}

static int show_proc(struct after *a, struct fxm_machine *m, int argc, char **argv)
{
	char what[64];

	if (optind == argc)
		return tool_error("proc", "which file? meminfo, buddyinfo or zoneinfo");
	for (int i = optind; i < argc; i++) {
		int error = fxm_print_proc(m, argv[i], stdout);

		snprintf(what, sizeof(what), "/proc/%.40s", argv[i]);
		if (error == -ENOENT)
			return tool_error("proc", "there is no %s here; write meminfo, buddyinfo or zoneinfo", argv[i]);
		if (error == -ENOSYS)
			return refuse(a, m, what, fxm_since("proc_zoneinfo"));
	}
	return finish("proc");
}

static int show_dmesg(struct after *a, struct fxm_machine *m, int argc, char **argv)
{
	if (optind < argc)
		return tool_error("dmesg", "%s: dmesg takes options only", argv[optind]);
	if (fxm_print_boot_log(m, stdout) == -ENOSYS)
		return refuse(a, m, "table of its areas in the boot log", fxm_since("mem_init_print_layout"));
	return finish("dmesg");
}

static int show(const char *command, const char *help, int (*fn)(struct after *, struct fxm_machine *, int, char **), int argc,
		char **argv)
{
	struct after a = {0};
	int status = after_parse(&a, command, help, argc, argv);

	if (!status) {
		struct fxm_machine *m = after_machine(&a);
		status = m ? fn(&a, m, argc, argv) : 2;
	}
	after_free(&a);
	return status < 0 ? 0 : status;
}

int cmd_ptdump(int argc, char **argv)
{
	return show("ptdump", ptdump_help, show_ptdump, argc, argv);
}

int cmd_proc(int argc, char **argv)
{
	return show("proc", proc_help, show_proc, argc, argv);
}

int cmd_dmesg(int argc, char **argv)
{
	return show("dmesg", dmesg_help, show_dmesg, argc, argv);
}
