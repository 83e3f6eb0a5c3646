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

static bool is_missing(const Elf64_Sym *symbol, const char *name)
{
	return symbol->st_shndx == SHN_UNDEF && *name && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && !dlsym(RTLD_DEFAULT, name);
}

/* Section @s of the image is a dynamic symbol table, and @strings has its names. */
static size_t list(const struct insmod *job, const struct image *image, const Elf64_Shdr *s, const Elf64_Shdr *strings)
{
	const Elf64_Sym *symbol = at(image, s->sh_offset, s->sh_size);
	const char *names = at(image, strings->sh_offset, strings->sh_size);
	size_t n = 0;

	if (!symbol || !names || !strings->sh_size || names[strings->sh_size - 1])
		return 0;
	for (size_t i = 0; i < s->sh_size / sizeof(*symbol); i++) {
		const char *name = symbol[i].st_name < strings->sh_size ? names + symbol[i].st_name : "";
		if (!is_missing(&symbol[i], name))
			continue;
		const char *header = insmod_kernel_header_of(job, name);
		insmod_say("  %s%s%s%s", name, header ? " (" : "", header ? header : "", header ? ")" : "");
		n++;
	}
	return n;
}

static size_t list_all(const struct insmod *job, const struct image *image)
{
	const Elf64_Ehdr *header = at(image, 0, sizeof(*header));
	size_t n = 0;

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	const Elf64_Shdr *section = at(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*section));
	for (size_t i = 0; section && i < header->e_shnum; i++)
		if (section[i].sh_type == SHT_DYNSYM && section[i].sh_link < header->e_shnum)
			n += list(job, image, &section[i], &section[section[i].sh_link]);
	return n;
}

size_t insmod_list_missing(const struct insmod *job, const char *object)
{
	int fd = open(object, O_RDONLY | O_CLOEXEC);
	struct image image = {NULL, 0};
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &st) && st.st_size) {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		image = (struct image){map == MAP_FAILED ? NULL : map, map == MAP_FAILED ? 0 : (size_t)st.st_size};
	}
	close(fd);
	if (image.size) {
		n = list_all(job, &image);
		munmap((void *)image.start, image.size);
	}
	return n;
}
