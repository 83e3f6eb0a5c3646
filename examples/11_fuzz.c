/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing kernel code: records that lie in pages of highmem, one behind the other, as a driver's ring has them.
 *
 *   CC=clang
 *   $CC -g -O1 $(CC=$CC fixmap cflags) -fsanitize=fuzzer examples/11_fuzz.c $(pkg-config --cflags --libs fixmap) -o fuzz
 *   ./fuzz
 *
 * The mistake: a record's length is trusted when its bytes are summed, so the sum runs off the page. -DFIXED has it right.
 */
#include <stddef.h>
#include <stdint.h>

#include <fixmap/fuzz.h>
#include <fixmap/kernel.h>

#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/string.h>

struct record {
	u8 magic[2];
	__le16 length; /* of what follows */
	u8 data[];
};

/* The sum of the record at @offset of @page; where the next one begins. */
static int sum_record(struct page *page, unsigned int *offset, u32 *sum)
{
	const u8 *base = kmap_local_page(page);
	const struct record *r = (const void *)(base + *offset);
	unsigned int length, i;
	int error = -EINVAL;

	if (r->magic[0] != 'R' || r->magic[1] != 'X')
		goto out;
	length = le16_to_cpu(r->length);
#ifdef FIXED
	if (length > PAGE_SIZE - *offset - sizeof(*r))
		goto out;
#endif
	for (i = 0; i < length; i++)
		*sum += r->data[i];
	*offset += sizeof(*r) + length;
	error = 0;
out:
	kunmap_local(base);
	return error;
}

static u32 total;

static int one_input(const uint8_t *data, size_t size)
{
	struct page *page;
	unsigned int offset = 0;
	u32 sum = 0;

	if (size > PAGE_SIZE)
		return -1;
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	if (!page)
		return -1;
	memcpy_to_page(page, 0, (const char *)data, size);
	while (offset + sizeof(struct record) <= PAGE_SIZE && !sum_record(page, &offset, &sum))
		;
	WRITE_ONCE(total, sum);
	__free_page(page);
	return 0;
}

FXM_FUZZ_TARGET(one_input)
