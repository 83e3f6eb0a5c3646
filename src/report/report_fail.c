/* SPDX-License-Identifier: MIT */
/*
 * Reports as failures of a test. A test framework's failure leaves the test by longjmp(), which must happen in the test's own
 * thread and not in the middle of an operation, perhaps with locks of the library held. So a report is kept, and the failure made
 *
 *   at the end of the task (BUG, oops, hopeless wait), where there is no fxm_task_run() to go back to: in place of abort();
 *   at fxm_report_check(), and when the machine is destroyed: for all others, whichever thread or task they arose in.
 *
 * The texts are kept in order, up to a bound; what is beyond it is counted. report_lock guards what is kept; no failure is made
 * under it.
 */
#include "report.h"
#include "state.h"

#include <stdlib.h>

enum { MAX_TEXT = 64 * 1024, MAX_TAIL = 64 };

static bool append(struct fxmi_failure *f, const char *text)
{
	size_t used = f->text ? strlen(f->text) : 0, more = strlen(text);
	char *longer = used + more > MAX_TEXT ? NULL : realloc(f->text, used + more + MAX_TAIL);

	if (!longer)
		return false;
	memcpy(longer + used, text, more + 1);
	f->text = longer;
	return true;
}

bool fxmi_fail_keep(struct fxmi_kernel *k, const char *text)
{
	struct fxmi_failure *f = &k->failure;

	pthread_mutex_lock(&k->report_lock);
	bool is_kept = f->fail != NULL;
	if (is_kept && !append(f, text))
		f->dropped++;
	f->reports += is_kept;
	pthread_mutex_unlock(&k->report_lock);
	return is_kept;
}

struct fxmi_failure fxmi_fail_take(struct fxmi_kernel *k)
{
	pthread_mutex_lock(&k->report_lock);
	struct fxmi_failure taken = k->failure;
	k->failure.reports = k->failure.dropped = 0;
	k->failure.text = NULL;
	pthread_mutex_unlock(&k->report_lock);
	return taken;
}

void fxmi_fail(struct fxmi_failure *taken)
{
	static __thread char *shown __attribute__((tls_model("initial-exec"))); /* the failure may not come back */

	if (!taken->reports)
		return;
	free(shown);
	shown = taken->text;
	if (shown && taken->dropped)
		snprintf(shown + strlen(shown), MAX_TAIL, "and %llu more reports\n", (unsigned long long)taken->dropped);
	taken->fail(shown ? shown : "a report, and no memory to keep its text\n", taken->arg);
}

void fxmi_fail_orphan(struct fxm_vcpu *cpu)
{
	struct fxmi_failure taken = fxmi_fail_take(fxmi_kernel_of(cpu));

	if (taken.fail && pthread_equal(taken.thread, pthread_self()))
		fxmi_fail(&taken);
	else if (taken.text)
		fputs(taken.text, stderr);
}

int fxm_report_fail_with(struct fxm_machine *m, fxm_fail_fn fail, void *arg)
{
	if (!m)
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);

	free(fxmi_fail_take(k).text);
	pthread_mutex_lock(&k->report_lock);
	k->failure = (struct fxmi_failure){.fail = fail, .arg = arg, .thread = pthread_self()};
	pthread_mutex_unlock(&k->report_lock);
	return 0;
}

int fxm_report_check(struct fxm_machine *m)
{
	if (!m)
		return -EINVAL;
	struct fxmi_failure taken = fxmi_fail_take(fxmi_kernel(m));

	fxmi_fail(&taken);
	return taken.reports < INT32_MAX ? (int)taken.reports : INT32_MAX;
}
