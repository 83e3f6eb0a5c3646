/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: page tables that hold anything.
 *
 * Input: a byte that chooses the profile, then records of 18 bytes: an address, a level, and the 8 bytes that are written over the
 * entry that the walk of the address meets at that level. Whatever the tables say, every look at them ends, the software walk
 * and the vCPU agree whether an address is mapped and to what, and after the entries were put back the machine is whole.
 */
#include "fuzz.h"
#include "whole.h"

#include <fixmap/fixmap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(e) ((e) ? (void)0 : fail(#e, __LINE__))

enum { RECORD = 18, MOST = 64 };

struct undo {
	unsigned char *at;
	uint64_t before;
};

static _Noreturn void fail(const char *what, int line)
{
	fprintf(stderr, "fuzz_walk.c:%d: %s\n", line, what);
	abort();
}

static struct fxm_machine *machine_of(uint8_t which)
{
	struct fxm_config *cfg;
	struct fxm_machine *m = NULL;

	if (fxm_config_create(fxm_profile_name(which % fxm_profile_count()), &cfg))
		return NULL;
	if (!fxm_config_parse(cfg, "policy=record,policy.bug=record,policy.oops=record,stacks=off,detect=off,window=off"))
		fxm_machine_create(cfg, &m);
	fxm_config_destroy(cfg);
	return m;
}

/* Overwrites the entry of @va at @level; false: no memory of the machine holds it, or there is none. */
static bool write_entry(struct fxm_machine *m, fxm_va va, unsigned level, uint64_t entry, struct undo *undo)
{
	struct fxm_walk walk;

	fxm_walk(m, va, &walk);
	check(walk.levels <= FXM_WALK_LEVELS);
	if (!walk.levels)
		return false;
	uint64_t at = walk.level[level % walk.levels].entry_at.v & ~UINT64_C(7);
	unsigned char *frame = fxm_frame(m, at >> 12);

	if (!frame)
		return false;
	undo->at = frame + (at & 4095);
	memcpy(&undo->before, undo->at, sizeof(undo->before));
	memcpy(undo->at, &entry, sizeof(entry));
	return true;
}

static void look(struct fxm_machine *m, struct fxm_vcpu *cpu, fxm_va va)
{
	static char text[4096];
	struct fxm_walk walk;
	unsigned char byte;
	fxm_pa pa;

	fxm_tlb_flush(cpu);
	fxm_walk(m, va, &walk);
	int length = fxm_walk_describe(m, va, text, sizeof(text));
	check(length < 0 || strlen(text) < sizeof(text));
	for (unsigned i = 0; i < walk.levels; i++)
		fxm_pte_describe(m, walk.level[i].entry, walk.level[i].leaf && i + 1 < walk.levels, text, sizeof(text));
	int error = fxm_translate(cpu, va, FXM_READ, &pa);
	check(!error == walk.mapped);
	check(error || pa.v == walk.pa.v);
	fxm_read(cpu, va, &byte, 1);
	fxm_mapping_at(m, va, &(struct fxm_mapping){.struct_size = sizeof(struct fxm_mapping)});
}

static void look_at_all(struct fxm_machine *m)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fxm_ptdump(m, out);
	fxm_ptdump_check_wx(m, out);
	fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct undo undo[MOST];
	struct fxm_machine *m;
	size_t n = 0;

	if (!size || !(m = machine_of(*data++)))
		return 0;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	for (size--; size >= RECORD && n < MOST; data += RECORD, size -= RECORD) {
		uint64_t va, entry;

		memcpy(&va, data, sizeof(va));
		memcpy(&entry, data + 10, sizeof(entry));
		n += write_entry(m, fxm_va_of(va), data[8], entry, &undo[n]);
		look(m, cpu, fxm_va_of(va));
		look(m, cpu, fxm_va_of(entry));
	}
	look_at_all(m);
	while (n--)
		memcpy(undo[n].at, &undo[n].before, sizeof(undo[n].before));
	fxm_tlb_flush(cpu);
	check_whole_with_tables(m);
	check(!fxm_machine_destroy(m));
	return 0;
}
