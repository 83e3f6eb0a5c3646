/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PRINTK_H
#define FXM_KERNEL_LINUX_PRINTK_H

/* The log. Formats are the kernel's: %px prints the simulated address. */

#include <linux/kern_levels.h>
#include <linux/types.h>

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define printk(...) fxm_k_printk(__VA_ARGS__)
#define vprintk(fmt, args) fxm_k_vprintk(fmt, args)
#define _printk(...) fxm_k_printk(__VA_ARGS__)

#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warning pr_warn
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt, ##__VA_ARGS__)
#ifdef DEBUG
#define no_printk(...) (0 ? printk(__VA_ARGS__) : 0)
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define no_printk(...) (0 ? printk(__VA_ARGS__) : 0)
#define pr_debug(fmt, ...) ((void)(0 && printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)))
#endif
#define pr_devel(fmt, ...) pr_debug(fmt, ##__VA_ARGS__)

#define FXM_K_PRINTK_ONCE(print, ...)                                                                                              \
	({                                                                                                                         \
		static bool fxm_printed;                                                                                           \
		bool fxm_do = !fxm_printed;                                                                                        \
		fxm_printed = true;                                                                                                \
		if (fxm_do)                                                                                                        \
			print(__VA_ARGS__);                                                                                        \
	})
#define printk_once(...) FXM_K_PRINTK_ONCE(printk, __VA_ARGS__)
#define pr_err_once(...) FXM_K_PRINTK_ONCE(pr_err, __VA_ARGS__)
#define pr_warn_once(...) FXM_K_PRINTK_ONCE(pr_warn, __VA_ARGS__)
#define pr_info_once(...) FXM_K_PRINTK_ONCE(pr_info, __VA_ARGS__)
#define printk_ratelimited printk
#define pr_err_ratelimited pr_err
#define pr_warn_ratelimited pr_warn
#define pr_info_ratelimited pr_info
#define printk_ratelimit() 1

enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };

/*
 * Bytes as groups of @groupsize (1, 2, 4 or 8, of this CPU's order), @rowsize (16 or 32) a line, and with @ascii as characters
 * behind: lib/hexdump.c's form. Returns the length that the whole line would have.
 */
FXM_K_INLINE int hex_dump_to_buffer(const void *buf, size_t len, int rowsize, int groupsize, char *line, size_t size, bool ascii)
{
	const unsigned char *byte = (const unsigned char *)buf;
	int used = 0, column;

	rowsize = rowsize == 32 ? 32 : 16;
	len = len < (size_t)rowsize ? len : (size_t)rowsize;
	groupsize = (groupsize == 2 || groupsize == 4 || groupsize == 8) && len % (size_t)groupsize == 0 ? groupsize : 1;
	column = rowsize * 2 + rowsize / groupsize + 1;
#define FXM_K_HEX_ADD(...)                                                                                                         \
	(used += fxm_k_snprintf((size_t)used < size ? line + used : (char *)0, (size_t)used < size ? size - (size_t)used : 0,      \
				__VA_ARGS__))
	if (size)
		*line = 0;
	for (size_t at = 0; at < len; at += (size_t)groupsize) {
		unsigned long long value = 0;

		for (int i = groupsize; i--;)
			value = value << 8 | byte[at + (size_t)i];
		FXM_K_HEX_ADD("%s%0*llx", at ? " " : "", groupsize * 2, value);
	}
	if (ascii && len) {
		FXM_K_HEX_ADD("%*s", column - used, "");
		for (size_t at = 0; at < len; at++)
			FXM_K_HEX_ADD("%c", byte[at] >= 0x20 && byte[at] < 0x7f ? byte[at] : '.');
	}
#undef FXM_K_HEX_ADD
	return used;
}

FXM_K_INLINE void print_hex_dump(const char *level, const char *prefix, int prefix_type, int rowsize, int groupsize,
				 const void *buf, size_t len, bool ascii)
{
	const char *at = (const char *)buf;
	char line[32 * 3 + 2 + 32 + 1];

	rowsize = rowsize == 32 ? 32 : 16;
	for (size_t i = 0; i < len; i += (size_t)rowsize) {
		hex_dump_to_buffer(at + i, len - i, rowsize, groupsize, line, sizeof(line), ascii);
		if (prefix_type == DUMP_PREFIX_ADDRESS)
			printk("%s%s%px: %s\n", level, prefix, at + i, line);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			printk("%s%s%.8zx: %s\n", level, prefix, i, line);
		else
			printk("%s%s%s\n", level, prefix, line);
	}
}

#define print_hex_dump_bytes(prefix, prefix_type, buf, len) print_hex_dump(KERN_DEBUG, prefix, prefix_type, 16, 1, buf, len, true)
#define print_hex_dump_debug(prefix, ...) print_hex_dump(KERN_DEBUG, prefix, __VA_ARGS__)

struct va_format {
	const char *fmt;
	va_list *va;
};

#endif
