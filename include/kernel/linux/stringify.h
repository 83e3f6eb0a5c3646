/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_STRINGIFY_H
#define FXM_KERNEL_LINUX_STRINGIFY_H

#define __stringify_1(...) #__VA_ARGS__
#define __stringify(...) __stringify_1(__VA_ARGS__)

#endif
