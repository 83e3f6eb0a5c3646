/* SPDX-License-Identifier: MIT */

/*
 * Objects as the linker sees them. An object is mapped and read where it lies; names that others see are in one table. A weak name
 * brings nothing in by itself: it is followed when the object that defines it has been reached anyway.
 */

#include "graph.h"

#include "options.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct object {
	char *path;
	const char *image;
	size_t size;
	const Elf64_Shdr *section;
	const Elf64_Sym *symbol;
	const char *names;
	uint64_t nr_sections, nr_symbols, names_size;
	uint32_t *relocations; /* by section: the section of its relocations, or 0 */
	uint32_t *seen;	       /* by section: the round that reached it */
	uint32_t reached;      /* the round that reached any of it */
};

struct name {
	const char *text;
	size_t next;	  /* 1 + the index of another one of the same bucket */
	uint32_t object;  /* 1 + who defines it; 0: nobody */
	uint32_t section;
	uint32_t missing; /* the round that missed it */
	bool is_weak;	  /* as it is defined */
};

struct place {
	uint32_t object, section;
};

#define BUCKETS 65536

struct graph {
	struct object *object;
	size_t nr_objects, object_room;
	struct name *name;
	size_t nr_names, name_room, bucket[BUCKETS];
	struct place *todo; /* reached, not yet followed */
	size_t nr_todo, todo_room;
	size_t *weak; /* names that are wanted weakly, of objects that were not reached yet */
	size_t nr_weak, weak_room;
	uint32_t round;
	graph_missing_fn missing;
	void *arg;
};

struct graph *graph_new(void)
{
	struct graph *g = calloc(1, sizeof(*g));

	if (!g)
		exit(tool_error(NULL, "out of memory"));
	return g;
}

static void close_object(struct object *o)
{
	if (o->image)
		munmap((void *)(uintptr_t)o->image, o->size);
	free(o->relocations);
	free(o->seen);
	free(o->path);
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nr_objects; i++)
		close_object(&g->object[i]);
	free(g->object);
	free(g->name);
	free(g->todo);
	free(g->weak);
	free(g);
}

size_t graph_size(const struct graph *g)
{
	return g->nr_objects;
}

const char *graph_path(const struct graph *g, int object)
{
	return g->object[object].path;
}

bool graph_is_reached(const struct graph *g, int object)
{
	return g->round && g->object[object].reached == g->round;
}

/* ---- names ---- */

static size_t bucket_of(const char *text)
{
	uint32_t sum = 2166136261u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum % BUCKETS;
}

static size_t find(const struct graph *g, const char *text)
{
	size_t i = g->bucket[bucket_of(text)];

	while (i && strcmp(g->name[i - 1].text, text))
		i = g->name[i - 1].next;
	return i;
}

/* The text lies in an object's image. */
static struct name *name_of(struct graph *g, const char *text)
{
	size_t i = find(g, text), *head = &g->bucket[bucket_of(text)];

	if (i)
		return &g->name[i - 1];
	g->name = tool_grow(g->name, g->nr_names, &g->name_room, sizeof(*g->name));
	g->name[g->nr_names] = (struct name){.text = text, .next = *head};
	*head = ++g->nr_names;
	return &g->name[g->nr_names - 1];
}

bool graph_defines(const struct graph *g, const char *name)
{
	size_t i = find(g, name);
	return i && g->name[i - 1].object;
}

/* ---- reading ---- */

static const void *at(const struct object *o, uint64_t offset, uint64_t size)
{
	return offset <= o->size && size <= o->size - offset ? o->image + offset : NULL;
}

static bool map(struct object *o)
{
	int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size) {
		void *image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		o->image = image == MAP_FAILED ? NULL : image;
		o->size = o->image ? (size_t)st.st_size : 0;
	}
	close(fd);
	return o->image;
}

static bool read_tables(struct object *o)
{
	const Elf64_Ehdr *header = at(o, 0, sizeof(*header));

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_type != ET_REL || !header->e_shnum)
		return false;
	o->nr_sections = header->e_shnum;
	o->section = at(o, header->e_shoff, o->nr_sections * sizeof(*o->section));
	o->relocations = calloc(o->nr_sections, sizeof(*o->relocations));
	o->seen = calloc(o->nr_sections, sizeof(*o->seen));
	if (!o->section || !o->relocations || !o->seen)
		return false;
	for (uint32_t i = 0; i < o->nr_sections; i++) {
		const Elf64_Shdr *s = &o->section[i];
		if (s->sh_type == SHT_RELA && s->sh_info < o->nr_sections && at(o, s->sh_offset, s->sh_size))
			o->relocations[s->sh_info] = i;
		if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->nr_sections)
			continue;
		const Elf64_Shdr *strings = &o->section[s->sh_link];
		o->symbol = at(o, s->sh_offset, s->sh_size);
		o->nr_symbols = s->sh_size / sizeof(*o->symbol);
		o->names = at(o, strings->sh_offset, strings->sh_size);
		o->names_size = strings->sh_size;
	}
	return o->symbol && o->names && o->names_size && !o->names[o->names_size - 1];
}

static const char *text_of(const struct object *o, const Elf64_Sym *symbol)
{
	return symbol->st_name < o->names_size ? o->names + symbol->st_name : "";
}

int graph_add(struct graph *g, const char *path)
{
	g->object = tool_grow(g->object, g->nr_objects, &g->object_room, sizeof(*g->object));
	struct object *o = &g->object[g->nr_objects];

	*o = (struct object){.path = tool_copy(path)};
	if (!map(o) || !read_tables(o)) {
		close_object(o);
		return -1;
	}
	g->nr_objects++;
	for (uint64_t i = 0; i < o->nr_symbols; i++) {
		const Elf64_Sym *s = &o->symbol[i];
		unsigned bind = ELF64_ST_BIND(s->st_info);
		if ((bind != STB_GLOBAL && bind != STB_WEAK) || s->st_shndx == SHN_UNDEF)
			continue;
		struct name *name = name_of(g, text_of(o, s));
		if (name->object && (!name->is_weak || bind == STB_WEAK))
			continue;
		name->object = (uint32_t)g->nr_objects;
		name->section = s->st_shndx; /* SHN_ABS and its kin lie beyond every section */
		name->is_weak = bind == STB_WEAK;
	}
	return (int)g->nr_objects - 1;
}

/* ---- following ---- */

static void reach(struct graph *g, uint32_t object, uint32_t section)
{
	struct object *o = &g->object[object];

	o->reached = g->round;
	if (section >= o->nr_sections || o->seen[section] == g->round)
		return;
	o->seen[section] = g->round;
	if (!o->relocations[section])
		return;
	g->todo = tool_grow(g->todo, g->nr_todo, &g->todo_room, sizeof(*g->todo));
	g->todo[g->nr_todo++] = (struct place){object, section};
}

static bool is_call(const Elf64_Rela *relocation)
{
#if defined(__x86_64__)
	return ELF64_R_TYPE(relocation->r_info) == R_X86_64_PLT32;
#else
	return ELF64_R_TYPE(relocation->r_info) == R_AARCH64_CALL26 || ELF64_R_TYPE(relocation->r_info) == R_AARCH64_JUMP26;
#endif
}

static void follow_name(struct graph *g, uint32_t object, const Elf64_Sym *symbol, bool is_call)
{
	const char *text = text_of(&g->object[object], symbol);
	bool is_weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
	struct name *name = name_of(g, text);

	if (name->object && is_weak && g->object[name->object - 1].reached != g->round) {
		reach(g, object, symbol->st_shndx);
		g->weak = tool_grow(g->weak, g->nr_weak, &g->weak_room, sizeof(*g->weak));
		g->weak[g->nr_weak++] = (size_t)(name - g->name);
	} else if (name->object) {
		reach(g, name->object - 1, name->section);
	} else if (!is_weak && name->missing != g->round) {
		name->missing = g->round;
		g->missing(text, (int)object, is_call, g->arg);
	}
}

static void follow(struct graph *g, struct place place)
{
	const struct object *o = &g->object[place.object];
	const Elf64_Shdr *s = &o->section[o->relocations[place.section]];
	const Elf64_Rela *relocation = at(o, s->sh_offset, s->sh_size);

	for (uint64_t i = 0; i < s->sh_size / sizeof(*relocation); i++) {
		uint64_t index = ELF64_R_SYM(relocation[i].r_info);
		if (!index || index >= o->nr_symbols)
			continue;
		const Elf64_Sym *symbol = &o->symbol[index];
		if (symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
			reach(g, place.object, symbol->st_shndx);
		else
			follow_name(g, place.object, symbol, is_call(&relocation[i]));
		o = &g->object[place.object];
	}
}

/* The weak names of objects that were reached meanwhile. Whether there was one. */
static bool follow_weak(struct graph *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->nr_weak; i++) {
		const struct name *name = &g->name[g->weak[i]];
		if (g->object[name->object - 1].reached == g->round)
			reach(g, name->object - 1, name->section);
		else
			g->weak[kept++] = g->weak[i];
	}
	g->nr_weak = kept;
	return g->nr_todo;
}

void graph_reach(struct graph *g, const int *root, size_t n, graph_missing_fn missing, void *arg)
{
	g->round++;
	g->missing = missing;
	g->arg = arg;
	g->nr_weak = 0;
	for (size_t r = 0; r < n; r++) {
		const struct object *o = &g->object[root[r]];
		for (uint32_t i = 0; i < o->nr_sections; i++)
			if (o->section[i].sh_flags & SHF_ALLOC)
				reach(g, (uint32_t)root[r], i);
	}
	do
		while (g->nr_todo)
			follow(g, g->todo[--g->nr_todo]);
	while (follow_weak(g));
}
