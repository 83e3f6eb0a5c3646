/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_LINUX_SWAP_H
#define STANDIN_LINUX_SWAP_H

#include <linux/fs.h>

#endif
