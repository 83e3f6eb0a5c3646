# SPDX-License-Identifier: MIT
"""The cases of run.py: group, name, source, command line, what must come out.

What must come out are regular expressions; <f> stands for a place in function f.
`source` is the text behind HEAD (or a whole file when it includes something), or a dict of files; None there names an example.
"""
import json
import os
import shutil
import subprocess

HEAD = '''#include <linux/module.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <asm/fixmap.h>
#include <asm/io.h>
#line 1
'''

CASES = []


def add(group, name, status, source, **more):
    CASES.append({'group': group, 'name': name, 'status': status, 'source': source, **more})


def init(group, name, status, body, **more):
    """A module whose init function has this body."""
    add(group, name, status, f'static int __init f(void)\n{{\n{body}\nreturn 0;\n}}\nmodule_init(f);\n', **more)


def example(name, status, *args, **more):
    add('examples', ' '.join((name, *args)), status, {name + '.c': None}, args=list(args), **more)


P26, P415, P510, P61 = ('-p', 'i386-2.6.12'), ('-p', 'x86_32-4.15'), ('-p', 'x86_32-5.10'), ('-p', 'x86_32-6.1')

# ---- the examples, on every profile that they are for ----
for args in (P415, P415 + ('-o', 'DEBUG_HIGHMEM=1'), P510, P61):
    example('interrupted', 0, *args, err=[], out=['it is still 42 after 0 interrupts$'])
    example('interrupted', 0, *args, '-o', 'inject=kunmap_atomic.popped:1:irq', err=[],
            out=['IRQ 9 at preempt_count 1', 'it is still 42 after 1 interrupts$'])
    example('interrupted', 1, *args, '-o', 'inject=alloc:2:fail', out=[], err=['init_module: -ENOMEM'])
TIME = r'^\[ *\d+\.\d{6}\] '
for args, address in ((P26, '0xff801000'), (P415, '0xff801000'), (P415 + ('-o', 'pae=1'), '0xffa01000'), (P510, '0xfec01000')):
    example('kmap_string', 0, *args, identity=True, err=[], out=[TIME + rf'\[{address}\] libfixmap-kmap_string_init$', 'is highmem, pkmap slot 1$'])
example('kmap_string', 0, '-o', 'identity=0', err=[], out=[r'\[0x[0-9a-f]*fec01000\] libfixmap-kmap_string_init$'])
example('apic_version', 0, *P26, err=[], identity=True, out=['local APIC at 0xffffd000, fixmap index 2$', 'version 0x14, 6 local vectors$'])
example('apic_version', 0, *P415, err=[], identity=True, out=['local APIC at 0xffffc000, fixmap index 3$', 'version 0x14'])
example('apic_version', 0, *P510, err=[], out=['version 0x14'])
example('apic_wrong_argument', 1, *P26, no_out=['not reached'],
        err=[r'^kernel BUG at arch/i386/mm/pgtable\.c:135!$', '0xffffd000 is an address: its index would be 2',
             r'<apic_wrong_argument_init>'])
example('apic_wrong_argument', 1, *P415, '-o', 'identity=0', err=[r'pgtable\.c:576!$', '0xffffc000 is an address: its index would be 3'])
example('atomic_typed', 0, *P26, err=[], identity=True,
        out=[r'\[0xffff1000\] written through KM_USER0', 'indices 14 and 15, preempt_count 2$'])
example('atomic_typed', 2, *P510, out=[], err=['kmap_atomic..: the form with a km_type: until 2.6.36; since 2.6.37 kmap_atomic.page. takes the page alone; not in x86_32-5.10'])
example('atomic_slot_by_hand', 0, *P415, err=[], identity=True, out=['level 0 of CPU 0: index 68, address 0xfffbb000$'])
example('atomic_slot_by_hand', 0, *P510, '-o', 'pae=1', err=[], out=['level 0 of CPU 0: index 68'])
example('atomic_slot_by_hand', 2, *P26, out=[], err=['kmap_atomic_idx_push..: 2.6.37 to 5.10; not in'])
# the slot's entry is gone, but the flush was for the address that was passed: the CPU goes on with its TLB entry
example('local_order', 1, *P61, out=['the copy begins'], err=[r'^WARNING: CPU: 0 PID: \d+ at mm/highmem\.c:610', 'local_order_init'], no_err=['page fault', 'finding:'])
for args, prot in ((P61 + ('-o', 'window=strict'), 'pde = '), (P61 + ('-o', 'pae=1,window=strict'), 'pdpt = ')):
    example('local_order', 1, *args, no_out=['the copy begins'],
            err=[r'^WARNING: CPU: 0 PID: \d+ at mm/highmem\.c:610', 'kunmap_local of fffbb000, but the mapping on top .* is fffba000',
                 r'local_order_init\+0x[0-9a-f]+', '^BUG: unable to handle page fault for address: fffba000$', prot,
                 'read of fffba000: kmap_local slot 1 of CPU 0 is not mapped'])
example('local_order', 2, *P510, out=[], err=['kmap_local_page..: since 5.11; not in x86_32-5.10'])
example('kmap_string', 0, *P61, identity=True, err=[], out=['is highmem, pkmap slot 1$'])
example('atomic_slot_by_hand', 2, *P61, out=[], err=['KM_TYPE_NR. undeclared|undeclared identifier .KM_TYPE_NR'])
example('address_space', 0, *P61, err=[], identity=True, out=['pkmap    0xfec00000 - 0xff000000', 'indices 68 to 579, 16 per CPU$'])
init('kernel', 'kmap_atomic_idx of 6.1', 2, 'return kmap_atomic_idx();', args=list(P61), out=[], err=['kmap_atomic_idx..: 2.6.37 to 5.10; not in x86_32-6.1'])
init('kernel', 'kmap_local', 0, '''
struct page *high = alloc_page(GFP_HIGHUSER), *low = alloc_page(GFP_KERNEL);
char *a = kmap_local_page(high), *b = kmap_local_page(low), *c = kmap_local_pfn(page_to_pfn(low));
char *d = kmap_atomic(high), *e = kmap_local_folio(page_folio(high), 100);
memcpy(a, "there", 6);
strcpy(c, "here");
pr_info("%px %px %px %s %s %d", a, d, e, d, b, preempt_count());
kunmap_local(e);
kunmap_atomic(d);
kunmap_local(c);
kunmap_local(b);
kunmap_local(a);
pr_info("now %d", preempt_count());
__free_page(high);
__free_page(low);''', args=list(P61), err=[], out=['fffbb000 0*fffb9000 0*fffb8064 there here 1$', 'now 0$'])
P612 = ('-p', 'x86_32-6.12')
init('kernel', 'folios', 0, '''
struct folio *folio = page_folio(alloc_pages(GFP_HIGHUSER | __GFP_COMP, 2));
char there[16], *a;
memcpy_to_folio(folio, 4090, "across two pages", 16);
memcpy_from_folio(there, folio, 4090, 16);
pr_info("%.16s %zu", there, memcpy_from_file_folio(there, folio, 4090, 16));
folio_fill_tail(folio, 8190, "tail", 4);
a = kmap_local_folio(folio, 8192);
pr_info("%.2s", a);
a = folio_zero_tail(folio, 8192, a);
kunmap_local(a);
a = kmap_local_folio(folio, 8190);
pr_info("%.2s", a);
copy_mc_highpage(folio_page(folio, 3), folio_page(folio, 0));
folio_release_kmap(folio, a);''', args=list(P612), err=[], out=['across two pages 6$', 'il$', 'ta$'])
init('reports', 'folio_zero_tail past its page', 1, '''
struct folio *folio = page_folio(alloc_pages(GFP_HIGHUSER | __GFP_COMP, 1));
char *a = kmap_local_folio(folio, 0);
a = folio_zero_tail(folio, 10, a + 4000);
kunmap_local(a);
folio_put(folio);''', args=list(P612), err=['it is right behind the page at fffbb000: does the access run off that one', r'^ <f> .*past its page.c:6'])
for call, says in (('memcpy_from_folio(c, f, 0, 1)', 'since 6.6; until then memcpy_from_page'),
                   ('memcpy_to_folio(f, 0, c, 1)', 'since 6.6; until then memcpy_to_page'),
                   ('memcpy_from_file_folio(c, f, 0, 1)', 'since 6.3; until then memcpy_from_page'),
                   ('folio_zero_tail(f, 0, c)', 'since 6.8; until then folio_zero_range'),
                   ('folio_fill_tail(f, 0, c, 1)', 'since 6.8; until then memcpy_to_page and folio_zero_range'),
                   ('folio_release_kmap(f, c)', 'since 6.7; until then kunmap_local and folio_put'),
                   ('copy_mc_highpage(&f->page, &f->page)', 'since 6.4; until then copy_highpage')):
    name = call.split('(')[0]
    init('kernel', f'{name} of 6.1', 2, f'struct folio *f = NULL;\nchar c[8];\n{call};\n(void)c;', args=list(P61), out=[],
         err=[f'{name}..: {says}; not in x86_32-6.1'])
init('kernel', 'set_fixmap_offset_io of 6.12', 2, 'set_fixmap_offset_io(FIX_APIC_BASE, 0xfee00000);', args=list(P612), out=[],
     err=['set_fixmap_offset_io..: 3.14 to 6.1, no more in 6.12; there set_fixmap_io; not in x86_32-6.12'])
init('kernel', 'set_fixmap_offset_io of 6.1', 1, 'pr_info("%lx", set_fixmap_offset_io(FIX_APIC_BASE, 0xfee00020));', args=list(P61), out=['ffffc020$'], err=['FIX_APIC_BASE. still maps pfn fee00'])
for call in ('kunmap_local(p)', 'kunmap_atomic(p)'):
    init('kernel', call + ' of a page', 2, f'struct page *p = alloc_page(GFP_HIGHUSER);\n{call};', args=list(P61), out=[],
         err=[r'takes the address, not the page'])
example('address_space', 0, *P415, err=[], identity=True, out=['fixmap   0xfff15000 - 0xfffff000     936 kB$', 'indices 68 to 227, 20 per CPU$'])
example('address_space', 0, *P26, err=[], identity=True, out=['lowmem   0xc0000000 - 0xf8000000', 'fixmap   0xfff87000 - 0xfffff000'])
example('initcalls', 0, err=[], out=[r'(?s)fixmap is up.*kmap is up.*module_init comes last'])
add('examples', 'three modules', 0, {'kmap_string.c': None, 'initcalls.c': None, 'address_space.c': None}, err=[],
    out=[r'(?s)fixmap is up.*kmap is up.*kmap_string_init.*comes last.*lowmem'])

EARLY = '''
struct page *p = alloc_page(GFP_HIGHUSER), *q = alloc_page(GFP_HIGHUSER);
char *a, buf[8];
clear_highpage(p);
a = early_memremap(page_to_phys(p), 64);
a[3] = 7;
copy_user_highpage(q, p, 0x8048000, NULL);
early_memunmap(a, 63);
early_memunmap(a, 64);
%s
__free_page(p);
__free_page(q);
'''
init('kernel', 'early mappings', 1, EARLY % 'zero_user(q, 0, 3); pr_info("%d\\n", ((char *)kmap(q))[3]); kunmap(q); (void)buf;', args=P415, out=['7$'],
     err=['^WARNING: .* at mm/early_ioremap.c:114$', 'while the system is running', 'early_ioremap.c:188$', 'size not consistent 00000040'])
init('kernel', 'parts of pages', 1, EARLY % 'memcpy_page(p, 4088, q, 0, 8); memcpy_from_page(buf, p, 4088, 8); pr_info("%d\\n", buf[3]);',
     args=list(P61) + ['-o', 'phase=reset'], out=['7$'], err=['early_ioremap.c:184$'], no_err=['while the system is running'])
init('kernel', 'bt_ioremap', 0, 'char *a = bt_ioremap(0x100000, 2), *isa = bt_ioremap(0xb8000, 2);\n'
     'pr_info("%px %px\\n", a, isa); bt_iounmap(a, 2);', args=P26, err=[], out=['fff78000 c00b8000$'])
init('kernel', 'early_ioremap on 2.6', 2, 'return !early_ioremap(0x100000, 2);', args=P26, out=[], err=['early_ioremap..: since 2.6.27; until then bt_ioremap; not in'])
init('kernel', 'bt_ioremap on 4.15', 2, 'return !bt_ioremap(0x100000, 2);', args=P415, out=[], err=['bt_ioremap..: 2.6 until 2.6.26; since 2.6.27 early_ioremap; not in'])

# ---- what is no module, or does not compile ----
init('input', 'does not compile', 2, 'return x;', out=[], err=[".x. undeclared|undeclared identifier .x.", 'does not compile$'])
init('input', 'undeclared function', 2, 'return foo();', out=[], err=['implicit declaration|undeclared function'])
init('input', 'pointer cut to an int', 2, 'int cut = page_address(alloc_page(GFP_KERNEL)); return cut;', out=[], err=['pointer to integer|makes integer from pointer'])
init('input', 'pointer to something else', 2, 'long n = 0; struct page *page = &n; return !page;', out=[], err=['incompatible pointer type'])
add('input', 'no type', 2, 'static count;\nstatic int f(void) { return count; }\nmodule_init(f);\n', out=[], err=["type defaults to .int.|type specifier missing"])
add('input', 'unknown symbol', 2, 'int foo(void);\nstatic int f(void) { return foo(); }\nmodule_init(f);\n', out=[], one_line=True,
    err=['unknown symbol foo: neither the kernel tier nor a module loaded before has it$'])
add('input', 'no module_init', 2, 'int x;', out=[], one_line=True, err=['no module_init.., so there is nothing to run; add module_init'])
add('input', 'no header at all', 2, 'int x;', raw=True, out=[], one_line=True, err=['no module_init'])
add('input', 'two module_init', 2, 'static int a(void) { return 0; }\nmodule_init(a);\nstatic int b(void) { return 0; }\nmodule_init(b);\n',
    out=[], one_line=True, err=[r'2 module_init\(\): a \(line 2\) and b \(line 4\); a module has one$'])
add('input', 'missing file', 2, {}, files=['nowhere.c'], out=[], one_line=True, err=['nowhere.c: No such file'])
add('input', 'no file', 2, {}, out=[], one_line=True, err=['which module'])
add('input', 'real module', 2, {'a.ko': ''}, raw=True, out=[], one_line=True, err=['compiled for a real kernel; give the .c file'])
add('input', 'unknown profile', 2, {'kmap_string.c': None}, args=['-p', 'vax-4.3'], out=[], one_line=True, err=['vax-4.3'])
add('input', 'unknown setting', 2, {'kmap_string.c': None}, args=['-o', 'colour=red'], out=[], one_line=True, err=['colour'])
add('input', 'no window', 2, {'kmap_string.c': None}, args=['-o', 'window=off'], out=[], one_line=True, err=['window=off.*strict'])
add('input', 'time limit', 2, {'kmap_string.c': None}, args=['--time-limit', 'soon'], out=[], one_line=True, err=['number of seconds'])
add('input', 'unknown parameter', 2, {'kmap_string.c': None}, params=['colour=red'], out=[], one_line=True, err=['no module here has a parameter colour'])
STAMPED = {'m.c': HEAD + 'static int f(void) { return 0; }\nmodule_init(f);\n'}
NO_INIT = {'m.c': 'int puts(const char *);\nint f(void) { return puts(""); }\n'}
add('input', "object without init, beside the C library's init_module()", 2, NO_INIT, files=['m.so'], object_flags=P415, args=P415, out=[],
    one_line=True, err=['m.so: no module_init'])
add('input', 'own object', 0, STAMPED, files=['m.so'], object_flags=P415, args=P415, out=[], err=[])
add('input', 'stamp of another profile', 2, STAMPED, files=['m.so'], object_flags=P415, args=P510, out=[], one_line=True,
    err=['compiled for x86_32-4.15 with .*NR_CPUS 8.*, but the machine is x86_32-5.10 with NR_CPUS 32'])
add('input', 'stamp of another width', 2, STAMPED, files=['m.so'], object_flags=P510 + ('-o', 'pae=1'), args=P510, out=[], one_line=True,
    err=[r'with .*sizeof\(pte_t\) 8, but the machine is x86_32-5.10 with .*sizeof\(pte_t\) 4'])
add('input', 'stamp of another enum', 2, STAMPED, files=['m.so'], object_flags=P415 + ('-o', 'X86_INTEL_MID=1', '-o', 'PCI_MMCONFIG=0'), args=P415,
    out=[], one_line=True, err=['other entries in enum fixed_addresses'])

# ---- how a run can end ----
init('ends', 'loops', 1, 'for (;;)\nbarrier();', args=['--time-limit', '0.5'], signals=True, out=[], one_line=True,
     err=[r'f\(\) did not end within 0.5 s; it was at <f>'])
add('ends', 'loops in exit', 1, 'static int f(void) { return 0; }\nmodule_init(f);\nstatic void g(void) { for (;;) barrier(); }\nmodule_exit(g);\n',
    args=['--time-limit', '0.5'], err=[r'g\(\) did not end within'])
init('ends', 'calls exit', 1, 'void exit(int); printk("one\\n"); exit(3);', out=['one$'], one_line=True, err=[r'the module called exit\(3\); kernel code cannot$'])
init('ends', 'calls _exit', 1, 'void _exit(int); _exit(3);', one_line=True, err=[r'the module called _exit\(3\); kernel code cannot$'])
init('ends', 'calls abort', 1, 'void abort(void); abort();', one_line=True, err=[r'ended by signal 6 \(Aborted\)$'])
add('ends', 'overflows its stack', 1, '''static noinline int deep(int n) { volatile char b[200]; b[0] = n; return deep(n + 1) + b[0]; }
static int f(void) { return deep(0); }
module_init(f);
''', err=["the task's stack overflowed", '^ <deep>'])
add('ends', 'overflows its stack by large frames', 1, '''static noinline int deep(int n) { volatile char b[300000]; b[0] = n; return deep(n + 1) + b[0]; }
static int f(void) { return deep(0); }
module_init(f);
''', err=["the task's stack overflowed", '^ <deep>'])
init('ends', 'dereferences NULL', 1, 'return *(volatile int *)page_address(alloc_page(GFP_HIGHUSER));',
     err=['^BUG: kernel NULL pointer dereference, address: 00000000$', '^ <f>'])
init('ends', 'dereferences NULL on 2.6', 1, 'return *(volatile int *)8;', args=P26,
     err=['^Unable to handle kernel NULL pointer dereference at virtual address 00000008$'])
init('ends', 'jumps to nowhere', 1, 'void (*volatile g)(void) = (void *)0x5000; g();', err=['00005000', 'instruction fetch', '^ <f>'], no_err=['#2'])
init('ends', 'jumps through NULL', 1, 'void (*volatile g)(void) = 0; g();', err=['^BUG: kernel NULL pointer dereference, address: 00000000$', '^ <f>'])
init('ends', 'divides by zero', 1, 'volatile int x = 0, y = 7 / x; (void)y;', one_line=True, err=[r'f\(\): divide error at <f>'])
init('ends', 'init fails', 1, 'return -ENOMEM;', out=[], one_line=True, err=[r'init_module: -ENOMEM \(Cannot allocate memory\)$'])
init('ends', 'init returns more than 0', 0, 'return 5;', one_line=True, err=[r'f\(\) returned 5; it should return 0'])
init('ends', 'pool is full', 1, 'for (int i = 0; i < 2000; i++)\nkmap(alloc_page(GFP_HIGHUSER));', err=['1024 of 1024 kmap slots are in use'])
init('ends', 'spinlock twice', 1, 'static DEFINE_SPINLOCK(l);\nspin_lock(&l);\nspin_lock(&l);', err=['^BUG: spinlock recursion on CPU#0, insmod/'])
add('ends', 'second init fails', 1, {
    'one.c': HEAD + 'static int f(void) { printk("one in\\n"); return 0; }\nstatic void g(void) { printk("one out\\n"); }\nmodule_init(f); module_exit(g);\n',
    'two.c': HEAD + 'static int f(void) { return -EBUSY; }\nstatic void g(void) { printk("two out\\n"); }\nmodule_init(f); module_exit(g);\n'},
    out=['one in$', 'one out$'], no_out=['two out'], err=['two.c: init_module: -EBUSY'])

# ---- what is reported ----
init('reports', 'local leaks', 1, 'kmap_local_page(alloc_page(GFP_HIGHUSER));\nkmap_atomic(alloc_page(GFP_HIGHUSER));', args=P61, out=[],
     err=[r'^leak: kmap_local never undone: page pfn [0-9a-f]+ at fffbb000, level 0 of insmod\[\d+\] on CPU 0, mapped at f\+0x[0-9a-f]+',
          r'^libfixmap: initcall f\(\) returned with preemption imbalance \(kmap_atomic\(\) of fffba000 not undone\)'])
init('reports', 'leaks', 1, '''struct page *p = alloc_page(GFP_HIGHUSER), *q = alloc_pages(GFP_KERNEL, 2);
kmap(p);
kmalloc(100, GFP_KERNEL);
kmap_atomic(p);
set_fixmap(FIX_WP_TEST, page_to_phys(q));''', args=P510, out=[],
     err=[r'^leak: kmap never undone: page pfn [0-9a-f]+ at fec01000, pkmap slot 1, 1 use, mapped at <f>',
          r'^leak: kmap_atomic never undone: .* at fffbb000, level 0 of CPU 0', r'^leak: page pfn [0-9a-f]+ \(order 0\) never freed',
          r'^leak: pages from pfn [0-9a-f]+ \(order 2\) never freed', '^leak: 100 bytes at [0-9a-f]+ never freed', r'^leak: fixmap 1536 \(FIX_WP_TEST\) still maps'])
init('reports', 'the place of a leak', 1, 'kmalloc(7, GFP_KERNEL);', places=True, err=[r'kmalloc\(\) at <f> \(the place of a leak.c:3\)'])
init('reports', 'leaks nothing', 0, '''struct page *p = alloc_page(GFP_HIGHUSER);
void *v = kmap(p), *w = kmap_atomic(p), *m = kmalloc(3, GFP_ATOMIC);
memcpy(v, "x", 2);
kunmap_atomic(w);
kunmap(p);
m = krealloc(m, 5000, GFP_KERNEL);
kfree(m);
get_page(p);
put_page(p);
__free_page(p);
set_fixmap(FIX_WP_TEST, 0);
clear_fixmap(FIX_WP_TEST);
free_page(__get_free_page(GFP_KERNEL));''', out=[], err=[])
init('reports', 'address given to kunmap', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\nkunmap(kmap(p));',
     err=['kunmap.. takes the page and was given fec01000, an address inside pkmap slot 1', 'the mapping at fec01000 stays'])
init('reports', 'nonsense given to kmap', 1, 'kmap((void *)0x1234);', err=['kmap.. takes the page and was given 1234'])
init('reports', 'page given to kunmap_atomic', 2, 'struct page *p = alloc_page(GFP_HIGHUSER);\nkmap_atomic(p);\nkunmap_atomic(p);',
     err=['kunmap_atomic.. takes the address, not the page'])
init('reports', 'page as void to kunmap_atomic', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\nkmap_atomic(p);\nkunmap_atomic((void *)p);',
     err=['^==== finding: wrong-argument', 'was given the struct page of pfn'])
init('reports', 'used after kunmap', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\nchar *v = kmap(p);\nkunmap(p);\n*(volatile char *)v = 1;\n__free_page(p);',
     err=['^==== finding: use-after-unmap'])
init('reports', 'used after kunmap_atomic', 1,
     'struct page *p = alloc_page(GFP_HIGHUSER);\nchar *v = kmap_atomic(p);\nkunmap_atomic(v);\n*(volatile char *)v = 1;', args=P510,
     err=['^BUG: unable to handle page fault for address: fffbb000$', 'kmap_atomic slot 0 of CPU 0 is not mapped'])
init('reports', 'past the page', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\nmemset(kmap(p), 1, 5000);', err=['pkmap slot 2 is not mapped'])
init('reports', 'freed while mapped', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\nkmap(p);\n__free_page(p);\nkunmap(p);',
     err=['^==== finding: free-while-mapped', 'kunmap.. first'])
init('reports', 'freed twice', 1, 'struct page *p = alloc_page(GFP_HIGHUSER);\n__free_page(p);\n__free_page(p);', err=['^BUG: Bad page state in process insmod'])
init('reports', 'kfree twice', 1, 'void *p = kmalloc(10, GFP_KERNEL);\nkfree(p);\nkfree(p);', err=['which was freed already, at <f>'])
init('reports', 'device dereferenced', 1,
     'set_fixmap_nocache(FIX_APIC_BASE, 0xfee00000);\nreturn *(volatile int *)(fix_to_virt(FIX_APIC_BASE) + 0x30) * 0;',
     err=['maps device memory: use readl'])
init('reports', 'readl of nothing', 1, 'return readl((void *)__fix_to_virt(FIX_KMAP_END));', err=['^BUG: unable to handle page fault'])
init('reports', 'index too large', 2, 'return fix_to_virt(__end_of_fixed_addresses) != 0;', err=['no constant below __end_of_fixed_addresses'])
init('reports', 'index 0', 1, 'return virt_to_fix(__fix_to_virt(0));', err=['index 0 lies above FIXADDR_TOP'])
init('reports', 'WARN and BUG', 1, 'WARN_ON(1);\nWARN(1, "three %d\\n", 3);\nBUG_ON(1 == 1);', no_err=['leak'],
     err=[r'^WARNING: .* at WARN and BUG.c:3$', 'three 3$', '^kernel BUG at WARN and BUG.c:5!$'])
init('reports', 'kmap_local before 5.11', 2, 'kmap_local_page(alloc_page(GFP_HIGHUSER));', args=P510, err=['kmap_local_page..: since 5.11; not in x86_32-5.10'])
init('reports', 'kmap_atomic_pfn before 2.6.13', 2, 'kmap_atomic_pfn(1, KM_USER0);', args=P26, out=[], err=['kmap_atomic_pfn..: since 2.6.13; not in i386-2.6.12'])
for profile, call, where, says in (
        (P510, 'zero_user(alloc_page(GFP_HIGHUSER), 4000, 200);', 'include/linux/highmem.h', 'zero_user_segments: .4000, 4200. or .0, 0. ends beyond'),
        (P61, 'zero_user(alloc_page(GFP_HIGHUSER), 4000, 200);', 'mm/highmem.c:396', 'zero_user_segments: .4000, 4200. or .0, 0. ends beyond'),
        (P26, 'memclear_highpage_flush(alloc_page(GFP_HIGHUSER), 4000, 200);', 'include/linux/highmem.h:72', 'offset 4000 and size 200 lead beyond')):
    init('reports', f'a helper past its page on {profile[1]}', 1, call, args=profile,
         err=[f'kernel BUG at {where}!', says, r'Call Trace:\n f\+0x[0-9a-f]+ \(a helper past.*\.c:\d+\)\n(?!.*highmem.h:\d+\))'])
init('reports', 'set_fixmap_io on 2.6', 1, 'set_fixmap_io(FIX_WP_TEST, 0);', args=P26, err=['set_fixmap_io.. is not in i386-2.6.12: since 3'])
init('reports', 'sleeps while atomic', 1, 'kmap_atomic(alloc_page(GFP_HIGHUSER), KM_USER0);\nkmap(alloc_page(GFP_HIGHUSER));',
     args=P26 + ('-o', 'DEBUG_ATOMIC_SLEEP=1'), err=['sleeping function called from invalid context'])
CAST = '''void *object = kmalloc(16, GFP_KERNEL);
u32 cut = (u32)(unsigned long)object;
printk("%08lx %d\\n", (unsigned long)cut, virt_to_page((void *)(unsigned long)cut) == virt_to_page(object));
*(char *)(unsigned long)cut = 1;
kfree(object);'''
init('reports', 'cast to u32', 0, CAST, identity=True, err=[], out=['[c-f][0-9a-f]{7} 1$'])
init('reports', 'cast to u32, relocated', 1, CAST, args=['-o', 'identity=0'], out=['[c-f][0-9a-f]{7} 1$'],
     err=['virt_to_page.. was given [c-f][0-9a-f]{7}: a pointer truncated to 32 bits', 'pointer truncated to 32 bits: [c-f][0-9a-f]{7} is a simulated address'])

FREED = 'struct page *p = alloc_page(GFP_HIGHUSER); kmap(p); __free_page(p);'
init('reports', 'kmap of a freed page is one report', 1, FREED, args=P510, err=['is freed while it is mapped at fec01000: kunmap.. first'], no_err=['leak'])
init('reports', 'kmap of a freed page, leaks only', 1, FREED, args=[*P510, '-o', 'detect=leak'], err=['leak: kmap never undone'], no_err=['freed while'])
init('reports', 'kmap of a freed page, which another owner frees', 1, FREED + 'for (int i = 0; i < 9; i++) __free_page(alloc_page(GFP_HIGHUSER));',
     args=P510, err=['^(?!(.|\n)*freed while(.|\n)*freed while)(.|\n)*freed while'])
# In which of the two calls the page's end was passed; the compiler would make one of them.
for which, line in ((1, 5), (2, 8)):
    init('reports', f'two calls alike, {which}', 1, f'volatile int which = {which}; struct page *p = virt_to_page(high_memory - PAGE_SIZE) + 100;\n'
         'if (which == 1)\nzero_user(p, PAGE_SIZE - 8, 16);\nprintk("between\\n");\nif (which == 2)\nzero_user(p, PAGE_SIZE - 8, 16);',
         args=P510, err=['kernel BUG', rf'<f> \(two calls.*:{line}\)'])

# ---- the rest of what modules use ----
init('kernel', 'formats', 0, r'''void *v = (void *)__fix_to_virt(FIX_KMAP_BEGIN);
phys_addr_t phys = 0x12345000;
unsigned char mac[] = {1, 2, 0xab, 4, 5, 6};
struct va_format vf;
printk("1 %px|%10s|%-6d|%#x|%c|%%|%lld|%5.2s|\n", v, "abc", -5, 255u, 'x', -1LL, "xyz");
printk("2 %pa %pM %*ph %pI4 %pe\n", &phys, mac, 3, mac, mac, ERR_PTR(-ENOENT));
printk("3 %s %hhu %hd %zu %*d %p\n", (char *)NULL, (unsigned char)200, (short)-3, (size_t)7, 4, 1, NULL);
printk("4 %ps\n", (void *)kmap_string);
(void)vf;
'''.replace('kmap_string', '(unsigned long)f'), err=[], identity=True,
     out=[r'1 fffbb000\|       abc\|-5    \|0xff\|x\|%\|-1\|   xy\|$', '2 0x12345000 01:02:ab:04:05:06 01 02 ab 1.2.171.4 -ENOENT$',
          r'3 \(null\) 200 -3 7    1 \(null\)$', '4 (f|0-formats.so)$'])
init('kernel', 'lines', 0, r'''printk("a");
printk(KERN_CONT "b\n");
printk("c");
printk("d\ne\n");
pr_info("%s\n", "last");
printk("no newline");''', err=[], out=[TIME + 'ab$', TIME + 'c$', TIME + 'd$', TIME + 'e$', TIME + 'last$', TIME + 'no newline$'])
init('kernel', 'lines on 2.6', 0, r'''printk("<1>a");
printk("b\n");''', args=P26, err=[], out=[TIME + 'ab$'])
add('kernel', 'parameters', 0, '''static int number = 3; module_param(number, int, 0444);
static bool flag; module_param(flag, bool, 0444);
static char *word = "none"; module_param(word, charp, 0444); MODULE_PARM_DESC(word, "a word");
static unsigned long wide; module_param_named(width, wide, ulong, 0);
static int f(void) { printk("%d %d %s %#lx\\n", number, flag, word, wide); return 0; }
module_init(f);
''', params=['number=-7', 'flag=y', 'word=a=b', 'width=0x1000'], err=[], out=['-7 1 a=b 0x1000$'])
for value, why in (('x', 'not a value'), ('70000000000', 'too large'), ('', 'not a value')):
    add('kernel', f'parameter number={value}', 2, 'static int number; module_param(number, int, 0);\nstatic int f(void) { return 0; }\nmodule_init(f);\n',
        params=[f'number={value}'], out=[], one_line=True, err=[rf'number={value}: {why}.*; its type is int$'])
add('kernel', 'old style', 0, 'int init_module(void) { printk(KERN_ALERT "hello\\n"); return 0; }\nvoid cleanup_module(void) { printk("goodbye\\n"); }\n',
    err=[], out=['hello$', 'goodbye$'])
# ---- headers of modules of a few calls: each does what its kernel's does ----
def headers(name, status, includes, source, **more):
    add('headers', name, status, ''.join(f'#include <{include}>\n' for include in ['linux/module.h', *includes]) + source +
        'module_init(f);\nMODULE_LICENSE("GPL");\n', **more)


headers('counts of references', 1, ['linux/kref.h', 'linux/container_of.h'], r"""
static struct object { int n; struct kref ref; } object = {7};
static void gone(struct kref *ref) { printk("%d is gone\n", container_of(ref, struct object, ref)->n); }
static int f(void)
{
	refcount_t r = REFCOUNT_INIT(1);
	int n;
	kref_init(&object.ref);
	kref_get(&object.ref);
	n = kref_put(&object.ref, gone);
	printk("%d %d\n", n, kref_put(&object.ref, gone));
	n = refcount_dec_and_test(&r);
	printk("%d %d\n", n, refcount_inc_not_zero(&r));
	refcount_inc(&r);
	return 0;
}
""", out=['7 is gone', r'\] 0 1$', r'\] 1 0$'], err=['WARNING', 'refcount_t: addition on 0; use-after-free', r'<f>'])
headers('semaphores', 0, ['linux/semaphore.h', 'linux/rwsem.h', 'linux/kthread.h'], r"""
static struct semaphore two;
static DECLARE_RWSEM(sem);
static int reader(void *arg) { down(&two); printk("reader has a place\n"); up(&two); return 3; }
static int f(void)
{
	sema_init(&two, 2);
	down(&two);
	int n = down_interruptible(&two);
	printk("%d %d\n", n, down_trylock(&two));
	struct task_struct *t = kthread_run(reader, NULL, "reader");
	schedule();
	printk("up\n");
	up(&two);
	schedule();
	printk("%d\n", kthread_stop(t));
	down_read(&sem);
	n = down_read_trylock(&sem);
	printk("%d %d\n", n, down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	down_write(&sem);
	printk("%d\n", down_read_trylock(&sem));
	downgrade_write(&sem);
	printk("%d\n", down_read_trylock(&sem));
	return 0;
}
""", err=[], out=[r'\] 0 1\n.*\] up\n.*reader has a place\n.*\] 3\n.*\] 1 0\n.*\] 0\n.*\] 1\n'])
headers('a wait for a semaphore that nobody gives back', 1, ['linux/semaphore.h'], r"""
static struct semaphore none;
static int f(void) { sema_init(&none, 0); down(&none); return 0; }
""", err=['hung|nobody', '<f>'])
headers('a thread that exits', 0, ['linux/kthread.h', 'linux/completion.h', 'linux/version.h'], r"""
static DECLARE_COMPLETION(done);
static int thread(void *arg)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
	kthread_complete_and_exit(&done, 5);
#else
	complete_and_exit(&done, 5);
#endif
}
static int f(void)
{
	struct task_struct *t = kthread_run(thread, NULL, "exits");
	wait_for_completion(&done);
	printk("%d\n", kthread_stop(t));
	return 0;
}
""", err=[], out=[r'\] 5$'])
headers('a thread that exits with preemption disabled', 1, ['linux/kthread.h'], r"""
static int thread(void *arg)
{
	preempt_disable();
	do_exit(0);
}
static int f(void) { struct task_struct *t = kthread_run(thread, NULL, "exits"); schedule(); kthread_stop(t); return 0; }
""", err=['imbalance', r'thread\(\) returned from a kernel thread with preemption disabled'])
headers('a BUG in a thread ends it', 1, ['linux/kthread.h'], r"""
static int thread(void *arg) { BUG(); return 0; }
static int f(void) { struct task_struct *t = kthread_run(thread, NULL, "bug"); schedule(); printk("%d\n", kthread_stop(t)); return 0; }
""", err=['kernel BUG at', '<thread>'], out=[r'\] -4$'])
headers('tasks', 0, ['linux/sched/signal.h', 'linux/kthread.h'], r"""
static int thread(void *arg) { while (!kthread_should_stop()) schedule_timeout_interruptible(HZ); return 0; }
static int f(void)
{
	struct task_struct *p, *t = kthread_run(thread, NULL, "worker/%d", 7);
	char name[TASK_COMM_LEN];
	for_each_process(p)
		printk("%s %d %c\n", get_task_comm(name, p), task_pid_nr(p), task_state_to_char(p));
	printk("uid %u\n", __kuid_val(current_uid()));
	kthread_stop(t);
	return 0;
}
""", err=[], out=[r'insmod 2 R\n.*worker/7 3 S\n.*uid 0'])
headers('lists of lists', 0, ['linux/hashtable.h', 'linux/notifier.h', 'linux/bitmap.h'], r"""
static DEFINE_HASHTABLE(table, 4);
static struct entry { int key; struct hlist_node node; } entries[40];
static BLOCKING_NOTIFIER_HEAD(chain);
static int told(struct notifier_block *b, unsigned long action, void *data)
{
	printk("%d is told of %lu\n", b->priority, action);
	return b->priority == 5 ? NOTIFY_STOP : NOTIFY_OK;
}
static struct notifier_block low = {.notifier_call = told, .priority = 1}, mid = {.notifier_call = told, .priority = 5},
			     high = {.notifier_call = told, .priority = 9};
static int f(void)
{
	DECLARE_BITMAP(map, 100);
	struct entry *e;
	int n = 0, bucket;
	for (int i = 0; i < 40; i++) {
		entries[i].key = i;
		hash_add(table, &entries[i].node, i);
	}
	hash_for_each_possible(table, e, node, 33)
		if (e->key == 33)
			hash_del(&e->node);
	hash_for_each(table, bucket, e, node)
		n++;
	printk("%d in the table, %d\n", n, hash_hashed(&entries[33].node));
	blocking_notifier_chain_register(&chain, &low);
	blocking_notifier_chain_register(&chain, &high);
	blocking_notifier_chain_register(&chain, &mid);
	printk("%#x\n", blocking_notifier_call_chain(&chain, 77, NULL));
	n = blocking_notifier_chain_register(&chain, &mid);
	printk("%d %d\n", n, blocking_notifier_chain_unregister(&chain, &mid));
	bitmap_zero(map, 100);
	bitmap_set(map, 62, 4);
	printk("%u %lu %lu\n", bitmap_weight(map, 100), find_first_bit(map, 100), find_next_zero_bit(map, 100, 62));
	return 0;
}
""", err=[], out=[r'39 in the table, 0\n.*9 is told of 77\n.*5 is told of 77\n.*0x8001\n.*-17 0\n.*4 62 66\n'])
headers('numbers', 0, ['linux/ioctl.h', 'linux/math64.h', 'linux/random.h', 'linux/ktime.h', 'linux/delay.h', 'linux/param.h', 'linux/cpumask.h'], r"""
static int f(void)
{
	u64 n = 1000000000007ull;
	u32 rest = do_div(n, 10);
	ktime_t began = ktime_get();
	int cpu, cpus = 0;
	u8 a[8], b[8];
	printk("%#x %#x %#lx\n", _IO('k', 1), _IOWR('k', 2, int), (long)_IOC_SIZE(_IOR('k', 3, u64)));
	printk("%llu %u %llu\n", n, rest, div_u64(n, 7));
	msleep(20);
	printk("%s\n", ktime_ms_delta(ktime_get(), began) >= 20 && HZ == 250 ? "time passes" : "time stands still");
	for_each_online_cpu(cpu)
		cpus++;
	printk("%d %d\n", cpus == num_online_cpus(), cpus == nr_cpu_ids);
	get_random_bytes(a, 8);
	get_random_bytes(b, 8);
	printk("%d\n", !memcmp(a, b, 8));
	return 0;
}
""", err=[], out=[r'0x6b01 0xc0046b02 0x8\n.*100000000000 7 14285714285\n.*time passes\n.*\] 1 1\n.*\] 0\n'])
headers('text', 0, ['linux/string.h', 'linux/kallsyms.h'], r"""
static int f(void)
{
	char a[8] = "ab", b[4] = {'w', 'x', 'y', 'z'}, name[KSYM_SYMBOL_LEN];
	printk("%zu %s\n", strlcat(a, "cdefgh", sizeof(a)), a);
	printk("%zd %s\n", strscpy(a, b, sizeof(b)), a);
	printk("%zd %s %d\n", strscpy_pad(a, "q", sizeof(a)), a, a[7]);
	sprint_symbol(name, (unsigned long)f);
	printk("%s\n", name);
	return 0;
}
""", err=[], out=[r'8 abcdefg\n.*-7 wxy\n.*1 q 0\n.* f\+0'])
headers('a parameter with functions', 0, ['linux/moduleparam.h'], r"""
static int watched = 1;
static int set(const char *value, const struct kernel_param *kp)
{
	int error = param_set_int(value, kp);
	char text[20];
	param_get_int(text, kp);
	printk("set to %s", text);
	return error;
}
static const struct kernel_param_ops ops = {.set = set, .get = param_get_int};
module_param_cb(watched, &ops, &watched, 0644);
static int f(void) { printk("it is %d\n", watched); return 0; }
""", args=['watched=12'], err=[], out=['set to 12', 'it is 12'])
headers('a parameter whose function refuses', 2, ['linux/moduleparam.h'], r"""
static int set(const char *value, const struct kernel_param *kp) { return -EPERM; }
static const struct kernel_param_ops ops = {.set = set};
module_param_cb(watched, &ops, NULL, 0644);
static int f(void) { return 0; }
""", args=['watched=12'], err=['watched=12: not a value that it takes'])
headers('a parameter whose function is a BUG', 1, ['linux/moduleparam.h', 'linux/bug.h'], r"""
static int set(const char *value, const struct kernel_param *kp) { BUG(); return 0; }
static const struct kernel_param_ops ops = {.set = set};
module_param_cb(watched, &ops, NULL, 0644);
static int f(void) { printk("not reached\n"); return 0; }
""", args=['watched=12'], no_out=['not reached'], err=['kernel BUG at', '<set>'])
headers('sequences and switches', 0, ['linux/seqlock.h', 'linux/jump_label.h', 'linux/rculist.h', 'linux/slab.h'], r"""
static DEFINE_SEQLOCK(lock);
static DEFINE_STATIC_KEY_FALSE(key);
static LIST_HEAD(list);
static struct entry { struct list_head link; int n; } one = {.n = 4};
static int f(void)
{
	unsigned int seq = read_seqbegin(&lock);
	struct entry *e;
	printk("%d\n", read_seqretry(&lock, seq));
	write_seqlock(&lock);
	write_sequnlock(&lock);
	printk("%d\n", read_seqretry(&lock, seq));
	static_branch_enable(&key);
	printk("%d\n", static_branch_unlikely(&key) ? 1 : 0);
	list_add_tail_rcu(&one.link, &list);
	rcu_read_lock();
	list_for_each_entry_rcu(e, &list, link)
		printk("%d\n", e->n);
	rcu_read_unlock();
	void *exact = alloc_pages_exact(5000, GFP_KERNEL);
	printk("%d %u %u\n", exact != NULL, fxm_k_order_of(4096), fxm_k_order_of(4097));
	free_pages_exact(exact, 5000);
	return 0;
}
""", err=[], out=[r'\] 0\n.*\] 1\n.*\] 1\n.*\] 4\n.*\] 1 0 1\n'])

add('kernel', 'exported symbol', 0, {
    'one.c': HEAD + 'int shared(void);\nint shared(void) { return 42; }\nEXPORT_SYMBOL_GPL(shared);\nint f(void);\nint f(void) { return 0; }\nmodule_init(f);\n',
    'two.c': HEAD + 'int shared(void);\nint f(void);\nint f(void) { printk("%d from two\\n", shared()); return 0; }\nmodule_init(f);\n'},
    err=[], out=['42 from two$'])
init('kernel', 'who', 0, 'printk("%s %d\\n", current->comm, current->pid > 0);', err=[], out=['insmod 1$'])
init('kernel', 'counters', 0, '''struct page *p = alloc_page(GFP_HIGHUSER);
void *v;
unsigned long flags;
printk("%d %d\\n", preempt_count(), !!in_interrupt());
v = kmap_atomic(p);
printk("%d %d %d\\n", preempt_count(), pagefault_disabled(), kmap_atomic_idx());
kunmap_atomic(v);
local_irq_save(flags);
printk("off %d\\n", irqs_disabled());
local_irq_restore(flags);
printk("on %d\\n", irqs_disabled());
__free_page(p);''', args=P510 + ('-o', 'PREEMPT_COUNT=1'), err=[], out=['0 0$', '1 1 0$', 'off 1$', 'on 0$'])
init('kernel', 'list and struct page', 0, '''LIST_HEAD(pages);
struct page *p, *n;
int sum = 0;
for (int i = 0; i < 3; i++) {
p = alloc_page(GFP_HIGHUSER);
p->index = i + 1;
set_page_private(p, 10);
SetPageUptodate(p);
list_add_tail(&p->lru, &pages);
}
list_for_each_entry_safe(p, n, &pages, lru) {
sum += p->index * page_private(p) + PageUptodate(p);
list_del(&p->lru);
__free_page(p);
}
printk("sum %d\\n", sum);''', err=[], out=['sum 63$'])
init('kernel', 'pages of 2.6', 0, '''struct page *p = alloc_page(GFP_HIGHUSER), *q = alloc_page(GFP_HIGHUSER);
char *v = kmap(p);
memset(v, 'x', PAGE_SIZE);
copy_highpage(q, p);
memclear_highpage_flush(p, 1, 2);
printk("%d %d %d %c\\n", v[0], v[1], v[3], *(char *)kmap(q));
kunmap(q);
kunmap(p);
__free_page(p);
__free_page(q);''', args=P26, err=[], out=['120 0 120 x$'])
init('kernel', 'set_fixmap_offset', 0, '''struct page *p = alloc_page(GFP_KERNEL);
char *v = (char *)set_fixmap_offset(FIX_WP_TEST, page_to_phys(p) + 5);
strcpy(v, "through");
printk("%s %lu %lx\\n", (char *)page_address(p) + 5, virt_to_fix((unsigned long)__fix_to_virt(FIX_APIC_BASE)), (unsigned long)v & ~PAGE_MASK);
clear_fixmap(FIX_WP_TEST);
__free_page(p);''', err=[], out=['through 3 5$'])
init('kernel', 'virt_to_page and back', 0, '''char *v = kmalloc(32, GFP_KERNEL);
printk("%d %d\\n", page_address(virt_to_page(v)) == (void *)((unsigned long)v & PAGE_MASK), __va(__pa(v)) == (void *)v);
kfree(v);''', args=('-o', 'identity=0'), err=[], out=['1 1$'])
KTHREAD = '''#include <linux/module.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
static DEFINE_PER_CPU(int, turns);
static DECLARE_COMPLETION(filled);
static struct task_struct *thread;
static struct page *page;
static int work(void *data)
{
	char *p = kmap_local_page(page);
	strcpy(p, data);
	kunmap_local(p);
	pr_info("%%s is %%d\\n", current->comm, current == thread);
	complete(&filled);
	while (!kthread_should_stop()) {
		this_cpu_inc(turns);
		msleep(1);
	}
	%s
	return -EIO;
}
static int __init f(void)
{
	page = alloc_page(GFP_HIGHUSER);
	per_cpu(turns, 1) = 77;
	thread = kthread_run(work, "text of the thread", "worker/%%d", 4);
	wait_for_completion(&filled);
	char *p = kmap_local_page(page);
	pr_info("found: %%s\\n", p);
	kunmap_local(p);
	return 0;
}
static void __exit g(void)
{
	%s
	__free_page(page);
}
module_init(f);
module_exit(g);
'''
STOP = 'int r = kthread_stop(thread); pr_info("stopped %d, turns %d %d\\n", r, per_cpu(turns, 0) > 1, per_cpu(turns, 1));'

# ---- legal although it looks wrong: a row for each detector and reason ----
TYPED_PROFILES = 'i386-2.6.12', 'i386-2.6.15', 'biscuitos-arm32'
UNTYPED_PROFILES = 'x86_32-4.7', 'x86_32-4.15', 'x86_32-5.10', 'x86_32-6.1', 'arm-4.7'
LEGAL_HEAD = '''#include <linux/module.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
'''


def legal(detector, reason, profiles, body, before='', options=''):
    for profile in profiles:
        add('legal', f'{detector}: {reason}, {profile}', 0, LEGAL_HEAD + before + 'static int __init f(void)\n{\n' + body + '\nreturn 0; } module_init(f);\n',
            args=['-p', profile, *(['-o', options] if options else [])], err=[])


def map_of(profile, page, kind='KM_USER0'):
    return f'kmap_atomic({page}, {kind})' if profile in TYPED_PROFILES else f'kmap_atomic({page})'


for p in TYPED_PROFILES + UNTYPED_PROFILES:
    undo = 'kunmap_atomic(va, KM_USER0);' if p in TYPED_PROFILES else 'kunmap_atomic(va);'
    legal('sleep-in-atomic', 'a user copy that may fail, page faults off', [p], f'''struct page *page = alloc_page(GFP_HIGHUSER);
	char *user = kzalloc(64, GFP_KERNEL), *va = {map_of(p, 'page')};
	unsigned long left;
	pagefault_disable();
	left = copy_from_user(va, user, 64);
	pagefault_enable();
	{undo}
	kfree(user);
	__free_page(page);
	if (left) return -EIO;''', options='DEBUG_ATOMIC_SLEEP=1')
legal('deadlock', 'two tasks, a mutex and a completion', TYPED_PROFILES + UNTYPED_PROFILES, '''struct task_struct *t;
	mutex_lock(&lock);
	t = kthread_run(other, NULL, "other");
	if (IS_ERR(t)) return PTR_ERR(t);
	schedule();
	mutex_unlock(&lock);
	wait_for_completion(&done);
	kthread_stop(t);''', before='''static DEFINE_MUTEX(lock);
static DECLARE_COMPLETION(done);
static int other(void *data) { mutex_lock(&lock); mutex_unlock(&lock); complete(&done); return 0; }
''')
legal('deadlock', 'a thread that sleeps until it is stopped', ('x86_32-4.15', 'x86_32-6.1', 'i386-2.6.12'), '''struct task_struct *t = kthread_run(idler, NULL, "idler");
	if (IS_ERR(t)) return PTR_ERR(t);
	schedule();
	kthread_stop(t);''', before='''static int idler(void *data) { while (!kthread_should_stop()) { set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop()) schedule(); } set_current_state(TASK_RUNNING); return 0; }
''')
legal('deadlock', 'a wait whose time is over', ('x86_32-6.1', 'i386-2.6.12'), 'if (wait_for_completion_timeout(&never, 100)) return -EIO;',
      before='static DECLARE_COMPLETION(never);\n')
legal('preemptible', 'the raw number, and operations that are whole', ('x86_32-6.1',), '''int cpu = raw_smp_processor_id();
	this_cpu_inc(count);
	this_cpu_add(count, cpu);''', before='static DEFINE_PER_CPU(int, count);\n')
legal('preemptible', 'preemption, interrupts or migration are off', ('x86_32-6.1',), '''int cpu = get_cpu();
	put_cpu();
	local_irq_disable(); cpu += smp_processor_id(); __this_cpu_inc(count); local_irq_enable();
	migrate_disable(); cpu += smp_processor_id(); migrate_enable();
	spin_lock(&lock); cpu += smp_processor_id(); spin_unlock(&lock);
	local_bh_disable(); cpu += smp_processor_id(); local_bh_enable();''', before='static DEFINE_PER_CPU(int, count);\nstatic DEFINE_SPINLOCK(lock);\n')
legal('preemptible', 'a kernel that does not preempt', ('x86_32-4.15', 'i386-2.6.12'), 'int cpu = smp_processor_id(); if (cpu < 0) return -EIO;')
legal('slot-context', 'interrupt slots with interrupts off', TYPED_PROFILES, '''struct page *page = alloc_page(GFP_HIGHUSER);
	unsigned long flags;
	char *va;
	local_irq_save(flags);
	va = kmap_atomic(page, KM_IRQ0); kunmap_atomic(va, KM_IRQ0);
	va = kmap_atomic(page, KM_USER0); kunmap_atomic(va, KM_USER0);
	va = kmap_atomic(page, KM_SOFTIRQ0); kunmap_atomic(va, KM_SOFTIRQ0);
	local_irq_restore(flags);
	local_bh_disable();
	va = kmap_atomic(page, KM_SOFTIRQ0); kunmap_atomic(va, KM_SOFTIRQ0);
	va = kmap_atomic(page, KM_USER0); kunmap_atomic(va, KM_USER0);
	local_bh_enable();
	__free_page(page);''')
legal('imbalance', 'locks released in another order than taken', TYPED_PROFILES + UNTYPED_PROFILES, '''spin_lock(&a); spin_lock(&b); spin_unlock(&a); spin_unlock(&b);
	preempt_disable(); spin_lock(&a); preempt_enable(); spin_unlock(&a);''', before='static DEFINE_SPINLOCK(a);\nstatic DEFINE_SPINLOCK(b);\n')
legal('imbalance', 'a thread that leaves a kmap() to whoever it is for', ('x86_32-4.15', 'x86_32-6.1'), '''struct task_struct *t;
	page = alloc_page(GFP_HIGHUSER);
	t = kthread_run(mapper, NULL, "mapper");
	wait_for_completion(&done);
	kunmap(page);
	kthread_stop(t);
	__free_page(page);''', before='''static struct page *page;
static DECLARE_COMPLETION(done);
static int mapper(void *data) { kmap(page); complete(&done); return 0; }
''')

LOOP = LEGAL_HEAD + '''static int __init f(void) { int i; for (i = 0; i < 100000; i++) preempt_enable();
	return 0; } module_init(f);'''
add('legal', 'a mistake in a loop is one report', 1, LOOP, args=P61, err=['^==== finding: imbalance ', '^fixmap insmod: 99999 more reports at the same places'])
for word, code in (('preemptible', 'smp_processor_id()'), ('imbalance', 'preempt_enable(); preempt_disable()')):
    add('legal', f'{word} alone', 1, LEGAL_HEAD + f'static int __init f(void) {{ int n = 0; (void)n; {code}; return 0; }} module_init(f);\n',
        args=[*P61, '-o', f'detect={word}'], err=[f'^==== finding: {word} '])
    add('legal', f'{word} off', 0, LEGAL_HEAD + f'static int __init f(void) {{ int n = 0; (void)n; {code}; return 0; }} module_init(f);\n',
        args=[*P61, '-o', 'detect=leak'], err=[])
SOFT = '''#include <linux/module.h>
#include <linux/interrupt.h>
#include <linux/workqueue.h>
#include <linux/timer.h>
#include <linux/delay.h>
#include <linux/completion.h>
#include <linux/wait.h>
static struct timer_list timer;
static int ticks;
static DECLARE_COMPLETION(ticked);
static DECLARE_COMPLETION(worked);
static DECLARE_COMPLETION(never);
static DECLARE_WAIT_QUEUE_HEAD(wq);
static void tick(struct timer_list *t) { pr_info("tick %d softirq %d\\n", ticks, in_softirq() != 0); if (++ticks < 3) mod_timer(t, jiffies + HZ); else complete(&ticked); }
static void work_fn(struct work_struct *w) { pr_info("work of %s\\n", current->comm); msleep(10); complete(&worked); }
static DECLARE_WORK(work, work_fn);
static void delayed(struct work_struct *w) { pr_info("delayed\\n"); }
static struct delayed_work dwork;
static void tl(struct tasklet_struct *t) { pr_info("tasklet\\n"); wake_up(&wq); }
static DECLARE_TASKLET(tasklet, tl);
static int __init f(void)
{
	unsigned long start = jiffies;
	timer_setup(&timer, tick, 0);
	mod_timer(&timer, jiffies + HZ);
	schedule_work(&work);
	INIT_DELAYED_WORK(&dwork, delayed);
	schedule_delayed_work(&dwork, HZ / 2);
	wait_for_completion(&ticked);
	pr_info("3 seconds: %lu\\n", (jiffies - start) / HZ);
	wait_for_completion(&worked);
	flush_work(&work);
	flush_delayed_work(&dwork);
	tasklet_schedule(&tasklet);
	local_bh_disable(); pr_info("bh off %x\\n", preempt_count()); local_bh_enable();
	tasklet_kill(&tasklet);
	pr_info("timeout %lu\\n", wait_for_completion_timeout(&never, 5 * HZ));
	pr_info("timeout %ld\\n", wait_event_timeout(wq, 1, 5 * HZ));
	msleep(1000);
	pr_info("9 seconds: %lu\\n", (jiffies - start) / HZ);
	return 0;
}
static void __exit g(void) { del_timer_sync(&timer); }
module_init(f);
module_exit(g);
'''
add('kernel', 'timers, work items, tasklets, simulated time', 0, SOFT, args=P61, err=[], out=['work of kworker/0:0$', 'tick 2 softirq 1$', '3 seconds: 3$',
    'bh off 200$', 'tasklet$', 'timeout 0$', 'timeout 1250$', '9 seconds: 9$'])
add('kernel', 'timer that nobody deletes', 1, '''#include <linux/module.h>
#include <linux/timer.h>
static struct timer_list late;
static void f(struct timer_list *t) { }
static int __init g(void) { timer_setup(&late, f, 0); mod_timer(&late, jiffies + 1000 * HZ); return 0; } module_init(g);''', args=P61,
    err=['^leak: timer of f.. still pending, started at '])
add('kernel', 'work item that leaves preemption off', 1, '''#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/workqueue.h>
static void item(struct work_struct *w) { preempt_disable(); }
static DECLARE_WORK(work, item);
static int __init g(void) { schedule_work(&work); flush_work(&work); return 0; } module_init(g);''', args=P61,
    err=['item.. returned from a work item with preemption disabled$'])
add('kernel', 'ordered queue that waits for itself', 1, '''#include <linux/module.h>
#include <linux/workqueue.h>
static struct workqueue_struct *wq;
static struct work_struct first, second;
static void two(struct work_struct *w) { }
static void one(struct work_struct *w) { queue_work(wq, &second); flush_work(&second); }
static int __init g(void) { wq = alloc_ordered_workqueue("wq", 0); INIT_WORK(&first, one); INIT_WORK(&second, two); queue_work(wq, &first);
	flush_work(&first); return 0; } module_init(g);''', args=P61, err=['blocked for ever in flush_work', 'kworker/0:0.* waits in flush_work at '])
add('kernel', 'kthread, completion, per_cpu', 0, KTHREAD % ('', STOP), err=[], out=['worker/4 is 1$', 'found: text of the thread$', 'stopped -5, turns 1 77$'])
add('kernel', 'kthread that is not stopped', 1, KTHREAD % ('', ''), err=['^leak: kernel thread worker/4 .pid [0-9]+. never stopped, kthread_create.. at <f>'])
add('kernel', 'BUG in a kthread', 1, KTHREAD % ('BUG();', STOP), err=['kernel BUG at'], out=['stopped -4, '])
init('kernel', 'alloc_percpu', 0, '''int *n = alloc_percpu(int);
*per_cpu_ptr(n, 1) = 3;
pr_info("%d %d\\n", *per_cpu_ptr(n, 0), *per_cpu_ptr(n, 1));
free_percpu(n);''', err=[], out=['0 3$'])
init('kernel', 'per_cpu_ptr of something else', 1, 'int n; pr_info("%p\\n", per_cpu_ptr(&n, 1));', err=['this is no per-CPU variable'])
init('kernel', 'written past a kmalloc', 1, '''volatile char *p = kmalloc(20, GFP_KERNEL), *q = kzalloc(32, GFP_KERNEL);
q[31] = p[19] = 1;
p[20] = 1;
kfree((void *)p); kfree((void *)q);''', out=[], err=['finding: red-zone', 'the 20 bytes at .* byte 20 is 01; kmalloc.. at <f> .*:3'], no_err=['the 32 bytes'], places=True, args=['-o', 'window=strict'])
init('kernel', 'written past a kmalloc that leaks', 1, 'volatile char *p = kmalloc(8, GFP_KERNEL); p[9] = 1;',
     err=['^red-zone: the 8 bytes at .* byte 9 is 01; kmalloc.. at <f>', '^leak: 8 bytes'], args=['-o', 'window=strict'])
init('kernel', 'written after kfree', 1, '''volatile char *p = kmalloc(20, GFP_KERNEL), *q = kmalloc(20, GFP_KERNEL);
kfree((void *)q); kfree((void *)p);
OPTIMIZER_HIDE_VAR(p);
p[5] = 1;''', out=[], err=['^use-after-free: the 20 bytes at .* were written after kfree.. at <f> .*:4.: byte 5 is 01; kmalloc.. at <f> .*:3'],
     no_err=['use-after-free(.*\\n)*use-after-free'], places=True, args=['-o', 'window=strict'])
init('kernel', 'written after kfree, found when others are freed', 1, '''volatile char *p = kmalloc(8, GFP_KERNEL); int i;
kfree((void *)p);
OPTIMIZER_HIDE_VAR(p);
p[0] = 1;
for (i = 0; i < 100; i++)
	kfree(kmalloc(8, GFP_KERNEL));
pr_info("%d\\n", p[0]);''', out=['[^1]$'], err=['finding: use-after-free', 'written after kfree.. at <f>'], no_err=['use-after-free(.*\\n)*use-after-free'], args=['-o', 'window=strict'])
add('kernel', 'freed memory can be had again', 0, '''static void *taken[20000];
static int take_all(void)
{
	int n = 0;
	while ((taken[n] = kmalloc(4000, GFP_KERNEL)))
		n++;
	return n;
}
static int __init f(void)
{
	int n = take_all(), i;
	for (i = 0; i < n; i++)
		kfree(taken[i]);
	i = take_all();
	pr_info("%d %d\\n", n > 1000, n - i);
	while (i--)
		kfree(taken[i]);
	return 0;
}
module_init(f);
''', args=['-o', 'ram_end=4000000', '--time-limit', '100'], err=[], out=['1 0$'])
# ---- pointers that run off their page, which gcc tests where accesses are not checked ----
STRICT = [*P510, '-o', 'window=strict']
PAGES = 'struct page *p = alloc_page(GFP_HIGHUSER), *q = alloc_page(GFP_HIGHUSER), *r = alloc_page(GFP_HIGHUSER);\nchar *a = kmap(p), *b = kmap(q);\n'
FREE = '\nkunmap(q); kunmap(p); __free_page(r); __free_page(q); __free_page(p);'
ONE = ['past-the-page(.*\\n)*(past-the-page|use-after-unmap|Unable|BUG)']


def runs_off(name, body, says, **more):
    init('kernel', 'a pointer that runs off: ' + name, 1, PAGES + body + FREE, args=STRICT, err=says, no_err=ONE, **more)


runs_off('behind its page', 'a[PAGE_SIZE + 3] = 1;', ['a write runs off the page at fec01000 into the one at fec02000, which is another mapping', '<f>.*:5'], places=True)
runs_off('a loop', 'int i; for (i = 4000; i < 4200; i++) b[0] += a[i];', ['a read runs off the page at fec01000'])
runs_off('read and written', 'a[PAGE_SIZE]++;', ['a read runs off', '1 more reports'])
runs_off('two bytes here, two there', 'char *c = kmap(r); int i = 4094; OPTIMIZER_HIDE_VAR(i); *(int *)(b + i) = 1; (void)c; kunmap(r);',
         ['runs off the page at fec02000 into the one at fec03000'])
runs_off('three pages behind', 'char *c = kmap(r); int i = 8197; kunmap(q); OPTIMIZER_HIDE_VAR(i); a[i] = 1; (void)c; kunmap(r); kmap(q);',
         ['runs off its page into the one at fec03000'])
init('kernel', 'a pointer that runs off: in two lines', 1, PAGES + 'memset(a + 4000, 0, 200);\nmemset(a + 4010, 0, 200);' + FREE, args=STRICT,
     err=['past-the-page(.*\\n)*.*<f>.*:5(.*\\n)*.*past-the-page(.*\\n)*.*<f>.*:6'], places=True)
init('kernel', 'a pointer that runs off: into what was unmapped', 1, PAGES + 'int i; b[0] = 1; kunmap(q);\nfor (i = 4090; i < 4100; i++) a[0] += a[i];\nkmap(q);' + FREE,
     args=STRICT, err=['finding: use-after-unmap', 'it is right behind the page at fec01000'], no_err=['past-the-page'])
init('kernel', 'a pointer that runs off: nothing is there', 1, PAGES + 'struct { long c[8]; } *from = (void *)(b + 4064), *to = (void *)(a + 4064); kunmap(p);\n*to = *from;' + FREE,
     args=STRICT, err=['unable to handle page fault'], no_err=['past-the-page'])
init('kernel', 'pointers that stay on their pages', 0, '''struct page *p = alloc_pages(GFP_KERNEL, 2), *q = alloc_page(GFP_HIGHUSER);
struct { int n; char c[]; } *v = kmap(q);
char *low = kmap(p), *end = (char *)v + PAGE_SIZE;
int i = 100;
OPTIMIZER_HIDE_VAR(i);
memset(low, 1, 4 * PAGE_SIZE);
v->c[i] = low[3 * PAGE_SIZE + i];
end[-1] = v->c[4000];
kunmap(p); kunmap(q);
__free_page(q); __free_pages(p, 2);''', args=list(P510), err=[])

init('kernel', 'written after kfree, nothing else looked for', 1, 'volatile char *p = kmalloc(64, GFP_KERNEL); kfree((void *)p); OPTIMIZER_HIDE_VAR(p); *p = 1;',
     args=['-o', 'detect=use-after-free,window=strict'], out=[], err=['^use-after-free: the 64 bytes'])
init('kernel', 'a dozen written after kfree', 1, '''char *p[12]; int i;
for (i = 0; i < 12; i++)
	p[i] = kmalloc(100, GFP_KERNEL);
''' + ''.join(f'kfree(p[{i}]);\n' for i in range(12)) + '''OPTIMIZER_HIDE_VAR(i);
for (i = 0; i < 12; i++)
	*(volatile char *)p[i] = 1;''', out=[], err=[rf'kfree.. at <f> .*:{i}.: byte 0' for i in range(6, 18)], places=True, args=['-o', 'window=strict'])
init('kernel', 'the wrong unmap under PREEMPT_RT', 1, '''struct page *p = alloc_page(GFP_HIGHUSER);
kunmap_local(kmap_atomic(p));
preempt_disable();
schedule();
preempt_enable();
__free_page(p);''', args=[*P61, '-o', 'PREEMPT_RT=1'], out=[], err=['which kmap_atomic.. mapped and kunmap_atomic.. undoes: page faults stay disabled$', 'scheduling while atomic'])
init('kernel', 'krealloc of what was freed', 1, 'void *p = kmalloc(64, GFP_KERNEL), *q; kfree(p); OPTIMIZER_HIDE_VAR(p); q = krealloc(p, 80, GFP_KERNEL); kfree(q);',
     out=[], err=['finding: use-after-free', 'krealloc.. was given .*, which was freed already, at <f>'])
init('kernel', 'freed where late readers look', 0, '''struct kmem_cache *c = kmem_cache_create("c", 100, 0, SLAB_TYPESAFE_BY_RCU, NULL);
int *o = kmem_cache_alloc(c, GFP_KERNEL);
*o = 42;
kmem_cache_free(c, o);
OPTIMIZER_HIDE_VAR(o);
pr_info("%d\\n", *o);
*o = 43;
kmem_cache_destroy(c);''', err=[], out=['42$'])
init('kernel', 'the same address again', 0, '''void *p = kmalloc(100, GFP_KERNEL), *q;
kfree(p);
q = kmalloc(100, GFP_KERNEL);
pr_info("%d\\n", p == q);
kfree(q);''', err=[], out=[' 1$'])
init('kernel', 'the largest kmalloc', 0, '''volatile char *p = kmalloc(4 << 20, GFP_KERNEL);
pr_info("%d %d\\n", p != NULL, kmalloc((4 << 20) + 1, GFP_KERNEL) || kmalloc(-1UL, GFP_KERNEL));
p[(4 << 20) - 1] = 1;
kfree((void *)p);''', err=[], out=['1 0$'])
init('kernel', 'ksize is what may be used', 0, '''char *p = kmalloc(21, GFP_KERNEL);
memset(p, 1, ksize(p));
p = krealloc(p, 50, GFP_KERNEL);
memset(p, 1, ksize(p));
pr_info("%d\\n", ksize(p) >= 50);
kfree(p);''', err=[], out=['1$'])
init('kernel', 'virt_to_page of the stack and the module', 1, '''static int mine; int here;
pr_info("%d\\n", virt_to_page(&mine) == virt_to_page(&here));''', err=['virt-to-page(.|\\n)*virt-to-page', 'which is no pointer of this machine'])
add('kernel', 'version', 0, '''#include <linux/module.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE != KERNEL_VERSION(4, 15, 0)
#error "wrong version"
#endif
#if !IS_ENABLED(CONFIG_HIGHMEM) || IS_ENABLED(CONFIG_X86_PAE) || IS_ENABLED(CONFIG_NONSENSE)
#error "wrong configuration"
#endif
static int f(void) { return 0; }
module_init(f);
''', args=P415, out=[], err=[])

# ---- the program around it ----


def noexec_folder(command, folder):
    """Turns the command into one that runs with TMPDIR on a noexec file system; why not, if that is impossible."""
    if not shutil.which('unshare'):
        return 'no unshare(1)'
    mount = f'mount -t tmpfs -o noexec none {folder}/noexec'
    subprocess.run(['mkdir', f'{folder}/noexec'], check=True)
    for how in (['unshare', '--mount'], ['unshare', '--user', '--map-root-user', '--mount']):
        if subprocess.run([*how, 'sh', '-c', mount], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            command[:] = [*how, 'sh', '-c', mount + ' && exec "$@"', 'sh', *command]
            return None
    return 'mounting is not allowed here'


def shell(before):
    """The command behind words of a shell."""
    def wrap(command, _folder):
        command[:] = ['bash', '-c', before + ' "$@"', 'bash', *command]
    return wrap


def closed_pipe(command, _folder):
    command[:] = ['sh', '-c', '"$@" | true; exit 0', 'sh', *command]


def redirected(to):
    def wrap(command, _folder):
        command[:] = ['sh', '-c', '"$@" ' + to, 'sh', *command]
    return wrap


def debugger(command, folder):
    """A gdb that says how it was called, and runs the program behind --args."""
    os.mkdir(f'{folder}/bin')
    with open(f'{folder}/bin/gdb', 'w', encoding='ascii', opener=lambda path, flags: os.open(path, flags, 0o755)) as f:
        f.write('#!/bin/sh\necho "$@"\nwhile [ "$1" != --args ]; do shift; done\nshift\n"$@"\nexit 7\n')
    command[:0] = ['env', f'PATH={folder}/bin:{os.environ["PATH"]}']


def replays(fixmap, folder, _):
    """The trace that the run wrote replays without a difference."""
    done = subprocess.run([fixmap, 'replay', f'{folder}/run.trace'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    good = done.returncode == 0 and not done.stdout.startswith('0 operations')
    return [] if good else [f'replay: status {done.returncode}: {done.stdout}']


MANY = 'static noinline void g(struct page *p) { *(volatile char *)kmap(p) = 1; }\n' \
       'static int __init f(void) { for (int i = 0; i < 3; i++) g(alloc_page(GFP_HIGHUSER)); kmalloc(5, GFP_KERNEL); return 0; }\nmodule_init(f);\n'
PLACES = {'places': True, 'out': []}
add('reports', 'findings of one cause', 1, MANY, **PLACES, err=[r'(?s)\Aleak: kmap never undone: [^\n]*\nleak: page pfn [^\n]*\nleak: 5 bytes [^\n]*\n',
                                                                 r'insmod: 4 more reports at the same places'])
add('reports', 'whole stacks', 1, MANY, args=['-o', 'stacks=full'], **PLACES,
    err=[r'^leak: kmap never undone: .*, mapped at <g> \(whole stacks.c:1\)\n    called from <f> \(whole stacks.c:2\)$'])
SUPPRESS = ['-o', 'suppress=reports.suppress']
for pattern, left in (('leak g', 'page'), ('leak whole*', 'kmap'), ('* left*.c:2', 'kmap'), ('finding [fg]  # both', ''), ('warn g', 'kmap')):
    add('reports', 'left out: ' + pattern.replace('*', ''), 1 if left else 0, {'left.c': HEAD + MANY, 'reports.suppress': f'# ours\n\n{pattern}\n'},
        args=SUPPRESS, raw=True, files=['left.c'], **PLACES, err=['^leak: ' + left] if left else [r'\A.*insmod: 7 reports left out, as reports.suppress says\n\Z'])
for line, why in (('leak', 'reports.suppress:1: write KIND PATTERN'), ('bug g', 'reports.suppress:1: bug: it ends the task'),
                  ('leek g', 'no kind of report leek: write .* leak '), ('leak g h', 'one suppression is one line')):
    add('input', 'suppression: ' + line, 2, {'left.c': HEAD + MANY, 'reports.suppress': line + '\n'}, args=SUPPRESS, raw=True, files=['left.c'], out=[],
        one_line=True, err=[why])
add('input', 'no suppressions', 2, {'left.c': HEAD + MANY}, args=SUPPRESS, out=[], one_line=True, err=['suppress=reports.suppress: '])


def is_json(_, __, out):
    """Every line is an object; the last one is the sum."""
    lines = [json.loads(line) for line in out.splitlines()]
    reports = [line for line in lines if 'kind' in line]
    last = lines[-1]
    if [line['log'] for line in lines if 'log' in line] != ['a "line" \x01'] or [r['kind'] for r in reports] != ['finding', 'oops']:
        return [f'unexpected lines: {lines}']
    oops = reports[1]
    if oops['access']['type'] != 'write' or oops['address'] != '0xfec02000' or last != {'reports': 3, 'repeated': 0, 'suppressed': 0, 'status': 1}:
        return [f'unexpected fields: {oops} {last}']
    where = oops['trace'][0]
    if (where['function'], where['line']) != ('f', 7) or oops['context'] != 'task' or not 0 < int(where['pc'], 16) < 1 << 20 or not where['object'].endswith('.so'):
        return [f'unexpected trace: {oops["trace"]}']
    return []


init('reports', 'as JSON', 1, '''struct page *p = alloc_page(GFP_HIGHUSER);
char *v = kmap(p);
printk("a \\"line\\" \\001\\n");
virt_to_page(v);
*(volatile char *)(v + PAGE_SIZE) = 1;''', args=['--json'], places=True, err=[], after=is_json)
OK = 'static int f(void) { printk("fine\\n"); return 0; }\nmodule_init(f);\n'
add('tool', 'no compiler', 2, OK, env={'PATH': '@DIR@'}, out=[], one_line=True, err=['no C compiler: install gcc or clang, or set CC$'])
add('tool', 'CC that is none', 2, OK, env={'CC': '/nowhere/cc'}, out=[], one_line=True, err=['CC=/nowhere/cc is no compiler'])
add('tool', 'CC with words', 0, OK, env={'CC': 'gcc -DUNUSED'}, err=[], out=['fine$'])
if shutil.which('clang'):
    add('tool', 'clang', 0, OK, env={'CC': 'clang'}, err=[], out=['fine$'])
    add('tool', 'clang and a leak', 1, 'static int f(void) { kmalloc(9, GFP_KERNEL); return 0; }\nmodule_init(f);\n', env={'CC': 'clang'},
        err=['9 bytes at'])
add('tool', 'CC that makes nothing', 2, OK, env={'CC': 'true'}, out=[], one_line=True, err=['true made no object of .*; set CC to gcc or clang'])
add('tool', 'SIGCHLD ignored', 0, OK, wrap=shell("trap '' CHLD; exec"), err=[], out=['fine$'])
add('tool', 'a small stack', 2, OK, wrap=shell('ulimit -s 32; exec'), out=[], one_line=True, err=['the stack is limited.*ulimit -s'])
add('tool', 'a child from before', 0, OK, wrap=shell('sleep 3 & exec'), err=[], out=['fine$'])
FORK = 'int fork(void); int setsid(void); unsigned sleep(unsigned);\nstatic int f(void) { if (!fork()) { %s for (;;) sleep(1); } return 0; }\nmodule_init(f);\n'
for session in ('', 'setsid();'):
    add('ends', 'a child that stays' + (', in a session of its own' if session else ''), 1, FORK % session, args=['--time-limit', '60'],
        err=['1 process that a module made and left running was ended'])
add('ends', 'many leaks', 1, 'static int f(void) { int i; for (i = 0; i < 20000; i++) kmalloc(8, GFP_KERNEL); return 0; }\nmodule_init(f);\n',
    args=['--time-limit', '0.6'], signals=True, err=['more reports at the same places'], no_err=['did not end'])
add('ends', 'a thread past the simulator', 1, '#include <linux/module.h>\n#include <linux/highmem.h>\n'
    'typedef unsigned long pthread_t; int pthread_create(pthread_t *, const void *, void *(*)(void *), void *); int pthread_join(pthread_t, void **);\n'
    'static void *g(void *arg) { (void)arg; kmap_atomic(alloc_page(GFP_HIGHUSER)); return 0; }\n'
    'static int f(void) { pthread_t t; pthread_create(&t, 0, g, 0); pthread_join(t, 0); return 0; }\nmodule_init(f);\n', args=[*P415],
    err=['leak: kmap_atomic never undone.*<g>'])
add('input', 'a name of nothing', 2, {'.c': OK}, files=['.c'], out=[], one_line=True, err=['has no name before the dot'])
add('input', 'a pipe', 2, OK, files=['pipe.c'], wrap=shell('mkfifo pipe.c; exec'), out=[], one_line=True, err=['pipe.c is not a file'])
add('input', 'suppressions without end', 2, OK, args=['-o', 'suppress=/dev/zero'], out=[], one_line=True, err=['suppress=/dev/zero: larger than 1 MB'])
add('input', "the C library's header", 2, '#include <linux/module.h>\n#include <string.h>\n' + OK, out=[], err=['kernel code has none: include <linux/string.h>'])
add('input', 'a header that is not there', 2, '#include <linux/module.h>\n#include <linux/ext9_fs.h>\n' + OK, out=[],
    err=['linux/ext9_fs.h: .*-K TREE.*-I'])
add('tool', 'TMPDIR that is not there', 2, OK, env={'TMPDIR': '/nowhere'}, out=[], one_line=True, err=['TMPDIR=/nowhere: No such file'])
add('tool', 'noexec TMPDIR', 2, OK, env={'TMPDIR': '@DIR@/noexec'}, wrap=noexec_folder, out=[], one_line=True, err=['mounted noexec.*set TMPDIR'])
add('tool', 'FIXMAP_OPTIONS', 0, {'address_space.c': None}, env={'FIXMAP_OPTIONS': 'profile=i386-2.6.12,NR_CPUS=1'}, err=[],
    out=['indices 11 to 23, 13 per CPU'])
add('tool', 'command line before FIXMAP_OPTIONS', 0, {'address_space.c': None}, args=P415, err=[],
    env={'FIXMAP_OPTIONS': 'profile=i386-2.6.12'}, out=['20 per CPU'])
add('tool', 'FIXMAP_OPTIONS unknown', 2, OK, env={'FIXMAP_OPTIONS': 'colour=red'}, out=[], one_line=True, err=['colour'])
add('tool', 'window modes', 0, {'kmap_string.c': None}, args=['-o', 'window=eager'], err=[], out=['kmap_string_init'])
add('tool', 'window retain', 0, {'kmap_string.c': None}, args=['-o', 'window=retain'], err=[], out=['kmap_string_init'])
add('tool', 'gdb', 7, OK, args=['--gdb', *P415], wrap=debugger, out=['handle SIGSEGV nostop.*-p x86_32-4.15 \\S+/0-gdb.so$', 'fine$'], err=[])
add('tool', 'closed pipe', 0, 'static int f(void) { for (int i = 0; i < 10000; i++) printk("line %d\\n", i); return 0; }\nmodule_init(f);\n',
    wrap=closed_pipe)
for to, why in (('>/dev/full', 'No space left on device'), ('>&-', 'Bad file descriptor')):
    add('tool', 'no output: ' + why, 2, OK, wrap=redirected(to), out=[], one_line=True, err=['cannot write standard output: ' + why])
add('tool', 'trace on a full disk', 2, OK, args=['--trace', '/dev/full'], one_line=True,
    err=['the trace /dev/full is incomplete: No space left on device'])
add('tool', 'no detectors', 0, 'static int f(void) { kmap(alloc_page(GFP_HIGHUSER)); return 0; }\nmodule_init(f);\n', args=['-o', 'detect=off'],
    out=[], err=[])
add('tool', 'one detector', 1, 'static int f(void) { struct page *p = alloc_page(GFP_HIGHUSER); kmap(p); __free_page(p); return 0; }\nmodule_init(f);\n',
    args=['-o', 'detect=free-while-mapped'], out=[], err=['finding: free-while-mapped'], no_err=['leak'])
for args in (P26, P415 + ('-o', 'pae=1'), P510):
    add('tool', 'trace ' + args[1], 0, {'kmap_string.c': None, 'apic_version.c': None}, args=[*args, '--trace', 'run.trace'], err=[], after=replays)
add('tool', 'trace of a BUG', 1, {'apic_wrong_argument.c': None}, args=['--trace', 'run.trace'], after=replays)
add('tool', 'trace that cannot be', 2, OK, args=['--trace', '/nowhere/run.trace'], out=[], one_line=True, err=['/nowhere/run.trace cannot be written'])
add('tool', 'help', 0, {}, files=['--help'], err=[], out=['^usage: fixmap insmod', 'Exit status'])

# ---- interrupts ----
IRQ = '#include <linux/highmem.h>\n#include <linux/interrupt.h>\n#include <linux/module.h>\nstatic irqreturn_t h(int irq, void *dev) { (void)dev; printk("IRQ %d\\n", irq); return IRQ_HANDLED; }\n'
add('reports', 'two interrupt handlers', 0, IRQ + '''static int __init f(void)
{
struct page *p = alloc_page(GFP_HIGHUSER);
int a = request_irq(3, h, 0, "a", p), b = request_irq(3, h, 0, "b", p), c = request_irq(4, h, 0, "c", p), d = request_irq(5, NULL, 0, "d", p);
printk("%d %d %d %d\\n", a, b, c, d);
kmap(p); kunmap(p);
free_irq(3, p); kmap(p); kunmap(p);
free_irq(4, p);
__free_page(p);
return 0;
}
module_init(f);
''', args=['-o', 'inject=kmap.called:1/1:irq'], err=[], out=[r'0 -16 0 -22$', 'IRQ 3$', 'IRQ 4$', 'IRQ 4$'], no_out=['IRQ 3\\n.*IRQ 3'])
add('reports', 'an IRQ never freed, one freed twice', 1, IRQ + '''static int __init f(void)
{
int error = request_irq(7, h, 0, "a", NULL);
free_irq(8, NULL);
return error;
}
module_init(f);
''', out=[], err=['free_irq of IRQ 8, which was not requested', r'^leak: IRQ 7 never freed, request_irq\(\) at f\+'])


# ---- checked accesses: each mistake is named at its line, with both mappings; the corrected module says nothing ----
def checked(name, profiles, before, after, says, line, **more):
    """The init function, with the mistake in line @line of f and without."""
    for args in profiles:
        init('checked', f'{name} {args[1]}', 1, before, args=list(args), err=[*says, rf'<f>.*:{line}'], places=True, **more)
        init('checked', f'{name} {args[1]}, corrected', 0, after, args=list(args), err=[])


TWO = 'struct page *p = alloc_page(GFP_HIGHUSER), *q = alloc_page(GFP_HIGHUSER); volatile char *a, *b;\n'
GIVE = '\n__free_page(p); __free_page(q);'
AGAIN = ['finding: use-after-unmap', 'its slot is mapped again', 'mapped at <f>.*:4', 'unmapped at <f>.*:4', 'was mapped again at <f>.*:5']
for maps, profiles in (('kmap_atomic(%s, KM_USER0)|kunmap_atomic((void *)%s, KM_USER0)', [P26]), ('kmap_atomic(%s)|kunmap_atomic((void *)%s)', [P415, P510, P61]),
                       ('kmap_local_page(%s)|kunmap_local((void *)%s)', [P61])):
    up, down = maps.split('|')
    body = (TWO + f'a = {up % "p"}; a[0] = 1; {down % "a"};\nb = {up % "q"}; b[0] = 2;\n%s\n{down % "b"};' + GIVE)
    checked('a pointer kept, ' + up.split('(')[0], profiles, body % 'a[1] = 3;', body % 'b[1] = 3;', AGAIN, 6)
    body = TWO + f'a = {up % "p"}; {down % "a"};\nb = {up % "q"}; b[0] = 2;\n%s\n{down % "b"};' + GIVE
    for call, right in (('(void)strlen((char *)a);', '(void)strlen((char *)b);'), ('(void)strcmp((char *)a, "x");', '(void)strcmp((char *)b, "x");'),
                        ('memcpy((void *)a, "four", 4);', 'memcpy((void *)b, "four", 4);'), ('strncpy((char *)a, "x", 3);', 'strncpy((char *)b, "x", 3);')):
        checked(f'a pointer kept, {up.split("(")[0]}, {call.split("(")[0 if "void" not in call[:6] else 1][-7:]}', profiles, body % call, body % right,
                ['finding: use-after-unmap'], 6)
POOL = TWO + 'static struct page *keep[1100]; int i;\na = kmap(p); a[0] = 1; kunmap(p);\nfor (i = 0; i < 1100; i++) { keep[i] = alloc_page(GFP_HIGHUSER); b = kmap(keep[i]); if (PKMAP_NR(a) == PKMAP_NR(b)) break; kunmap(keep[i]); }\n%s\nkunmap(keep[i]); for (; i >= 0; i--) __free_page(keep[i]);' + GIVE
checked('a pointer kept, kmap', [P510, P61], POOL % 'a[1] = 3;', POOL % '', ['finding: use-after-unmap', 'its slot is mapped again', 'mapped at <f>.*:5', 'unmapped at <f>.*:5'], 7)
FIXED = TWO + 'set_fixmap(FIX_PCIE_MCFG, page_to_phys(p));\na = (char *)fix_to_virt(FIX_PCIE_MCFG); a[0] = 1;\nclear_fixmap(FIX_PCIE_MCFG);\nset_fixmap(FIX_PCIE_MCFG, page_to_phys(q));\n%s\nclear_fixmap(FIX_PCIE_MCFG);' + GIVE
checked('a pointer kept, fixed address set again', [P415, P510, P61], FIXED % 'a[1] = 3;', FIXED % 'a = (char *)fix_to_virt(FIX_PCIE_MCFG); a[1] = 3;',
        ['finding: use-after-unmap', 'its slot is mapped again'], 8)
RUN = TWO + 'struct { char c[16]; } *s; a = %s; b = %s;\n%s\n%s; %s;' + GIVE
for up, down, profiles in (('kmap_atomic(%s)', 'kunmap_atomic((void *)%s)', [P510]), ('kmap_local_page(%s)', 'kunmap_local((void *)%s)', [P61])):
    for what, wrong, right in (('by pointer in a loop', 'int i; s = (void *)b; for (i = 4000; i < 4200; i++) b[i] = s->c[0];', 'int i; s = (void *)b; for (i = 4000; i < 4096; i++) b[i] = s->c[0];'),
                               ('from a structure', 's = (void *)(b + 4092); s->c[8] = 1;', 's = (void *)(b + 4080); s->c[8] = 1;'),
                               ('by memcpy', 's = (void *)b; memcpy((void *)(b + 4090), s, 16);', 's = (void *)b; memcpy((void *)(b + 4080), s, 16);'),
                               ('below', 's = (void *)a; s->c[-8] = 1;', 's = (void *)a; s->c[8] = 1;')):
        checked(f'off the page {what}', profiles, RUN % (up % 'p', up % 'q', wrong, down % 'b', down % 'a'), RUN % (up % 'p', up % 'q', right, down % 'b', down % 'a'),
                ['finding: past-the-page', 'which is another mapping', 'mapped at <f>.*:4'], 5)
OBJECT = 'volatile char *p = kmalloc(20, GFP_KERNEL), c = 0;\np[0] = 1; OPTIMIZER_HIDE_VAR(p);\n%s\nkfree((void *)p); (void)c;'
for what, wrong in (('written past', 'p[20] = 1;'), ('read past', 'c += p[20];'), ('written before', 'p[-1] = 1;'), ('read before', 'c += p[-1];')):
    checked('a kmalloc object ' + what, [P510], OBJECT % wrong, OBJECT % 'p[19] = 1;', ['finding: red-zone', 'the 20 bytes at'], 5)
for what, wrong in (('written', 'p[5] = 1;'), ('read', 'c = p[5];')):
    checked(f'a kmalloc object {what} after kfree', [P510], 'volatile char *p = kmalloc(20, GFP_KERNEL), c;\nkfree((void *)p); OPTIMIZER_HIDE_VAR(p);\n%s\n(void)c;' % wrong,
            'volatile char *p = kmalloc(20, GFP_KERNEL), c;\n%s\nkfree((void *)p); (void)c;' % wrong, ['finding: use-after-free', 'after kfree', 'given back by kfree.. at <f>.*:4'], 5)
FREED = 'volatile char *p = (char *)__get_free_page(GFP_KERNEL), c = 0;\n%s OPTIMIZER_HIDE_VAR(p);\nc += p[5];\n%s (void)c;'
checked('a page given back', [P510], FREED % ('free_page((unsigned long)p);', ''), FREED % ('', 'free_page((unsigned long)p);'), ['finding: use-after-free', 'was given back'], 5)
RO = 'struct page *p = alloc_page(GFP_HIGHUSER); volatile char *a = kmap_local_page_prot(p, PAGE_KERNEL_RO), c;\nc = a[0]; (void)c;\n%s\nkunmap_local((void *)a); __free_page(p);'
checked('a read-only mapping written', [P61], RO % 'a[1] = 1;', RO % 'c = a[1];', ['the mapping there is read-only'], 5)
init('checked', 'numbers of pointers', 0, TWO + """a = kmap_atomic(p); b = kmap_atomic(q);
pr_info("%lx %x %lu %px %p|\\n", (unsigned long)b, (unsigned int)(unsigned long)b, (unsigned long)b, b, NULL);
pr_info("%d %d\\n", virt_to_fix((unsigned long)a) == FIX_KMAP_BEGIN, (unsigned long)b == __fix_to_virt(FIX_KMAP_BEGIN + 1));
kunmap_atomic((void *)((unsigned long)(b + 77) & PAGE_MASK)); kunmap_atomic((void *)a);
a = kmap(p);
pr_info("%d %d %d\\n", kmap_to_page((void *)a) == p, PKMAP_ADDR(PKMAP_NR(a)) == (unsigned long)a, page_address(p) == a);
kunmap(p);""" + GIVE, args=list(P510), identity=True, err=[], out=['fffba000 fffba000 4294680576 fffba000', '1 1$', '1 1 1$'])
init('checked', 'borders: slots keep their addresses', 0, TWO + """a = kmap_atomic(p);
pr_info("%d %d\\n", (unsigned long)a >= FIXADDR_START && (unsigned long)a < FIXADDR_TOP, (unsigned long)a == FIXADDR_TOP - ((unsigned long)FIX_KMAP_BEGIN << PAGE_SHIFT));
a[0] = 1; kunmap_atomic((void *)a);""" + GIVE, args=list(P510), err=[], out=['1 1$'])
