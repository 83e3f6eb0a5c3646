/* SPDX-License-Identifier: MIT */
/* What is told of an error: one line of the first one, and words for the numbers that the public calls return. */
#include "base.h"

#include <fixmap/types.h>

#include <errno.h>
#include <stdio.h>

void fxmi_error_clear(struct fxmi_error *error)
{
	error->text[0] = 0;
	error->has_place = false;
}

int fxmi_error_set(struct fxmi_error *error, const char *fmt, ...)
{
	if (error->text[0])
		return -EINVAL;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

const char *fxm_strerror(int error)
{
	switch (-error) {
	case 0:
		return "success";
	case ENOENT:
		return "no such name, page or entry";
	case EINVAL:
		return "an argument is null, out of range or of another machine";
	case ERANGE:
		return "a number is out of range";
	case ENOMEM:
		return "the host has no memory for this";
	case EBUSY:
		return "in use";
	case ENOSYS:
		return "this profile's kernel does not have that function";
	case ENOTSUP:
		return "this machine has no window";
	case EFAULT:
		return "the simulated address is not mapped, or not for this access";
	case EDEADLK:
		return "waiting would never end";
	case ECANCELED:
		return "the task was ended by a BUG, an oops or a hopeless wait";
	case ECHILD:
		return "the machine was made before fork() and is not usable in the child: create a new one";
	case ENOSPC:
		return "no room left";
	case EEXIST:
		return "there is one already";
	case EPERM:
		return "the calling thread is not attached";
	case EAGAIN:
		return "the host refused a thread";
	case EMFILE:
	case ENFILE:
		return "too many open files (ulimit -n)";
	default:
		return "unknown error";
	}
}
