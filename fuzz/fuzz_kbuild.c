/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the Makefiles of modules, which `fixmap insmod DIR` reads.
 *
 * Input: the Makefile. Whatever it says, reading it ends and runs nothing, and what it makes can be asked for.
 */
#include "fuzz.h"
#include "kbuild.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *config(void *arg, const char *name)
{
	(void)arg;
	return *name == 'A' ? "y" : *name == 'B' ? "m" : *name == 'C' ? "" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"obj-m", "obj-y", "ccflags-y", "a-y", "a-objs", "subdir-ccflags-y", "CFLAGS_a.o"};
	struct kbuild_place place = {.src = "/src", .srctree = "/tree", .release = "6.1.0", .config = config};
	struct kbuild k = {0};
	char path[64];

	if (size > 8192)
		return 0;
	int fd = memfd_create("Makefile", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		kbuild_read(&k, path, &place);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			struct tool_words words = {0}, options = {0};

			kbuild_words(&k, names[i], &words);
			for (size_t n = 0; n < words.nr; n++)
				kbuild_options(&k, words.word[n], &options);
			tool_words_free(&words);
			tool_words_free(&options);
		}
		kbuild_free(&k);
	}
	close(fd);
	return 0;
}
