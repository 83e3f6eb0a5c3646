/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_HASHTABLE_H
#define FXM_KERNEL_LINUX_HASHTABLE_H

#if __has_include_next(<linux/hashtable.h>)
#include_next <linux/hashtable.h>
#else

/* A power of two of lists, chosen by a key's hash. */

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>

#define DEFINE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_SIZE(name) (ARRAY_SIZE(name))
#define HASH_BITS(name) ilog2(HASH_SIZE(name))
#define hash_min(value, bits) (sizeof(value) <= 4 ? hash_32(value, bits) : hash_long(value, bits))
#define hash_init(table)                                                                                                           \
	do {                                                                                                                       \
		for (unsigned int fxm_i_ = 0; fxm_i_ < HASH_SIZE(table); fxm_i_++)                                                 \
			INIT_HLIST_HEAD(&(table)[fxm_i_]);                                                                         \
	} while (0)
#define hash_add(table, node, key) hlist_add_head(node, &(table)[hash_min(key, HASH_BITS(table))])
#define hash_del(node) hlist_del_init(node)
#define hash_hashed(node) (!hlist_unhashed(node))
#define hash_for_each(table, bucket, object, member)                                                                               \
	for ((bucket) = 0; (bucket) < (int)HASH_SIZE(table); (bucket)++)                                                           \
		hlist_for_each_entry(object, &(table)[bucket], member)
#define hash_for_each_safe(table, bucket, next, object, member)                                                                    \
	for ((bucket) = 0; (bucket) < (int)HASH_SIZE(table); (bucket)++)                                                           \
		hlist_for_each_entry_safe(object, next, &(table)[bucket], member)
#define hash_for_each_possible(table, object, member, key)                                                                         \
	hlist_for_each_entry(object, &(table)[hash_min(key, HASH_BITS(table))], member)

#endif
#endif
