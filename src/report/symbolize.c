/* SPDX-License-Identifier: MIT */
/*
 * Names for code addresses: "function+0x12 (file.c:34)".
 *
 * libdw reads the debug information. It is opened with dlopen() at the first address that wants a name, so that a program
 * that reports nothing pays nothing and nobody has to link it. Without it, dladdr() gives what exported symbols tell.
 * An inline function marked artificial (the kernel tier's) is named by the place that calls it.
 */
#include "report.h"
#include "state.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef FXM_HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#endif

/* Whether the instruction before @pc is a call: then @pc is a return address, and the call's own line is one byte before. */
static bool follows_call(uintptr_t pc)
{
#if defined(__x86_64__)
	const unsigned char *p = (const unsigned char *)pc;
	if (p[-5] == 0xe8)
		return true;
	/* FF /2: a call through a register or memory, 2 to 7 bytes long */
	for (int len = 2; len <= 7; len++)
		if (p[-len] == 0xff && (p[-len + 1] & 0x38) == 0x10)
			return true;
	return false;
#elif defined(__aarch64__)
	uint32_t before = ((const uint32_t *)pc)[-1];
	return before >> 26 == 0x25 || (before & 0xfffffc1f) == 0xd63f0000;
#else
	(void)pc;
	return true;
#endif
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? slash + 1 : path ? path : "?";
}

static void by_symbols(uintptr_t pc, const Dl_info *info, struct fxmi_code_place *place)
{
	const char *object = base_name(info->dli_fname);

	snprintf(place->function, sizeof(place->function), "%s", info->dli_sname ? info->dli_sname : object);
	place->offset = pc - (uintptr_t)(info->dli_sname ? info->dli_saddr : info->dli_fbase);
	if (info->dli_sname)
		snprintf(place->file, sizeof(place->file), "%s", object);
}

#ifdef FXM_HAVE_LIBDW

/* clang-format off */
#define LIBDW_FUNCTIONS(F) \
	F(dwfl_begin) F(dwfl_report_begin) F(dwfl_report_end) F(dwfl_linux_proc_report) \
	F(dwfl_linux_proc_find_elf) F(dwfl_addrmodule) F(dwfl_module_addrinfo) F(dwfl_module_addrdie) \
	F(dwfl_module_nextcu) F(dwarf_haspc) F(dwarf_getsrc_die) F(dwarf_linesrc) F(dwarf_lineno) \
	F(dwarf_getscopes) F(dwarf_tag) F(dwarf_attr_integrate) F(dwarf_attr) F(dwarf_formflag) \
	F(dwarf_formudata) F(dwarf_getsrcfiles) F(dwarf_filesrc) F(dwarf_getscopes_die)
/* clang-format on */

enum { MAX_CALLERS = 3, NR_FOUND = 64 };

struct place {
	const char *file;
	int line;
	/* of inlined functions: where they were called, innermost first */
	unsigned nr_callers;
	struct {
		const char *file;
		int line;
	} caller[MAX_CALLERS];
};

/* What was found at a place, in strings of libdw's: a mistake in a loop looks its place up again and again. */
struct found {
	uintptr_t at;
	const char *name; /* NULL: nothing */
	GElf_Off offset;
	struct place source;
};

static struct {
#define F(name) __typeof__(name) *name;
	LIBDW_FUNCTIONS(F)
#undef F
	Dwfl *dwfl;
	Dwfl_Callbacks callbacks;
	bool is_tried;
	pid_t owner; /* the process whose mappings were read */
	struct found found[NR_FOUND];
} dw;
static pthread_mutex_t dw_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool is_looking_up __attribute__((tls_model("initial-exec")));

/* Separate debug files are not looked for: that could ask a server. */
static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file, const char *link,
			GElf_Word crc, char **found)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static bool load_locked(void)
{
	if (dw.is_tried)
		return dw.dwfl != NULL;
	dw.is_tried = true;
	void *lib = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
#define F(name) *(void **)&dw.name = dlsym(lib, #name);
	LIBDW_FUNCTIONS(F)
#undef F
#define F(name) || !dw.name
	if (false LIBDW_FUNCTIONS(F))
		return false;
#undef F
	dw.callbacks.find_elf = dw.dwfl_linux_proc_find_elf;
	dw.callbacks.find_debuginfo = no_debuginfo;
	dw.dwfl = dw.dwfl_begin(&dw.callbacks);
	return dw.dwfl != NULL;
}

/* Reads which objects are mapped where: at first, in a new process, and when @pc is in none that is known. */
static Dwfl_Module *module_locked(uintptr_t pc)
{
	Dwfl_Module *module = dw.owner == getpid() ? dw.dwfl_addrmodule(dw.dwfl, pc) : NULL;

	if (module)
		return module;
	dw.owner = getpid();
	memset(dw.found, 0, sizeof(dw.found));
	dw.dwfl_report_begin(dw.dwfl);
	int error = dw.dwfl_linux_proc_report(dw.dwfl, dw.owner);
	return dw.dwfl_report_end(dw.dwfl, NULL, NULL) || error ? NULL : dw.dwfl_addrmodule(dw.dwfl, pc);
}

static bool is_artificial(Dwarf_Die *scope)
{
	Dwarf_Attribute attr;
	bool flag = false;
	return dw.dwarf_attr_integrate(scope, DW_AT_artificial, &attr) && !dw.dwarf_formflag(&attr, &flag) && flag;
}

/* Where the inlined call @scope stands. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *scope, struct place *at)
{
	Dwarf_Attribute attr;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t nr_files;

	if (!dw.dwarf_attr(scope, DW_AT_call_line, &attr) || dw.dwarf_formudata(&attr, &line) ||
	    !dw.dwarf_attr(scope, DW_AT_call_file, &attr) || dw.dwarf_formudata(&attr, &file) ||
	    dw.dwarf_getsrcfiles(unit, &files, &nr_files) || file >= nr_files)
		return;
	at->file = dw.dwarf_filesrc(files, file, NULL, NULL);
	at->line = (int)line;
}

/* The compilation unit of @pc. clang writes no table of the units' addresses: then each is asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, uintptr_t pc, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dw.dwfl_module_addrdie(module, pc, bias);

	if (unit)
		return unit;
	while ((unit = dw.dwfl_module_nextcu(module, unit, bias)) && dw.dwarf_haspc(unit, pc - *bias) <= 0)
		;
	return unit;
}

static void find_place(Dwfl_Module *module, uintptr_t pc, struct place *at)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = find_unit(module, pc, &bias);
	Dwarf_Line *line = unit ? dw.dwarf_getsrc_die(unit, pc - bias) : NULL;
	Dwarf_Die *scopes = NULL;

	*at = (struct place){0};
	if (line && !dw.dwarf_lineno(line, &at->line))
		at->file = dw.dwarf_linesrc(line, NULL, NULL);
	int n = unit ? dw.dwarf_getscopes(unit, pc - bias, &scopes) : 0;
	/* Those around an inlined function are its definition's; wanted are those around the call. */
	if (n > 0) {
		Dwarf_Die innermost = scopes[0];
		free(scopes);
		scopes = NULL;
		n = dw.dwarf_getscopes_die(&innermost, &scopes);
	}
	bool is_hidden = true; /* what the compiler's headers define is named by the line that calls it, and not itself */
	for (int i = 0; i < n; i++) {
		int tag = dw.dwarf_tag(&scopes[i]);
		struct place caller = {0};
		if (tag == DW_TAG_lexical_block)
			continue;
		if (tag != DW_TAG_inlined_subroutine)
			break;
		is_hidden = is_hidden && is_artificial(&scopes[i]);
		call_site(unit, &scopes[i], is_hidden ? at : &caller);
		if (caller.file && at->nr_callers < MAX_CALLERS) {
			at->caller[at->nr_callers].file = caller.file;
			at->caller[at->nr_callers++].line = caller.line;
		}
	}
	if (n > 0)
		free(scopes);
}

/* Paths below the working directory are shown relative to it. */
static const char *short_path(const char *path, char *cwd, size_t size)
{
	size_t len = getcwd(cwd, size) ? strlen(cwd) : 0;
	return len > 1 && !strncmp(path, cwd, len) && path[len] == '/' ? path + len + 1 : path;
}

static const struct found *find_locked(uintptr_t at)
{
	struct found *found = &dw.found[at / 4 % NR_FOUND];
	GElf_Sym symbol;

	if (found->name && found->at == at && dw.owner == getpid())
		return found;
	Dwfl_Module *module = load_locked() ? module_locked(at) : NULL;
	*found = (struct found){.at = at};
	if (module)
		found->name = dw.dwfl_module_addrinfo(module, at, &found->offset, &symbol, NULL, NULL, NULL);
	if (found->name)
		find_place(module, at, &found->source);
	return found;
}

/* Not when a report arises while this very thread looks a name up, or in the child of a fork() beside a look-up. */
static bool begin_look_up(void)
{
	struct timespec soon;

	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec++;
	if (is_looking_up || pthread_mutex_timedlock(&dw_lock, &soon))
		return false;
	is_looking_up = true;
	return true;
}

static void end_look_up(void)
{
	is_looking_up = false;
	pthread_mutex_unlock(&dw_lock);
}

/* @at is what the place is looked up by, @pc what the offset is shown of. */
static bool by_debug_info(uintptr_t pc, uintptr_t at, struct fxmi_code_place *place)
{
	char cwd[4096];

	if (!begin_look_up())
		return false;
	const struct found *found = find_locked(at);
	const struct place *source = &found->source;
	bool is_found = found->name;
	if (is_found) {
		snprintf(place->function, sizeof(place->function), "%s", found->name);
		place->offset = found->offset + (pc - at);
	}
	if (source->file) {
		snprintf(place->file, sizeof(place->file), "%s", short_path(source->file, cwd, sizeof(cwd)));
		place->line = (unsigned)source->line;
	}
	size_t used = 0;
	for (unsigned i = 0; i < source->nr_callers && used < sizeof(place->callers); i++)
		used += (size_t)snprintf(place->callers + used, sizeof(place->callers) - used, ", inlined at %s:%d",
					 short_path(source->caller[i].file, cwd, sizeof(cwd)), source->caller[i].line);
	end_look_up();
	return is_found;
}

static bool have_same_line(uintptr_t a, uintptr_t b)
{
	if (!begin_look_up())
		return false;
	struct place x = find_locked(a)->source, y = find_locked(b)->source;
	bool is_same = x.file && y.file && x.line == y.line && !strcmp(x.file, y.file);
	end_look_up();
	return is_same;
}

#else

static bool by_debug_info(uintptr_t pc, uintptr_t at, struct fxmi_code_place *place)
{
	(void)pc, (void)at, (void)place;
	return false;
}

static bool have_same_line(uintptr_t a, uintptr_t b)
{
	(void)a, (void)b;
	return false;
}

#endif

static uintptr_t instruction_at(uintptr_t pc, bool is_access)
{
	return !is_access && follows_call(pc) ? pc - 1 : pc;
}

bool fxmi_is_same_line(uintptr_t a, bool a_is_access, uintptr_t b)
{
	Dl_info info;
	int saved = errno;
	bool is_same = a == b || (dladdr((void *)a, &info) && dladdr((void *)b, &info) &&
				  have_same_line(instruction_at(a, a_is_access), instruction_at(b, false)));

	errno = saved;
	return is_same;
}

void fxmi_code_place(uintptr_t pc, bool is_access, struct fxmi_code_place *place)
{
	Dl_info info;
	int saved = errno;

	*place = (struct fxmi_code_place){.pc = pc};
	if (dladdr((void *)pc, &info) && info.dli_fname && !by_debug_info(pc, instruction_at(pc, is_access), place))
		by_symbols(pc, &info, place);
	errno = saved;
}

void fxmi_code_place_text(const struct fxmi_code_place *place, char *buf, size_t size)
{
	const char *open = *place->file ? " (" : "", *close = *place->file ? ")" : "";

	if (!*place->function)
		snprintf(buf, size, "%#lx", (unsigned long)place->pc);
	else if (place->line)
		snprintf(buf, size, "%s+%#lx (%s:%u%s)", place->function, place->offset, place->file, place->line, place->callers);
	else
		snprintf(buf, size, "%s+%#lx%s%s%s", place->function, place->offset, open, place->file, close);
}

static void symbolize(uintptr_t pc, bool is_access, char *buf, size_t size)
{
	struct fxmi_code_place place;

	if (!buf || !size)
		return;
	fxmi_code_place(pc, is_access, &place);
	fxmi_code_place_text(&place, buf, size);
}

void fxmi_symbolize(uintptr_t pc, char *buf, size_t size)
{
	symbolize(pc, false, buf, size);
}

void fxmi_symbolize_access(uintptr_t pc, char *buf, size_t size)
{
	symbolize(pc, true, buf, size);
}

void fxm_symbolize(struct fxm_site site, char *buf, size_t size)
{
	fxmi_symbolize(site.pc, buf, size);
}
