/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RATELIMIT_H
#define FXM_KERNEL_LINUX_RATELIMIT_H

/* Simulated time does not pass: after @burst times there is silence. */

#include <asm/param.h>
#include <linux/printk.h>
#include <linux/types.h>

struct ratelimit_state {
	int interval, burst, printed;
};

#define RATELIMIT_STATE_INIT(name, interval_init, burst_init)                                                                      \
	{                                                                                                                          \
		.interval = (interval_init), .burst = (burst_init), .printed = 0                                                   \
	}
#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init)                                                                    \
	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval_init, burst_init)

#define DEFAULT_RATELIMIT_INTERVAL (5 * HZ)
#define DEFAULT_RATELIMIT_BURST 10
#define WARN_RATELIMIT(condition, ...) WARN_ONCE(condition, __VA_ARGS__)
#define __ratelimit(state) ((state)->printed < (state)->burst ? ((state)->printed++, 1) : 0)

#endif
