/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_EXPORT_H
#define FXM_KERNEL_LINUX_EXPORT_H

/* Every non-static symbol of a module is visible to the modules loaded after it, so exporting declares nothing more. */
#define EXPORT_SYMBOL(symbol) extern __typeof__(symbol) symbol
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS(symbol, ns) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns) EXPORT_SYMBOL(symbol)

struct module;
#ifndef THIS_MODULE
#define THIS_MODULE ((struct module *)0)
#endif

#endif
