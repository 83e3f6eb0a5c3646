/* SPDX-License-Identifier: MIT */

/* `fixmap insmod`: what an object wants that nobody has. The dynamic linker names the first one only. */

#include "insmod.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image {
	const char *start;
	size_t size;
};

static const void *at(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset ? image->start + offset : NULL;
}

/* Calls @fn for each named symbol of section @s, whose names are in @strings, that other objects can see. */
static void each_in(const struct image *image, const Elf64_Shdr *s, const Elf64_Shdr *strings, insmod_symbol_fn fn, void *arg)
{
	const Elf64_Sym *symbol = at(image, s->sh_offset, s->sh_size);
	const char *names = at(image, strings->sh_offset, strings->sh_size);

	if (!symbol || !names || !strings->sh_size || names[strings->sh_size - 1])
		return;
	for (size_t i = 0; i < s->sh_size / sizeof(*symbol); i++) {
		const char *name = symbol[i].st_name < strings->sh_size ? names + symbol[i].st_name : "";
		unsigned bind = ELF64_ST_BIND(symbol[i].st_info);

		if (*name && bind == STB_GLOBAL)
			fn(name, symbol[i].st_shndx == SHN_UNDEF, arg);
	}
}

static void each_symbol(const struct image *image, unsigned table, insmod_symbol_fn fn, void *arg)
{
	const Elf64_Ehdr *header = at(image, 0, sizeof(*header));

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64)
		return;
	const Elf64_Shdr *section = at(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*section));
	for (size_t i = 0; section && i < header->e_shnum; i++)
		if (section[i].sh_type == table && section[i].sh_link < header->e_shnum)
			each_in(image, &section[i], &section[section[i].sh_link], fn, arg);
}

static void each_of_file(const char *object, unsigned table, insmod_symbol_fn fn, void *arg)
{
	int fd = open(object, O_RDONLY | O_CLOEXEC);
	struct image image = {NULL, 0};
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_size) {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		image = (struct image){map == MAP_FAILED ? NULL : map, map == MAP_FAILED ? 0 : (size_t)st.st_size};
	}
	close(fd);
	if (image.size) {
		each_symbol(&image, table, fn, arg);
		munmap((void *)image.start, image.size);
	}
}

void insmod_each_symbol(const char *object, insmod_symbol_fn fn, void *arg)
{
	each_of_file(object, SHT_SYMTAB, fn, arg);
}

struct missing {
	const struct insmod *job;
	size_t n;
};

static void list(const char *name, bool is_wanted, void *arg)
{
	struct missing *missing = arg;

	if (!is_wanted || dlsym(RTLD_DEFAULT, name))
		return;
	const char *header = insmod_kernel_header_of(missing->job, name);
	insmod_say("  %s%s%s%s", name, header ? " (" : "", header ? header : "", header ? ")" : "");
	missing->n++;
}

size_t insmod_list_missing(const struct insmod *job, const char *object)
{
	struct missing missing = {job, 0};

	each_of_file(object, SHT_DYNSYM, list, &missing);
	return missing.n;
}
