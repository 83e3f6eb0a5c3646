/* SPDX-License-Identifier: MIT */
/*
 * A trace of threads that worked in parallel and slept for slots replays with no difference: each line stands where its
 * operation happened. The argument is the fixmap command.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stress.h"

static const char *fixmap;

static void map_all_ways(struct worker *w)
{
	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned a = dice(w, w->s->nr_pages), b = dice(w, w->s->nr_pages);

		add_one(w, a, fxm_kmap(w->cpu, w->s->page[a]));
		fxm_va atomic = fxm_kmap_atomic(w->cpu, w->s->page[b]);
		add_one(w, b, atomic);
		fxm_kunmap_atomic(w->cpu, atomic);
		sched_yield(); /* the others should find the pool full */
		fxm_kunmap(w->cpu, w->s->page[a]);
		if (!dice(w, 6))
			fxm_kmap_flush_unused(w->cpu);
	}
}

static void a_parallel_trace_replays(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-5.10,NR_CPUS=4,cpus=4", "profile=x86_32-4.15,pae=1,NR_CPUS=4,cpus=4"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char name[] = "/tmp/fixmap-stress-XXXXXX", all[128], command[512], out[256] = "", *last = out;
		struct worker w[4];
		int fd = mkstemp(name);

		assert_true(fd >= 0);
		close(fd);
		snprintf(all, sizeof(all), "%s,trace=%s", words[i], name);
		struct stress *s = stress_new(all, 4, 60, 12);
		struct fxm_page **taken = fill_pool(s->k);
		fxm_kunmap(s->k->cpu, taken[10]); /* one slot for four threads that hold one page each */
		stress_run(s, map_all_ways, w);
		check_pages(s, w);
		check_counters(s);
		free(taken);
		stress_free(s);

		snprintf(command, sizeof(command), "'%s' replay '%s' 2>&1", fixmap, name);
		FILE *f = popen(command, "r");
		assert_non_null(f);
		while (fgets(out, sizeof(out), f))
			if (!strstr(out, " operations, "))
				print_error("%s", out);
		int status = pclose(f);
		assert_non_null(strstr(last, " 0 differences"));
		assert_int_equal(status, 0);
		unlink(name);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_parallel_trace_replays)};

	if (argc != 2)
		return 77;
	fixmap = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
