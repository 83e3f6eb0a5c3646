/* SPDX-License-Identifier: MIT */

/*
 * The flags of window=checked: the compiler announces each load and store by a call, and the library answers it. They are the
 * kernel's own address sanitizer's, without its redzones in stacks and globals; <fxm/checks.h> gives the calls names of the
 * library.
 */

#include "compiler.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const of_gcc[] = {
    "-fsanitize=kernel-address", "--param=asan-instrumentation-with-call-threshold=0", "--param=asan-stack=0",
    "--param=asan-globals=0",
    /* each access is a call: without the jump in between */
    "-fno-plt",
    /* a pointer past its page may be right where that lies in the direct map; the kernel says nothing either */
    "-Wno-stringop-overflow", "-Wno-stringop-overread", "-include", "fxm/checks.h"};
static const char *const of_clang[] = {"-fsanitize=kernel-address",
				       "-mllvm",
				       "-asan-instrumentation-with-call-threshold=0",
				       "-mllvm",
				       "-asan-stack=0",
				       "-mllvm",
				       "-asan-globals=0",
				       "-fno-plt",
				       "-Wno-unused-command-line-argument",
				       "-include",
				       "fxm/checks.h"};

#define ADD_FLAGS(argv, flags, n)                                                                                                  \
	for (size_t flag_ = 0; flag_ < (n); flag_++)                                                                               \
	tool_words_add(argv, "%s", (flags)[flag_])

bool tool_checks_work(const struct tool_words *cc)
{
	struct tool_words argv = {0};
	int status = 1;

	for (size_t i = 0; i < cc->nr; i++)
		tool_words_add(&argv, "%s", cc->word[i]);
	if (tool_compiler_is_gcc(cc))
		ADD_FLAGS(&argv, of_gcc, 5);
	else
		ADD_FLAGS(&argv, of_clang, 8);
	static const char *const nothing[] = {"-x", "c", "-fsyntax-only", "/dev/null"};
	ADD_FLAGS(&argv, nothing, 4);
	tool_end_words(&argv);
	bool works = !tool_spawn(argv.word, "/dev/null", "/dev/null", 0, &status) && WIFEXITED(status) && !WEXITSTATUS(status);
	tool_words_free(&argv);
	return works;
}

bool tool_wants_clang(void)
{
	const char *cc = getenv("CC");

	return cc && strstr(cc, "clang");
}

void tool_checks_add(bool is_gcc, struct tool_words *flags)
{
	if (is_gcc)
		ADD_FLAGS(flags, of_gcc, sizeof(of_gcc) / sizeof(of_gcc[0]));
	else
		ADD_FLAGS(flags, of_clang, sizeof(of_clang) / sizeof(of_clang[0]));
}
