/* SPDX-License-Identifier: MIT */

/* `fixmap insmod --read --write --ioctl`: the files that modules register, used from outside as a process would. */

#include "insmod.h"

#include <fixmap/kernel_tier.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536
#define MOST (64 << 20) /* of a file that does not end */

static int list_one(const char *path, void *arg)
{
	unsigned *n = arg;

	if (!(*n)++)
		fputs("  there are:", stderr);
	fprintf(stderr, " %s", path);
	return 0;
}

/* One that failed: what was asked, the kernel's answer, and for a path that is none those which are. */
static int failed(struct fxm_machine *m, const char *what, const char *path, long error)
{
	unsigned n = 0;

	fxm_log_flush(m);
	insmod_say("--%s %s: %s%s", what, path, strerror((int)-error), error == -ENOENT ? ": no module has registered it" : "");
	if (error == -ENOENT) {
		fxm_file_each(m, list_one, &n);
		if (n)
			fputc('\n', stderr);
	}
	return 1;
}

static int read_all(struct fxm_machine *m, const char *path)
{
	struct fxm_file *file;
	char *buf = malloc(CHUNK);
	long n = buf ? fxm_file_open(m, path, &file) : -ENOMEM;
	size_t total = 0;

	if (n) {
		free(buf);
		return failed(m, "read", path, n);
	}
	fflush(stdout);
	while (total < MOST && (n = fxm_file_read(file, buf, CHUNK)) > 0) {
		fwrite(buf, 1, (size_t)(n < CHUNK ? n : CHUNK), stdout);
		total += (size_t)n;
	}
	fflush(stdout);
	fxm_file_close(file);
	free(buf);
	if (n > 0)
		insmod_say("--read %s: it does not end; its first %d MB are above. A read that has nothing left returns 0", path,
			   MOST >> 20);
	return n > 0 || (n < 0 && failed(m, "read", path, n));
}

static int write_all(struct fxm_machine *m, const char *word)
{
	const char *equal = strrchr(word, '=');
	char path[4096], *buf = malloc(CHUNK);
	struct fxm_file *file;
	long n = 0;
	size_t len;

	snprintf(path, sizeof(path), "%.*s", equal ? (int)(equal - word) : (int)strlen(word), word);
	FILE *in = !equal ? NULL : strcmp(equal + 1, "-") ? fopen(equal + 1, "r") : stdin;
	if (!buf || !in) {
		free(buf);
		insmod_say(equal ? "--write %s: %s" : "--write %s: %s; write PATH=FILE", word,
			   equal ? strerror(errno) : "no file is given");
		return 1;
	}
	n = fxm_file_open(m, path, &file);
	if (!n) {
		while (n >= 0 && (len = fread(buf, 1, CHUNK, in)) > 0)
			for (size_t done = 0; done < len && (n = fxm_file_write(file, buf + done, len - done)) >= 0;
			     done += (size_t)n)
				if (!n) {
					n = -ENOSPC; /* as a shell would see it: it would try for ever */
					break;
				}
		fxm_file_close(file);
	}
	if (in != stdin)
		fclose(in);
	free(buf);
	return n < 0 && failed(m, "write", path, n);
}

static int control(struct fxm_machine *m, const char *word)
{
	const char *equal = strrchr(word, '=');
	char path[4096], *end = NULL;
	struct fxm_file *file;
	unsigned long command = equal ? strtoul(equal + 1, &end, 0) : 0,
		      argument = end && *end == ',' ? strtoul(end + 1, &end, 0) : 0;

	if (!equal || end == equal + 1 || *end) {
		insmod_say("--ioctl %s: write PATH=COMMAND or PATH=COMMAND,ARGUMENT, both numbers", word);
		return 1;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(equal - word), word);
	long n = fxm_file_open(m, path, &file);
	if (n)
		return failed(m, "ioctl", path, n);
	n = fxm_file_ioctl(file, (unsigned)command, argument);
	fxm_file_close(file);
	if (n < 0)
		return failed(m, "ioctl", word, n);
	fxm_log_flush(m);
	printf("%s: ioctl 0x%lx: %ld\n", path, command, n);
	fflush(stdout);
	return 0;
}

int insmod_use_files(const struct insmod *job, struct fxm_machine *m)
{
	int bad = 0;

	for (size_t i = 0; i < job->nr_uses; i += 2)
		switch (*job->use[i]) {
		case 'r':
			bad += read_all(m, job->use[i + 1]);
			break;
		case 'w':
			bad += write_all(m, job->use[i + 1]);
			break;
		default:
			bad += control(m, job->use[i + 1]);
		}
	return bad;
}
