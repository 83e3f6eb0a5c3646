/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WRITER_H
#define FXMI_WRITER_H

/* The state of a trace's writer, and what the files of this room offer each other. Functions named *_locked want trace.lock. */

#include "state.h"
#include "trace.h"

struct fxmi_page_name {
	uint64_t pfn_plus_1;
	uint32_t number;
	char letter;  /* P highmem, Q lowmem */
	bool has_tag; /* named through the API: the word at offset 64 means something */
};

/* What a task is called in the trace: its comm, one word, another one than every other task's. */
struct fxmi_thread_name {
	int pid;
	char word[sizeof(((struct fxm_task *)NULL)->comm)];
};

struct fxmi_trace {
	pthread_mutex_t op_lock, lock;
	fxm_trace_fn fn; /* this and the rest is zero when nothing was traced yet */
	void *arg;
	bool header;
	uint64_t seq;
	FILE *file;
	char *file_name;
	struct fxmi_page_name *names; /* open addressing by pfn */
	size_t capacity, used;	      /* capacity is a power of two */
	uint32_t next_p, next_q;      /* numbers for pages that appear unnamed */
	bool tags;		      /* some page was named through the API */
	struct fxmi_thread_name *threads;
	size_t nr_threads;
	bool lacks_memory; /* some name is missing, and the trace has said so */
};

#define FXMI_TRACE_LINE 8192

/* ---- line.c ---- */

void fxmi_trace_emit_locked(struct fxmi_trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- names.c ---- */

/* The name that frame @pfn has, or NULL. */
const struct fxmi_page_name *fxmi_trace_find_name_locked(const struct fxmi_trace *t, uint64_t pfn);

/* Its name, made up at its first appearance; "-" for none. */
void fxmi_trace_page_name_locked(struct fxmi_kernel *k, uint64_t pfn, char *buf, size_t size);

/* The `page` line of a name. */
void fxmi_trace_page_locked(struct fxmi_kernel *k, const struct fxmi_page_name *n);

/* Whether each page is found where it is, and no two threads share a name. */
bool fxmi_trace_names_are_valid_locked(const struct fxmi_trace *t);

/* What @task is called. */
const char *fxmi_trace_thread_locked(struct fxmi_trace *t, const struct fxm_task *task);

#endif
