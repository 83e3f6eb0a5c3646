#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fixmap tree` and `insmod --check -K` on a small tree made here: tree.py FIXMAP"""
import os
import stat
import subprocess
import sys
import tempfile

fixmap = os.path.abspath(sys.argv[1])
failed = done = 0

# As little of a kernel as its build needs to be read and prepared.
TREE = {
    'Makefile': 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 77\n',
    'include/linux/kernel.h': '#define here 1\n',
    'include/linux/kconfig.h': '#include <generated/autoconf.h>\n',
    'include/linux/compiler_types.h': '',
    'include/linux/kbuild.h': '#define DEFINE(sym, val) asm volatile("\\n.ascii \\"->" #sym " %0 " #val "\\"" : : "i" (val))\n',
    'include/linux/hidden.h': '#ifdef CONFIG_NOT_ON\nint hidden(void);\n#endif\n',
    'include/asm-generic/generic.h': '#define FROM_ASM_GENERIC 1\n',
    'include/uapi/asm-generic/errno.h': '#define EIO 5\n',
    'kernel/bounds.c': '#include <linux/kbuild.h>\nint main(void)\n{\n\tDEFINE(FIVE, 5);\n\treturn 0;\n}\n',
    'arch/Kconfig': '',
    'arch/alpha/include/asm/ev6.h': '',
    'Kconfig': 'source "fs/Kconfig"\n',
    'fs/Kconfig': 'menu "File systems"\nconfig BLOCKS\n\tbool\n\nif BLOCKS || EASY\nconfig EASY\n\tbool "easy"\n\thelp\n\t  config TRAP\n'
                  '\nconfig EASYFS\n\ttristate "A file system"\n\tdepends on EASY && \\\n\t\t!HARD\n\tselect BLOCKS\nendif\n\nconfig EASYFS_SIZE\n'
                  '\tint "Size"\n\tdepends on EASYFS\n\tdefault "7"\n\nconfig HARDFS\n\tbool "hard"\n\tdepends on ALPHA_EV6\nendmenu\n',
    'fs/Makefile': '# SPDX\nobj-$(CONFIG_EASYFS) += easyfs/\nobj-$(CONFIG_HARDFS) += hard.o\nobj-y += plain.o users.o wants.o\n',
    'fs/easyfs/Makefile': 'obj-$(CONFIG_EASYFS) := easy.o\neasy-y := main.o \\\n\tinode.o\nccflags-y := -I$(srctree)/$(src)/deep -DDEEP=$(shell touch '
                          'EVIL)\nCFLAGS_inode.o += -DINODE=3\n',
    'fs/easyfs/inode.c': '#include <deep.h>\n#if !defined(CONFIG_BLOCKS) || CONFIG_EASYFS_SIZE != DEEP_SIZE || INODE != 3\n#error options\n#endif\n'
                         '#include <asm/generic.h>\n#include <generated/bounds.h>\n#include <linux/version.h>\n'
                         '#if !FROM_ASM_GENERIC || FIVE != 5 || LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)\n#error generated\n#endif\n'
                         'int other(void);\nint inode(void) { return other(); }\n',
    'fs/easyfs/deep/deep.h': '#define DEEP_SIZE 7\n',
    'fs/plain.c': 'int plain(void) { return 0; }\nint other(void) { return 1; }\n',
    'fs/wants.c': 'int nowhere(void), other_user(void);\nint __attribute__((weak)) weakly(void);\n'
                  'int wants(void) { return nowhere() + other_user() + (weakly ? weakly() : 0); }\n',
    'fs/users.c': 'int used_by_other(void), never_reached(void);\nint other_user(void) { return used_by_other(); }\n'
                  'int not_used(void) { return never_reached(); }\n',
    'fs/hard.c': '#include <asm/ev6.h>\n',
    'fs/implicit.c': '#include <linux/hidden.h>\nint f(void) { return hidden(); }\n',
    'fs/cut.c': 'int g(void *p);\nint g(void *p) { int cut = p; return cut; }\n',
    'fs/other.c': 'int *h(long *p);\nint *h(long *p) { return p; }\n',
    'fs/no_type.c': 'static count;\nint *k(void);\nint *k(void) { return &count; }\n',
    'fs/host.c': '#include <string.h>\n',
    'fs/alien.c': '#include <asm/ev6.h>\n',
    'fs/a name with blanks.c': 'int blanks(void) { return 0; }\n',
}


def run(*arguments, **more):
    return subprocess.run([fixmap, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ, **more))


def check(what, holds, got):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {got}')


def objects_are_kept(tmp, fx, tree, of):
    """The compiler is asked again when something that an object was made from has changed, and else not."""
    cc, log = os.path.join(tmp, 'cc'), os.path.join(tmp, 'cc.log')
    with open(cc, 'w', encoding='ascii') as f:
        f.write(f'#!/bin/sh\nfor w; do case $w in *.c) echo "$w" >>"{log}";; esac; done\nexec gcc "$@"\n')
    os.chmod(cc, stat.S_IRWXU)

    def compiled():
        open(log, 'w', encoding='ascii').close()
        r = fx('insmod', '--check', '-K', tree, of('easyfs/inode.c'), CC=cc)
        with open(log, encoding='ascii') as f:
            return sorted(os.path.basename(line) for line in f.read().split('\n') if '/fs/' in line), r.stdout

    check('compiled once', compiled()[0] == ['inode.c', 'plain.c'], compiled())
    check('and kept', compiled()[0] == [] and '1 link' in compiled()[1], compiled())
    os.utime(of('easyfs/deep/deep.h'))
    check('until a header is newer', compiled()[0] == ['inode.c'], compiled())
    os.utime(of('plain.c'))
    check('or a source', compiled()[0] == ['plain.c'], compiled())


def tests(tmp):
    tree, cache = os.path.join(tmp, 'linux tree'), os.path.join(tmp, 'cache')
    for name, text in TREE.items():
        os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
        with open(os.path.join(tree, name), 'w', encoding='ascii') as f:
            f.write(text)
    for folder, _, names in os.walk(tree, topdown=False):
        for name in names:
            os.chmod(os.path.join(folder, name), stat.S_IRUSR)
        os.chmod(folder, stat.S_IRUSR | stat.S_IXUSR)

    def fx(*arguments, **more):
        return run(*arguments, XDG_CACHE_HOME=cache, **more)

    def of(name):
        return os.path.join(tree, 'fs', name)

    r = fx('tree', tree)
    check('a tree is prepared, with progress', r.returncode == 0 and 'Linux 6.1.77' in r.stdout and 'making' in r.stdout, (r.stdout, r.stderr))
    r = fx('tree', tree, of('easyfs/inode.c'), of('plain.c'), of('hard.c'))
    check('once', 'up to date' in r.stdout and 'making' not in r.stdout, r.stdout)
    check('the option that builds a file, with what it selects and depends on', 'fs/easyfs/inode.c: CONFIG_EASYFS\n' in r.stdout and
          all(f'-DCONFIG_{o}' in r.stdout for o in ('EASYFS=1', 'EASY=1', 'BLOCKS=1', 'EASYFS_SIZE=7')), r.stdout)
    check('a file that is always built', 'fs/plain.c: always built' in r.stdout, r.stdout)
    check('a file that another architecture builds', 'fs/hard.c: CONFIG_HARDFS wants ALPHA_EV6' in r.stdout, r.stdout)
    files = [of(f) for f in ('easyfs/inode.c', 'plain.c', 'hard.c', 'implicit.c', 'host.c', 'alien.c', 'a name with blanks.c')]
    r = fx('insmod', '--check', '-K', tree, *files)
    check('the last line', r.stdout.splitlines()[-1] == '3 of 5 files compile, 3 link' and r.returncode == 2, (r.stdout, r.stderr))
    check('a function without a declaration is an error, and its header is known',
          'hidden: linux/hidden.h declares it, under a condition that is off here' in r.stdout, r.stdout)
    check("a header of the host's", "string.h: the host's" in r.stdout, r.stdout)
    check('left out', 'ALPHA_EV6' in r.stdout and 'only alpha has asm/ev6.h' in r.stdout, r.stdout)
    for name in ('cut.c', 'other.c', 'no_type.c'):
        r = fx('insmod', '--check', '-K', tree, of(name), CC='gcc -w' if name == 'cut.c' else 'gcc')
        check('what cuts a pointer or guesses a type is an error', r.stdout.endswith('0 of 1 files compile, 0 link\n') and r.returncode == 2, (name, r.stdout))
    r = fx('insmod', '--check', '-K', tree, of('easyfs/inode.c'))
    check('what another file of the tree defines is found there', '1 of 1 files compile, 1 link' in r.stdout, r.stdout)
    r = fx('insmod', '--check', '--stubs', '-K', tree, of('wants.c'))
    check('symbols that nothing defines, of what is reached', '1 of 1 files compile, 0 link, 1 with at most 10 stubs' in r.stdout and '1  nowhere' in
          r.stdout and '1  used_by_other' in r.stdout and 'never_reached' not in r.stdout and 'weakly' not in r.stdout, r.stdout)
    objects_are_kept(tmp, fx, tree, of)
    check('nothing of a Makefile is run', not os.path.exists('EVIL') and not os.path.exists(of('easyfs/EVIL')), '')
    r = fx('tree', os.path.join(tmp, 'cache'))
    check('no tree', r.returncode == 2 and 'this is no kernel source' in r.stderr, r.stderr)
    r = fx('tree')
    check('which tree', r.returncode == 2 and 'which tree?' in r.stderr, r.stderr)
    r = run('tree', tree, XDG_CACHE_HOME='/proc/nowhere')
    check('a cache that cannot be written', r.returncode == 2 and 'set XDG_CACHE_HOME to a folder of your own' in r.stderr, r.stderr)
    os.chmod(tree, stat.S_IRWXU)
    os.rename(os.path.join(tree, 'kernel'), os.path.join(tree, 'nowhere'))
    r = fx('tree', '-o', 'pae=1', tree)
    check('half a tree', r.returncode == 2 and 'bounds.c' in r.stderr and 'unpacked' in r.stderr, r.stderr)
    for folder, _, _ in os.walk(tree):
        os.chmod(folder, stat.S_IRWXU)


with tempfile.TemporaryDirectory() as parent:
    tests(parent)
print(f'{done} checks, {failed} failed')
sys.exit(failed > 0)
