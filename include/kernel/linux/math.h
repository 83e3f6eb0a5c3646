/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MATH_H
#define FXM_KERNEL_LINUX_MATH_H

#include <linux/kernel.h>

/* The largest number whose square is not above @n. */
FXM_K_INLINE unsigned long int_sqrt(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= n)
			root |= bit;
	return root;
}

#endif
