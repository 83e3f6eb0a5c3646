# SPDX-License-Identifier: MIT
"""The cases of run.py about parts of the vmalloc area: what is right, in every profile; and each mistake, with its corrected version."""
from cases import add

HEAD = '''#include <linux/module.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#define FAIL do { pr_err("line %d\\n", __LINE__); return -EIO; } while (0)
#line 1
'''
OLD, X86, ARM = ('i386-2.6.12',), ('x86_32-4.7', 'x86_32-4.15', 'x86_32-5.10', 'x86_32-6.1', 'x86_32-6.12'), ('arm-4.7', 'arm-6.1', 'arm-6.12')
ALL = OLD + X86 + ARM + ('biscuitos-arm32',)
NEW = X86[3:]
DEVICE = '0xfee00000'


def module(body, before=''):
    return HEAD + before + f'static int __init f(void) {{ {body}\nreturn 0;\n}}\nmodule_init(f);\n'


def right(name, profiles, body, options=('',), before='', out=()):
    for profile in profiles:
        for option in options:
            add('areas', f'{name}, {profile} {option}', 0, module(body, before), err=[], out=list(out), args=['-p', profile, *(['-o', option] if option else [])])


def wrong(name, profiles, body, corrected, says, status=1, option='', places=True, before=''):
    """A mistake, whose report has all of @says; without one, corrected."""
    for profile in profiles:
        args = ['-p', profile, *(['-o', option] if option else [])]
        add('areas', f'{name}, {profile}', status, module(body, before), err=list(says), args=args, places=places)
        add('areas', f'{name}, corrected, {profile}', 0, module(corrected, before), err=[], args=args)


right('what a vmalloc area is', ALL, '''char *a = vmalloc(3 * PAGE_SIZE + 5), *b = vzalloc(100), *k = kmalloc(10, GFP_KERNEL);
struct page *page;
int i;
if (!a || !b || !k) FAIL;
if (!is_vmalloc_addr(a) || !is_vmalloc_addr(b + 99) || is_vmalloc_addr(k)) FAIL;
if ((unsigned long)a < VMALLOC_START || (unsigned long)b + 100 > VMALLOC_END) FAIL;
if ((unsigned long)a != VMALLOC_START || b != a + 5 * PAGE_SIZE) FAIL; /* with a guard page between */
for (i = 0; i < 3 * PAGE_SIZE + 5; i++) a[i] = i >> 8;
for (i = 0; i < 3 * PAGE_SIZE + 5; i++) if (a[i] != (char)(i >> 8)) FAIL;
for (i = 0; i < 100; i++) if (b[i]) FAIL;
page = vmalloc_to_page(a + 2 * PAGE_SIZE + 7);
if (!page || page_to_pfn(page) != vmalloc_to_pfn(a + 2 * PAGE_SIZE)) FAIL;
if (vmalloc_to_page(a + 4 * PAGE_SIZE)) FAIL;
memcpy(b, a, 100);
memset(a, 7, 3 * PAGE_SIZE);
{ char *va = kmap(page); if (va[100] != 7) FAIL; va[100] = 9; kunmap(page); }
if (a[2 * PAGE_SIZE + 100] != 9) FAIL;
vfree(a); vfree(b); vfree(NULL); kfree(k);''', options=('', 'window=strict'))
right('as much as there is room for', [p for p in ALL if p != 'biscuitos-arm32'], '''char *a = vmalloc(64 << 20);
if (!a) FAIL;
a[0] = 1; a[(64 << 20) - 1] = 2;
vfree(a);''')
right('addresses come round', ('i386-2.6.12', 'x86_32-4.15', 'x86_32-6.1', 'arm-6.1'), '''int i;
for (i = 0; i < 300; i++) {
	char *a = vmalloc(4 << 20);
	if (!a) FAIL;
	a[0] = a[(4 << 20) - 1] = 1;
	vfree(a);
}''')
right('vmap of pages in any order', ALL, '''struct page *page[3];
char *va, *all;
int i;
for (i = 0; i < 3; i++) page[i] = alloc_page(GFP_HIGHUSER);
all = vmap(page, 3, VM_MAP, PAGE_KERNEL);
if (!all || !is_vmalloc_addr(all)) FAIL;
memset(all + PAGE_SIZE - 2, 5, 4);
va = kmap(page[1]); if (va[0] != 5 || va[1] != 5) FAIL; kunmap(page[1]);
for (i = 0; i < 3; i++) if (vmalloc_to_page(all + i * PAGE_SIZE) != page[i]) FAIL;
vunmap(all);
all = vm_map_ram(page, 3, 0);
if (!all || all[PAGE_SIZE] != 5) FAIL;
vm_unmap_ram(all, 3);
for (i = 0; i < 3; i++) __free_page(page[i]);''', options=('', 'window=strict'))
right('a device', OLD + X86, f'''void __iomem *io = ioremap({DEVICE} + 0x20, 0x100), *next = ioremap({DEVICE}, 2 * PAGE_SIZE);
if (!io || !next || !is_vmalloc_addr(io) || ((unsigned long)io & ~PAGE_MASK) != 0x20) FAIL;
if ((unsigned long)next & (2 * PAGE_SIZE - 1)) FAIL; /* aligned to its size */
(void)readl(io + 0x10);
iounmap(io); iounmap(next); iounmap(NULL);''')
right('a device', ARM, '''void __iomem *io = ioremap(0xf1000000, 0x100);
if (!io || !is_vmalloc_addr(io)) FAIL;
iounmap(io);''')
right('the hole of a PC', ('i386-2.6.12', 'x86_32-4.7'), 'void __iomem *isa = ioremap(0xb8000, 100); if (isa != __va(0xb8000)) FAIL; iounmap(isa);')
right('the hole of a PC', ('x86_32-4.15', 'x86_32-6.1'), 'void __iomem *isa = ioremap(0xb8000, 100); if (!is_vmalloc_addr(isa)) FAIL; iounmap(isa);')
right('memremap', NEW, f'''void *low = memremap(0x1000000, 64, MEMREMAP_WB), *io = memremap({DEVICE}, 64, MEMREMAP_WB);
if (low != __va(0x1000000) || !is_vmalloc_addr(io)) FAIL;
memunmap(low); memunmap(io);''')
right('kvmalloc takes what kmalloc has not', NEW, '''char *small = kvmalloc(100, GFP_KERNEL), *large = kvzalloc(8 << 20, GFP_KERNEL);
if (!small || !large || is_vmalloc_addr(small) || !is_vmalloc_addr(large) || large[(8 << 20) - 1]) FAIL;
kvfree(small); kvfree(large); kvfree(NULL);''')
right('no room', ('x86_32-6.1', 'x86_32-4.15', 'i386-2.6.12'), 'if (vmalloc(140 << 20)) FAIL;',
      out=['vmap allocation for size 146804736 failed: use vmalloc=.size. to increase size'])
right('no memory', ('x86_32-6.1',), 'if (vmalloc(64 << 10)) FAIL;', options=('inject=alloc:5:fail',))

TAKE, GIVE = 'char *a = vmalloc(2 * PAGE_SIZE);\n', '\nvfree(a);'
wrong('past the end', ALL, TAKE + 'a[2 * PAGE_SIZE] = 1;', TAKE + 'a[2 * PAGE_SIZE - 1] = 1;' + GIVE,
      ['^libfixmap: write of [0-9a-f]+: the guard page behind the 8192 bytes at [0-9a-f]+ that vmalloc\\(\\) mapped$',
       'it is right behind the vmalloc of 8192 bytes at', r'was mapped at <f> \(.*:1\)', r'<f> \(.*:2\)'])
wrong('after vfree', ALL, TAKE + 'a[5] = 1;\nvfree(a);\na[5] = 2;', TAKE + 'a[5] = 1;' + GIVE,
      [r'write of [0-9a-f]+(: the 8192 bytes that vmalloc\(\) mapped at [0-9a-f]+ were given back by vfree\(\)| after its mapping was undone)',
       r'mapped at <f> \(.*:1\)', r'unmapped at <f> \(.*:3\)', r'<f> \(.*:4\)'])
wrong('after vfree, no cached translation', NEW, TAKE + 'vfree(a);\na[5] = 2;', TAKE + GIVE,
      [r'write of [0-9a-f]+: the 8192 bytes that vmalloc\(\) mapped at [0-9a-f]+ were given back by vfree\(\)'], option='window=strict')
wrong('vfree twice', ALL, TAKE + 'vfree(a);\nvfree(a);', TAKE + GIVE,
      ['^(WARNING: .* at|Badness in .* at) mm/vmalloc.c', r'Trying to vfree\(\) nonexistent vm area \([0-9a-f]{8}\): vfree\(\) was given [0-9a-f]+: '
       r'the 8192 bytes that vmalloc\(\) mapped there were given back already', r'unmapped at <f> \(.*:2\)', r'<f> \(.*:3\)'])
wrong('vfree of the middle', X86 + ARM, TAKE + 'vfree(a + PAGE_SIZE);', TAKE + GIVE,
      [r'^==== finding: wrong-argument', r'vfree\(\) takes the address that vmalloc\(\) returned, [0-9a-f]+, and was given [0-9a-f]+, inside of it: this kernel undoes all of it'])
wrong('vfree of the middle', OLD, TAKE + 'vfree(a + PAGE_SIZE);', TAKE + GIVE,
      [r'Trying to vfree\(\) nonexistent vm area', 'inside of the 8192 bytes at [0-9a-f]+ that vmalloc', 'leak: vmalloc\\(\\) never vfreed: 2000 bytes'])
wrong('vunmap of a byte of it', NEW, 'struct page *p = alloc_page(GFP_KERNEL);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\nvunmap(a + 4);\n__free_page(p);',
      'struct page *p = alloc_page(GFP_KERNEL);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\nvunmap(a);\n__free_page(p);',
      [r'Trying to vfree\(\) bad address'])
wrong('vunmap of what vmalloc gave', ALL, TAKE + 'vunmap(a);', TAKE + GIVE, [r'vunmap\(\) of [0-9a-f]+, which vmalloc\(\) mapped: vfree\(\) undoes that; here its pages are lost'])
wrong('vfree of what ioremap gave', X86, f'void __iomem *a = ioremap({DEVICE}, 64);\nvfree((void *)a);', f'void __iomem *a = ioremap({DEVICE}, 64);\niounmap(a);',
      [r'vfree\(\) of [0-9a-f]+, which ioremap\(\) mapped: iounmap\(\) undoes that$'])
wrong('vfree of kmalloc memory', NEW, 'char *a = kmalloc(4096, GFP_KERNEL);\nvfree(a);\nkfree(a);', 'char *a = kmalloc(4096, GFP_KERNEL);\nkfree(a);',
      [r'(bad address|nonexistent vm area)', 'an address in the direct map'])
wrong('kfree of vmalloc memory', NEW, TAKE + 'kfree(a);', TAKE + GIVE, ['in the vmalloc area, of the 8192 bytes at [0-9a-f]+, which vmalloc\\(\\) mapped and vfree\\(\\) undoes'])
wrong('page freed while it is vmapped', X86 + ARM, 'struct page *p = alloc_page(GFP_HIGHUSER);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\n__free_page(p);\nvunmap(a);',
      'struct page *p = alloc_page(GFP_HIGHUSER);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\nvunmap(a);\n__free_page(p);',
      [r'^==== finding: free-while-mapped', r'is freed while it is mapped at [0-9a-f]+: vunmap\(\) first'])
wrong('never given back', ALL, TAKE, TAKE + GIVE, [r'^leak: vmalloc\(\) never vfreed: 2000 bytes at [0-9a-f]+, mapped at <f> \(.*:1\)'])
wrong('vmap never undone', ALL, 'struct page *p = alloc_page(GFP_KERNEL);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\na[0] = 1;',
      'struct page *p = alloc_page(GFP_KERNEL);\nchar *a = vmap(&p, 1, VM_MAP, PAGE_KERNEL);\na[0] = 1;vunmap(a);\n__free_page(p);',
      [r'^leak: vmap\(\) never vunmapped: 1000 bytes at [0-9a-f]+, mapped at <f> \(.*:2\)'])
wrong('ioremap of RAM', X86, 'void __iomem *a = ioremap(0x2000000, 64);\nif (a) FAIL;', 'void *a = __va(0x2000000);\nif (!a) FAIL;',
      [r'^WARNING: CPU: 0 PID: \d+ at (arch/x86/mm/ioremap.c:21[17]|mm/ioremap.c)$', r'ioremap on RAM at 02000000 - 0200003f: ioremap\(\) is for devices and returns NULL'], status=1)
wrong('ioremap of RAM', OLD, 'void __iomem *a = ioremap(0x2000000, 64);\nif (a) FAIL;', 'void *a = __va(0x2000000);\nif (!a) FAIL;',
      [r'ioremap\(\) is for devices and was given RAM, 2000000 to 200003f'])
wrong('a pointer to a device', X86, f'void __iomem *a = ioremap({DEVICE}, 64);\nvolatile u32 x = *(u32 *)a;\niounmap(a); (void)x;',
      f'void __iomem *a = ioremap({DEVICE}, 64);\nvolatile u32 x = readl(a);\niounmap(a); (void)x;', [r'^==== finding: device-dereference'])
wrong('iounmap twice', X86, f'void __iomem *a = ioremap({DEVICE}, 64);\niounmap(a);\niounmap(a);', f'void __iomem *a = ioremap({DEVICE}, 64);\niounmap(a);',
      [r'^iounmap: bad address [0-9a-f]{8}$', r'the 64 bytes that ioremap\(\) mapped there were given back already'])
wrong('memremap of mixed memory', NEW, 'if (memremap(0x7ffdf000, 0x4000, MEMREMAP_WB)) FAIL;', 'void *a = memremap(0x1000000, 0x4000, MEMREMAP_WB); memunmap(a);',
      [r'at kernel/iomem.c:', r'memremap attempted on mixed range 7ffdf000 size: 0x4000'])
wrong('vmalloc_to_page of lowmem', NEW, 'char *a = kmalloc(64, GFP_KERNEL);\nif (!vmalloc_to_page(a)) FAIL;\nkfree(a);', 'char *a = kmalloc(64, GFP_KERNEL);\nif (!virt_to_page(a)) FAIL;\nkfree(a);',
      [r'^==== finding: virt-to-page', r'vmalloc_to_page\(\) is for the vmalloc area and was given [0-9a-f]+, an address in the direct map .*: virt_to_page\(\) is right there'])
wrong('the same, with DEBUG_VIRTUAL', NEW, 'char *a = kmalloc(64, GFP_KERNEL);\nvmalloc_to_page(a);\nkfree(a);', 'char *a = kmalloc(64, GFP_KERNEL);\nvirt_to_page(a);\nkfree(a);',
      [r'^kernel BUG at mm/vmalloc.c:(745|809)!$'], option='DEBUG_VIRTUAL=1')
wrong('virt_to_page of vmalloc memory', ALL, TAKE + 'virt_to_page(a);' + GIVE, TAKE + 'vmalloc_to_page(a);' + GIVE,
      [r'virt_to_page\(\) is for lowmem and was given [0-9a-f]+, an address in the vmalloc area, .*: use vmalloc_to_page\(\)'])
wrong('vmalloc where preemption is off', NEW, 'char *a;\npreempt_disable(); a = vmalloc(1); preempt_enable();\nvfree(a);', 'char *a = vmalloc(1);\nvfree(a);',
      [r'^BUG: sleeping function called from invalid context at mm/(vmalloc|page_alloc).c'], option='DEBUG_ATOMIC_SLEEP=1')
