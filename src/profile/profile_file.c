/* SPDX-License-Identifier: MIT */
/*
 * Profiles of the user's own: a NAME.def file is read into the same rows that the compiler makes of the built-in ones.
 *
 * The file is C as far as it goes: rows FXM_NAME(argument, ...), comments, and #include of more rows, looked for beside the file
 * and then in the directories of FIXMAP_PROFILES and in the installation's. Everything else is refused with its line. What a
 * profile needs, which traits and sites there are, is what the built-in ones of its architecture have: nothing is listed here.
 *
 * A profile that was read stays for the life of the process, since machines point into it. list_lock guards the list of them.
 */
#include "base.h"
#include "profile.h"
#include "profile_file.h"

#include <fixmap/config.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 8, MAX_ROWS = 20000, MAX_FILES = 64, MAX_FILE = 1 << 20 };

struct file {
	const char *path; /* kept: places point at it */
	const char *at;
	unsigned line;
	unsigned depth;
	struct reader *reader;
};

struct reader {
	struct fxmi_row *row;
	struct fxmi_place *place;
	size_t nr, room;
	char *path[MAX_FILES];
	unsigned nr_paths;
	struct fxmi_error *error;
};

static int __attribute__((format(printf, 3, 4))) refuse(struct fxmi_error *error, struct fxmi_place at, const char *fmt, ...)
{
	char text[sizeof(error->text) / 2 + 32];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fxmi_error_set(error, "%s:%u: %s", at.file, at.line, text);
}

static struct fxmi_place here(const struct file *f)
{
	return (struct fxmi_place){f->path, f->line};
}

int fxmi_error_at(const struct fxmi_profile *profile, const struct fxmi_row *row, int err, struct fxmi_error *error)
{
	char text[sizeof(error->text)];

	if (!err || !profile->places || error->has_place || !error->text[0])
		return err;
	const struct fxmi_place *at = &profile->places[row - profile->rows];
	snprintf(text, sizeof(text), "%s", error->text);
	fxmi_error_clear(error);
	fxmi_error_set(error, "%s:%u: %s", at->file, at->line, text);
	error->has_place = true;
	return err;
}

/* ---- the kinds of row ---- */

/*
 * What the arguments are: name, expression, condition, last, text ("..."), s: a text that goes where expressions do. PROFILE has
 * an argument order of its own.
 */
static const struct {
	const char *name;
	enum fxmi_row_kind kind;
	const char *arguments;
} kinds[] = {
    {"FXM_PROFILE", FXMI_ROW_PROFILE, "nppppbt"},
    {"FXM_OPTION", FXMI_ROW_OPTION, "net"},
    {"FXM_INTEGER", FXMI_ROW_INTEGER, "neclt"},
    {"FXM_SIZE", FXMI_ROW_SIZE, "net"},
    {"FXM_CONFIG", FXMI_ROW_CONFIG, "ne"},
    {"FXM_CONST", FXMI_ROW_CONST, "ne"},
    {"FXM_NUMBER", FXMI_ROW_NUMBER, "ne"},
    {"FXM_VALUE", FXMI_ROW_VALUE, "ne"},
    {"FXM_BITS", FXMI_ROW_BITS, "ne"},
    {"FXM_LET", FXMI_ROW_LET, "ne"},
    {"FXM_REQUIRE", FXMI_ROW_REQUIRE, "et"},
    {"FXM_PROT", FXMI_ROW_PROT, "ne"},
    {"FXM_FIX", FXMI_ROW_FIX, "nc"},
    {"FXM_FIX_GROUP", FXMI_ROW_FIX_GROUP, "nlec"},
    {"FXM_FIX_AT", FXMI_ROW_FIX_AT, "nec"},
    {"FXM_FIX_MARK", FXMI_ROW_FIX_MARK, "n"},
    {"FXM_KM_TYPE", FXMI_ROW_KM_TYPE, "n"},
    {"FXM_TRAIT", FXMI_ROW_TRAIT, "ne"},
    {"FXM_SITE", FXMI_ROW_SITE, "ns"},
    {"FXM_REGION", FXMI_ROW_REGION, "nec"},
    {"FXM_BOOT", FXMI_ROW_BOOT, "nec"},
};

/* ---- words ---- */

static char *copy_of(const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = 0;
	}
	return copy;
}

static void step(struct file *f)
{
	f->line += *f->at == '\n';
	f->at++;
}

/* Past blanks and comments. */
static int skip(struct file *f)
{
	for (;;) {
		if (isspace((unsigned char)*f->at)) {
			step(f);
		} else if (f->at[0] == '/' && f->at[1] == '/') {
			while (*f->at && *f->at != '\n')
				step(f);
		} else if (f->at[0] == '/' && f->at[1] == '*') {
			struct fxmi_place begin = here(f);
			while (*f->at && !(f->at[0] == '*' && f->at[1] == '/'))
				step(f);
			if (!*f->at)
				return refuse(f->reader->error, begin, "this comment has no end");
			f->at += 2;
		} else {
			return 0;
		}
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Past a string or character constant that begins here. */
static int skip_literal(struct file *f)
{
	struct fxmi_place begin = here(f);
	char quote = *f->at;

	for (step(f); *f->at && *f->at != quote && *f->at != '\n'; step(f))
		if (*f->at == '\\' && f->at[1])
			step(f);
	if (*f->at != quote)
		return refuse(f->reader->error, begin, "this string has no end");
	step(f);
	return 0;
}

/* One argument, up to a comma or parenthesis outside of parentheses, with each run of blanks and comments as one blank. */
static int read_argument(struct file *f, char *out, size_t size)
{
	size_t used = 0;
	int depth = 0, err = skip(f);

	while (!err && *f->at && (depth || (*f->at != ',' && *f->at != ')'))) {
		const char *begin = f->at;

		depth += (*f->at == '(') - (*f->at == ')');
		err = *f->at == '"' ? skip_literal(f) : (step(f), 0);
		size_t len = (size_t)(f->at - begin);
		const char *end = f->at;

		err = err ? err : skip(f);
		if (used + len + 2 > size)
			return refuse(f->reader->error, here(f), "an argument of more than %zu characters", size);
		memcpy(out + used, begin, len);
		used += len;
		if (f->at != end && *f->at != ',' && *f->at != ')')
			out[used++] = ' ';
	}
	while (used && out[used - 1] == ' ')
		used--;
	out[used] = 0;
	if (!err && !*f->at)
		err = refuse(f->reader->error, here(f), "the file ends within a row");
	return err;
}

/* "a" "b" is "ab". False when @text is anything but strings. */
static bool unquote(char *text)
{
	char *to = text;
	bool any = false;

	for (const char *at = text; *at; any = true) {
		if (*at != '"')
			return false;
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			*to++ = *at;
		}
		at += *at == '"';
		while (*at == ' ')
			at++;
	}
	*to = 0;
	return any;
}

static bool is_name(const char *text)
{
	if (!*text || isdigit((unsigned char)*text))
		return false;
	/* "sizeof(pte_t)" is a name too */
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_()")] == 0;
}

/* ---- rows ---- */

static void free_row(const struct fxmi_row *row)
{
	free((char *)row->name);
	free((char *)row->expr);
	if (row->kind != FXMI_ROW_FIX_MARK)
		free((char *)row->cond);
	free((char *)row->last);
	free((char *)row->text);
}

static int append(struct reader *r, struct fxmi_row row, struct fxmi_place at)
{
	if (r->nr == MAX_ROWS)
		return refuse(r->error, at, "more than %d rows", MAX_ROWS);
	if (r->nr == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		struct fxmi_row *rows = realloc(r->row, r->room * sizeof(*rows));
		if (rows)
			r->row = rows;
		struct fxmi_place *places = realloc(r->place, r->room * sizeof(*places));
		if (places)
			r->place = places;
		if (!rows || !places)
			return -ENOMEM;
	}
	r->place[r->nr] = at;
	r->row[r->nr++] = row;
	return 0;
}

/* Argument @text of kind @kind into its field of @row. The three numbers of a version become "4.15.0". */
static int put_argument(struct file *f, struct fxmi_place at, struct fxmi_row *row, char kind, unsigned number, char *text)
{
	char version[64];
	const char *field = NULL;

	if ((kind == 't' || kind == 's') && !unquote(text))
		return refuse(f->reader->error, at, "argument %u is a text: write it between quotation marks", number + 1);
	if (!*text)
		return refuse(f->reader->error, at, "argument %u is empty", number + 1);
	if (kind == 'p' && number == 1)
		kind = 'e';
	if (kind == 'p') {
		if (strlen(text) > 5)
			return refuse(f->reader->error, at, "a version is three numbers below 256");
		snprintf(version, sizeof(version), "%.20s%s%.5s", row->cond ? row->cond : "", row->cond ? "." : "", text);
		free((char *)row->cond);
		row->cond = NULL;
		text = version;
		kind = 'c';
	}
	field = copy_of(text, strlen(text));
	if (!field)
		return -ENOMEM;
	*(kind == 'n'		       ? &row->name
	  : kind == 'e' || kind == 's' ? &row->expr
	  : kind == 'c'		       ? &row->cond
	  : kind == 't'		       ? &row->text
				       : &row->last) = field;
	return 0;
}

static int read_row(struct file *f, struct fxmi_place at, size_t kind)
{
	const char *arguments = kinds[kind].arguments;
	unsigned wanted = (unsigned)strlen(arguments), n = 0;
	struct fxmi_row row = {.kind = kinds[kind].kind};
	char text[4096];
	int err;

	do {
		f->at++; /* the parenthesis or comma */
		err = read_argument(f, text, sizeof(text));
		if (!err && n < wanted)
			err = put_argument(f, at, &row, arguments[n], n, text);
		n++;
	} while (!err && *f->at == ',');
	if (!err && n != wanted)
		err = refuse(f->reader->error, at, "%s takes %u arguments, and here are %u", kinds[kind].name, wanted, n);
	if (!err && row.name && row.kind != FXMI_ROW_PROFILE && !is_name(row.name))
		err = refuse(f->reader->error, at, "%s is not a name", row.name);
	if (!err) {
		f->at++;
		if (row.kind == FXMI_ROW_FIX_MARK)
			row.cond = "1";
		err = append(f->reader, row, at);
	}
	if (err)
		free_row(&row);
	return err;
}

static int read_statement(struct file *f)
{
	struct fxmi_place at = here(f);
	const char *word = f->at;
	char name[64];

	while (is_word(*f->at))
		f->at++;
	size_t len = (size_t)(f->at - word);
	if (!len)
		return refuse(f->reader->error, at, "a row FXM_NAME(...) is expected, not \"%.*s\"", (int)strcspn(word, "\n"),
			      word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	int err = skip(f);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return *f->at == '(' ? read_row(f, at, i)
					     : refuse(f->reader->error, at, "%s wants its arguments in parentheses", name);
	return refuse(f->reader->error, at, "%s is no row of a profile: the list is in <fixmap/profiles/rows.h>", name);
}

/* ---- files ---- */

static int read_file(struct reader *r, const char *path, unsigned depth, const struct fxmi_place *from);

static bool is_file(const char *path)
{
	struct stat st;
	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* Where `#include "name"` of @f is: beside it, in FIXMAP_PROFILES, in the installation. False: nowhere. */
static bool find_include(const struct file *f, const char *name, char *path, size_t size)
{
	const char *slash = strrchr(f->path, '/'), *dirs = getenv("FIXMAP_PROFILES");

	snprintf(path, size, "%.*s%s", slash ? (int)(slash - f->path + 1) : 0, f->path, name);
	if (is_file(path))
		return true;
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");
		snprintf(path, size, "%.*s/%s", (int)len, dirs, name);
		if (is_file(path))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	snprintf(path, size, "%s/fixmap/profiles/%s", FXMI_INCLUDEDIR, name);
	return is_file(path);
}

/* Any other line that begins with # would need a preprocessor. */
static int read_directive(struct file *f)
{
	struct fxmi_place at = here(f);
	char name[256], path[PATH_MAX];
	int used = 0;

	if (sscanf(f->at, "# include %*1[\"<]%255[^\">\n]%*1[\">]%n", name, &used) != 1 || !used)
		return refuse(f->reader->error, at, "of all directives a profile has #include \"FILE\" only");
	f->at += used;
	const char *base = strncmp(name, "fixmap/profiles/", 16) ? name : name + 16;
	if (!find_include(f, base, path, sizeof(path)))
		return refuse(f->reader->error, at, "there is no %s beside this file, nor in the directories of FIXMAP_PROFILES",
			      name);
	return read_file(f->reader, path, f->depth + 1, &at);
}

static char *contents(const char *path, size_t *len, int *error)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;

	*error = in ? 0 : errno;
	if (in && (text = malloc(MAX_FILE + 1)) != NULL) {
		errno = 0;
		*len = fread(text, 1, MAX_FILE, in);
		*error = ferror(in) ? errno : 0;
		text[*len] = 0;
	}
	if (in)
		fclose(in);
	return text;
}

/* Places point at it as long as the profile lives. */
static const char *keep_path(struct reader *r, const char *path)
{
	char *copy = r->nr_paths < MAX_FILES ? copy_of(path, strlen(path)) : NULL;

	if (copy)
		r->path[r->nr_paths++] = copy;
	return copy;
}

static int read_file(struct reader *r, const char *path, unsigned depth, const struct fxmi_place *from)
{
	struct fxmi_place at = from ? *from : (struct fxmi_place){path, 1};
	size_t len = 0;
	int error, err = 0;

	if (depth > MAX_DEPTH)
		return refuse(r->error, at, "includes nest more than %d deep: does %s include itself?", MAX_DEPTH, path);
	char *text = contents(path, &len, &error);
	if (!text || error) {
		free(text);
		return error ? fxmi_error_set(r->error, "%s: %s", path, strerror(error)) : -ENOMEM;
	}
	struct file f = {.path = keep_path(r, path), .at = text, .line = 1, .depth = depth, .reader = r};
	if (!f.path)
		err = fxmi_error_set(r->error, "%s:%u: more than %d files", at.file, at.line, MAX_FILES);
	else if (len == MAX_FILE || strlen(text) < len)
		err = fxmi_error_set(r->error, "%s:1: this is no text of rows: a profile is a small C file", path);
	while (!err && !(err = skip(&f)) && *f.at)
		err = *f.at == '#' ? read_directive(&f) : read_statement(&f);
	free(text);
	return err;
}

/* ---- what a profile must be ---- */

static const struct fxmi_row *find_row(const struct fxmi_profile *p, enum fxmi_row_kind kind, const char *name)
{
	for (size_t i = 0; i < p->nr_rows; i++)
		if (p->rows[i].kind == kind && !strcmp(p->rows[i].name, name))
			return &p->rows[i];
	return NULL;
}

static bool any_has(enum fxmi_row_kind kind, const char *name, const char *arch)
{
	for (size_t i = 0; i < fxmi_profile_count(); i++)
		if ((!arch || !strcmp(fxmi_profile_at(i)->arch, arch)) && find_row(fxmi_profile_at(i), kind, name))
			return true;
	return false;
}

/* Whether every built-in profile of @arch has such a row. */
static bool all_have(enum fxmi_row_kind kind, const char *name, const char *arch)
{
	for (size_t i = 0; i < fxmi_profile_count(); i++)
		if (!strcmp(fxmi_profile_at(i)->arch, arch) && !find_row(fxmi_profile_at(i), kind, name))
			return false;
	return true;
}

static const struct fxmi_profile *first_of(const char *arch)
{
	for (size_t i = 0; i < fxmi_profile_count(); i++)
		if (!strcmp(fxmi_profile_at(i)->arch, arch))
			return fxmi_profile_at(i);
	return NULL;
}

static bool is_fixed(const struct fxmi_row *row)
{
	return row->kind >= FXMI_ROW_FIX && row->kind <= FXMI_ROW_FIX_MARK;
}

/* Two rows may define one name only as fixed addresses under different conditions. */
static int check_twice(const struct fxmi_profile *p, size_t i, struct fxmi_error *error)
{
	const struct fxmi_row *row = &p->rows[i];

	if (row->kind == FXMI_ROW_REGION || row->kind == FXMI_ROW_SITE || row->kind == FXMI_ROW_BOOT || !row->name)
		return 0;
	for (size_t n = 0; n < i; n++) {
		const struct fxmi_row *other = &p->rows[n];
		if (!other->name || strcmp(other->name, row->name) || other->kind == FXMI_ROW_REGION ||
		    other->kind == FXMI_ROW_SITE || other->kind == FXMI_ROW_BOOT ||
		    (other->kind == FXMI_ROW_CONFIG) != (row->kind == FXMI_ROW_CONFIG) ||
		    (other->kind == FXMI_ROW_TRAIT) != (row->kind == FXMI_ROW_TRAIT) ||
		    fxmi_row_is_setting(other) != fxmi_row_is_setting(row))
			continue;
		if (is_fixed(row) && is_fixed(other) && strcmp(row->cond, other->cond))
			continue;
		return refuse(error, p->places[i], "%s is defined twice, first at %s:%u", row->name, p->places[n].file,
			      p->places[n].line);
	}
	return 0;
}

static int check_row(const struct fxmi_profile *p, size_t i, struct fxmi_error *error)
{
	const struct fxmi_row *row = &p->rows[i];

	if (row->kind == FXMI_ROW_PROFILE && i)
		return refuse(error, p->places[i], "a second FXM_PROFILE: a file is one profile");
	if (row->kind == FXMI_ROW_TRAIT && !any_has(row->kind, row->name, NULL))
		return refuse(error, p->places[i],
			      "no kernel has a trait called %s: `fixmap diff` shows those there are", row->name);
	if (row->kind == FXMI_ROW_SITE && !any_has(row->kind, row->name, NULL))
		return refuse(error, p->places[i],
			      "nothing reports at a site called %s: copy the FXM_SITE rows of a built-in profile", row->name);
	if (row->kind == FXMI_ROW_TRAIT && !strcmp(row->name, "page_table_format") &&
	    strcmp(row->expr, find_row(first_of(p->arch), FXMI_ROW_TRAIT, row->name)->expr) != 0)
		return refuse(error, p->places[i], "page_table_format is %s on %s",
			      find_row(first_of(p->arch), FXMI_ROW_TRAIT, row->name)->expr, p->arch);
	return check_twice(p, i, error);
}

/* Rows that the library asks for: those which all the kernels of the architecture have. */
static int check_complete(const struct fxmi_profile *p, struct fxmi_error *error)
{
	const struct fxmi_profile *model = first_of(p->arch);

	for (size_t i = 0; i < model->nr_rows; i++) {
		const struct fxmi_row *row = &model->rows[i];
		bool counts = fxmi_row_is_setting(row) || (row->kind >= FXMI_ROW_CONST && row->kind <= FXMI_ROW_BITS) ||
			      row->kind == FXMI_ROW_PROT || row->kind == FXMI_ROW_TRAIT;
		if (counts && all_have(row->kind, row->name, p->arch) && !find_row(p, row->kind, row->name)) {
			const char *kind = "";
			for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
				if (kinds[k].kind == row->kind)
					kind = kinds[k].name;
			return refuse(error, p->places[0],
				      "the profile has no %s(%s, ...), as every %s kernel has; %s is one to copy from", kind,
				      row->name, p->arch, model->name);
		}
	}
	return 0;
}

static int check(struct fxmi_profile *p, struct fxmi_error *error)
{
	int err = 0;

	if (!first_of(p->arch))
		return refuse(error, p->places[0], "no architecture %s: write i386, x86_32, x86_64, arm or arm64", p->arch);
	if (p->address_bits != first_of(p->arch)->address_bits)
		return refuse(error, p->places[0], "addresses of %s have %u bits, not %u", p->arch, first_of(p->arch)->address_bits,
			      p->address_bits);
	if (!p->version)
		return refuse(error, p->places[0], "the kernel's version is three numbers, such as 6, 1, 0");
	for (size_t i = 0; i < fxmi_profile_count(); i++)
		if (!strcmp(fxmi_profile_at(i)->name, p->name))
			return refuse(error, p->places[0], "%s is built in: give the profile a name of its own", p->name);
	for (size_t i = 0; i < p->nr_rows && !err; i++)
		err = check_row(p, i, error);
	return err ? err : check_complete(p, error);
}

/* ---- the profiles that were read ---- */

static struct loaded {
	struct fxmi_profile profile;
	struct loaded *next;
} * loaded;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;

const struct fxmi_profile *fxmi_profile_find_loaded(const char *name)
{
	const struct fxmi_profile *found = NULL;

	pthread_mutex_lock(&list_lock);
	for (const struct loaded *l = loaded; l && !found; l = l->next)
		if (!strcmp(l->profile.name, name))
			found = &l->profile;
	pthread_mutex_unlock(&list_lock);
	return found;
}

static void free_reader(struct reader *r)
{
	for (size_t i = 0; i < r->nr; i++)
		free_row(&r->row[i]);
	for (unsigned i = 0; i < r->nr_paths; i++)
		free(r->path[i]);
	free(r->row);
	free(r->place);
}

bool fxmi_profile_is_path(const char *name)
{
	size_t len = strlen(name);
	return strchr(name, '/') || (len > 4 && !strcmp(name + len - 4, ".def"));
}

int fxmi_profile_load(const char *path, const struct fxmi_profile **out, struct fxmi_error *error)
{
	struct reader r = {.error = error};
	struct loaded *l = calloc(1, sizeof(*l));
	int err = l ? read_file(&r, path, 0, NULL) : -ENOMEM;

	if (!err && (!r.nr || r.row[0].kind != FXMI_ROW_PROFILE))
		err = refuse(error, r.nr ? r.place[0] : (struct fxmi_place){path, 1},
			     "the first row of a profile is FXM_PROFILE(name, ...)");
	if (!err) {
		l->profile = fxmi_profile_of_rows(r.row, r.nr);
		l->profile.places = r.place;
		err = check(&l->profile, error);
	}
	if (err) {
		free_reader(&r);
		free(l);
		return err;
	}
	pthread_mutex_lock(&list_lock);
	l->next = loaded;
	loaded = l;
	pthread_mutex_unlock(&list_lock);
	*out = &l->profile;
	return 0;
}
