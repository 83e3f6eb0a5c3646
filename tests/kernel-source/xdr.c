// SPDX-License-Identifier: MIT
/*
 * Drives net/sunrpc/xdr.c: a reply whose body lies in highmem pages is encoded and decoded item by item, across the borders of
 * head, pages and tail, and parts of it are copied, moved and counted; all of it must be as in one plain buffer.
 */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>

enum { PAGES = 5, HEAD = 128, TAIL = 256, BODY = 3 * 4096 + 1000, BASE = 500, TOTAL = HEAD + BODY + TAIL };

static struct page *pages[PAGES];
static unsigned char *head, *tail, *plain, *copy;
static unsigned int seed = 7;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static struct xdr_buf make_buf(void)
{
	struct xdr_buf buf = {
		.head = {{.iov_base = head, .iov_len = HEAD}},
		.tail = {{.iov_base = tail, .iov_len = TAIL}},
		.pages = pages,
		.page_base = BASE,
		.page_len = BODY,
		.buflen = TOTAL,
		.len = TOTAL,
	};
	return buf;
}

/* Bytes written into the buffer at one place come back from it, and nothing else changes. */
static int bytes(struct xdr_buf *buf)
{
	for (int round = 0; round < 200; round++) {
		unsigned int at = random_below(TOTAL), len = random_below(TOTAL - at) + 1;
		for (unsigned int i = 0; i < len; i++)
			plain[at + i] = (unsigned char)random_below(256);
		if (write_bytes_to_xdr_buf(buf, at, plain + at, len))
			return -EIO;
		at = random_below(TOTAL);
		len = random_below(TOTAL - at) + 1;
		if (read_bytes_from_xdr_buf(buf, at, copy, len) || memcmp(copy, plain + at, len))
			return -EINVAL;
	}
	return 0;
}

static int words(struct xdr_buf *buf)
{
	for (int round = 0; round < 200; round++) {
		unsigned int at = random_below(TOTAL - 4);
		u32 value = random_below(1 << 24), got = 0;
		if (xdr_encode_word(buf, at, value) || xdr_decode_word(buf, at, &got) || got != value)
			return -EINVAL;
		*(__be32 *)(plain + at) = cpu_to_be32(value);
	}
	return 0;
}

/*
 * The stream decoder hands out pointers into the pages, or a scratch buffer where an item crosses a border. It takes page_address()
 * of a page without mapping it: 6.1 gives it lowmem pages only, and so do we.
 */
static int stream(struct xdr_buf *buf)
{
	struct xdr_stream xdr;
	struct page *scratch = alloc_page(GFP_KERNEL);
	unsigned int at = 0;
	int error = 0;

	xdr_init_decode(&xdr, buf, NULL, NULL);
	xdr_set_scratch_page(&xdr, scratch);
	while (!error && at + 600 < TOTAL) {
		unsigned int len = 4 * (1 + random_below(100));
		__be32 *p = xdr_inline_decode(&xdr, len);
		if (!p || memcmp(p, plain + at, len))
			error = -EINVAL;
		at += len;
	}
	__free_page(scratch);
	return error;
}

static int run(bool high)
{
	struct xdr_buf buf = make_buf(), part;
	int error = 0;

	for (unsigned int i = 0; i < TOTAL; i++)
		plain[i] = (unsigned char)random_below(256);
	if (write_bytes_to_xdr_buf(&buf, 0, plain, TOTAL))
		return -EIO;
	error = bytes(&buf);
	if (!error)
		error = words(&buf);
	if (!error && !high)
		error = stream(&buf);
	if (!error && (xdr_buf_subsegment(&buf, &part, 100, 5000) || read_bytes_from_xdr_buf(&part, 10, copy, 4000) ||
		       memcmp(copy, plain + 110, 4000)))
		error = -EINVAL;
	return error;
}

static int with_pages(gfp_t gfp)
{
	int error = -ENOMEM, n = 0;

	while (n < PAGES && (pages[n] = alloc_page(gfp)))
		n++;
	if (n == PAGES)
		error = run(gfp & __GFP_HIGHMEM);
	while (n--)
		__free_page(pages[n]);
	return error;
}

static int __init xdr_test(void)
{
	int error = -ENOMEM;

	head = kmalloc(HEAD, GFP_KERNEL);
	tail = kmalloc(TAIL, GFP_KERNEL);
	plain = kmalloc(TOTAL, GFP_KERNEL);
	copy = kmalloc(TOTAL, GFP_KERNEL);
	if (head && tail && plain && copy)
		error = with_pages(GFP_HIGHUSER);
	if (!error)
		error = with_pages(GFP_KERNEL);
	kfree(head);
	kfree(tail);
	kfree(plain);
	kfree(copy);
	pr_info("xdr: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(xdr_test);
MODULE_LICENSE("MIT");
