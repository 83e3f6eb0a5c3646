/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: suppression files.
 *
 * Input: the file. Whatever it says, a machine is made with it, or is refused by one line that names the file and the line in it;
 * and reports are covered or shown, and counted all the same.
 */
#include "config_checks.h"
#include "fuzz.h"

#include <fixmap/fixmap.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define check(e) ((e) ? (void)0 : config_checks_fail(#e, __LINE__))

static void on_report(const struct fxm_report *report, void *arg)
{
	unsigned *shown = arg;

	check(report->message);
	++*shown;
}

/* Two mistakes of different kinds. */
static void make_reports(struct fxm_machine *m)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	unsigned shown = 0;

	fxm_report_set(m, on_report, &shown);
	fxm_va one = fxm_kmap_atomic(cpu, page), two = fxm_kmap_atomic(cpu, page);
	fxm_kunmap_atomic(cpu, one);
	fxm_kunmap_atomic(cpu, two);
	fxm_free_pages(m, page, 0);
	fxm_free_pages(m, page, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;
	char path[64];

	if (size > 4096 || fxm_config_create("x86_32-4.15", &cfg))
		return 0;
	int fd = memfd_create("suppressions", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
	    !fxm_config_parse(cfg, "policy=record,policy.bug=record,policy.oops=record,detect=on,DEBUG_HIGHMEM=1")) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		int error = fxm_config_set(cfg, "suppress", path);

		config_checks_error(cfg, error);
		if (!error && !(error = fxm_machine_create(cfg, &m))) {
			make_reports(m);
			fxm_machine_destroy(m);
		} else {
			config_checks_error(cfg, error);
			check(strstr(fxm_config_error(cfg), path));
		}
	}
	if (fd >= 0)
		close(fd);
	fxm_config_destroy(cfg);
	return 0;
}
