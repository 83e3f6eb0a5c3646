/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SEQ_FILE_H
#define FXM_KERNEL_LINUX_SEQ_FILE_H

#if __has_include_next(<linux/seq_file.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/seq_file.h>
#else

/* Files whose contents are printed: by one function, or by an iterator. The whole text is made at the first read. */

#include <linux/bug.h>
#include <linux/fs.h>
#include <linux/printk.h>

struct seq_operations;

struct seq_file {
	char *buf;
	size_t size, count;
	loff_t index;
	const struct seq_operations *op;
	void *private;
	struct file *file;
	int (*show)(struct seq_file *m, void *v); /* of single_open() */
	bool is_made;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_START_TOKEN ((void *)1)
#define SEQ_SKIP 1

static __attribute__((unused)) int seq_write(struct seq_file *m, const void *data, size_t len)
{
	if (m->count + len + 1 > m->size) {
		size_t size = (m->count + len + 1) * 2;
		char *more = (char *)krealloc(m->buf, size, GFP_KERNEL);
		if (!more)
			return -1;
		m->buf = more;
		m->size = size;
	}
	memcpy(m->buf + m->count, data, len);
	m->count += len;
	return 0;
}

static __attribute__((unused, format(printf, 2, 3))) void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;
	char small[256], *text = small;

	va_start(args, fmt);
	size_t len = (size_t)vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len >= sizeof(small)) {
		text = (char *)kmalloc(len + 1, GFP_KERNEL);
		if (!text)
			return;
		va_start(args, fmt);
		vsnprintf(text, len + 1, fmt, args);
		va_end(args);
	}
	seq_write(m, text, len);
	if (text != small)
		kfree(text);
}

FXM_K_INLINE void seq_puts(struct seq_file *m, const char *text)
{
	seq_write(m, text, strlen(text));
}

FXM_K_INLINE void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

#define seq_has_overflowed(m) ((void)(m), false)

static __attribute__((unused)) int fxm_k_seq_make(struct seq_file *m)
{
	loff_t pos = 0;
	int error = 0;

	m->is_made = true;
	if (m->show)
		return m->show(m, NULL);
	void *v = m->op->start(m, &pos);
	while (v && !IS_ERR(v) && error >= 0) {
		size_t before = m->count;
		error = m->op->show(m, v);
		if (error)
			m->count = before;
		if (error < 0)
			break;
		v = m->op->next(m, v, &pos);
		m->index = pos;
	}
	m->op->stop(m, v);
	return IS_ERR(v) ? (int)PTR_ERR(v) : error < 0 ? error : 0;
}

static __attribute__((unused)) ssize_t seq_read(struct file *file, char *buf, size_t size, loff_t *pos)
{
	struct seq_file *m = (struct seq_file *)file->private_data;
	int error = m->is_made ? 0 : fxm_k_seq_make(m);

	return error ? error : simple_read_from_buffer(buf, size, pos, m->buf, m->count);
}

static __attribute__((unused)) loff_t seq_lseek(struct file *file, loff_t offset, int whence)
{
	return default_llseek(file, offset, whence);
}

static __attribute__((unused)) int seq_open(struct file *file, const struct seq_operations *op)
{
	struct seq_file *m = (struct seq_file *)kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	m->op = op;
	m->file = file;
	file->private_data = m;
	return 0;
}

static __attribute__((unused)) int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data)
{
	int error = seq_open(file, NULL);

	if (!error) {
		((struct seq_file *)file->private_data)->show = show;
		((struct seq_file *)file->private_data)->private = data;
	}
	return error;
}

static __attribute__((unused)) int seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = (struct seq_file *)file->private_data;

	(void)inode;
	kfree(m->buf);
	kfree(m);
	return 0;
}

#define single_release seq_release

#define DEFINE_SHOW_ATTRIBUTE(name_)                                                                                               \
	static int name_##_open(struct inode *inode, struct file *file)                                                            \
	{                                                                                                                          \
		return single_open(file, name_##_show, inode->i_private);                                                          \
	}                                                                                                                          \
	static const struct file_operations name_##_fops __attribute__((unused)) = {                                               \
	    .owner = THIS_MODULE, .open = name_##_open, .read = seq_read, .llseek = seq_lseek, .release = single_release}

#endif
#endif
