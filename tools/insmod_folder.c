/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod DIR`: modules as their authors keep them. The folder's Kbuild or Makefile is read, not executed: obj-m and obj-y
 * name the modules, NAME-y and NAME-objs the files that one is made of, ccflags-y and its kin the flags. What a shell would have to
 * say is not known; it is named when nothing else is found.
 */

#include "insmod.h"

#include "kbuild.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 8

/* CONFIG_ options: -C; the tree's other options are off, and those of authors' own are as their Makefile says. */
static const char *config_value(void *arg, const char *name)
{
	const struct insmod *job = arg;
	static char value[128];

	*value = 0;
	for (size_t i = 0; i < job->nr_config; i++) {
		const char *word = job->config[i];
		size_t len = strcspn(word, "=");
		if (strlen(name) == len && !strncmp(word, name, len) && strcmp(word + len, "=n"))
			snprintf(value, sizeof(value), "%s", word + len + (word[len] == '='));
	}
	return value;
}

static int read_makefile(struct insmod *job, const char *folder, struct kbuild *k)
{
	static const char *const names[] = {"Kbuild", "Makefile", "makefile"};
	struct fxm_profile_info profile = {0};
	char path[PATH_MAX], real[PATH_MAX], release[32];
	int error = -ENOENT;

	if (!realpath(folder, real))
		return -errno;
	if (job->cfg)
		fxm_config_get_profile_info(job->cfg, &profile);
	snprintf(release, sizeof(release), "%u.%u.%u", profile.version >> 16, profile.version >> 8 & 255, profile.version & 255);
	struct kbuild_place place = {.src = real, .srctree = job->tree, .release = release, .config = config_value, .arg = job};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && error; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		error = kbuild_read(k, path, &place);
		if (error)
			kbuild_free(k);
	}
	return error;
}

/* Of ccflags: macros, folders and files to include; how it warns and optimises is insmod's to say. */
static void add_flags(struct insmod_module *module, const char *folder, const struct tool_words *words)
{
	static const struct {
		const char *flag;
		bool is_path;
	} taken[] = {{"-include", true}, {"-I", true}, {"-D", false}, {"-U", false}};

	for (size_t i = 0; i < words->nr; i++)
		for (size_t t = 0; t < sizeof(taken) / sizeof(taken[0]); t++) {
			size_t len = strlen(taken[t].flag);
			if (strncmp(words->word[i], taken[t].flag, len))
				continue;
			const char *value = words->word[i] + len;
			if (!*value && i + 1 < words->nr) /* in two words */
				value = words->word[++i];
			tool_words_add(&module->flag, "%s", taken[t].flag);
			bool is_relative = taken[t].is_path && *value != '/';
			tool_words_add(&module->flag, "%s%s%s", is_relative ? folder : "", is_relative ? "/" : "", value);
			break;
		}
}

static bool is_object(const char *word)
{
	size_t len = strlen(word);
	return len > 2 && !strcmp(word + len - 2, ".o");
}

/* NAME.o as NAME.c in @folder. 0, or 2 after a message. */
static int add_source(struct insmod_module *module, const char *folder, const char *object)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%.*s.c", folder, (int)strlen(object) - 2, object);
	if (access(path, R_OK))
		return tool_error("insmod", "%s: %s; %s is to be made of it", path, strerror(errno), module->path);
	tool_words_add(&module->source, "%s", path);
	return 0;
}

static int add_module(struct insmod *job, const struct kbuild *k, const char *folder, const char *object)
{
	static const char *const of_parts[] = {"-y", "-objs", "-m"}, *const of_flags[] = {"ccflags-y", "ccflags-m", "EXTRA_CFLAGS",
											  "subdir-ccflags-y", "KBUILD_CFLAGS"};
	struct tool_words parts = {0}, flags = {0};
	char name[PATH_MAX], path[PATH_MAX];
	int len = (int)strlen(object) - 2, status = 0;

	if (snprintf(path, sizeof(path), "%s/%.*s.ko", folder, len, object) >= (int)sizeof(path))
		return tool_error("insmod", "%s: the name is too long", folder);
	struct insmod_module *module = insmod_add_module(job, path);
	module->is_of_folder = true;
	for (size_t i = 0; i < sizeof(of_parts) / sizeof(of_parts[0]); i++) {
		snprintf(name, sizeof(name), "%.*s%s", len, object, of_parts[i]);
		kbuild_words(k, name, &parts);
	}
	if (!parts.nr)
		tool_words_add(&parts, "%s", object);
	for (size_t i = 0; i < parts.nr && !status; i++)
		if (is_object(parts.word[i]))
			status = add_source(module, folder, parts.word[i]);
	for (size_t i = 0; i < sizeof(of_flags) / sizeof(of_flags[0]); i++)
		kbuild_words(k, of_flags[i], &flags);
	for (size_t i = 0; i < parts.nr; i++) { /* of one file: the others of the module get it too */
		snprintf(name, sizeof(name), "CFLAGS_%s", parts.word[i]);
		kbuild_words(k, name, &flags);
	}
	add_flags(module, folder, &flags);
	tool_words_free(&parts);
	tool_words_free(&flags);
	return status;
}

static int add_folder(struct insmod *job, const char *folder, int depth)
{
	static const char *const lists[] = {"obj-y", "obj-m"};
	struct tool_words objects = {0};
	struct kbuild k;
	size_t before = job->nr_modules;
	int status = 0, error = read_makefile(job, folder, &k);

	if (error)
		return tool_error("insmod", "%s: it has no Kbuild and no Makefile that can be read (%s); give its .c files", folder,
				  strerror(-error));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		kbuild_words(&k, lists[i], &objects);
	for (size_t i = 0; i < objects.nr && !status; i++) {
		const char *word = objects.word[i];
		size_t len = strlen(word);
		char sub[PATH_MAX];
		bool is_again = false;

		for (size_t n = 0; n < i; n++)
			is_again |= !strcmp(objects.word[n], word);
		if (is_again)
			continue;
		if (word[len - 1] == '/' && depth < DEPTH) {
			snprintf(sub, sizeof(sub), "%s/%.*s", folder, (int)len - 1, word);
			status = add_folder(job, sub, depth + 1);
		} else if (is_object(word)) {
			status = add_module(job, &k, folder, word);
		}
	}
	if (!status && job->nr_modules == before && !depth) {
		status = tool_error("insmod", "%s: its Makefile names no module (obj-m += NAME.o)", folder);
		for (size_t i = 0; i < k.strange.nr; i++)
			fprintf(stderr, "  not executed, and so not known: %s\n", k.strange.word[i]);
	}
	tool_words_free(&objects);
	kbuild_free(&k);
	return status;
}

int insmod_add_folder(struct insmod *job, const char *folder)
{
	size_t len = strlen(folder);
	char path[PATH_MAX];

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (len >= sizeof(path))
		return tool_error("insmod", "%s: the name is too long", folder);
	snprintf(path, sizeof(path), "%.*s", (int)len, folder);
	return add_folder(job, path, 0);
}

/* ---- who wants whose symbols ---- */

struct names {
	struct tool_words defined, wanted;
};

static void note(const char *name, bool is_wanted, void *arg)
{
	struct names *names = arg;

	tool_words_add(is_wanted ? &names->wanted : &names->defined, "%s", name);
}

static bool wants_of(const struct names *user, const struct names *owner)
{
	for (size_t i = 0; i < user->wanted.nr; i++)
		for (size_t n = 0; n < owner->defined.nr; n++)
			if (!strcmp(user->wanted.word[i], owner->defined.word[n]))
				return true;
	return false;
}

void insmod_order(struct insmod *job)
{
	struct names *names = calloc(job->nr_modules + 1, sizeof(*names));
	size_t moves = job->nr_modules * job->nr_modules;

	if (!names)
		exit(tool_error("insmod", "out of memory"));
	for (size_t i = 0; i < job->nr_modules; i++)
		if (job->module[i].is_of_folder)
			insmod_each_symbol(job->module[i].object, note, &names[i]);
	/* modules that want one another stay as they are after that many moves, and the loader names what is missing */
	for (size_t i = 0; i < job->nr_modules; i++)
		for (size_t later = i + 1; later < job->nr_modules && moves; later++) {
			if (!wants_of(&names[i], &names[later]))
				continue;
			struct insmod_module module = job->module[later];
			struct names its = names[later];
			memmove(&job->module[i + 1], &job->module[i], (later - i) * sizeof(module));
			memmove(&names[i + 1], &names[i], (later - i) * sizeof(its));
			job->module[i] = module;
			names[i] = its;
			later = i;
			moves--;
		}
	for (size_t i = 0; i < job->nr_modules; i++) {
		tool_words_free(&names[i].defined);
		tool_words_free(&names[i].wanted);
	}
	free(names);
}
