/* SPDX-License-Identifier: MIT */

/*
 * LD_PRELOAD: the n-th call of one function fails, in one program and its forked children. FAIL_NTH=FUNCTION:N, or FUNCTION:N+
 * for it and all after it; FUNCTION is malloc (with calloc and realloc), mmap, mprotect, memfd_create, ftruncate, pthread_create
 * or write. FAIL_NTH_IN names the program; in the file FAIL_NTH_COUNT, made for that, the calls of all its processes are
 * counted. What the dynamic linker and libc do for themselves is not counted.
 */
/* Both names of a function are defined here, whichever a program was compiled for. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static char function[32];
static unsigned long nth;
static bool and_after;
static atomic_ulong own_calls, *calls = &own_calls;

static void share_count(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	long map = fd < 0 ? -1 : syscall(SYS_ftruncate, fd, sizeof(*calls));

	if (map == 0)
		map = syscall(SYS_mmap, NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map > 0)
		calls = (atomic_ulong *)map;
	if (fd >= 0)
		close(fd);
}

__attribute__((constructor)) static void read_setting(void)
{
	const char *setting = getenv("FAIL_NTH"), *program = getenv("FAIL_NTH_IN");
	const char *colon = setting ? strchr(setting, ':') : NULL;

	if (!colon || (program && strcmp(program, program_invocation_short_name)) || (size_t)(colon - setting) >= sizeof(function))
		return;
	memcpy(function, setting, (size_t)(colon - setting));
	char *end;
	nth = strtoul(colon + 1, &end, 10);
	and_after = *end == '+';
	if (getenv("FAIL_NTH_COUNT"))
		share_count(getenv("FAIL_NTH_COUNT"));
}

static bool fails(const char *name, int error)
{
	if (!nth || strcmp(name, function))
		return false;
	unsigned long n = atomic_fetch_add(calls, 1) + 1;
	if (and_after ? n < nth : n != nth)
		return false;
	errno = error;
	return true;
}

/* dlsym() itself may allocate: until the real functions are known, small blocks come from here. */
static _Alignas(16) char early[65536];
static atomic_size_t early_used;

static void *early_alloc(size_t size)
{
	size_t at = atomic_fetch_add(&early_used, (size + 31) & ~(size_t)15);
	char *block = at + size + 16 <= sizeof(early) ? early + at + 16 : NULL;

	if (block)
		*(size_t *)(void *)(block - 16) = size;
	return block;
}

static bool is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

#define NEXT(name)                                                                                                                 \
	static __typeof__(&(name)) real;                                                                                           \
	if (!real)                                                                                                                 \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

static __thread bool is_inside;

void *malloc(size_t size)
{
	if (is_inside)
		return early_alloc(size);
	is_inside = true;
	NEXT(malloc);
	is_inside = false;
	return fails("malloc", ENOMEM) ? NULL : real(size);
}

void *calloc(size_t n, size_t size)
{
	if (is_inside)
		return early_alloc(n * size);
	is_inside = true;
	NEXT(calloc);
	is_inside = false;
	return fails("malloc", ENOMEM) ? NULL : real(n, size);
}

void *realloc(void *p, size_t size)
{
	if (is_inside)
		return NULL;
	is_inside = true;
	NEXT(realloc);
	is_inside = false;
	if (is_early(p)) {
		size_t had = *(size_t *)(void *)((char *)p - 16);
		void *block = malloc(size);
		return block ? memcpy(block, p, had < size ? had : size) : NULL;
	}
	return fails("malloc", ENOMEM) ? NULL : real(p, size);
}

void free(void *p)
{
	if (!p || is_early(p))
		return;
	is_inside = true;
	NEXT(free);
	is_inside = false;
	real(p);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	NEXT(mmap);
	return fails("mmap", ENOMEM) ? MAP_FAILED : real(addr, length, prot, flags, fd, offset);
}

int mprotect(void *addr, size_t length, int prot)
{
	NEXT(mprotect);
	return fails("mprotect", ENOMEM) ? -1 : real(addr, length, prot);
}

int memfd_create(const char *name, unsigned flags)
{
	NEXT(memfd_create);
	return fails("memfd_create", EMFILE) ? -1 : real(name, flags);
}

int ftruncate(int fd, off_t length)
{
	NEXT(ftruncate);
	return fails("ftruncate", EFBIG) ? -1 : real(fd, length);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	NEXT(pthread_create);
	return fails("pthread_create", EAGAIN) ? EAGAIN : real(thread, attr, start, arg);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	NEXT(write);
	return fails("write", ENOSPC) ? -1 : real(fd, buf, n);
}

/* The names that 64-bit file offsets give them. */
void *mmap64(void *, size_t, int, int, int, off_t) __attribute__((alias("mmap")));
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
