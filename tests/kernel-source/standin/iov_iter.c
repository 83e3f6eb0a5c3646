/* SPDX-License-Identifier: MIT */
/* What lib/iov_iter.c calls of others: no pipe is read here, arrays are empty, and the Internet's checksum goes byte by byte. */
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/xarray.h>

const struct pipe_buf_operations default_pipe_buf_ops, page_cache_pipe_buf_ops;

void *xas_load(struct xa_state *xas)
{
	(void)xas;
	return NULL;
}

void *xas_find(struct xa_state *xas, unsigned long last)
{
	(void)xas;
	(void)last;
	return NULL;
}

void *__xas_next(struct xa_state *xas)
{
	(void)xas;
	return NULL;
}

__wsum csum_partial(const void *from, int len, __wsum sum);

__wsum csum_partial(const void *from, int len, __wsum sum)
{
	const unsigned char *byte = from;
	u64 total = sum;

	for (int i = 0; i < len; i++)
		total += (u32)byte[i] << 8 * (i % 2);
	while (total >> 32)
		total = (total & 0xffffffff) + (total >> 32);
	return (__wsum)total;
}
