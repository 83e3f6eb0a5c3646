/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KSTRTOX_H
#define FXM_KERNEL_LINUX_KSTRTOX_H

/* Numbers from text: the whole of it, a newline at its end aside. -EINVAL when it is none, -ERANGE when it does not fit. */

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/types.h>

unsigned long long strtoull(const char *, char **, int);

FXM_K_INLINE int fxm_k_digits(const char *text, unsigned int base, u64 *value)
{
	unsigned long long most = ULLONG_MAX;
	char *end;

	if (!((*text >= '0' && *text <= '9') || (base == 16 && ((*text | 32) >= 'a' && (*text | 32) <= 'f'))))
		return -EINVAL;
	*value = strtoull(text, &end, (int)base);
	if (*end == '\n')
		end++;
	return *end ? -EINVAL : *value == most ? -ERANGE : 0;
}

FXM_K_INLINE int kstrtoull(const char *text, unsigned int base, unsigned long long *result)
{
	u64 value = 0;
	int error = fxm_k_digits(text + (*text == '+'), base, &value);

	if (!error)
		*result = value;
	return error;
}

FXM_K_INLINE int kstrtoll(const char *text, unsigned int base, long long *result)
{
	bool negative = *text == '-';
	unsigned long long value = 0;
	int error = kstrtoull(text + negative, base, &value);

	if (!error && value > (unsigned long long)LLONG_MAX + negative)
		error = -ERANGE;
	if (!error)
		*result = negative ? (long long)(0 - value) : (long long)value;
	return error;
}

#define FXM_K_KSTRTO(name, type, wide, wide_type)                                                                                  \
	FXM_K_INLINE int name(const char *text, unsigned int base, type *result)                                                   \
	{                                                                                                                          \
		wide_type value = 0;                                                                                               \
		int error = wide(text, base, &value);                                                                              \
		if (!error && (wide_type)(type)value != value)                                                                     \
			error = -ERANGE;                                                                                           \
		if (!error)                                                                                                        \
			*result = (type)value;                                                                                     \
		return error;                                                                                                      \
	}

FXM_K_KSTRTO(kstrtoul, unsigned long, kstrtoull, unsigned long long)
FXM_K_KSTRTO(kstrtol, long, kstrtoll, long long)
FXM_K_KSTRTO(kstrtouint, unsigned int, kstrtoull, unsigned long long)
FXM_K_KSTRTO(kstrtoint, int, kstrtoll, long long)
FXM_K_KSTRTO(kstrtou16, u16, kstrtoull, unsigned long long)
FXM_K_KSTRTO(kstrtou8, u8, kstrtoull, unsigned long long)

FXM_K_INLINE int kstrtobool(const char *text, bool *result)
{
	bool on = text && (*text == 'y' || *text == 'Y' || *text == '1' || *text == 't' || *text == 'T');
	bool off = text && (*text == 'n' || *text == 'N' || *text == '0' || *text == 'f' || *text == 'F');

	if (text && (text[0] | 32) == 'o') {
		on = (text[1] | 32) == 'n';
		off = (text[1] | 32) == 'f';
	}
	if (!on && !off)
		return -EINVAL;
	*result = on;
	return 0;
}

#endif
