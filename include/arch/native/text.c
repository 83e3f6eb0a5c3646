/* SPDX-License-Identifier: MIT */

/* Memory and text: the library's calls look at what they touch. Checksums whose tables the tree's build would generate. */

#include "native.h"

#include <linux/crc32.h>
#include <linux/kern_levels.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

void *fxm_k_memcpy(void *to, const void *from, size_t size);
void *fxm_k_memmove(void *to, const void *from, size_t size);
void *fxm_k_memset(void *to, int byte, size_t size);
void *fxm_k_memchr(const void *at, int byte, size_t size);
int fxm_k_memcmp(const void *a, const void *b, size_t size);
size_t fxm_k_strlen(const char *text);
size_t fxm_k_strnlen(const char *text, size_t max);
char *fxm_k_strcpy(char *to, const char *from);
char *fxm_k_strncpy(char *to, const char *from, size_t size);
char *fxm_k_strcat(char *to, const char *from);
char *fxm_k_strncat(char *to, const char *from, size_t size);
int fxm_k_strcmp(const char *a, const char *b);
int fxm_k_strncmp(const char *a, const char *b, size_t max);
int fxm_k_strcasecmp(const char *a, const char *b);
int fxm_k_strncasecmp(const char *a, const char *b, size_t max);
char *fxm_k_strchr(const char *text, int c);
char *fxm_k_strrchr(const char *text, int c);
char *fxm_k_strstr(const char *text, const char *part);
char *fxm_k_strsep(char **text, const char *ends);
size_t fxm_k_strspn(const char *text, const char *set);
size_t fxm_k_strcspn(const char *text, const char *set);
char *fxm_k_strpbrk(const char *text, const char *set);

#define SAME(type, name, parameters, arguments)                                                                                    \
	type name parameters                                                                                                       \
	{                                                                                                                          \
		return fxm_k_##name arguments;                                                                                     \
	}
SAME(void *, memcpy, (void *to, const void *from, size_t size), (to, from, size))
SAME(void *, memmove, (void *to, const void *from, size_t size), (to, from, size))
SAME(void *, memset, (void *to, int byte, size_t size), (to, byte, size))
SAME(void *, memchr, (const void *at, int byte, size_t size), (at, byte, size))
SAME(int, memcmp, (const void *a, const void *b, size_t size), (a, b, size))
SAME(size_t, strlen, (const char *text), (text))
SAME(size_t, strnlen, (const char *text, size_t max), (text, max))
SAME(char *, strcpy, (char *to, const char *from), (to, from))
SAME(char *, strncpy, (char *to, const char *from, size_t size), (to, from, size))
SAME(char *, strcat, (char *to, const char *from), (to, from))
SAME(char *, strncat, (char *to, const char *from, size_t size), (to, from, size))
SAME(int, strcmp, (const char *a, const char *b), (a, b))
SAME(int, strncmp, (const char *a, const char *b, size_t max), (a, b, max))
SAME(int, strcasecmp, (const char *a, const char *b), (a, b))
SAME(int, strncasecmp, (const char *a, const char *b, size_t max), (a, b, max))
SAME(char *, strchr, (const char *text, int c), (text, c))
SAME(char *, strrchr, (const char *text, int c), (text, c))
SAME(char *, strstr, (const char *text, const char *part), (text, part))
SAME(char *, strsep, (char **text, const char *ends), (text, ends))
SAME(size_t, strspn, (const char *text, const char *set), (text, set))
SAME(size_t, strcspn, (const char *text, const char *set), (text, set))
SAME(char *, strpbrk, (const char *text, const char *set), (text, set))

int bcmp(const void *a, const void *b, size_t size)
{
	return fxm_k_memcmp(a, b, size);
}

void *memscan(void *at, int byte, size_t size)
{
	void *found = fxm_k_memchr(at, byte, size);
	return found ? found : at + size;
}

void *memchr_inv(const void *at, int byte, size_t size)
{
	const u8 *p = at;

	for (; size; p++, size--)
		if (*p != (u8)byte)
			return (void *)p;
	return NULL;
}

char *strnchr(const char *text, size_t count, int c)
{
	for (; count && *text; text++, count--)
		if (*text == (char)c)
			return (char *)text;
	return NULL;
}

char *strchrnul(const char *text, int c)
{
	while (*text && *text != (char)c)
		text++;
	return (char *)text;
}

char *strnchrnul(const char *text, size_t count, int c)
{
	while (count-- && *text && *text != (char)c)
		text++;
	return (char *)text;
}

char *strnstr(const char *text, const char *part, size_t len)
{
	size_t n = strlen(part);

	for (; len >= n; text++, len--)
		if (!memcmp(text, part, n))
			return (char *)text;
	return NULL;
}

char *stpcpy(char *__restrict__ to, const char *__restrict__ from)
{
	size_t n = strlen(from);

	memcpy(to, from, n + 1);
	return to + n;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from), n = len < size ? len : size - 1;

	if (size) {
		memcpy(to, from, n);
		to[n] = 0;
	}
	return len;
}

size_t strlcat(char *to, const char *from, size_t size)
{
	size_t len = strnlen(to, size);

	return len + strlcpy(to + len, from, size - len);
}

#if FXM_TREE_BEFORE(6, 8)
ssize_t strscpy(char *to, const char *from, size_t size)
#else
ssize_t sized_strscpy(char *to, const char *from, size_t size)
#endif
{
	size_t len = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (len == size)
		len--;
	memcpy(to, from, len);
	to[len] = 0;
	return from[len] ? -E2BIG : (ssize_t)len;
}

/* ---- formatted ---- */

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	return fxm_k_vsnprintf(buf, size, fmt, args);
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = fxm_k_vsnprintf(buf, size, fmt, args);

	return n < (int)size ? n : size ? (int)size - 1 : 0;
}

int vsprintf(char *buf, const char *fmt, va_list args)
{
	return fxm_k_vsnprintf(buf, INT_MAX, fmt, args);
}

#define WITH_ARGS(call)                                                                                                            \
	({                                                                                                                         \
		va_list args;                                                                                                      \
		int n;                                                                                                             \
		va_start(args, fmt);                                                                                               \
		n = call;                                                                                                          \
		va_end(args);                                                                                                      \
		n;                                                                                                                 \
	})

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	return WITH_ARGS(vsnprintf(buf, size, fmt, args));
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	return WITH_ARGS(vscnprintf(buf, size, fmt, args));
}

int sprintf(char *buf, const char *fmt, ...)
{
	return WITH_ARGS(vsprintf(buf, fmt, args));
}

asmlinkage __visible int _printk(const char *fmt, ...)
{
	return WITH_ARGS(fxm_k_vprintk(fmt, args));
}

int _printk_deferred(const char *fmt, ...)
{
	return WITH_ARGS(fxm_k_vprintk(fmt, args));
}

int vprintk(const char *fmt, va_list args)
{
	return fxm_k_vprintk(fmt, args);
}

asmlinkage int vprintk_emit(int facility, int level, const struct dev_printk_info *info, const char *fmt, va_list args)
{
	return fxm_k_vprintk(fmt, args);
}

int vsscanf(const char *buf, const char *fmt, va_list args)
{
	extern int fxm_k_vsscanf(const char *buf, const char *fmt, va_list args) __weak;

	return fxm_k_vsscanf ? fxm_k_vsscanf(buf, fmt, args) : 0;
}

int sscanf(const char *buf, const char *fmt, ...)
{
	return WITH_ARGS(vsscanf(buf, fmt, args));
}

unsigned long long simple_strtoull(const char *text, char **end, unsigned int base)
{
	unsigned long long value = 0;

	if (!base)
		base = *text != '0' ? 10 : (text[1] | 32) == 'x' ? 16 : 8;
	if (base == 16 && *text == '0' && (text[1] | 32) == 'x')
		text += 2;
	for (;; text++) {
		unsigned int digit = *text >= '0' && *text <= '9'   ? *text - '0'
				     : (*text | 32) >= 'a' && (*text | 32) <= 'z' ? (*text | 32) - 'a' + 10
										   : 99;
		if (digit >= base)
			break;
		value = value * base + digit;
	}
	if (end)
		*end = (char *)text;
	return value;
}

unsigned long simple_strtoul(const char *text, char **end, unsigned int base)
{
	return simple_strtoull(text, end, base);
}

long simple_strtol(const char *text, char **end, unsigned int base)
{
	return *text == '-' ? -(long)simple_strtoull(text + 1, end, base) : (long)simple_strtoull(text, end, base);
}

long long simple_strtoll(const char *text, char **end, unsigned int base)
{
	return simple_strtol(text, end, base);
}

int ___ratelimit(struct ratelimit_state *rs, const char *func)
{
	if (rs->burst && rs->printed >= rs->burst) {
		rs->missed++;
		return 0;
	}
	rs->printed++;
	return 1;
}

struct ratelimit_state printk_ratelimit_state = RATELIMIT_STATE_INIT(printk_ratelimit_state, 5 * HZ, 10);

int __printk_ratelimit(const char *func)
{
	return ___ratelimit(&printk_ratelimit_state, func);
}

bool printk_timed_ratelimit(unsigned long *last, unsigned int msecs)
{
	return true;
}

int console_printk[4] = {7, 4, 1, 7};
int oops_in_progress;

/* ---- checksums, bit by bit ---- */

static u32 crc_le(u32 crc, const u8 *p, size_t len, u32 polynomial)
{
	while (len--) {
		int bit;
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
	}
	return crc;
}

u32 __pure crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	return crc_le(crc, p, len, 0xedb88320);
}

u32 __pure __crc32c_le(u32 crc, const unsigned char *p, size_t len)
{
	return crc_le(crc, p, len, 0x82f63b78);
}

u32 __pure crc32_le_base(u32 crc, const unsigned char *p, size_t len)
{
	return crc_le(crc, p, len, 0xedb88320);
}

u32 __pure crc32_be(u32 crc, const unsigned char *p, size_t len)
{
	while (len--) {
		int bit;
		crc ^= (u32)*p++ << 24;
		for (bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
	}
	return crc;
}

/* The checksum of what stands before @len bytes of 0. */
static u32 shift(u32 crc, size_t len, u32 polynomial)
{
	static const u8 zero;

	while (len--)
		crc = crc_le(crc, &zero, 1, polynomial);
	return crc;
}

u32 __attribute_const__ crc32_le_shift(u32 crc, size_t len)
{
	return shift(crc, len, 0xedb88320);
}

u32 __attribute_const__ __crc32c_le_shift(u32 crc, size_t len)
{
	return shift(crc, len, 0x82f63b78);
}
