/* SPDX-License-Identifier: MIT */
#ifndef FXM_FUZZ_H
#define FXM_FUZZ_H

/*
 * Fuzzing kernel code on a simulated machine: one input, a machine as new before each, and every report a crash that the fuzzer
 * keeps the input of. The code under test is compiled with what `CC=clang fixmap cflags` prints and -fsanitize=fuzzer;
 * doc/programs.md has the recipe.
 */

#include <fixmap/types.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs @fn with one input, @size bytes at @data, on the default machine (fxm_machine_default(): FIXMAP_OPTIONS holds settings),
 * and then makes the machine what it was. A report, what @fn leaves mapped or allocated included, is printed whole to standard
 * error and ends the process by abort(), as a fuzzer expects of a finding. Returns what @fn returned: for libFuzzer 0, or -1 to
 * keep the input out of the corpus. Context: a thread that sits nowhere, the same for every input; @fn runs in it as a task on
 * CPU 0, may use the kernel tier and may sleep, and ends what it began (threads, kthreads). Errors: -EINVAL @fn is NULL; a
 * machine that cannot be made or reset ends the process with a line that says why. Ownership: @data stays the caller's. Models
 * nothing of the kernel.
 */
FXM_API int fxm_fuzz_one_input(int (*fn)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);

/** The entry point of libFuzzer for @fn: in a file of its own or beside it, once. */
#define FXM_FUZZ_TARGET(fn)                                                                                                        \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                                              \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                                               \
	{                                                                                                                          \
		return fxm_fuzz_one_input((fn), data, size);                                                                       \
	}

#ifdef __cplusplus
}
#endif

#endif
