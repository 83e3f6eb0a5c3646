/* SPDX-License-Identifier: MIT */
/* What creation says when the host refuses something: the call, its error, and what to do. Each try in a process of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"
#include "sim_machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	/* Too few descriptors for this one, too: none is left over by anybody. */
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Every @call fails with @error from here on; with @command not 0, only those whose second argument it is. */
static bool forbid(uint32_t call, uint32_t command, uint32_t error)
{
	const uint32_t second = command ? offsetof(struct seccomp_data, args[1]) : offsetof(struct seccomp_data, nr);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, second),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, command ? command : call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* What a child's creation came to: its error, and the line. */
struct outcome {
	int error, open_before, open_after;
	char line[320];
};

/* In a child that @limit has prepared, a machine is made of @options. False: this host cannot make the limit. */
static bool creation_after(bool (*limit)(const void *arg), const void *arg, const char *options, struct outcome *out)
{
	int ends[2], status;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (!child) {
		struct outcome o = {0};
		struct fxm_config *cfg = config_of(options);
		struct fxm_machine *m;

		o.open_before = (int)open_files();
		if (!limit(arg))
			_exit(77);
		o.error = fxm_machine_create(cfg, &m);
		o.open_after = (int)open_files();
		snprintf(o.line, sizeof(o.line), "%s", fxm_config_error(cfg));
		_exit(write(ends[1], &o, sizeof(o)) != sizeof(o));
	}
	close(ends[1]);
	ssize_t n = read(ends[0], out, sizeof(*out));
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 77 || n == (ssize_t)sizeof(*out));
	return WEXITSTATUS(status) != 77;
}

static void is_refused(const struct outcome *o, int error, const char *words)
{
	assert_int_equal(o->error, error);
	assert_non_null(strstr(o->line, words));
	assert_null(strchr(o->line, '\n'));
	assert_int_equal(o->open_after, o->open_before);
}

#define MACHINE "profile=x86_32-5.10,window=strict"

/* ---- limits ---- */

static bool small_files(const void *arg)
{
	const rlim_t bytes = *(const rlim_t *)arg;

	return !setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes});
}

static void a_file_size_limit_is_an_error_and_no_signal(void **state)
{
	(void)state;
	const rlim_t none = 0, just = 0x2000000 + FXM_PAGE_SIZE, too_small = just - 1;
	struct outcome o;

	assert_true(creation_after(small_files, &none, MACHINE, &o));
	is_refused(&o, -EFBIG, "ulimit -f");
	assert_true(creation_after(small_files, &too_small, MACHINE ",ram_end=2000000", &o));
	is_refused(&o, -EFBIG, "ram_end");
	assert_true(creation_after(small_files, &just, MACHINE ",ram_end=2000000", &o));
	assert_int_equal(o.error, 0);
}

static bool no_files(const void *arg)
{
	(void)arg;
	int next = open("/dev/null", O_RDONLY);

	close(next);
	return !setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next, (rlim_t)next});
}

static void too_many_open_files_are_called_that(void **state)
{
	(void)state;
	struct outcome o;

	assert_true(creation_after(no_files, NULL, MACHINE, &o));
	assert_int_equal(o.error, -EMFILE);
	assert_non_null(strstr(o.line, "too many open files (ulimit -n)"));
}

static bool little_address_space(const void *arg)
{
	const rlim_t bytes = *(const rlim_t *)arg;

	return !setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes});
}

static unsigned long pages_mapped(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages;
}

/* A sanitizer has more mapped already than any limit allows. */
static void no_address_space_is_called_that(void **state)
{
	(void)state;
	const rlim_t bytes = 256 << 20;
	struct outcome o;

	if (pages_mapped() * FXM_PAGE_SIZE > bytes)
		return;
	assert_true(creation_after(little_address_space, &bytes, "profile=x86_32-5.10,ram_end=40000000", &o));
	assert_int_equal(o.error, -ENOMEM);
	assert_non_null(strstr(o.line, "mmap()"));
}

static void address_space_that_runs_out_is_an_error(void **state)
{
	(void)state;
	enum { MOST = 64 };
	static struct fxm_machine huge[MOST];
	unsigned before = open_files(), n = 0;
	int err = 0;

	while (n < MOST && !err) {
		huge[n].desc = (struct fxmi_desc){.ram_end = UINT64_C(1) << 46, .dma_pfn = 0x1000, .highmem_pfn = 0x38000};
		err = fxmi_physmem_init(&huge[n]);
		n += !err;
	}
	assert_int_equal(err, -ENOMEM);
	assert_null(huge[n].mem.ram);
	while (n)
		fxmi_physmem_free(&huge[--n]);
	assert_int_equal(open_files(), before);
}

/* ---- memory ---- */

static int aligned_left = -1; /* so many more aligned_alloc() succeed; negative: all */

/* Stands before the C library's. */
void *aligned_alloc(size_t alignment, size_t size)
{
	void *p = NULL;

	if (!aligned_left)
		return NULL;
	aligned_left--;
	return posix_memalign(&p, alignment, size) ? NULL : p;
}

/* vCPUs are the only ones that ask so. The machine that could not be made leaves nothing, and the next one is whole. */
static void a_vcpu_without_memory_leaves_nothing(void **state)
{
	(void)state;
	struct fxm_config *cfg = config_of(MACHINE ",NR_CPUS=4,cpus=4");
	unsigned before = open_files();
	struct fxm_machine *m;

	for (int n = 0; n < 4; n++) {
		aligned_left = n;
		assert_int_equal(fxm_machine_create(cfg, &m), -ENOMEM);
		assert_int_equal(open_files(), before);
	}
	aligned_left = 4;
	assert_int_equal(fxm_machine_create(cfg, &m), 0);
	assert_int_equal(fxm_machine_cpus_online(m), 4);
	assert_int_equal(fxm_machine_cpu_add(m), -ENOSPC);
	assert_int_equal(fxm_machine_destroy(m), 0);
	aligned_left = -1;
	fxm_config_destroy(cfg);
}

/* ---- filters ---- */

struct filter {
	uint32_t call, command;
	const char *name;
};

static bool filtered(const void *arg)
{
	const struct filter *f = arg;

	return forbid(f->call, f->command, EPERM);
}

/* Without a window a machine needs no handler. */
static void a_forbidden_call_is_named(void **state)
{
	(void)state;
	static const struct filter filters[] = {
		{SYS_memfd_create, 0, "memfd_create()"},
		{SYS_ftruncate, 0, "ftruncate()"},
		{SYS_fcntl, F_ADD_SEALS, "fcntl()"},
		{SYS_madvise, 0, "madvise()"},
		{SYS_rt_sigaction, 0, "sigaction()"},
	};
	struct outcome o;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (!creation_after(filtered, &filters[i], MACHINE, &o)) {
			fprintf(stderr, "this host allows no seccomp filter\n");
			return;
		}
		is_refused(&o, -EPERM, filters[i].name);
		assert_non_null(strstr(o.line, "seccomp"));
	}
	assert_true(creation_after(filtered, &filters[4], "profile=x86_32-5.10", &o));
	assert_int_equal(o.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_size_limit_is_an_error_and_no_signal),
		cmocka_unit_test(too_many_open_files_are_called_that),
		cmocka_unit_test(no_address_space_is_called_that),
	    cmocka_unit_test(address_space_that_runs_out_is_an_error),
		cmocka_unit_test(a_vcpu_without_memory_leaves_nothing),
		cmocka_unit_test(a_forbidden_call_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
