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

/* @groupsize and @ascii are not looked at: bytes, in lines of @rowsize. */
FXM_K_INLINE void print_hex_dump(const char *level, const char *prefix, int prefix_type, int rowsize, int groupsize,
				 const void *buf, size_t len, bool ascii)
{
	const unsigned char *byte = (const unsigned char *)buf;

	(void)groupsize;
	(void)ascii;
	for (size_t i = 0; i < len; i++) {
		if (i % (unsigned)rowsize == 0) {
			printk("%s%s", level, prefix);
			if (prefix_type == DUMP_PREFIX_ADDRESS)
				printk(KERN_CONT "%px: ", byte + i);
			else if (prefix_type == DUMP_PREFIX_OFFSET)
				printk(KERN_CONT "%.8zx: ", i);
		}
		printk(KERN_CONT "%02x%s", byte[i], i + 1 == len || (i + 1) % (unsigned)rowsize == 0 ? "\n" : " ");
	}
}

struct va_format {
	const char *fmt;
	va_list *va;
};

#endif
