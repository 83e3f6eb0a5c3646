/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_LINUX_XARRAY_H
#define STANDIN_LINUX_XARRAY_H

/* An array that is always empty: nobody iterates over one here. */

#include <linux/rcupdate.h>
#include <linux/types.h>

struct xarray {
	void *head;
};

struct xa_state {
	unsigned long xa_index;
};

#define XA_STATE(name, array, index) struct xa_state name = {(index) + 0 * (unsigned long)((array)->head == NULL)}
#define xas_for_each(xas, entry, last) for ((entry) = NULL; (entry);)
#define xas_load(xas) ((void)(xas), NULL)
#define xas_next(xas) ((void)(xas), NULL)
#define xas_reload(xas) ((void)(xas), NULL)
#define xas_retry(xas, entry) ((void)(xas), (void)(entry), false)
#define xas_reset(xas) ((void)(xas))
#define xa_is_value(entry) ((void)(entry), false)

#endif
