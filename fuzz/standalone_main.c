/* SPDX-License-Identifier: MIT */
/*
 * A main() for fuzz targets built without libFuzzer: runs the target on each file named, and on each file in each folder named.
 * Folders that do not exist count as empty. Prints how many inputs there were.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned inputs;

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	for (size_t n = 1; n;) {
		uint8_t *more = realloc(data, size + 65536);
		if (!more)
			abort();
		data = more;
		n = fread(data + size, 1, 65536, f);
		size += n;
	}
	fclose(f);
	/* A copy of exactly that size, so that a sanitizer sees a read past it. */
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact)
		abort();
	if (size)
		memcpy(exact, data, size);
	free(data);
	if (getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	inputs++;
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_no_dot(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int run_folder(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, is_no_dot, by_name);
	int bad = 0;

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char file[4096];
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		bad |= run_file(file);
		free(names[i]);
	}
	free(names);
	return bad;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) && errno == ENOENT) {
			fprintf(stderr, "%s: none\n", argv[i]);
			continue;
		}
		if (S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i])) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			status = 1;
		}
	}
	printf("%u inputs\n", inputs);
	return status;
}
