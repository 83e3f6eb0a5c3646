/* SPDX-License-Identifier: MIT */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

static char kept[64] = "nothing yet\n";
static size_t len = 12;

static ssize_t kept_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return simple_read_from_buffer(buf, size, pos, kept, len);
}

static ssize_t kept_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	if (size > sizeof(kept))
		size = sizeof(kept);
	if (copy_from_user(kept, buf, size))
		return -EFAULT;
	len = size;
	return (ssize_t)size;
}

static const struct proc_ops kept_ops = {.proc_read = kept_read, .proc_write = kept_write};

static int single_show(struct seq_file *m, void *v)
{
	seq_printf(m, "single %d\n", 5);
	return 0;
}

static void *line_start(struct seq_file *m, loff_t *pos)
{
	return *pos < 3 ? pos : NULL;
}

static void *line_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return *pos < 3 ? pos : NULL;
}

static void line_stop(struct seq_file *m, void *v)
{
}

static int line_show(struct seq_file *m, void *v)
{
	seq_printf(m, "line %lld\n", (long long)*(loff_t *)v);
	return 0;
}

static const struct seq_operations line_ops = {.start = line_start, .next = line_next, .stop = line_stop, .show = line_show};
static struct proc_dir_entry *dir;
static bool forget;
module_param(forget, bool, 0);

static int __init proc_init(void)
{
	dir = proc_mkdir("mine", NULL);
	proc_create("kept", 0644, dir, &kept_ops);
	proc_create_single("single", 0444, dir, single_show);
	proc_create_seq("lines", 0444, NULL, &line_ops);
	return 0;
}

static void __exit proc_exit(void)
{
	if (!forget)
		remove_proc_entry("lines", NULL);
	proc_remove(dir);
}

module_init(proc_init);
module_exit(proc_exit);
MODULE_LICENSE("GPL");
