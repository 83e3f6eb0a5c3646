/* SPDX-License-Identifier: MIT */
/*
 * printk's formats: C's without floating point, and the kernel's %p extensions. Models lib/vsprintf.c.
 *
 * Addresses are printed as the simulated kernel sees them. %p itself prints the address before 4.15 and a stand-in of eight
 * digits since, the same for the same address in every run.
 */
#include "report.h"
#include "state.h"
#include "tier.h"

#include <ctype.h>
#include <errno.h>

struct out {
	struct fxmi_kernel *k;
	char *buf;
	size_t size, used;
};

/* One conversion: "%-08.3ll" taken apart. */
struct spec {
	char flags[8];
	int width, precision; /* -1: not given */
	int length;	      /* bytes of an integer argument */
	char conversion;
};

static void put(struct out *o, const char *text, size_t len)
{
	if (o->used < o->size) {
		size_t room = o->size - o->used;
		memcpy(o->buf + o->used, text, len < room ? len : room);
	}
	o->used += len;
}

static void pad(struct out *o, int n)
{
	while (n-- > 0)
		put(o, " ", 1);
}

/* @text in its field. */
static void put_field(struct out *o, const struct spec *s, const char *text, size_t len)
{
	int blanks = s->width > 0 && (size_t)s->width > len ? s->width - (int)len : 0;
	bool left = strchr(s->flags, '-') != NULL;

	if (!left)
		pad(o, blanks);
	put(o, text, len);
	if (left)
		pad(o, blanks);
}

/* ---- parsing ---- */

static const char *parse_number(const char *f, int *n, va_list *args)
{
	if (*f == '*') {
		*n = va_arg(*args, int);
		return f + 1;
	}
	for (*n = 0; isdigit((unsigned char)*f); f++)
		*n = *n * 10 + (*f - '0');
	return f;
}

static const char *parse_length(const char *f, struct spec *s)
{
	static const struct {
		const char *word;
		int bytes;
	} lengths[] = {{"hh", 1}, {"h", 2}, {"ll", 8}, {"l", 8}, {"L", 8}, {"j", 8}, {"z", 8}, {"Z", 8}, {"t", 8}, {"q", 8}};

	s->length = 4;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (!strncmp(f, lengths[i].word, strlen(lengths[i].word))) {
			s->length = lengths[i].bytes;
			return f + strlen(lengths[i].word);
		}
	return f;
}

static const char *parse_spec(const char *f, struct spec *s, va_list *args)
{
	size_t n = 0;

	*s = (struct spec){.width = -1, .precision = -1};
	for (; *f && strchr("-+ #0", *f); f++)
		if (n < sizeof(s->flags) - 2 && !strchr(s->flags, *f))
			s->flags[n++] = *f;
	if (*f == '*' || isdigit((unsigned char)*f))
		f = parse_number(f, &s->width, args);
	if (s->width < -1) {
		s->width = -s->width;
		s->flags[n] = '-';
	}
	if (*f == '.') {
		f = parse_number(f + 1, &s->precision, args);
		if (s->precision < 0)
			s->precision = -1;
	}
	f = parse_length(f, s);
	s->conversion = *f;
	return *f ? f + 1 : f;
}

/* ---- conversions ---- */

static void put_integer(struct out *o, const struct spec *s, va_list *args)
{
	char format[32], text[160];
	bool is_signed = s->conversion == 'd' || s->conversion == 'i';
	uint64_t value = s->length == 8 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned int);
	unsigned drop = 64 - 8 * (unsigned)s->length;

	if (o->k)
		value = fxmi_tier_number(o->k->m, value, s->length);
	value = is_signed ? (uint64_t)((int64_t)(value << drop) >> drop) : value << drop >> drop;
	/* Wider fields than any log line are cut. */
	int width = s->width > 120 ? 120 : s->width, precision = s->precision > 120 ? 120 : s->precision;
	snprintf(format, sizeof(format), precision >= 0 ? "%%%s%s*.*ll%c" : "%%%s%s*ll%c", s->flags, "", s->conversion);
	int n = precision >= 0 ? snprintf(text, sizeof(text), format, width < 0 ? 0 : width, precision, (unsigned long long)value)
			       : snprintf(text, sizeof(text), format, width < 0 ? 0 : width, (unsigned long long)value);
	put(o, text, (size_t)n);
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_field(o, s, text, s->precision >= 0 ? strnlen(text, (size_t)s->precision) : strlen(text));
}

static void put_address(struct out *o, const struct spec *s, uint64_t value)
{
	char text[32];
	int digits = o->k && fxmi_layout_address_bits(o->k->layout) == 64 ? 16 : 8;
	int n = snprintf(text, sizeof(text), "%s%0*llx", strchr(s->flags, '#') ? "0x" : "", digits, (unsigned long long)value);
	put_field(o, s, text, (size_t)n);
}

/* ---- %p and what follows it ---- */

static uint64_t simulated(const struct out *o, const void *p)
{
	return o->k ? fxm_k_simulated(p) : (uintptr_t)p;
}

static void put_plain(struct out *o, const struct spec *s, const void *p)
{
	bool hashes = o->k && o->k->version >= (4 << 16 | 15 << 8);
	uint64_t value = simulated(o, p);

	if (!p)
		put_string(o, s, "(null)");
	else
		put_address(o, s, hashes ? (value * UINT64_C(0xd6e8feb86659fd93)) >> 32 : value);
}

static void put_symbol(struct out *o, const struct spec *s, const void *p, bool with_offset)
{
	char text[256];
	fxmi_symbolize((uintptr_t)p, text, sizeof(text));
	text[strcspn(text, with_offset ? " " : " +")] = 0;
	put_field(o, s, text, strlen(text));
}

/* %pa: a phys_addr_t behind the pointer, as wide as a PTE. */
static void put_phys(struct out *o, const struct spec *s, const void *p)
{
	uint64_t value = 0;
	size_t bytes = o->k ? o->k->pte_bytes : 8;
	char text[32];

	memcpy(&value, p, bytes);
	int n = snprintf(text, sizeof(text), "0x%0*llx", (int)bytes * 2, (unsigned long long)value);
	put_field(o, s, text, (size_t)n);
}

/* Bytes in hex, @n of them, @separator between (0: none). */
static void put_bytes(struct out *o, const unsigned char *p, size_t n, char separator)
{
	char text[4];
	for (size_t i = 0; i < n; i++) {
		if (i && separator)
			put(o, &separator, 1);
		snprintf(text, sizeof(text), "%02x", p[i]);
		put(o, text, 2);
	}
}

static void put_ipv4(struct out *o, const unsigned char *p)
{
	char text[20];
	int n = snprintf(text, sizeof(text), "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
	put(o, text, (size_t)n);
}

static void put_error(struct out *o, const struct spec *s, const void *p)
{
	const char *name = (uintptr_t)p >= (uintptr_t)-4095 ? strerrorname_np((int)-(intptr_t)p) : NULL;
	char text[32];

	if (!name) {
		put_plain(o, s, p);
		return;
	}
	int n = snprintf(text, sizeof(text), "-%s", name);
	put_field(o, s, text, (size_t)n);
}

static void format_into(struct out *o, const char *fmt, va_list *args);

/* struct va_format of <linux/printk.h>. */
struct nested {
	const char *fmt;
	va_list *args;
};

static void put_nested(struct out *o, const struct nested *nested)
{
	va_list args;
	va_copy(args, *nested->args);
	format_into(o, nested->fmt, &args);
	va_end(args);
}

static char bytes_separator(char word)
{
	return word == 'C' ? ':' : word == 'D' ? '-' : word == 'N' ? 0 : ' ';
}

/* Returns the format after the extension: all letters and digits that follow belong to it. */
static const char *put_pointer(struct out *o, const char *f, struct spec *s, const void *p)
{
	switch (*f) {
	case 'x':
		put_address(o, s, simulated(o, p));
		break;
	case 'S':
	case 'F':
	case 'B':
		put_symbol(o, s, p, true);
		break;
	case 's':
	case 'f':
		put_symbol(o, s, p, false);
		break;
	case 'a':
		put_phys(o, s, p);
		break;
	case 'h':
		put_bytes(o, p, s->width < 1 ? 1 : s->width > 64 ? 64 : (size_t)s->width, bytes_separator(f[1]));
		break;
	case 'm':
	case 'M':
		put_bytes(o, p, 6, *f == 'm' ? 0 : ':');
		break;
	case 'i':
	case 'I':
		if (f[1] == '4')
			put_ipv4(o, p);
		else
			put_plain(o, s, p);
		break;
	case 'e':
		put_error(o, s, p);
		break;
	case 'V':
		put_nested(o, p);
		break;
	default:
		put_plain(o, s, p);
	}
	while (isalnum((unsigned char)*f))
		f++;
	return f;
}

/* ---- the loop ---- */

static const char *convert(struct out *o, const char *f, va_list *args)
{
	struct spec s;
	const char *start = f - 1;
	char c;

	f = parse_spec(f, &s, args);
	switch (s.conversion) {
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_integer(o, &s, args);
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_field(o, &s, &c, 1);
		break;
	case 's':
		put_string(o, &s, va_arg(*args, const char *));
		break;
	case 'p':
		f = put_pointer(o, f, &s, va_arg(*args, const void *));
		break;
	case 'n':
		(void)va_arg(*args, void *);
		break;
	case 'e':
	case 'f':
	case 'g':
	case 'a':
		(void)va_arg(*args, double); /* the kernel has no floating point: the conversion is printed as it stands */
		put(o, start, (size_t)(f - start));
		break;
	case '%':
		put(o, "%", 1);
		break;
	default:
		put(o, start, (size_t)(f - start));
	}
	return f;
}

static void format_into(struct out *o, const char *f, va_list *args)
{
	while (*f) {
		size_t plain = strcspn(f, "%");
		put(o, f, plain);
		f += plain;
		if (*f)
			f = convert(o, f + 1, args);
	}
}

size_t fxmi_vformat(struct fxmi_kernel *k, char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = {.k = k, .buf = buf, .size = size};
	va_list copy;

	va_copy(copy, args);
	format_into(&o, fmt, &copy);
	va_end(copy);
	if (size)
		buf[o.used < size ? o.used : size - 1] = 0;
	return o.used;
}
