#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fixmap insmod DIR`, --init and what a Makefile says: folders.py FIXMAP"""
import os
import subprocess
import sys
import tempfile

fixmap = os.path.abspath(sys.argv[1])
failed = done = 0

MODULE = '#include <linux/module.h>\n{body}static int __init {name}_init(void)\n{{\n\tpr_info("{says}\\n"{value});\n\treturn 0;\n}}\n' \
         'module_init({name}_init);\nMODULE_LICENSE("GPL");\nMODULE_VERSION("1");\n'
FILES = {
    # the kernel's half of it is read, no recipe and no shell is run
    'Makefile': 'ifneq ($(KERNELRELEASE),)\nobj-m := user.o sub/\nobj-m += big.o\nbig-objs := big_main.o \\\n\tbig_more.o\n'
                'ccflags-y += -I$(src)/inc -DGREETING=\\"hello\\" -Wall -O3\nCFLAGS_big_more.o := -D MORE=3\nobj-$(CONFIG_EXTRA) += extra.o\n'
                'else\nobj-m := nothing.o\nKDIR ?= /lib/modules/$(shell uname -r)/build\nall:\n\ttouch EVIL\nendif\n',
    'user.c': MODULE.format(body='int owner_number(void);\n', name='user', says='owner says %d', value=', owner_number()'),
    'extra.c': MODULE.format(body='', name='extra', says='extra', value=''),
    'sub/Kbuild': 'obj-m += owner.o\n',
    'sub/owner.c': MODULE.format(body='int owner_number(void);\nint owner_number(void)\n{\n\treturn 42;\n}\nEXPORT_SYMBOL_GPL(owner_number);\n',
                                 name='owner', says='owner comes', value=''),
    'inc/world.h': '#define WORLD "world"\nint big_more(void);\n',
    'big_main.c': MODULE.format(body='#include "world.h"\n', name='big', says='%s %s %d', value=', GREETING, WORLD, big_more()'),
    'big_more.c': '#include <linux/module.h>\n#include "world.h"\nint big_more(void)\n{\n\treturn MORE;\n}\n',
}
SINGLE = {
    'boot.c': '#include <linux/init.h>\n#include <linux/printk.h>\nstatic void __init my_boot(void)\n{\n\tprintk("boot code\\n");\n}\n'
              'static int __init fails(void)\n{\n\treturn -5;\n}\nint uses(void);\nint uses(void)\n{\n\tmy_boot();\n\treturn fails();\n}\n',
    'hook.c': '#include <linux/init.h>\n#include <linux/printk.h>\nstatic int hook(void)\n{\n\tprintk("hook\\n");\n\treturn 0;\n}\n'
              'fixmap_initcall(hook);\n',
    'define.c': MODULE.format(body='', name='define', says='%d', value=', NUMBER'),
    'shell/Makefile': 'obj-m := $(shell touch EVIL; ls *.c)\n',
    'none/README': '',
    'gone/Makefile': 'obj-m := gone.o\n',
}


def insmod(*arguments, cwd=None):
    return subprocess.run([fixmap, 'insmod', *arguments], capture_output=True, text=True, check=False, cwd=cwd)


def check(what, holds, r):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {r.returncode}\n{r.stdout}\n{r.stderr}')


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)


def log(r):
    return [line.split('] ')[1] for line in r.stdout.splitlines()]


with tempfile.TemporaryDirectory() as tmp:
    two = os.path.join(tmp, 'two words')
    write(two, FILES)
    write(tmp, SINGLE)
    r = insmod(two)
    check('three modules, one of two files, one in a subfolder, in the order that their symbols want',
          r.returncode == 0 and log(r) == ['owner comes', 'owner says 42', 'hello world 3'] and not r.stderr, r)
    r = insmod('.', cwd=two)
    check('the folder itself', r.returncode == 0 and len(log(r)) == 3, r)
    check('nothing is executed', not os.path.exists(os.path.join(two, 'EVIL')), r)
    r = insmod('-K', tmp, '-C', 'EXTRA=m', two)
    check('an option without a tree is the message about the tree', r.returncode == 2 and 'this is no kernel source' in r.stderr, r)
    r = insmod('--check', two)
    check('--check', r.returncode == 0 and '3 of 3 files compile, 3 link' in r.stdout, r)
    r = insmod('--init', 'my_boot', os.path.join(tmp, 'boot.c'))
    check('--init of a function that returns nothing', r.returncode == 0 and log(r) == ['boot code'], r)
    r = insmod('--init', 'fails', os.path.join(tmp, 'boot.c'))
    check('--init of one that fails', r.returncode == 1 and '-EIO' in r.stderr, r)
    r = insmod('--init', 'nothing', os.path.join(tmp, 'boot.c'))
    check('--init of none', r.returncode == 2 and 'nothing' in r.stderr, r)
    r = insmod('--init', 'big_init', two)
    check('--init of a module of several files', r.returncode == 2 and 'one .c file' in r.stderr, r)
    r = insmod(os.path.join(tmp, 'boot.c'))
    check('without it, the message names it', r.returncode == 2 and '--init' in r.stderr, r)
    r = insmod(os.path.join(tmp, 'hook.c'))
    check('a module that has a hook alone', r.returncode == 0 and log(r) == ['hook'], r)
    r = insmod('-D', 'NUMBER=7', os.path.join(tmp, 'define.c'))
    check('-D', r.returncode == 0 and log(r) == ['7'], r)
    r = insmod('--phase', 'early', '--init', 'my_boot', os.path.join(tmp, 'boot.c'))
    check('--phase', r.returncode == 0 and log(r) == ['boot code'], r)
    r = insmod('--phase', 'noon', '--init', 'my_boot', os.path.join(tmp, 'boot.c'))
    check('--phase that is none', r.returncode == 2 and 'phase' in r.stderr, r)
    r = insmod(os.path.join(tmp, 'shell'))
    check('what a shell would have to say is named', r.returncode == 2 and 'names no module' in r.stderr and 'Makefile:1' in r.stderr and
          not os.path.exists(os.path.join(tmp, 'shell/EVIL')), r)
    r = insmod(os.path.join(tmp, 'none'))
    check('no Makefile', r.returncode == 2 and 'no Kbuild and no Makefile' in r.stderr, r)
    r = insmod(os.path.join(tmp, 'gone'))
    check('a file that is not there', r.returncode == 2 and 'gone.c: No such file or directory; ' in r.stderr, r)
print(f'{done} checks, {failed} failed')
sys.exit(failed > 0)
