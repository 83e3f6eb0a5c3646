/* SPDX-License-Identifier: MIT */
/*
 * What a trace calls pages and threads. A page is P and a number in highmem, Q and one in lowmem: the number that a user gave it,
 * or the next one at its first appearance. Two threads never have the same name.
 */
#include "state.h"
#include "trace.h"
#include "writer.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- pages ---- */

static struct fxmi_page_name *name_slot(const struct fxmi_trace *t, uint64_t pfn)
{
	size_t i = (size_t)(pfn * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (t->capacity - 1);
	while (t->names[i].pfn_plus_1 && t->names[i].pfn_plus_1 != pfn + 1)
		i = (i + 1) & (t->capacity - 1);
	return &t->names[i];
}

const struct fxmi_page_name *fxmi_trace_find_name_locked(const struct fxmi_trace *t, uint64_t pfn)
{
	const struct fxmi_page_name *n = t->capacity ? name_slot(t, pfn) : NULL;

	return n && n->pfn_plus_1 ? n : NULL;
}

static bool grow(struct fxmi_trace *t)
{
	struct fxmi_trace bigger = {.capacity = t->capacity ? 2 * t->capacity : 1024};

	bigger.names = calloc(bigger.capacity, sizeof(*bigger.names));
	if (!bigger.names)
		return false;
	for (size_t i = 0; i < t->capacity; i++)
		if (t->names[i].pfn_plus_1)
			*name_slot(&bigger, t->names[i].pfn_plus_1 - 1) = t->names[i];
	free(t->names);
	t->names = bigger.names;
	t->capacity = bigger.capacity;
	return true;
}

void fxmi_trace_page_locked(struct fxmi_kernel *k, const struct fxmi_page_name *n)
{
	uint64_t pfn = (n->pfn_plus_1 - 1) >> (k->page_shift - FXM_PAGE_SHIFT);
	if (n->pfn_plus_1 > k->m->mem.highmem_pfn)
		fxmi_trace_emit_locked(k->trace, "page %c%u pfn=%" PRIx64 " high=1", n->letter, n->number, pfn);
	else
		fxmi_trace_emit_locked(k->trace, "page %c%u pfn=%" PRIx64 " high=0 vaddr=%08" PRIx64, n->letter, n->number, pfn,
				       k->linear_base + (pfn << k->page_shift));
}

/* A name cannot be kept. Once, the trace says so: what its lines call things is no more to be relied on. */
static void lack_memory_locked(struct fxmi_trace *t)
{
	if (!t->lacks_memory)
		fxmi_trace_emit_locked(t, "mark out of memory");
	t->lacks_memory = true;
}

static struct fxmi_page_name *set_name_locked(struct fxmi_kernel *k, uint64_t pfn, char letter, uint32_t number, bool has_tag)
{
	struct fxmi_trace *t = k->trace;
	uint32_t *next = letter == 'P' ? &t->next_p : &t->next_q;

	if (2 * t->used >= t->capacity && !grow(t)) {
		lack_memory_locked(t);
		return NULL;
	}
	struct fxmi_page_name *n = name_slot(t, pfn);
	t->used += !n->pfn_plus_1;
	*n = (struct fxmi_page_name){.pfn_plus_1 = pfn + 1, .number = number, .letter = letter, .has_tag = has_tag};
	if (number >= *next)
		*next = number + 1;
	if (t->header)
		fxmi_trace_page_locked(k, n);
	return n;
}

void fxmi_trace_page_name_locked(struct fxmi_kernel *k, uint64_t pfn, char *buf, size_t size)
{
	struct fxmi_trace *t = k->trace;
	const struct fxmi_page_name *n = fxmi_trace_find_name_locked(t, pfn);
	bool high = pfn >= k->m->mem.highmem_pfn;

	if (!n)
		n = set_name_locked(k, pfn, high ? 'P' : 'Q', high ? t->next_p : t->next_q, false);
	if (n)
		snprintf(buf, size, "%c%u", n->letter, n->number);
	else
		snprintf(buf, size, "-");
}

int fxm_trace_name_page(struct fxm_machine *m, struct fxm_page *page, const char *name)
{
	unsigned number;
	int end = 0;

	if (!m || !name || !fxmi_page_is_valid(m, page))
		return -EINVAL;
	if ((name[0] != 'P' && name[0] != 'Q') || name[1] < '0' || name[1] > '9' || sscanf(name + 1, "%9u%n", &number, &end) != 1 ||
	    name[1 + end])
		return -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel(m);
	pthread_mutex_lock(&k->trace->lock);
	k->trace->tags = true;
	bool ok = set_name_locked(k, fxmi_page_pfn(m, page), name[0], number, true);
	pthread_mutex_unlock(&k->trace->lock);
	return ok ? 0 : -ENOMEM;
}

/* ---- threads ---- */

static bool is_taken(const struct fxmi_trace *t, const char *word)
{
	for (size_t i = 0; i < t->nr_threads; i++)
		if (!strcmp(t->threads[i].word, word))
			return true;
	return false;
}

static void name_thread(const struct fxmi_trace *t, const struct fxm_task *task, char *word, size_t size)
{
	snprintf(word, size, "%s", *task->comm ? task->comm : "-");
	for (char *c = word; *c; c++)
		if (*c <= ' ' || *c == 0x7f)
			*c = '_';
	if (is_taken(t, word)) {
		char suffix[16];
		int n = snprintf(suffix, sizeof(suffix), "-%d", task->pid);
		size_t at = strlen(word);

		if (at + (size_t)n >= size)
			at = size - 1 - (size_t)n;
		memcpy(word + at, suffix, (size_t)n + 1);
	}
}

/* The idle tasks share a pid, and have names of their own. */
const char *fxmi_trace_thread_locked(struct fxmi_trace *t, const struct fxm_task *task)
{
	if (task->is_idle)
		return task->comm;
	for (size_t i = t->nr_threads; i--;)
		if (t->threads[i].pid == task->pid)
			return t->threads[i].word;
	struct fxmi_thread_name *more = realloc(t->threads, (t->nr_threads + 1) * sizeof(*more));
	if (!more) {
		lack_memory_locked(t);
		return "-";
	}
	t->threads = more;
	struct fxmi_thread_name *n = &more[t->nr_threads];
	n->pid = task->pid;
	name_thread(t, task, n->word, sizeof(n->word));
	t->nr_threads++;
	return n->word;
}

/* ---- what must hold ---- */

bool fxmi_trace_names_are_valid_locked(const struct fxmi_trace *t)
{
	size_t used = 0;

	fxm_invariant(!(t->capacity & (t->capacity - 1)));
	fxm_invariant(!t->capacity == !t->names);
	fxm_invariant(2 * t->used <= t->capacity + 1);
	for (size_t i = 0; i < t->capacity; i++) {
		const struct fxmi_page_name *n = &t->names[i];

		if (!n->pfn_plus_1)
			continue;
		used++;
		fxm_invariant(name_slot(t, n->pfn_plus_1 - 1) == n);
		fxm_invariant(n->letter == 'P' || n->letter == 'Q');
		fxm_invariant(n->number < (n->letter == 'P' ? t->next_p : t->next_q));
		fxm_invariant(t->tags || !n->has_tag);
	}
	fxm_invariant(used == t->used);
	for (size_t i = 0; i < t->nr_threads; i++) {
		fxm_invariant(t->threads[i].word[0] && !strpbrk(t->threads[i].word, " \t\n"));
		for (size_t j = 0; j < i; j++)
			fxm_invariant(t->threads[i].pid != t->threads[j].pid &&
					     strcmp(t->threads[i].word, t->threads[j].word));
	}
	return true;
}
