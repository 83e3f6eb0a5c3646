/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_STRING_H
#define FXM_KERNEL_LINUX_STRING_H

/*
 * The C library's functions, declared as it declares them but without its headers, whose other names (index, remove, ...)
 * kernel code uses for its own. The printf family understands the kernel's %p.
 */

#include <linux/types.h>

void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);
size_t strnlen(const char *, size_t);
char *strcpy(char *, const char *);
char *strncpy(char *, const char *, size_t);
char *strcat(char *, const char *);
char *strncat(char *, const char *, size_t);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
int strcasecmp(const char *, const char *);
int strncasecmp(const char *, const char *, size_t);
char *strchr(const char *, int);
char *strrchr(const char *, int);
char *strstr(const char *, const char *);
char *strsep(char **, const char *);
size_t strspn(const char *, const char *);
size_t strcspn(const char *, const char *);
char *strpbrk(const char *, const char *);

/* With checks each judges the accesses that it is going to make, as the caller's own. */
#ifdef FXM_KERNEL_CHECKED
#define memcpy(to, from, size) fxm_k_memcpy(to, from, size)
#define memmove(to, from, size) fxm_k_memmove(to, from, size)
#define memset(to, byte, size) fxm_k_memset(to, byte, size)
#define memchr(at, byte, size) fxm_k_memchr(at, byte, size)
#define memcmp(a, b, size) fxm_k_memcmp(a, b, size)
#define strlen(text) fxm_k_strlen(text)
#define strnlen(text, max) fxm_k_strnlen(text, max)
#define strcpy(to, from) fxm_k_strcpy(to, from)
#define strncpy(to, from, size) fxm_k_strncpy(to, from, size)
#define strcat(to, from) fxm_k_strcat(to, from)
#define strncat(to, from, size) fxm_k_strncat(to, from, size)
#define strcmp(a, b) fxm_k_strcmp(a, b)
#define strncmp(a, b, max) fxm_k_strncmp(a, b, max)
#define strcasecmp(a, b) fxm_k_strcasecmp(a, b)
#define strncasecmp(a, b, max) fxm_k_strncasecmp(a, b, max)
#define strchr(text, c) fxm_k_strchr(text, c)
#define strrchr(text, c) fxm_k_strrchr(text, c)
#define strstr(text, part) fxm_k_strstr(text, part)
#define strsep(text, ends) fxm_k_strsep(text, ends)
#define strspn(text, set) fxm_k_strspn(text, set)
#define strcspn(text, set) fxm_k_strcspn(text, set)
#define strpbrk(text, set) fxm_k_strpbrk(text, set)
#else
/*
 * Where a pointer in the window cannot tell how far it will go, these can: past the mapped page into another mapping. The caller's
 * line is the macro's.
 */
#define FXM_K_SPAN(at, size, is_write)                                                                                             \
	((((unsigned long)(at)&0xfff) + (size) > 0x1000) ? fxm_k_check_span(at, is_write) : (void)0)
#define memcpy(to, from, size)                                                                                                     \
	({                                                                                                                         \
		void *fxm_to = (to);                                                                                               \
		const void *fxm_from = (from);                                                                                     \
		size_t fxm_size = (size);                                                                                          \
		FXM_K_SPAN(fxm_from, fxm_size, 0);                                                                                 \
		FXM_K_SPAN(fxm_to, fxm_size, 1);                                                                                   \
		memcpy(fxm_to, fxm_from, fxm_size);                                                                                \
	})
#define memmove(to, from, size)                                                                                                    \
	({                                                                                                                         \
		void *fxm_to = (to);                                                                                               \
		const void *fxm_from = (from);                                                                                     \
		size_t fxm_size = (size);                                                                                          \
		FXM_K_SPAN(fxm_from, fxm_size, 0);                                                                                 \
		FXM_K_SPAN(fxm_to, fxm_size, 1);                                                                                   \
		memmove(fxm_to, fxm_from, fxm_size);                                                                               \
	})
#define memset(to, byte, size)                                                                                                     \
	({                                                                                                                         \
		void *fxm_to = (to);                                                                                               \
		size_t fxm_size = (size);                                                                                          \
		FXM_K_SPAN(fxm_to, fxm_size, 1);                                                                                   \
		memset(fxm_to, byte, fxm_size);                                                                                    \
	})

#endif

/* The first byte of the area that is another one, or NULL. */
FXM_K_INLINE void *memchr_inv(const void *area, int byte, size_t size)
{
	const unsigned char *at = (const unsigned char *)area;

	for (; size; at++, size--)
		if (*at != (unsigned char)byte)
			return (void *)at;
	return NULL;
}

int sscanf(const char *, const char *, ...) __attribute__((format(scanf, 2, 3)));
#define sprintf(...) fxm_k_sprintf(__VA_ARGS__)
#define snprintf(...) fxm_k_snprintf(__VA_ARGS__)
#define vsnprintf(buf, size, fmt, args) fxm_k_vsnprintf(buf, size, fmt, args)
#define scnprintf(buf, size, ...)                                                                                                  \
	({                                                                                                                         \
		size_t fxm_size = (size);                                                                                          \
		size_t fxm_len = (size_t)fxm_k_snprintf(buf, fxm_size, __VA_ARGS__);                                               \
		(int)(fxm_len < fxm_size ? fxm_len : fxm_size ? fxm_size - 1 : 0);                                                 \
	})

FXM_K_INLINE size_t fxm_k_strlcpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);
	if (size) {
		size_t n = len < size ? len : size - 1;
		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}
#define strlcpy(to, from, size) fxm_k_strlcpy(to, from, size)

/* -E2BIG when cut. */
FXM_K_INLINE ssize_t fxm_k_strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size), n = len < size ? len : size - 1;
	if (!size)
		return -7;
	memcpy(to, from, n);
	to[n] = '\0';
	return len < size ? (ssize_t)len : -7;
}
/* Since 6.8 an array needs no size. */
#define FXM_K_STRSCPY_3(to, from, size) fxm_k_strscpy(to, from, size)
#define FXM_K_STRSCPY_2(to, from) fxm_k_strscpy(to, from, sizeof(to))
#define FXM_K_STRSCPY(to, from, size, name, ...) name
#define strscpy(...) FXM_K_STRSCPY(__VA_ARGS__, FXM_K_STRSCPY_3, FXM_K_STRSCPY_2, 0)(__VA_ARGS__)

FXM_K_INLINE ssize_t strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t len = fxm_k_strscpy(to, from, size);
	if (len >= 0 && (size_t)len + 1 < size)
		memset(to + len + 1, 0, size - (size_t)len - 1);
	return len;
}

/* How long it would have been. */
FXM_K_INLINE size_t fxm_k_strlcat(char *to, const char *from, size_t size)
{
	size_t len = strnlen(to, size);
	return len + (len < size ? fxm_k_strlcpy(to + len, from, size - len) : strlen(from));
}
#define strlcat(to, from, size) fxm_k_strlcat(to, from, size)

#endif
