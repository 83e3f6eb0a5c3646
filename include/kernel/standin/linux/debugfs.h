/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_DEBUGFS_H
#define FXM_KERNEL_LINUX_DEBUGFS_H

#if __has_include_next(<linux/debugfs.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/debugfs.h>
#else

/* Files of /sys/kernel/debug. An error of one is no reason to stop: what is made below it fails too, in silence, as there. */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

static struct dentry *fxm_k_debugfs_entries __attribute__((unused));

FXM_K_INLINE struct dentry *fxm_k_debugfs_add(const char *name, struct dentry *parent, void *data,
					      const struct file_operations *fops)
{
	struct dentry *entry = IS_ERR(parent) ? NULL : (struct dentry *)fxm_k_file_object(sizeof(*entry));
	int error;

	if (!entry)
		return IS_ERR(parent) ? parent : (struct dentry *)ERR_PTR(-ENOMEM);
	snprintf(entry->path, sizeof(entry->path), "%s/%s", parent ? parent->path : "/sys/kernel/debug", name);
	entry->node.fops = fops;
	entry->node.name = strrchr(entry->path, '/') + 1;
	entry->node.inode.i_private = data;
	error = fxm_k_file_add(entry->path, fops ? &fxm_k_fops : NULL, &entry->node);
	if (error) {
		fxm_k_file_forget(entry);
		return (struct dentry *)ERR_PTR(error);
	}
	entry->next = fxm_k_debugfs_entries;
	fxm_k_debugfs_entries = entry;
	return entry;
}

#define debugfs_create_dir(name, parent) fxm_k_debugfs_add(name, parent, NULL, NULL)
#define debugfs_create_file(name, mode, parent, data, fops) ((void)(mode), fxm_k_debugfs_add(name, parent, data, fops))
#define debugfs_create_file_unsafe debugfs_create_file
#define debugfs_initialized() true

static __attribute__((unused)) ssize_t fxm_k_number_read(struct file *file, char *buf, size_t size, loff_t *pos)
{
	const struct dentry *entry = (const struct dentry *)file->f_inode->i_private;
	unsigned long long value = 0;
	char text[24];

	memcpy(&value, entry->value, (size_t)entry->width);
	int len =
	    snprintf(text, sizeof(text), entry->is_hex ? "0x%0*llx\n" : "%.*llu\n", entry->is_hex ? entry->width * 2 : 1, value);
	return simple_read_from_buffer(buf, size, pos, text, (size_t)len);
}

static __attribute__((unused)) ssize_t fxm_k_number_write(struct file *file, const char *buf, size_t size, loff_t *pos)
{
	struct dentry *entry = (struct dentry *)file->f_inode->i_private;
	unsigned long long value;
	char text[24] = "";
	ssize_t n = simple_write_to_buffer(text, sizeof(text) - 1, pos, buf, size);

	if (n < 0 || kstrtoull(text, 0, &value))
		return n < 0 ? n : -EINVAL;
	memcpy(entry->value, &value, (size_t)entry->width);
	return n;
}

static const struct file_operations fxm_k_number_fops
    __attribute__((unused)) = {.read = fxm_k_number_read, .write = fxm_k_number_write};

FXM_K_INLINE void fxm_k_debugfs_number(const char *name, struct dentry *parent, void *value, int width, bool is_hex)
{
	struct dentry *entry = fxm_k_debugfs_add(name, parent, NULL, &fxm_k_number_fops);

	if (IS_ERR(entry))
		return;
	entry->value = value;
	entry->width = width;
	entry->is_hex = is_hex;
	entry->node.inode.i_private = entry;
}

/* Bytes that are only read. */
struct debugfs_blob_wrapper {
	void *data;
	unsigned long size;
};

static __attribute__((unused)) ssize_t fxm_k_blob_read(struct file *file, char *buf, size_t size, loff_t *pos)
{
	const struct debugfs_blob_wrapper *blob = (const struct debugfs_blob_wrapper *)file->f_inode->i_private;

	return simple_read_from_buffer(buf, size, pos, blob->data, blob->size);
}

static const struct file_operations fxm_k_blob_fops __attribute__((unused)) = {.read = fxm_k_blob_read};

#define debugfs_create_blob(name, mode, parent, blob) fxm_k_debugfs_add(name, parent, blob, &fxm_k_blob_fops)

/* "Y" or "N"; what a parameter of type bool takes. */
static __attribute__((unused)) ssize_t fxm_k_bool_read(struct file *file, char *buf, size_t size, loff_t *pos)
{
	const struct dentry *entry = (const struct dentry *)file->f_inode->i_private;

	return simple_read_from_buffer(buf, size, pos, *(const bool *)entry->value ? "Y\n" : "N\n", 2);
}

static __attribute__((unused)) ssize_t fxm_k_bool_write(struct file *file, const char *buf, size_t size, loff_t *pos)
{
	struct dentry *entry = (struct dentry *)file->f_inode->i_private;
	char text[8] = "";
	ssize_t n = simple_write_to_buffer(text, sizeof(text) - 1, pos, buf, size);
	int error = n < 0 ? (int)n : kstrtobool(text, (bool *)entry->value);

	return error ? error : n;
}

static const struct file_operations fxm_k_bool_fops __attribute__((unused)) = {.read = fxm_k_bool_read, .write = fxm_k_bool_write};

FXM_K_INLINE void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value)
{
	struct dentry *entry = fxm_k_debugfs_add(name, parent, NULL, &fxm_k_bool_fops);

	(void)mode;
	if (IS_ERR(entry))
		return;
	entry->value = value;
	entry->node.inode.i_private = entry;
}

#define debugfs_create_u8(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 1, false)
#define debugfs_create_u16(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 2, false)
#define debugfs_create_u32(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 4, false)
#define debugfs_create_u64(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 8, false)
#define debugfs_create_x8(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 1, true)
#define debugfs_create_x16(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 2, true)
#define debugfs_create_x32(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 4, true)
#define debugfs_create_x64(name, mode, parent, value) fxm_k_debugfs_number(name, parent, value, 8, true)

/* What lies below goes too. */
static __attribute__((unused)) void debugfs_remove(struct dentry *dentry)
{
	char folder[160];

	if (!dentry || IS_ERR(dentry))
		return;
	snprintf(folder, sizeof(folder), "%s", dentry->path);
	size_t len = strlen(folder);
	fxm_k_file_remove(folder);
	for (struct dentry **at = &fxm_k_debugfs_entries; *at;) {
		struct dentry *entry = *at;

		if (!strncmp(entry->path, folder, len) && (!entry->path[len] || entry->path[len] == '/')) {
			*at = entry->next;
			fxm_k_file_forget(entry);
		} else {
			at = &entry->next;
		}
	}
}
#define debugfs_remove_recursive(dentry) debugfs_remove(dentry)

#endif
#endif
