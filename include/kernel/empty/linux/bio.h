/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BIO_H
#define FXM_KERNEL_LINUX_BIO_H

#if __has_include_next(<linux/bio.h>)
#include_next <linux/bio.h>
#else

/* There is no block layer: the name of its requests. */

#include <linux/highmem.h>

struct bio;

#endif
#endif
