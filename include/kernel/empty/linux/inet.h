/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_INET_H
#define FXM_KERNEL_LINUX_INET_H

/* There is no network: the sizes of addresses in words. */

#define INET_ADDRSTRLEN 16
#undef INET6_ADDRSTRLEN /* <netinet/in.h> has 46 */
#define INET6_ADDRSTRLEN 48

#endif
