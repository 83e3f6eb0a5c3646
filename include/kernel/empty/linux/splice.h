/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SPLICE_H
#define FXM_KERNEL_LINUX_SPLICE_H

#if __has_include_next(<linux/splice.h>)
#include_next <linux/splice.h>
#else

/* There is no splice(): its flags alone. */

#include <linux/compiler.h>

#if __has_include(<linux/pipe_fs_i.h>)
#include <linux/pipe_fs_i.h>
static const struct pipe_buf_operations default_pipe_buf_ops __maybe_unused, page_cache_pipe_buf_ops __maybe_unused;
#endif

#define SPLICE_F_MOVE 1
#define SPLICE_F_NONBLOCK 2
#define SPLICE_F_MORE 4
#define SPLICE_F_GIFT 8

#endif
#endif
