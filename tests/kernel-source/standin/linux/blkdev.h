/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_LINUX_BLKDEV_H
#define STANDIN_LINUX_BLKDEV_H

#include <linux/fs.h>

#endif
