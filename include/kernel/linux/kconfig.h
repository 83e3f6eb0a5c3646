/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KCONFIG_H
#define FXM_KERNEL_LINUX_KCONFIG_H

/* IS_ENABLED(CONFIG_X): 1 when the option is defined as 1, else 0; a constant in #if too. There are no modular options here. */
#define FXM_K_ENABLED_1 0,
#define FXM_K_SECOND(first, second, ...) second
#define FXM_K_ENABLED_CHOOSE(junk) FXM_K_SECOND(junk 1, 0, 0)
#define FXM_K_ENABLED_PASTE(value) FXM_K_ENABLED_CHOOSE(FXM_K_ENABLED_##value)
#define IS_ENABLED(option) FXM_K_ENABLED_PASTE(option)
#define IS_BUILTIN(option) IS_ENABLED(option)
#define IS_MODULE(option) 0
#define IS_REACHABLE(option) IS_ENABLED(option)

#endif
