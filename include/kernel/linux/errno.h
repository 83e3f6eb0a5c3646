/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_ERRNO_H
#define FXM_KERNEL_LINUX_ERRNO_H

/* The host's numbers are Linux's own. No `errno` variable is declared here: it is not the kernel's. */
#include <asm-generic/errno.h>

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517
#define EOPENSTALE 518
#define ENOPARAM 519
#define EBADHANDLE 521
#define ENOTSYNC 522
#define EBADCOOKIE 523
#define ENOTSUPP 524
#define ETOOSMALL 525
#define ESERVERFAULT 526
#define EBADTYPE 527
#define EJUKEBOX 528
#define EIOCBQUEUED 529

#endif
