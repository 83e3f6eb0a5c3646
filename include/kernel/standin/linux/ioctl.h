/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_IOCTL_H
#define FXM_KERNEL_LINUX_IOCTL_H

#if __has_include_next(<linux/ioctl.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/ioctl.h>
#else

/* Numbers of commands: a type, a number, the size of the argument and which way it goes. */

#include <linux/types.h>

#define _IOC_NRBITS 8
#define _IOC_TYPEBITS 8
#define _IOC_SIZEBITS 14
#define _IOC_DIRBITS 2
#define _IOC_NRSHIFT 0
#define _IOC_TYPESHIFT (_IOC_NRSHIFT + _IOC_NRBITS)
#define _IOC_SIZESHIFT (_IOC_TYPESHIFT + _IOC_TYPEBITS)
#define _IOC_DIRSHIFT (_IOC_SIZESHIFT + _IOC_SIZEBITS)
#define _IOC_NONE 0u
#define _IOC_WRITE 1u
#define _IOC_READ 2u

#define _IOC(dir, type, nr, size)                                                                                                  \
	(((dir) << _IOC_DIRSHIFT) | ((unsigned int)(type) << _IOC_TYPESHIFT) | ((unsigned int)(nr) << _IOC_NRSHIFT) |              \
	 ((unsigned int)(size) << _IOC_SIZESHIFT))
#define _IO(type, nr) _IOC(_IOC_NONE, type, nr, 0)
#define _IOR(type, nr, of) _IOC(_IOC_READ, type, nr, sizeof(of))
#define _IOW(type, nr, of) _IOC(_IOC_WRITE, type, nr, sizeof(of))
#define _IOWR(type, nr, of) _IOC(_IOC_READ | _IOC_WRITE, type, nr, sizeof(of))

#define _IOC_FIELD(command, shift, bits) (((command) >> (shift)) & ((1u << (bits)) - 1))
#define _IOC_DIR(command) _IOC_FIELD(command, _IOC_DIRSHIFT, _IOC_DIRBITS)
#define _IOC_TYPE(command) _IOC_FIELD(command, _IOC_TYPESHIFT, _IOC_TYPEBITS)
#define _IOC_NR(command) _IOC_FIELD(command, _IOC_NRSHIFT, _IOC_NRBITS)
#define _IOC_SIZE(command) _IOC_FIELD(command, _IOC_SIZESHIFT, _IOC_SIZEBITS)

#endif
#endif
