/* SPDX-License-Identifier: MIT */
/*
 * linux/string.h for compiled kernel code: the C library's functions, after their pointers were judged as if the caller had made
 * the accesses himself. Of a string no more is judged than the function reads: page by page, up to its end.
 */
#include "tier.h"

#include <strings.h>

#define SITE ((uintptr_t)__builtin_return_address(0))

static void reads(const void *at, size_t size, uintptr_t site)
{
	fxmi_check_range((uintptr_t)at, size, FXM_READ, site);
}

static void writes(const void *at, size_t size, uintptr_t site)
{
	fxmi_check_range((uintptr_t)at, size, FXM_WRITE, site);
}

size_t fxmi_tier_strnlen(const char *text, size_t max, uintptr_t site)
{
	size_t len = 0;

	while (len < max) {
		size_t room = FXM_PAGE_SIZE - ((uintptr_t)(text + len) & (FXM_PAGE_SIZE - 1));
		size_t piece = room < max - len ? room : max - len;

		reads(text + len, 1, site);
		size_t n = strnlen(text + len, piece);
		reads(text + len, n < piece ? n + 1 : n, site);
		len += n;
		if (n < piece)
			break;
	}
	return len;
}

static size_t length(const char *text, uintptr_t site)
{
	return fxmi_tier_strnlen(text, SIZE_MAX, site);
}

void *fxm_k_memcpy(void *to, const void *from, size_t size)
{
	reads(from, size, SITE);
	writes(to, size, SITE);
	return memcpy(to, from, size);
}

void *fxm_k_memmove(void *to, const void *from, size_t size)
{
	reads(from, size, SITE);
	writes(to, size, SITE);
	return memmove(to, from, size);
}

void *fxm_k_memset(void *to, int byte, size_t size)
{
	writes(to, size, SITE);
	return memset(to, byte, size);
}

void *fxm_k_memchr(const void *at, int byte, size_t size)
{
	reads(at, size, SITE);
	return memchr(at, byte, size);
}

int fxm_k_memcmp(const void *a, const void *b, size_t size)
{
	reads(a, size, SITE);
	reads(b, size, SITE);
	return memcmp(a, b, size);
}

size_t fxm_k_strlen(const char *text)
{
	return length(text, SITE);
}

size_t fxm_k_strnlen(const char *text, size_t max)
{
	return fxmi_tier_strnlen(text, max, SITE);
}

char *fxm_k_strcpy(char *to, const char *from)
{
	size_t len = length(from, SITE);

	writes(to, len + 1, SITE);
	return memcpy(to, from, len + 1);
}

char *fxm_k_strncpy(char *to, const char *from, size_t size)
{
	fxmi_tier_strnlen(from, size, SITE);
	writes(to, size, SITE);
	return strncpy(to, from, size);
}

char *fxm_k_strcat(char *to, const char *from)
{
	size_t have = length(to, SITE), len = length(from, SITE);

	writes(to + have, len + 1, SITE);
	memcpy(to + have, from, len + 1);
	return to;
}

char *fxm_k_strncat(char *to, const char *from, size_t size)
{
	size_t have = length(to, SITE), len = fxmi_tier_strnlen(from, size, SITE);

	writes(to + have, len + 1, SITE);
	memcpy(to + have, from, len);
	to[have + len] = 0;
	return to;
}

/* Two strings are read as far as they agree. */
static void compares(const char *a, const char *b, size_t max, uintptr_t site)
{
	size_t len = fxmi_tier_strnlen(a, max, site), far = len < max ? len + 1 : max;

	fxmi_tier_strnlen(b, far, site);
}

int fxm_k_strcmp(const char *a, const char *b)
{
	compares(a, b, SIZE_MAX, SITE);
	return strcmp(a, b);
}

int fxm_k_strncmp(const char *a, const char *b, size_t max)
{
	compares(a, b, max, SITE);
	return strncmp(a, b, max);
}

int fxm_k_strcasecmp(const char *a, const char *b)
{
	compares(a, b, SIZE_MAX, SITE);
	return strcasecmp(a, b);
}

int fxm_k_strncasecmp(const char *a, const char *b, size_t max)
{
	compares(a, b, max, SITE);
	return strncasecmp(a, b, max);
}

char *fxm_k_strchr(const char *text, int c)
{
	length(text, SITE);
	return strchr(text, c);
}

char *fxm_k_strrchr(const char *text, int c)
{
	length(text, SITE);
	return strrchr(text, c);
}

char *fxm_k_strstr(const char *text, const char *part)
{
	length(text, SITE);
	length(part, SITE);
	return strstr(text, part);
}

char *fxm_k_strsep(char **text, const char *ends)
{
	reads(text, sizeof(*text), SITE);
	writes(text, sizeof(*text), SITE);
	if (*text)
		writes(*text, length(*text, SITE) + 1, SITE);
	length(ends, SITE);
	return strsep(text, ends);
}

size_t fxm_k_strspn(const char *text, const char *set)
{
	length(text, SITE);
	length(set, SITE);
	return strspn(text, set);
}

size_t fxm_k_strcspn(const char *text, const char *set)
{
	length(text, SITE);
	length(set, SITE);
	return strcspn(text, set);
}

char *fxm_k_strpbrk(const char *text, const char *set)
{
	length(text, SITE);
	length(set, SITE);
	return strpbrk(text, set);
}
