/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_LINUX_BUFFER_HEAD_H
#define STANDIN_LINUX_BUFFER_HEAD_H

#include <linux/fs.h>

#endif
