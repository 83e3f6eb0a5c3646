/* SPDX-License-Identifier: MIT */

/*
 * Preparing a kernel tree. In the cache:
 *
 *     include/generated/autoconf.h       the stored answer of the tree's kconfig, and the profile's options
 *     include/generated/bounds.h         from kernel/bounds.c, as the tree's build does it
 *     include/generated/timeconst.h      from HZ
 *     include/generated/...              versions and names
 *     include/fixmap/profiles            the tables of the profiles
 *     include/asm/NAME.h                 asm-generic/NAME.h, for all that include/arch/asm has not
 *     stamp                              what all of it was made from; written last
 */

#include "tree.h"

#include "compiler.h"
#include "kbuild.h"
#include "process.h"

#include <fixmap/layout.h>

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The profile is x86's, and the tree's architecture is not: its code would look for x86's headers. */
static const char *const not_of_tree[] = {"CONFIG_X86", "CONFIG_X86_32", "CONFIG_PARAVIRT"};

/* ---- files ---- */

static char *contents(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0, n;

	if (!f)
		return NULL;
	do {
		char *more = realloc(text, size + 65537);
		if (!more)
			exit(tool_error(NULL, "out of memory"));
		text = more;
		n = fread(text + size, 1, 65536, f);
		size += n;
	} while (n);
	text[size] = 0;
	fclose(f);
	return text;
}

static int make_path(const struct tree *t, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", slash ? (int)(slash - path) : (int)strlen(path), path);
		if (mkdir(part, 0777) && errno != EEXIST)
			return tool_error(t->command, "%s: %s; set XDG_CACHE_HOME to a folder of your own", part, strerror(errno));
		if (!slash)
			return 0;
	}
}

static int write_file(const struct tree *t, const char *name, const char *fmt, ...)
{
	char path[PATH_MAX + 300];
	va_list args;

	snprintf(path, sizeof(path), "%s/%s", t->cache, name);
	FILE *f = fopen(path, "w");
	if (!f)
		return tool_error(t->command, "%s: %s", path, strerror(errno));
	va_start(args, fmt);
	vfprintf(f, fmt, args);
	va_end(args);
	bool failed = ferror(f) != 0;
	return fclose(f) || failed ? tool_error(t->command, "%s: %s", path, strerror(errno)) : 0;
}

/* ---- opening ---- */

/* The number behind "NAME = " at the beginning of a line of the Makefile, or -1. */
static int make_number(const char *makefile, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = makefile; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, len) && !strncmp(line + len, " = ", 3))
			return atoi(line + len + 3);
	return -1;
}

static int find_arch(struct tree *t)
{
	struct tool_words dirs = {0};
	int status = tool_include_dirs(t->command, &dirs);

	for (size_t i = 0; i < dirs.nr && !status; i++) {
		char path[PATH_MAX + 32], *slash;
		snprintf(t->arch, sizeof(t->arch), "%s", dirs.word[i]);
		slash = strrchr(t->arch, '/');
		if (slash && !strcmp(slash, "/kernel"))
			strcpy(slash, "/arch");
		snprintf(path, sizeof(path), "%s/asm/fxm.h", t->arch);
		if (!access(path, R_OK)) {
			tool_words_free(&dirs);
			return 0;
		}
	}
	tool_words_free(&dirs);
	return status ? status
		      : tool_error(t->command,
				   "the headers of libfixmap as an architecture (arch/asm) are not found beside its others");
}

/* The tables of the profiles, for enum fixed_addresses; the folder that they lie in is no place to look for other headers. */
static int link_profiles(const struct tree *t)
{
	struct tool_words dirs = {0};
	char link[PATH_MAX + 64], path[PATH_MAX + 64];
	int status = tool_include_dirs(t->command, &dirs);
	bool done = false;

	snprintf(link, sizeof(link), "%s/include/fixmap/profiles", t->cache);
	unlink(link);
	for (size_t i = 0; i < dirs.nr && !status && !done; i++) {
		snprintf(path, sizeof(path), "%s/fixmap/profiles", dirs.word[i]);
		done = !access(path, R_OK) && !symlink(path, link);
	}
	tool_words_free(&dirs);
	return status || done ? status : tool_error(t->command, "%s: %s", link, strerror(errno));
}

/* The stored answer of the newest version up to the tree's, else the oldest. */
static int find_answer(struct tree *t)
{
	DIR *dir = opendir(t->arch);
	int wanted = t->version << 8 | t->patchlevel, best = 0;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		int major, minor, version;
		if (sscanf(e->d_name, "config-%d.%d", &major, &minor) != 2)
			continue;
		version = major << 8 | minor;
		bool fits = version <= wanted,
		     is_better = !best || (fits ? best > wanted || version > best : version < best && best > wanted);
		if (is_better)
			best = version;
	}
	if (dir)
		closedir(dir);
	snprintf(t->answer, sizeof(t->answer), "%s/config-%d.%d", t->arch, best >> 8, best & 255);
	t->is_exact = best == wanted;
	return best ? 0 : tool_error(t->command, "%s has no stored configuration", t->arch);
}

/* FNV-1a. */
static uint64_t sum(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ '\n') * 0x100000001b3u;
}

static int find_cache(struct tree *t)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *cc = getenv("CC");
	uint64_t hash = sum(sum(0xcbf29ce484222325u, t->dir), cc ? cc : "");
	char number[64];

	for (size_t i = 0; i < t->profile.nr; i++)
		hash = sum(hash, t->profile.word[i]);
	snprintf(number, sizeof(number), "%d.%d.%d-%016llx", t->version, t->patchlevel, t->sublevel, (unsigned long long)hash);
	bool has_xdg = xdg && *xdg == '/';
	if (snprintf(t->cache, sizeof(t->cache), "%s%s/fixmap/tree-%s",
		     has_xdg	     ? xdg
		     : home && *home ? home
				     : "/tmp",
		     has_xdg ? "" : "/.cache", number) >= (int)sizeof(t->cache) - 64)
		return tool_error(t->command, "XDG_CACHE_HOME is too long");
	return 0;
}

int tree_open(struct tree *t, const char *command, const char *path, struct fxm_config *cfg)
{
	char name[PATH_MAX + 64];
	struct tool_words words = {0};

	*t = (struct tree){.command = command, .given = path};
	if (!realpath(path, t->dir))
		return tool_error(command, "-K %s: %s", path, strerror(errno));
	snprintf(name, sizeof(name), "%s/Makefile", t->dir);
	char *makefile = contents(name);
	t->version = makefile ? make_number(makefile, "VERSION") : -1;
	t->patchlevel = makefile ? make_number(makefile, "PATCHLEVEL") : -1;
	t->sublevel = makefile ? make_number(makefile, "SUBLEVEL") : -1;
	free(makefile);
	snprintf(name, sizeof(name), "%s/include/linux/kernel.h", t->dir);
	if (t->version < 0 || t->patchlevel < 0 || access(name, R_OK))
		return tool_error(command,
				  "-K %s: this is no kernel source; unpack one and name its top directory, which has Makefile and "
				  "include/linux",
				  path);
	int status = find_arch(t);
	if (!status)
		status = find_answer(t);
	if (!status)
		status = tool_profile_flags(command, cfg, &words);
	for (size_t i = 0; i < words.nr && !status; i++) {
		const char *define = words.word[i] + strlen("-D");
		bool is_left_out = false;
		for (size_t n = 0; n < sizeof(not_of_tree) / sizeof(not_of_tree[0]); n++) {
			size_t len = strlen(not_of_tree[n]);
			is_left_out |= !strncmp(define, not_of_tree[n], len) && define[len] == '=';
		}
		if (!is_left_out)
			tool_words_add(&t->profile, "%s", words.word[i]);
	}
	tool_words_free(&words);
	return status ? status : find_cache(t);
}

void tree_close(struct tree *t)
{
	kconfig_close(t->kconfig);
	tool_words_free(&t->profile);
}

/* ---- what the tree's build generates ---- */

/* X of -DCONFIG_X=VALUE. */
static const char *config_word(const char *word, size_t *len)
{
	if (strncmp(word, "-DCONFIG_", 9))
		return NULL;
	*len = strcspn(word + 9, "=");
	return word + 9;
}

/* The profile decides on what it has an option for, and on the others that it is made of. */
static bool is_of_profile(const struct tree *t, const char *name, size_t len)
{
	static const char *const others[] = {"PREEMPT_NONE",	     "PREEMPT_NONE_BUILD",  "PGTABLE_LEVELS",
					     "INLINE_READ_UNLOCK",   "INLINE_SPIN_UNLOCK",  "INLINE_READ_UNLOCK_IRQ",
					     "INLINE_WRITE_UNLOCK", "INLINE_SPIN_UNLOCK_IRQ", "INLINE_WRITE_UNLOCK_IRQ"};

	for (size_t i = 0; i < t->profile.nr; i++) {
		size_t n;
		const char *word = config_word(t->profile.word[i], &n);
		if (word && n == len && !strncmp(word, name, len))
			return true;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i]) == len && !strncmp(others[i], name, len))
			return true;
	return false;
}

static int write_autoconf(const struct tree *t)
{
	char path[PATH_MAX + 64], *text = contents(t->answer), *save;
	bool pae = false;

	if (!text)
		return tool_error(t->command, "%s: %s", t->answer, strerror(errno));
	snprintf(path, sizeof(path), "%s/include/generated/autoconf.h", t->cache);
	FILE *out = fopen(path, "w");
	if (!out) {
		free(text);
		return tool_error(t->command, "%s: %s", path, strerror(errno));
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');
		if (strncmp(line, "CONFIG_", 7) || !value || is_of_profile(t, line + 7, (size_t)(value - line - 7)))
			continue;
		*value++ = 0;
		fprintf(out, "#define %s %s\n", line, !strcmp(value, "y") || !strcmp(value, "m") ? "1" : value);
	}
	for (size_t i = 0; i < t->profile.nr; i++) {
		size_t len;
		const char *word = config_word(t->profile.word[i], &len);
		if (word)
			fprintf(out, "#define CONFIG_%.*s %s\n", (int)len, word, word + len + 1);
		pae |= word && !strncmp(word, "X86_PAE=", 8);
	}
	fprintf(out, "#define CONFIG_PGTABLE_LEVELS %d\n", pae ? 3 : 2);
	free(text);
	bool failed = ferror(out) != 0;
	return fclose(out) || failed ? tool_error(t->command, "%s: %s", path, strerror(errno)) : 0;
}

/* Multiplication in place of division, as include/linux/jiffies.h's functions want it: 2^shift * n / d, rounded up, of 32 bits. */
static void reciprocal(FILE *out, const char *name, uint64_t n, uint64_t d)
{
	unsigned shift = 0;
	unsigned __int128 mul;
	uint64_t a = n, b = d;

	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	while ((mul = (((unsigned __int128)n << shift) + d - 1) / d) < (uint64_t)1 << 31)
		shift++;
	uint64_t lowest = d / a, adjust = (uint64_t)(((unsigned __int128)(lowest - 1) << shift) / lowest);
	fprintf(out, "#define %s_MUL32 U64_C(0x%llX)\n#define %s_ADJ32 U64_C(0x%llX)\n#define %s_SHR32 %u\n", name,
		(unsigned long long)mul, name, (unsigned long long)adjust, name, shift);
}

static void fraction(FILE *out, const char *name, uint64_t n, uint64_t d)
{
	uint64_t a = n, b = d;

	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	fprintf(out, "#define %s_NUM %llu\n#define %s_DEN %llu\n", name, (unsigned long long)(n / a), name,
		(unsigned long long)(d / a));
}

static int write_timeconst(const struct tree *t)
{
	char path[PATH_MAX + 64], *text = contents(t->answer);
	const char *line = text ? strstr(text, "\nCONFIG_HZ=") : NULL;
	uint64_t hz = line ? strtoull(line + 11, NULL, 10) : 250;

	free(text);
	snprintf(path, sizeof(path), "%s/include/generated/timeconst.h", t->cache);
	FILE *out = fopen(path, "w");
	if (!out)
		return tool_error(t->command, "%s: %s", path, strerror(errno));
	reciprocal(out, "HZ_TO_MSEC", 1000, hz);
	reciprocal(out, "MSEC_TO_HZ", hz, 1000);
	fraction(out, "HZ_TO_MSEC", 1000, hz);
	fraction(out, "MSEC_TO_HZ", hz, 1000);
	reciprocal(out, "HZ_TO_USEC", 1000000, hz);
	reciprocal(out, "USEC_TO_HZ", hz, 1000000);
	fraction(out, "HZ_TO_USEC", 1000000, hz);
	fraction(out, "USEC_TO_HZ", hz, 1000000);
	fraction(out, "HZ_TO_NSEC", 1000000000, hz);
	fraction(out, "NSEC_TO_HZ", hz, 1000000000);
	bool failed = ferror(out) != 0;
	return fclose(out) || failed ? tool_error(t->command, "%s: %s", path, strerror(errno)) : 0;
}

static int write_small_ones(const struct tree *t)
{
	int sublevel = t->sublevel < 0 ? 0 : t->sublevel > 255 ? 255 : t->sublevel;
	int status =
	    write_file(t, "include/generated/uapi/linux/version.h",
		       "#define LINUX_VERSION_CODE %d\n"
		       "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"
		       "#define LINUX_VERSION_MAJOR %d\n#define LINUX_VERSION_PATCHLEVEL %d\n#define LINUX_VERSION_SUBLEVEL %d\n",
		       t->version << 16 | t->patchlevel << 8 | sublevel, t->version, t->patchlevel, t->sublevel);
	if (!status)
		status = write_file(t, "include/generated/utsrelease.h", "#define UTS_RELEASE \"%d.%d.%d-fixmap\"\n", t->version,
				    t->patchlevel, t->sublevel);
	if (!status)
		status = write_file(t, "include/generated/utsversion.h", "#define UTS_VERSION \"#1\"\n");
	if (!status)
		status = write_file(t, "include/generated/compile.h",
				    "#define UTS_MACHINE \"fixmap\"\n#define LINUX_COMPILE_BY \"fixmap\"\n"
				    "#define LINUX_COMPILE_HOST \"fixmap\"\n#define LINUX_COMPILER \"cc\"\n");
	/* empty: no assembly is compiled, and bounds.c itself includes what it is to make */
	if (!status)
		status = write_file(t, "include/generated/asm-offsets.h", "%s", "");
	return status ? status : write_file(t, "include/generated/bounds.h", "%s", "");
}

static int wrap_folder(const struct tree *t, const char *folder)
{
	char path[PATH_MAX + 64];
	int status = 0;

	snprintf(path, sizeof(path), "%s/%s", t->dir, folder);
	DIR *dir = opendir(path);
	if (!dir)
		return tool_error(t->command, "-K %s: %s is missing: unpack the whole tree", t->given, folder);
	for (struct dirent *e; !status && (e = readdir(dir));) {
		size_t len = strlen(e->d_name);
		char name[300];
		if (len < 3 || strcmp(e->d_name + len - 2, ".h"))
			continue;
		snprintf(name, sizeof(name), "include/asm/%s", e->d_name);
		status = write_file(t, name, "#include <asm-generic/%s>\n", e->d_name);
	}
	closedir(dir);
	return status;
}

/* kernel/bounds.c as assembly, where each constant is a line "->NAME value". */
static int write_bounds(const struct tree *t)
{
	struct tool_words argv = {0};
	char assembly[PATH_MAX + 16], messages[PATH_MAX + 16], name[PATH_MAX + 64], *at;
	int wait = 0, status = tool_compiler(t->command, &argv);

	if (status) {
		tool_words_free(&argv);
		return status;
	}
	snprintf(assembly, sizeof(assembly), "%s/bounds.s", t->cache);
	snprintf(messages, sizeof(messages), "%s/messages", t->cache);
	tree_flags(t, &argv);
	tool_words_add(&argv, "-S");
	tool_words_add(&argv, "-o");
	tool_words_add(&argv, "%s", assembly);
	tool_words_add(&argv, "%s/kernel/bounds.c", t->dir);
	tool_end_words(&argv);
	int error = tool_spawn(argv.word, NULL, messages, COMPILE_SECONDS, &wait);
	char *text = error || wait ? NULL : contents(assembly);
	if (!text) {
		char *words = contents(messages);
		status = tool_error(t->command, "-K %s: kernel/bounds.c does not compile with %s; is the whole tree unpacked? %.*s",
				    t->given, argv.word[0], words ? (int)strcspn(words, "\n") : 0, words ? words : "");
		free(words);
	} else {
		snprintf(name, sizeof(name), "%s/include/generated/bounds.h", t->cache);
		FILE *out = fopen(name, "w");
		for (at = text; out && (at = strstr(at, "->"));) {
			char constant[64];
			long long value;
			at += 2;
			if (sscanf(at, "%63[A-Z_a-z0-9]%*[ $#]%lld", constant, &value) == 2)
				fprintf(out, "#define %s %lld\n", constant, value);
		}
		if (!out || fclose(out))
			status = tool_error(t->command, "%s: %s", name, strerror(errno));
	}
	free(text);
	unlink(assembly);
	unlink(messages);
	tool_words_free(&argv);
	return status;
}

/* What would make the cache another one, besides the names that are in its own. */
static void stamp(const struct tree *t, char *line, size_t size)
{
	char name[PATH_MAX + 64];
	struct stat st = {0}, answer = {0}, fxm = {0};

	snprintf(name, sizeof(name), "%s/Makefile", t->dir);
	stat(name, &st);
	stat(t->answer, &answer);
	snprintf(name, sizeof(name), "%s/asm/fxm.h", t->arch);
	stat(name, &fxm);
	snprintf(line, size, "1 %lld %lld %lld\n", (long long)st.st_mtime, (long long)answer.st_mtime, (long long)fxm.st_mtime);
}

int tree_prepare(struct tree *t, bool progress)
{
	static const char *const dirs[] = {"include/generated/uapi/linux", "include/asm", "include/fixmap"};
	char wanted[128], path[PATH_MAX + 64];

	stamp(t, wanted, sizeof(wanted));
	snprintf(path, sizeof(path), "%s/stamp", t->cache);
	char *have = contents(path);
	bool is_there = have && !strcmp(have, wanted);
	free(have);
	if (progress)
		printf("%s: Linux %d.%d.%d\n  configuration  %s%s\n  cache          %s%s\n", t->dir, t->version, t->patchlevel,
		       t->sublevel, t->answer, t->is_exact ? "" : " (of another version: the nearest that is stored)", t->cache,
		       is_there ? ", up to date" : "");
	if (is_there)
		return 0;
	int status = 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && !status; i++) {
		snprintf(path, sizeof(path), "%s/%s", t->cache, dirs[i]);
		status = make_path(t, path);
	}
	if (!status && progress)
		puts("  making         configuration, versions, asm-generic");
	if (!status)
		status = write_autoconf(t);
	if (!status)
		status = link_profiles(t);
	if (!status)
		status = write_timeconst(t);
	if (!status)
		status = write_small_ones(t);
	if (!status)
		status = wrap_folder(t, "include/uapi/asm-generic");
	if (!status)
		status = wrap_folder(t, "include/asm-generic");
	if (!status && progress)
		puts("  making         bounds of the tree's structures");
	if (!status)
		status = write_bounds(t);
	return status ? status : write_file(t, "stamp", "%s", wanted);
}

int tree_configure(struct tree *t)
{
	char own[PATH_MAX + 16];

	if (t->kconfig)
		return 0;
	snprintf(own, sizeof(own), "%s/Kconfig", t->arch);
	t->kconfig = kconfig_open(t->command, t->dir, own, t->answer);
	if (!t->kconfig)
		return 2;
	for (size_t i = 0; i < t->profile.nr; i++) {
		size_t len;
		const char *word = config_word(t->profile.word[i], &len);
		char name[128];
		if (!word)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		kconfig_set(t->kconfig, name, !strcmp(word + len, "=1") ? "y" : word + len + 1);
	}
	return 0;
}

/* ---- flags ---- */

void tree_flags(const struct tree *t, struct tool_words *flags)
{
	static const char *const language[] = {"-std=gnu11", "-O2", "-fshort-wchar", "-fno-strict-aliasing", "-fno-strict-overflow",
					       "-fno-delete-null-pointer-checks", "-fno-common", "-fPIC", "-fvisibility=hidden",
					       "-D__KERNEL__"};
	static const char *const forced[] = {"compiler-version.h", "kconfig.h", "compiler_types.h"};

	tool_words_add(flags, "-nostdinc");
	tool_words_add(flags, "-I%s", t->arch);
	tool_words_add(flags, "-I%s/include", t->cache);
	tool_words_add(flags, "-I%s/include", t->dir);
	tool_words_add(flags, "-I%s/uapi", t->arch);
	tool_words_add(flags, "-I%s/include/uapi", t->dir);
	tool_words_add(flags, "-I%s/include/generated/uapi", t->cache);
	for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
		char path[PATH_MAX + 64];
		snprintf(path, sizeof(path), "%s/include/linux/%s", t->dir, forced[i]);
		if (access(path, R_OK))
			continue;
		tool_words_add(flags, "-include");
		tool_words_add(flags, "%s", path);
	}
	for (size_t i = 0; i < sizeof(language) / sizeof(language[0]); i++)
		tool_words_add(flags, "%s", language[i]);
	tool_honest_flags(flags);
	if ((t->version << 8 | t->patchlevel) >= 0x602)
		tool_words_add(flags, "-funsigned-char");
	for (size_t i = 0; i < t->profile.nr; i++)
		if (strncmp(t->profile.word[i], "-DCONFIG_", 9))
			tool_words_add(flags, "%s", t->profile.word[i]);
}

/* ---- one file ---- */

/* Words of a Makefile of the tree: what the profile and the configuration decide on is kept by name. */
static const char *keep_name(void *arg, const char *name)
{
	(void)arg, (void)name;
	return NULL;
}

/* Makefiles of 6.10 and later write $(src) with the tree's name before it, earlier ones without. */
static int read_makefile(const struct tree *t, const char *folder, struct kbuild *k)
{
	static const char *const names[] = {"Kbuild", "Makefile"};
	char path[PATH_MAX * 2 + 16], src[PATH_MAX * 2], release[64];
	bool is_absolute = (t->version << 8 | t->patchlevel) >= 0x60a;
	int error = -ENOENT;

	snprintf(src, sizeof(src), "%s%s%s", is_absolute ? t->dir : "", is_absolute ? "/" : "", folder);
	snprintf(release, sizeof(release), "%d.%d.%d", t->version, t->patchlevel, t->sublevel);
	struct kbuild_place place = {.src = src, .srctree = t->dir, .release = release, .config = keep_name};
	for (size_t i = 0; i < 2 && error; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", t->dir, folder, names[i]);
		error = kbuild_read(k, path, &place);
		if (error)
			kbuild_free(k);
	}
	return error;
}

/* NAME-y, or NAME-$(CONFIG_X) with X on. */
static bool is_on(const struct tree *t, const char *line, const char *name)
{
	size_t len = strlen(name);
	char option[128];

	if (strncmp(line, name, len) || line[len] != '-')
		return false;
	if (!strcmp(line + len, "-y"))
		return true;
	if (strncmp(line + len, "-$(CONFIG_", 10))
		return false;
	snprintf(option, sizeof(option), "%.*s", (int)strcspn(line + len + 10, ")"), line + len + 10);
	return *kconfig_value(t->kconfig, option) != 0;
}

static void add_flag_words(const struct tree *t, const struct kbuild_line *line, struct tool_words *flags)
{
	for (size_t i = 0; i < line->words.nr; i++) {
		const char *word = line->words.word[i];
		bool is_folder = !strncmp(word, "-I", 2);
		if (is_folder && !word[2] && i + 1 < line->words.nr)
			word = line->words.word[++i];
		else if (is_folder)
			word += 2;
		if (is_folder)
			tool_words_add(flags, "-I%s%s%s", *word == '/' ? "" : t->dir, *word == '/' ? "" : "/", word);
		else if (!strncmp(word, "-D", 2) && !strchr(word, '$'))
			tool_words_add(flags, "%s", word);
	}
}

static void add_folder_flags(const struct tree *t, const struct kbuild *k, const char *object, bool is_own,
			     struct tool_words *flags)
{
	char of_file[300];

	snprintf(of_file, sizeof(of_file), "CFLAGS_%s", object);
	for (size_t i = 0; i < k->nr; i++) {
		const char *name = k->line[i].name;
		if (is_on(t, name, "subdir-ccflags") || (is_own && is_on(t, name, "ccflags")) ||
		    (is_own && (!strcmp(name, "EXTRA_CFLAGS") || !strcmp(name, of_file))))
			add_flag_words(t, &k->line[i], flags);
	}
}

/* One of the options is enough. */
static bool enable_one(struct tree *t, struct tree_file *file, const struct tool_words *options)
{
	const char *why = NULL, *first = NULL;
	char missing[sizeof(file->missing)] = "";

	for (size_t i = 0; i < options->nr; i++) {
		const char *option = options->word[i];
		if (!strcmp(option, "y") || !strcmp(option, "m"))
			return true;
		if (kconfig_enable(t->kconfig, option, first ? NULL : &why)) {
			if (!*file->option)
				snprintf(file->option, sizeof(file->option), "%s", option);
			return true;
		}
		if (!first)
			snprintf(missing, sizeof(missing), "%s", why);
		first = first ? first : option;
	}
	if (!*file->missing) {
		snprintf(file->option, sizeof(file->option), "%s", first);
		snprintf(file->missing, sizeof(file->missing), "%s", missing);
	}
	return false;
}

/*
 * The Makefile that names @object is in the folder of the file or further up; those above it name the folder on the way. Each name
 * may hang on an option. With @is_part, the file is one that another includes: the first folder with a Makefile stands for it.
 */
static bool walk(struct tree *t, struct tree_file *file, bool is_part)
{
	char folder[PATH_MAX], object[PATH_MAX + 2];
	bool is_named = false, is_possible = true;
	struct kbuild k;

	snprintf(object, sizeof(object), "%s", file->path);
	if (strlen(object) > 2)
		object[strlen(object) - 1] = 'o'; /* .c */
	snprintf(folder, sizeof(folder), "%s", file->path);
	for (char *slash; (slash = strrchr(folder, '/'));) {
		struct tool_words options = {0};

		*slash = 0;
		if (read_makefile(t, folder, &k))
			continue;
		const char *name = object + (slash - folder) + 1;
		kbuild_options(&k, name, &options);
		bool is_here = options.nr || (is_part && !is_named);
		if (options.nr)
			is_possible &= enable_one(t, file, &options);
		if (is_here || is_named)
			add_folder_flags(t, &k, name, is_here && !is_named, &file->flags);
		is_named |= is_here;
		if (is_named) /* from here on a Makefile names the folder */
			snprintf(object, sizeof(object), "%s/", folder);
		tool_words_free(&options);
		kbuild_free(&k);
	}
	file->is_built = is_named && is_possible && !is_part;
	return is_named;
}

bool tree_file(struct tree *t, const char *path, struct tree_file *file)
{
	char real[PATH_MAX];
	size_t len = strlen(t->dir);

	*file = (struct tree_file){0};
	if (!realpath(path, real) || strncmp(real, t->dir, len) || real[len] != '/')
		return false;
	snprintf(file->path, sizeof(file->path), "%s", real + len + 1);
	kconfig_undo(t->kconfig);
	if (!walk(t, file, false))
		walk(t, file, true);
	kconfig_flags(t->kconfig, &file->flags);
	return true;
}
