/* SPDX-License-Identifier: MIT */

/* The machine as a whole: its CPUs, BUG and WARN, what a linker script would name, random numbers, modules. */

#include "native.h"

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kallsyms.h>
#include <linux/kmod.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/shrinker.h>
#include <linux/utsname.h>

/* ---- CPUs ---- */

struct cpumask __cpu_possible_mask, __cpu_online_mask, __cpu_present_mask, __cpu_active_mask, __cpu_dying_mask;
atomic_t __num_online_cpus = ATOMIC_INIT(1);
unsigned int nr_cpu_ids = 1;
const DECLARE_BITMAP(cpu_all_bits, NR_CPUS) = CPU_BITS_ALL;
const unsigned long cpu_bit_bitmap[BITS_PER_LONG + 1][BITS_TO_LONGS(NR_CPUS)] = {
#define BIT_OF(x) [(x) + 1][0] = 1UL << (x)
#define BITS_OF(x) FOUR_OF(x), FOUR_OF((x) + 4)
#define FOUR_OF(x) BIT_OF(x), BIT_OF((x) + 1), BIT_OF((x) + 2), BIT_OF((x) + 3)
    BITS_OF(0), BITS_OF(8), BITS_OF(16), BITS_OF(24),
#if BITS_PER_LONG > 32
    BITS_OF(32), BITS_OF(40), BITS_OF(48), BITS_OF(56),
#endif
};
bool cpuhp_tasks_frozen;
enum system_states system_state = SYSTEM_RUNNING;
bool static_key_initialized = true;
unsigned int saved_command_line_len;
char *saved_command_line = "";
unsigned int reset_devices;
bool initcall_debug;
int panic_timeout, panic_on_warn, panic_on_oops;
unsigned long panic_on_taint;
int sysctl_panic_on_oom;
ATOMIC_NOTIFIER_HEAD(panic_notifier_list);

/* What a linker script would name: nothing lies between. */
char _text[1], _stext[1], _etext[1], _sdata[1], _edata[1], __bss_start[1], __bss_stop[1], _sinittext[1], _einittext[1];
char __init_begin[1], __init_end[1], __start_rodata[1], __end_rodata[1], _end[1], __per_cpu_start[1], __per_cpu_end[1];
char __start_ro_after_init[1], __end_ro_after_init[1], __start_once[1], __end_once[1], __irqentry_text_start[1];
char __irqentry_text_end[1], __softirqentry_text_start[1], __softirqentry_text_end[1];
const struct kernel_param __start___param[1], __stop___param[1];

/* ---- BUG, WARN, panic ---- */

void __noreturn panic(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	fxm_k_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fxm_k_bug(text);
}

void __noreturn nmi_panic(struct pt_regs *regs, const char *text)
{
	fxm_k_bug(text);
}

void warn_slowpath_fmt(const char *file, const int line, unsigned int taint, const char *fmt, ...)
{
	char text[256] = "", where[192];
	va_list args;

	if (fmt) {
		va_start(args, fmt);
		fxm_k_vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
	}
	snprintf(where, sizeof(where), "%s:%d", file, line);
	fxm_k_warn(where, "%s", text);
}

void __warn_printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fxm_k_vprintk(fmt, args);
	va_end(args);
}

void dump_stack(void)
{
	fxm_k_dump_stack();
}

void dump_stack_lvl(const char *level)
{
	fxm_k_dump_stack();
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *level)
{
	fxm_k_dump_stack();
}

void show_regs(struct pt_regs *regs)
{
}

void add_taint(unsigned int flag, enum lockdep_ok ok)
{
}

int test_taint(unsigned int flag)
{
	return 0;
}

unsigned long get_taint(void)
{
	return 0;
}

const char *print_tainted(void)
{
	return "Not tainted";
}

void __stack_chk_fail(void)
{
	panic("stack is corrupted");
}

/* ---- random numbers: the same in every run ---- */

static u64 state = 0x9e3779b97f4a7c15;

static u64 next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

u8 get_random_u8(void)
{
	return next_random();
}

u16 get_random_u16(void)
{
	return next_random();
}

u32 get_random_u32(void)
{
	return next_random();
}

u64 get_random_u64(void)
{
	return next_random();
}

u32 __get_random_u32_below(u32 ceil)
{
	return next_random() % ceil;
}

void get_random_bytes(void *buf, size_t len)
{
	u8 *p = buf;

	while (len--)
		*p++ = next_random();
}

bool rng_is_initialized(void)
{
	return true;
}

int wait_for_random_bytes(void)
{
	return 0;
}

void add_device_randomness(const void *buf, size_t len)
{
}

/* ---- modules: everything is linked together ---- */

bool try_module_get(struct module *module)
{
	return true;
}

void __module_get(struct module *module)
{
}

void module_put(struct module *module)
{
}

void __module_put_and_kthread_exit(struct module *module, long code)
{
	fxm_arch_relax();
}

int __request_module(bool wait, const char *fmt, ...)
{
	return -ENOENT;
}

void *__symbol_get(const char *symbol)
{
	return NULL;
}

void __symbol_put(const char *symbol)
{
}

struct module *__module_address(unsigned long address)
{
	return NULL;
}

struct module *__module_text_address(unsigned long address)
{
	return NULL;
}

bool is_module_address(unsigned long address)
{
	return false;
}

int core_kernel_text(unsigned long address)
{
	return 1;
}

int kernel_text_address(unsigned long address)
{
	return 1;
}

int __kernel_text_address(unsigned long address)
{
	return 1;
}

/* ---- nobody runs short of memory ---- */

#if FXM_TREE_BEFORE(6, 7)
int register_shrinker(struct shrinker *shrinker, const char *fmt, ...)
{
	return 0;
}

int prealloc_shrinker(struct shrinker *shrinker, const char *fmt, ...)
{
	return 0;
}

void register_shrinker_prepared(struct shrinker *shrinker)
{
}

void free_prealloced_shrinker(struct shrinker *shrinker)
{
}

void unregister_shrinker(struct shrinker *shrinker)
{
}

void synchronize_shrinkers(void)
{
}
#endif

/* ---- it stays on ---- */

int register_reboot_notifier(struct notifier_block *nb)
{
	return 0;
}

int unregister_reboot_notifier(struct notifier_block *nb)
{
	return 0;
}

void emergency_restart(void)
{
	panic("emergency_restart");
}

void machine_restart(char *command)
{
	panic("machine_restart");
}

void kernel_restart(char *command)
{
	panic("kernel_restart");
}

void kernel_power_off(void)
{
	panic("kernel_power_off");
}

void orderly_poweroff(bool force)
{
}
