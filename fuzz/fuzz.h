/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

/* A fuzz target: the entry point that libFuzzer (or standalone_main.c) calls with each input. Aborts when something is wrong. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called by libFuzzer once, where a target has it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
