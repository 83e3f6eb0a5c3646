/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: files that code registers in /proc, /sys and /dev, and character devices. There is no file system: a
 * path is a name, and a file is what was registered under it. A file of /dev is a device number, whose operations are looked up
 * when it is opened, so that both can come in any order. Models fs/char_dev.c and fs/proc/generic.c no further.
 *
 * tier.lock guards the lists. It is not held while an operation runs; a file that is removed meanwhile is the caller's mistake, as
 * it is for a module that is unloaded while its file is open.
 */
#include "state.h"
#include "tier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DYNAMIC_MAJOR 254 /* downwards, as fs/char_dev.c */

struct fxmi_file {
	struct fxmi_file *next;
	const struct fxm_file_ops *ops; /* NULL: a folder, or a device */
	void *object;
	bool is_device;
	unsigned number, major, minor;
	char path[];
};

/* A region of device numbers, and what is behind it. */
struct fxmi_cdev {
	struct fxmi_cdev *next;
	const struct fxm_file_ops *ops; /* NULL: a region alone */
	void *object;
	unsigned major, minor, count;
	char name[64];
};

/* What a header keeps of a file. In a list, so that what a module never takes back goes with the machine. */
struct fxmi_file_object {
	struct fxmi_file_object *next, **at;
	_Alignas(16) char bytes[];
};

struct fxm_file {
	const struct fxm_file_ops *ops;
	void *file;
	int64_t pos;
};

static struct fxmi_tier *tier_here(void)
{
	return fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));
}

static struct fxmi_file **find_locked(struct fxmi_tier *tier, const char *path)
{
	struct fxmi_file **at = &tier->files;

	while (*at && strcmp((*at)->path, path))
		at = &(*at)->next;
	return at;
}

static int add(struct fxmi_tier *tier, const struct fxmi_file *like, const char *path, uintptr_t site)
{
	struct fxmi_file *f = *path == '/' && path[1] ? calloc(1, sizeof(*f) + strlen(path) + 1) : NULL;
	unsigned number;
	int error = 0;

	if (!f)
		return *path == '/' && path[1] ? -ENOMEM : -EINVAL;
	*f = *like;
	strcpy(f->path, path);
	pthread_mutex_lock(&tier->lock);
	struct fxmi_file **at = find_locked(tier, path);
	f->number = number = ++tier->next_file;
	if (*at)
		error = -EEXIST;
	else
		*at = f;
	pthread_mutex_unlock(&tier->lock);
	if (error)
		free(f);
	else
		fxmi_held_add(tier, &(struct fxm_held){.kind = FXM_HELD_FILE, .index = number, .site.pc = site}, 0);
	return error;
}

int fxm_k_file_add(const char *path, const struct fxm_file_ops *ops, void *object)
{
	return add(tier_here(), &(struct fxmi_file){.ops = ops, .object = object}, path, (uintptr_t)__builtin_return_address(0));
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

int fxm_k_file_remove(const char *path)
{
	struct fxmi_tier *tier = tier_here();
	unsigned removed = 0;

	for (;;) {
		pthread_mutex_lock(&tier->lock);
		struct fxmi_file **at = &tier->files;
		while (*at && !is_below((*at)->path, path))
			at = &(*at)->next;
		struct fxmi_file *f = *at;
		if (f)
			*at = f->next;
		pthread_mutex_unlock(&tier->lock);
		if (!f)
			return removed ? 0 : -ENOENT;
		fxmi_held_remove(tier, FXM_HELD_FILE, f->number);
		free(f);
		removed++;
	}
}

void fxmi_file_path(struct fxmi_tier *tier, uint32_t number, char *path, size_t size)
{
	*path = 0;
	pthread_mutex_lock(&tier->lock);
	for (const struct fxmi_file *f = tier->files; f; f = f->next)
		if (f->number == number)
			snprintf(path, size, "%s", f->path);
	pthread_mutex_unlock(&tier->lock);
}

void fxmi_files_free(struct fxmi_tier *tier)
{
	for (struct fxmi_file *f = tier->files, *next; f; f = next) {
		next = f->next;
		free(f);
	}
	for (struct fxmi_cdev *c = tier->cdevs, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	for (struct fxmi_file_object *o = tier->file_objects, *next; o; o = next) {
		next = o->next;
		free(o);
	}
}

void *fxm_k_file_object(size_t size)
{
	struct fxmi_tier *tier = tier_here();
	struct fxmi_file_object *o = calloc(1, sizeof(*o) + size);

	if (!o)
		return NULL;
	pthread_mutex_lock(&tier->lock);
	o->next = tier->file_objects;
	o->at = &tier->file_objects;
	if (o->next)
		o->next->at = &o->next;
	tier->file_objects = o;
	pthread_mutex_unlock(&tier->lock);
	return o->bytes;
}

void fxm_k_file_forget(void *object)
{
	struct fxmi_tier *tier = tier_here();
	struct fxmi_file_object *o = object ? (void *)((char *)object - offsetof(struct fxmi_file_object, bytes)) : NULL;

	if (!o)
		return;
	pthread_mutex_lock(&tier->lock);
	*o->at = o->next;
	if (o->next)
		o->next->at = o->at;
	pthread_mutex_unlock(&tier->lock);
	free(o);
}

/* ---- character devices ---- */

static bool is_taken_locked(const struct fxmi_tier *tier, unsigned major, unsigned minor, unsigned count)
{
	for (const struct fxmi_cdev *c = tier->cdevs; c; c = c->next)
		if (!c->ops && c->major == major && minor < c->minor + c->count && c->minor < minor + count)
			return true;
	return false;
}

int fxm_k_cdev_region(unsigned major, unsigned minor, unsigned count, const char *name)
{
	struct fxmi_tier *tier = tier_here();
	struct fxmi_cdev *c = calloc(1, sizeof(*c));
	bool is_dynamic = !major;

	if (!c)
		return -ENOMEM;
	pthread_mutex_lock(&tier->lock);
	for (major = is_dynamic ? FIRST_DYNAMIC_MAJOR : major; is_dynamic && major && is_taken_locked(tier, major, 0, 1u << 20);
	     major--)
		;
	bool is_taken = !major || is_taken_locked(tier, major, minor, count);
	if (!is_taken) {
		*c = (struct fxmi_cdev){.next = tier->cdevs, .major = major, .minor = minor, .count = count};
		snprintf(c->name, sizeof(c->name), "%s", name);
		tier->cdevs = c;
	}
	pthread_mutex_unlock(&tier->lock);
	if (is_taken)
		free(c);
	return is_taken ? -EBUSY : (int)major;
}

static void remove_cdev(struct fxmi_tier *tier, bool (*is_it)(const struct fxmi_cdev *c, const void *arg), const void *arg)
{
	pthread_mutex_lock(&tier->lock);
	struct fxmi_cdev **at = &tier->cdevs;
	while (*at && !is_it(*at, arg))
		at = &(*at)->next;
	struct fxmi_cdev *c = *at;
	if (c)
		*at = c->next;
	pthread_mutex_unlock(&tier->lock);
	free(c);
}

static bool is_region(const struct fxmi_cdev *c, const void *arg)
{
	const unsigned *number = arg;
	return !c->ops && c->major == number[0] && c->minor == number[1];
}

static bool is_of_object(const struct fxmi_cdev *c, const void *arg)
{
	return c->ops && c->object == arg;
}

/* The path of a device that has no node of its own yet; "" when it has, or there is no region. */
static void node_of_region(struct fxmi_tier *tier, unsigned major, unsigned minor, char *path, size_t size)
{
	*path = 0;
	pthread_mutex_lock(&tier->lock);
	for (const struct fxmi_cdev *c = tier->cdevs; c; c = c->next)
		if (!c->ops && c->major == major && minor >= c->minor && minor < c->minor + c->count)
			snprintf(path, size, c->count == 1 || c->count == 256 ? "/dev/%s" : "/dev/%s%u", c->name, minor - c->minor);
	for (const struct fxmi_file *f = tier->files; f; f = f->next)
		if (f->is_device && f->major == major && f->minor == minor)
			*path = 0;
	pthread_mutex_unlock(&tier->lock);
}

static void remove_nodes(struct fxmi_tier *tier, unsigned major, unsigned minor, unsigned count)
{
	for (;;) {
		pthread_mutex_lock(&tier->lock);
		struct fxmi_file **at = &tier->files;
		while (*at && !((*at)->is_device && (*at)->major == major && (*at)->minor - minor < count))
			at = &(*at)->next;
		struct fxmi_file *f = *at;
		if (f)
			*at = f->next;
		pthread_mutex_unlock(&tier->lock);
		if (!f)
			return;
		fxmi_held_remove(tier, FXM_HELD_FILE, f->number);
		free(f);
	}
}

void fxm_k_cdev_region_end(unsigned major, unsigned minor)
{
	remove_cdev(tier_here(), is_region, (const unsigned[]){major, minor});
}

static int add_node(struct fxmi_tier *tier, unsigned major, unsigned minor, const char *path, uintptr_t site)
{
	return add(tier, &(struct fxmi_file){.is_device = true, .major = major, .minor = minor}, path, site);
}

int fxm_k_cdev_add(unsigned major, unsigned minor, unsigned count, const struct fxm_file_ops *ops, void *object)
{
	struct fxmi_tier *tier = tier_here();
	struct fxmi_cdev *c = ops ? calloc(1, sizeof(*c)) : NULL;
	char path[128];

	if (!c)
		return ops ? -ENOMEM : -EINVAL;
	*c = (struct fxmi_cdev){.ops = ops, .object = object, .major = major, .minor = minor, .count = count};
	pthread_mutex_lock(&tier->lock);
	c->next = tier->cdevs;
	tier->cdevs = c;
	pthread_mutex_unlock(&tier->lock);
	for (unsigned i = 0; i < count && i < (count == 256 ? 1 : 64); i++) {
		node_of_region(tier, major, minor + i, path, sizeof(path));
		if (*path)
			add_node(tier, major, minor + i, path, (uintptr_t)__builtin_return_address(0));
	}
	return 0;
}

void fxm_k_cdev_remove(const void *object)
{
	struct fxmi_tier *tier = tier_here();
	unsigned major = 0, minor = 0, count = 0;

	pthread_mutex_lock(&tier->lock);
	for (const struct fxmi_cdev *c = tier->cdevs; c; c = c->next)
		if (is_of_object(c, object)) {
			major = c->major;
			minor = c->minor;
			count = c->count;
		}
	pthread_mutex_unlock(&tier->lock);
	remove_nodes(tier, major, minor, count);
	remove_cdev(tier, is_of_object, object);
}

static bool is_of_major(const struct fxmi_cdev *c, const void *arg)
{
	return c->major == *(const unsigned *)arg;
}

void fxm_k_cdev_remove_all(unsigned major)
{
	struct fxmi_tier *tier = tier_here();
	bool is_left;

	remove_nodes(tier, major, 0, 1u << 20);
	do {
		remove_cdev(tier, is_of_major, &major);
		pthread_mutex_lock(&tier->lock);
		is_left = false;
		for (const struct fxmi_cdev *c = tier->cdevs; c; c = c->next)
			is_left |= is_of_major(c, &major);
		pthread_mutex_unlock(&tier->lock);
	} while (is_left);
}

int fxm_k_cdev_node(unsigned major, unsigned minor, const char *name)
{
	struct fxmi_tier *tier = tier_here();
	char path[256];

	remove_nodes(tier, major, minor, 1); /* what stood in for it */
	snprintf(path, sizeof(path), "/dev/%s", name);
	return add_node(tier, major, minor, path, (uintptr_t)__builtin_return_address(0));
}

void fxm_k_cdev_node_end(unsigned major, unsigned minor)
{
	remove_nodes(tier_here(), major, minor, 1);
}

/* ---- from outside ---- */

static int look_up(struct fxmi_tier *tier, const char *path, const struct fxm_file_ops **ops, void **object)
{
	int error = -ENOENT;

	pthread_mutex_lock(&tier->lock);
	const struct fxmi_file *f = *find_locked(tier, path);
	if (f && f->is_device) {
		error = -ENXIO;
		for (const struct fxmi_cdev *c = tier->cdevs; c; c = c->next)
			if (c->ops && c->major == f->major && f->minor - c->minor < c->count) {
				*ops = c->ops;
				*object = c->object;
				error = 0;
			}
	} else if (f) {
		*ops = f->ops;
		*object = f->object;
		error = f->ops ? 0 : -EISDIR;
	}
	pthread_mutex_unlock(&tier->lock);
	return error;
}

int fxm_file_open(struct fxm_machine *m, const char *path, struct fxm_file **file)
{
	const struct fxm_file_ops *ops = NULL;
	void *object = NULL;
	int error = m && path && file ? look_up(fxmi_tier(fxmi_kernel(m)), path, &ops, &object) : -EINVAL;
	struct fxm_file *f = error ? NULL : calloc(1, sizeof(*f));

	if (!error && !f)
		error = -ENOMEM;
	if (error)
		return error;
	*f = (struct fxm_file){.ops = ops, .file = object};
	if (ops->open)
		error = ops->open(object, &f->file);
	if (error)
		free(f);
	else
		*file = f;
	return error;
}

long fxm_file_read(struct fxm_file *file, void *buf, size_t size)
{
	return file && file->ops->read ? file->ops->read(file->file, buf, size, &file->pos) : -EINVAL;
}

long fxm_file_write(struct fxm_file *file, const void *buf, size_t size)
{
	return file && file->ops->write ? file->ops->write(file->file, buf, size, &file->pos) : -EINVAL;
}

long fxm_file_ioctl(struct fxm_file *file, unsigned command, unsigned long argument)
{
	if (!file)
		return -EINVAL;
	return file->ops->ioctl ? file->ops->ioctl(file->file, command, argument) : -ENOTTY;
}

void fxm_file_close(struct fxm_file *file)
{
	if (file && file->ops->release)
		file->ops->release(file->file);
	free(file);
}

int fxm_file_each(struct fxm_machine *m, int (*fn)(const char *path, void *arg), void *arg)
{
	if (!m || !fn)
		return -EINVAL;
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel(m));
	char path[256] = "";
	unsigned last = 0;
	int stop = 0;

	while (!stop) {
		unsigned next = 0;
		pthread_mutex_lock(&tier->lock);
		for (const struct fxmi_file *f = tier->files; f && !next; f = f->next)
			if (f->number > last) { /* the list is in order of registration */
				next = f->number;
				snprintf(path, sizeof(path), "%s", f->path);
			}
		pthread_mutex_unlock(&tier->lock);
		if (!next)
			break;
		last = next;
		stop = fn(path, arg);
	}
	return stop;
}
