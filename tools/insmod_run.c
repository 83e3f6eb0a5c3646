/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod`, the child: everything about the simulated machine. The order of a run:
 *
 *     dlopen each module -> exactly one init each? -> machine -> stamps, parameters -> fixmap_initcall()s, kmap_initcall()s
 *     -> module_init() in order -> module_exit() in reverse -> what is still held
 *
 * Init and exit run as tasks, on fibres, so that a BUG or an oops ends them and not the process.
 */

#include "insmod.h"

#include <fixmap/fixmap.h>
#include <fixmap/kernel_tier.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { OK = 0, BAD_RUN = 1, BAD_INPUT = 2 };

struct loaded {
	const struct insmod_module *module;
	bool is_builtin; /* the files of the kernel tree: any number of initcalls, no exit */
	void *handle;
	const struct fxm_unit *unit;	/* NULL: it includes no kernel header */
	const struct fxm_entry **entry; /* the unit's, in the order of the source */
	size_t nr_entries;
	int (*init)(void);
	void (*exit)(void);
	const char *init_name, *exit_name;
	enum { NOT_RUN, LOADED, FAILED, DIED } state;
};

static struct {
	struct insmod *job;
	struct fxm_machine *machine;
	struct loaded *loaded;
	size_t nr_loaded;
	unsigned reports; /* and whatever else makes the status 1 */
	int output_error; /* the errno of the first line that could not be printed */
	bool is_listing;  /* leaks: each is one line */
} run;

static _Noreturn void finish(int status)
{
	if (run.machine) {
		fxm_log_flush(run.machine);
		fxm_trace_stop(run.machine, "insmod");
	}
	/* _exit() leaves out what stdio still holds: the trace too. */
	errno = 0;
	if (fflush(stdout) || ferror(stdout)) {
		tool_output_failed("insmod", run.output_error ? run.output_error : errno);
		status = status ? status : BAD_INPUT;
	}
	if (fflush(NULL)) {
		const char *trace = fxm_config_get(run.job->cfg, "trace");
		if (*trace)
			insmod_say("the trace %s is incomplete: %s", trace, strerror(errno));
		status = status ? status : BAD_INPUT;
	}
	run.job->shared->is_done = true;
	_exit(status);
}

static void now_doing(const struct loaded *l, const char *function)
{
	snprintf(run.job->shared->doing, sizeof(run.job->shared->doing), "%s: %s()", l->module->path, function);
}

/* ---- ends that are not the module's to choose ---- */

static bool is_module_code(void *pc)
{
	Dl_info info;
	if (!dladdr(pc, &info) || !info.dli_fname)
		return false;
	for (size_t i = 0; i < run.nr_loaded; i++)
		if (strstr(info.dli_fname, run.loaded[i].module->object))
			return true;
	return false;
}

/* Where the module is now, as seen from a signal handler. */
static void module_place(char *place, size_t size)
{
	void *frames[64];
	int n = backtrace(frames, 64);

	snprintf(place, size, "code that is not the module's");
	for (int i = 0; i < n; i++)
		if (is_module_code(frames[i])) {
			fxm_symbolize((struct fxm_site){(uintptr_t)frames[i]}, place, size);
			return;
		}
}

static _Noreturn void last_words(void)
{
	run.job->shared->has_spoken = true;
	_exit(BAD_RUN);
}

static void on_exit_call(int status, void *arg)
{
	(void)arg;
	if (run.machine)
		fxm_log_flush(run.machine);
	insmod_say("%s: the module called exit(%d); kernel code cannot", run.job->shared->doing, status);
	last_words();
}

/* The time is over: says where the module was. If that itself hangs, the parent does not wait. */
static void on_alarm(int sig)
{
	char place[300];

	(void)sig;
	module_place(place, sizeof(place));
	insmod_say("%s did not end within %g s; it was at %s", run.job->shared->doing, run.job->time_limit, place);
	last_words();
}

/* Exceptions that are not about memory. The window's handler answers those that are. */
static const struct {
	int sig;
	const char *text;
} exceptions[] = {
    {SIGFPE, "divide error"},
    {SIGILL, "invalid opcode"},
    {SIGTRAP, "breakpoint"},
    {SIGBUS, "bus error"},
};

static void on_exception(int sig)
{
	char place[300];

	module_place(place, sizeof(place));
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (exceptions[i].sig == sig)
			insmod_say("%s: %s at %s", run.job->shared->doing, exceptions[i].text, place);
	last_words();
}

static void set_handlers(double seconds)
{
	struct itimerval timer = {
	    .it_value = {.tv_sec = (time_t)seconds, .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};
	void *frame;

	backtrace(&frame, 1); /* loads the unwinder now: a signal handler cannot */
	signal(SIGALRM, on_alarm);
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		signal(exceptions[i].sig, on_exception);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- loading ---- */

/* Makes dlerror()'s text one that a module's author can act on. */
static int load_failed(const struct insmod_module *module, const char *text)
{
	const char *symbol = strstr(text, "undefined symbol: ");

	if (symbol && run.job->tree) {
		insmod_say("%s: unknown symbols, which neither the kernel tier nor %s has:", module->path,
			   module->is_builtin ? "a built-in file" : "a file given before");
		insmod_list_missing(run.job, module->object);
		insmod_say("add files of the tree, or of your own (-B), that define them, or a header with stand-ins (-I)");
	} else if (symbol) {
		symbol += strlen("undefined symbol: ");
		insmod_say("%s: unknown symbol %.*s: neither the kernel tier nor a module loaded before has it", module->path,
			   (int)strcspn(symbol, " ,"), symbol);
	} else {
		insmod_say("%s: %s", module->path, text);
	}
	return BAD_INPUT;
}

/* The compiler is free to emit them in any order. */
static int by_line(const void *a, const void *b)
{
	const struct fxm_entry *x = *(const struct fxm_entry *const *)a, *y = *(const struct fxm_entry *const *)b;
	int file = strcmp(x->file, y->file);
	return file ? file : x->line - y->line;
}

static int read_entries(struct loaded *l)
{
	size_t n = l->unit ? (size_t)(l->unit->entries_end - l->unit->entries) : 0;

	l->entry = calloc(n + 1, sizeof(*l->entry));
	if (!l->entry)
		return tool_error("insmod", "out of memory");
	for (l->nr_entries = 0; l->nr_entries < n; l->nr_entries++)
		l->entry[l->nr_entries] = l->unit->entries[l->nr_entries];
	if (!l->is_builtin) /* there the linker has them in the order of the files */
		qsort(l->entry, n, sizeof(*l->entry), by_line);
	return OK;
}

static size_t count(const struct loaded *l, enum fxm_entry_kind kind, const struct fxm_entry **first,
		    const struct fxm_entry **second)
{
	size_t n = 0;
	for (size_t i = 0; i < l->nr_entries; i++)
		if (l->entry[i]->kind == kind) {
			if (n < 2)
				*(n ? second : first) = l->entry[i];
			n++;
		}
	return n;
}

/* The module's own function @name. dlsym() would take the C library's too: its init_module() is the system call. */
static void *own_function(const struct loaded *l, const char *name)
{
	struct link_map *module, *owner;
	void *function = dlsym(l->handle, name);
	Dl_info info;

	if (!function || dlinfo(l->handle, RTLD_DI_LINKMAP, &module) || !dladdr1(function, &info, (void **)&owner, RTLD_DL_LINKMAP))
		return NULL;
	return owner == module ? function : NULL;
}

/* The entry that --init made: it stands for every module_init(). */
static const struct fxm_entry *chosen_init(const struct loaded *l)
{
	for (size_t i = 0; i < l->nr_entries; i++)
		if (l->entry[i]->kind == FXM_ENTRY_INIT && !strcmp(l->entry[i]->name, INSMOD_INIT))
			return l->entry[i];
	return NULL;
}

/*
 * Exactly one module_init(), at most one module_exit(); the functions init_module() and cleanup_module() do as well, and so does a
 * module that only has a fixmap_initcall() or kmap_initcall().
 */
static int find_entries(struct loaded *l)
{
	const struct fxm_entry *first = NULL, *second = NULL, *hook = NULL, *chosen = chosen_init(l);
	size_t n = count(l, FXM_ENTRY_INIT, &first, &second);
	const char *path = l->module->path;
	bool has_hook = count(l, FXM_ENTRY_FIXMAP_INITCALL, &hook, &hook) || count(l, FXM_ENTRY_KMAP_INITCALL, &hook, &hook);

	*(void **)&l->init = own_function(l, "init_module");
	*(void **)&l->exit = own_function(l, "cleanup_module");
	l->init_name = chosen ? run.job->init : first ? first->name : "init_module";
	if (n > 1 && !chosen) {
		insmod_say("%s: %zu module_init(): %s (line %d) and %s (line %d); a module has one", path, n, first->name,
			   first->line, second->name, second->line);
		return BAD_INPUT;
	}
	if (n)
		l->init = chosen ? chosen->init : first->init;
	if (!l->init && !has_hook) {
		insmod_say(
		    "%s: no module_init(), so there is nothing to run; add module_init(FUNCTION), or name a function with --init",
		    path);
		return BAD_INPUT;
	}
	n = count(l, FXM_ENTRY_EXIT, &first, &second);
	if (n > 1) {
		insmod_say("%s: %zu module_exit(): %s (line %d) and %s (line %d); a module has at most one", path, n, first->name,
			   first->line, second->name, second->line);
		return BAD_INPUT;
	}
	if (n)
		l->exit = first->exit;
	l->exit_name = n ? first->name : "cleanup_module";
	return OK;
}

static int load(struct loaded *l)
{
	const struct fxm_unit *before = fxm_unit_first();
	const char *object = l->module->object;
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", strchr(object, '/') ? "" : "./", object);
	now_doing(l, "constructor");
	l->handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if (!l->handle)
		return load_failed(l->module, dlerror());
	l->unit = fxm_unit_first() != before ? fxm_unit_first() : NULL;
	return read_entries(l) ? BAD_INPUT : l->is_builtin ? OK : find_entries(l);
}

static int load_all(void)
{
	static struct insmod_module builtin;
	struct insmod *job = run.job;
	int status = OK;

	run.loaded = calloc(job->nr_modules + 1, sizeof(*run.loaded));
	if (!run.loaded)
		return tool_error("insmod", "out of memory");
	if (*job->builtin) {
		builtin = (struct insmod_module){.path = job->tree, .object = job->builtin, .is_builtin = true};
		run.loaded[run.nr_loaded++] = (struct loaded){.module = &builtin, .is_builtin = true};
		status = load(&run.loaded[0]);
	}
	for (size_t i = 0; i < job->nr_modules && !status; i++) {
		if (job->module[i].is_builtin)
			continue;
		run.loaded[run.nr_loaded++].module = &job->module[i];
		status = load(&run.loaded[run.nr_loaded - 1]);
	}
	return status;
}

/* ---- the machine ---- */

static void print_line(const struct fxm_log_line *line, void *arg)
{
	(void)arg;
	if (run.job->json) {
		printf("{\"log\": ");
		tool_json_string(line->text);
		printf(", \"level\": %d, \"time_ns\": %llu}\n", line->level, (unsigned long long)line->time_ns);
	} else {
		printf("[%5llu.%06llu] %s\n", (unsigned long long)(line->time_ns / 1000000000u),
		       (unsigned long long)(line->time_ns % 1000000000u / 1000u), line->text);
	}
	if (fflush(stdout) && !run.output_error)
		run.output_error = errno;
}

static void print_json(const struct fxm_report *report)
{
	int len = fxm_report_json(report, NULL, 0);
	char *line = malloc((size_t)len + 1);

	if (!line) {
		insmod_say("out of memory: this report is not on standard output:");
		fputs(report->text, stderr);
		return;
	}
	fxm_report_json(report, line, (size_t)len + 1);
	printf("%s\n", line);
	free(line);
	if (fflush(stdout) && !run.output_error)
		run.output_error = errno;
}

/* One line: where the run ended says nothing. */
static void print_leak(const struct fxm_report *report)
{
	const struct fxm_stack *from = &report->mapped_stack;
	char place[512];

	fprintf(stderr, "%s: %s", report->detector, report->message);
	for (unsigned i = 0; i < from->depth; i++) {
		fxm_symbolize((struct fxm_site){from->pc[i]}, place, sizeof(place));
		fprintf(stderr, "%s %s", i ? "\n    called from" : ", mapped at", place);
	}
	fputc('\n', stderr);
}

static void print_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	fxm_log_flush(run.machine);
	fflush(stdout);
	run.reports++;
	if (run.job->json)
		print_json(report);
	else if (run.is_listing || (report->detector && !strcmp(report->detector, "leak")))
		print_leak(report);
	else
		fputs(report->text, stderr);
}

/* A local APIC as far as looking at it goes: its ID and its version. */
static uint64_t apic_read(void *arg, uint64_t offset, unsigned width)
{
	(void)arg, (void)width;
	switch (offset) {
	case 0x30:
		return 0x00050014; /* version 0x14, six local vectors */
	default:
		return 0;
	}
}

static void apic_write(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	(void)arg, (void)offset, (void)width, (void)value;
}

static const struct fxm_mmio_ops apic_ops = {apic_read, apic_write};

/* At the simulated addresses where the host has them free, unless the user chose. */
static int create_machine(void)
{
	struct fxm_config *cfg = run.job->cfg;
	bool may_choose = !strcmp(fxm_config_get(cfg, "identity"), "auto");

	if (may_choose)
		fxm_config_set(cfg, "identity", "1");
	int error = fxm_machine_create(cfg, &run.machine);
	if (error == -EBUSY && may_choose) {
		fxm_config_set(cfg, "identity", "0");
		error = fxm_machine_create(cfg, &run.machine);
	}
	if (error) {
		insmod_say("the machine cannot be made: %s", *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(error));
		return BAD_INPUT;
	}
	fxm_log_set(run.machine, print_line, NULL);
	fxm_report_set(run.machine, print_report, NULL);
	if (fxm_window_mode(run.machine) == FXM_WINDOW_OFF) {
		insmod_say("the host has no room for the machine's window (address-space limit?): modules use pointers");
		return BAD_INPUT;
	}
	/* Where memory reaches up to there, there is no such device. */
	fxm_mmio_add(run.machine, "local APIC", fxm_pa_of(0xfee00000), 0x1000, &apic_ops, NULL);
	return OK;
}

static int check_stamps(void)
{
	char line[640];
	for (size_t i = 0; i < run.nr_loaded; i++) {
		const struct loaded *l = &run.loaded[i];
		if (l->unit && fxm_stamp_check(run.machine, l->unit->stamp, line, sizeof(line))) {
			insmod_say("%s was %s", l->module->path, line);
			return BAD_INPUT;
		}
	}
	return OK;
}

/* ---- running ---- */

struct call {
	int (*init)(void);
	void (*exit)(void);
	const struct fxm_entry *param; /* set to @value */
	const char *value;
};

static int do_call(void *arg)
{
	const struct call *call = arg;
	if (call->param)
		return fxm_param_set(call->param, call->value);
	if (call->init)
		return fxm_k_do_one_initcall(call->init);
	fxm_k_do_exitcall(call->exit);
	return 0;
}

struct nested {
	struct call *call;
	int result;
};

/* The fibre's function: inside fxm_task_run(), so that whatever ends the kernel code ends here. */
static int task_main(void *arg)
{
	struct nested *nested = arg;
	return fxm_task_run(fxm_current_or_null(), do_call, nested->call, &nested->result);
}

/* Runs kernel code as a task of its own. False: it was ended by a BUG, an oops or a hopeless wait. */
static bool run_task(const char *comm, struct call call, int *result)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = comm, .vehicle = FXM_FIBRE, .stack_bytes = 256 << 10};
	struct nested nested = {.call = &call};
	struct fxm_task *task;
	int ended = 0;

	int error = fxm_task_create(run.machine, &attr, task_main, &nested, &task);
	if (!error)
		error = fxm_task_join(task, &ended);
	fxm_log_flush(run.machine);
	*result = nested.result;
	if (error == -EDEADLK) {
		insmod_say("%s sleeps, and nobody is left to wake it", run.job->shared->doing);
	} else if (error && error != -ECANCELED) {
		insmod_say("%s cannot run: %s", run.job->shared->doing, fxm_strerror(error));
		finish(BAD_INPUT); /* that is the host's doing, and no verdict on the module */
	}
	if (error || ended)
		run.reports++;
	return !error && !ended;
}

/* "-ENOMEM (Cannot allocate memory)" */
static void name_error(int error, char *buf, size_t size)
{
	const char *name = strerrorname_np(-error);
	if (name)
		snprintf(buf, size, "-%s (%s)", name, strerror(-error));
	else
		snprintf(buf, size, "%d", error);
}

/* ---- parameters ---- */

static bool set_in_task(const struct loaded *l, const struct fxm_entry *param, const char *value, int *error)
{
	now_doing(l, param->name);
	bool is_alive = run_task("insmod", (struct call){.param = param, .value = value}, error);
	*run.job->shared->doing = 0;
	return is_alive;
}

static int set_in(const struct loaded *l, const char *name, size_t len, const char *value, bool *found)
{
	for (size_t i = 0; i < l->nr_entries; i++) {
		const struct fxm_entry *e = l->entry[i];
		if (e->kind != FXM_ENTRY_PARAM || strlen(e->name) != len || strncmp(e->name, name, len))
			continue;
		*found = true;
		int error = 0;
		if (strcmp(e->text, "callback"))
			error = fxm_param_set(e, value);
		else if (!set_in_task(l, e, value, &error)) /* kernel code */
			return BAD_RUN;
		if (error) {
			insmod_say("%s: %s=%s: %s; its type is %s", l->module->path, e->name, value,
				   error == -ERANGE ? "too large" : "not a value that it takes", e->text);
			return BAD_INPUT;
		}
	}
	return OK;
}

static int set_parameters(void)
{
	for (size_t i = 0; i < run.job->nr_params; i++) {
		const char *word = run.job->param[i];
		size_t len = strcspn(word, "=");
		bool found = false;
		int status = OK;
		for (size_t m = 0; m < run.nr_loaded && !status; m++)
			status = set_in(&run.loaded[m], word, len, word + len + 1, &found);
		if (!status && !found) {
			insmod_say("no module here has a parameter %.*s (module_param())", (int)len, word);
			status = BAD_INPUT;
		}
		if (status)
			return status;
	}
	return OK;
}

/* ---- initcalls ---- */

static void run_initcall(const struct loaded *l, const struct fxm_entry *e)
{
	char name[64];
	int result;

	now_doing(l, e->name);
	if (!run_task("swapper", (struct call){.init = e->init}, &result) || !result)
		return;
	name_error(result, name, sizeof(name));
	insmod_say("%s returned %s", run.job->shared->doing, name);
	run.reports++;
}

static void run_initcalls(enum fxm_entry_kind kind)
{
	for (size_t m = 0; m < run.nr_loaded; m++)
		for (size_t i = 0; i < run.loaded[m].nr_entries; i++)
			if (run.loaded[m].entry[i]->kind == kind)
				run_initcall(&run.loaded[m], run.loaded[m].entry[i]);
}

static void run_builtin(const struct loaded *l)
{
	for (char level = '0'; level <= '7'; level++)
		for (size_t i = 0; i < l->nr_entries; i++)
			if (l->entry[i]->kind == FXM_ENTRY_INIT && l->entry[i]->text && *l->entry[i]->text == level)
				run_initcall(l, l->entry[i]);
}

static bool run_init(struct loaded *l)
{
	char name[64];
	int result;

	if (!l->init) { /* its hooks have run */
		l->state = LOADED;
		return true;
	}
	now_doing(l, l->init_name);
	if (!run_task("insmod", (struct call){.init = l->init}, &result)) {
		l->state = DIED;
		return false;
	}
	l->state = result < 0 ? FAILED : LOADED;
	name_error(result, name, sizeof(name));
	if (result < 0) {
		insmod_say("%s: init_module: %s", l->module->path, name);
		run.reports++;
	} else if (result > 0) {
		insmod_say("%s: %s() returned %d; it should return 0 or a negative error. Loaded all the same, as the kernel does",
			   l->module->path, l->init_name, result);
	}
	return result >= 0;
}

static void run_exit(struct loaded *l)
{
	int result;

	now_doing(l, l->exit_name);
	if (l->exit && !run_task("rmmod", (struct call){.exit = l->exit}, &result))
		l->state = DIED;
}

/* ---- what is left ---- */

/* Leaks, and what else shows only now; of the detectors that are on. */
static void list_leaks(void)
{
	fflush(stdout);
	run.is_listing = true;
	fxm_report_leaks(run.machine);
	run.is_listing = false;
}

/* What came of it all, and how many reports nobody was told of. */
static void end_of_reports(void)
{
	const char *file = fxm_config_get(run.job->cfg, "suppress");
	struct fxm_report_silent silent;

	fxm_log_flush(run.machine);
	fxm_report_get_silent(run.machine, &silent);
	if (run.job->json) {
		printf("{\"reports\": %u, \"repeated\": %llu, \"suppressed\": %llu, \"status\": %d}\n", run.reports,
		       (unsigned long long)silent.repeated, (unsigned long long)silent.suppressed, run.reports ? BAD_RUN : OK);
		return;
	}
	if (silent.repeated)
		insmod_say("%llu more reports at the same places, about mappings made at the same places",
			   (unsigned long long)silent.repeated);
	if (silent.suppressed)
		insmod_say("%llu reports left out, as %s says", (unsigned long long)silent.suppressed, file);
}

/* ---- */

/* Whether a task was ended by the simulated kernel: one of those above, or one that a module made. */
static bool any_was_killed(void)
{
	return fxm_report_count(run.machine, FXM_REPORT_BUG) || fxm_report_count(run.machine, FXM_REPORT_OOPS) ||
	       fxm_report_count(run.machine, FXM_REPORT_DEADLOCK);
}

/* As a process that opens the modules' files: a task of its own. */
static int use_files(void)
{
	run.reports += (unsigned)insmod_use_files(run.job, run.machine);
	return 0;
}

static void run_modules(void)
{
	bool any_died;
	size_t n = 0;

	run_initcalls(FXM_ENTRY_FIXMAP_INITCALL);
	run_initcalls(FXM_ENTRY_KMAP_INITCALL);
	if (run.nr_loaded && run.loaded[0].is_builtin)
		run_builtin(&run.loaded[n++]);
	while (n < run.nr_loaded && run_init(&run.loaded[n]))
		n++;
	if (n == run.nr_loaded && run.job->nr_uses) {
		int result;
		snprintf(run.job->shared->doing, sizeof(run.job->shared->doing), "the modules' files");
		run_task("cat", (struct call){.init = use_files}, &result);
	}
	*run.job->shared->doing = 0; /* what ends now is not a module's doing */
	/* Between insmod and rmmod time passes for kernel threads, timers and work items: 100 ms of the simulated clock. */
	for (int calls = 0; calls < 2500; calls++)
		fxm_k_schedule();
	for (size_t i = run.nr_loaded; i--;)
		if (run.loaded[i].state == LOADED)
			run_exit(&run.loaded[i]);
	/* The limit is for the modules. */
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	run.job->shared->is_listing = true;
	any_died = any_was_killed();
	for (size_t i = 0; i < run.nr_loaded; i++)
		any_died |= run.loaded[i].state == DIED;
	/* What a task held that a BUG ended is no leak of the module. */
	if (!any_died)
		list_leaks();
}

void insmod_run(struct insmod *job)
{
	run.job = job;
	signal(SIGPIPE, SIG_IGN);
	on_exit(on_exit_call, NULL);
	set_handlers(job->time_limit);
	int status = load_all();
	*job->shared->doing = 0; /* what ends now is not the module's doing */
	if (!status)
		status = create_machine();
	if (!status)
		status = check_stamps();
	if (status)
		finish(status);
	/* Threads that a module makes past the simulator call kernel functions too. */
	int error = fxm_machine_set_default(run.machine);
	if (!error)
		error = fxm_attach(run.machine, 0);
	if (error) {
		insmod_say("no CPU to run on: %s", fxm_strerror(error));
		finish(BAD_INPUT);
	}
	status = set_parameters();
	if (status)
		finish(status);
	run_modules();
	end_of_reports();
	*job->shared->doing = 0;
	finish(run.reports ? BAD_RUN : OK);
}
