#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernel files as they are, on simulated highmem: kernel_source.py FIXMAP FOLDER

The source is Debian's linux-source-6.1, unpacked once into FOLDER; FIXMAP_KERNEL_SOURCE names another tarball or a tree. Each file of
CASES is compiled unmodified and driven by the module of the same name here, on several machines. Exit status 77: there is no source.
"""
import os
import subprocess
import sys
import tempfile

fixmap, folder = map(os.path.abspath, sys.argv[1:3])
here = os.path.dirname(os.path.abspath(__file__))
TARBALL = '/usr/src/linux-source-6.1.tar.xz'
PARTS = ['Makefile', 'include', 'lib', 'mm', 'fs/squashfs', 'net/sunrpc']
MACHINES = ['', 'DEBUG_KMAP_LOCAL_FORCE_MAP=1', 'pae=1', 'pae=1,DEBUG_HIGHMEM=1', 'window=eager', 'identity=0']

# The tree's files, the driver and its parameters, folders of headers in the tree, what the log ends with.
CASES = [
    (['lib/scatterlist.c'], 'scatterlist', [], [], 'scatterlist: as in plain memory'),
    (['mm/page_poison.c'], 'page_poison', [], [], 'page_poison: as in plain memory'),
    (['mm/page_poison.c'], 'page_poison', ['corrupt=1'], [], 'pagealloc: single bit error'),
    (['fs/squashfs/page_actor.c'], 'page_actor', [], ['fs/squashfs'], 'page_actor: as in plain memory'),
    (['net/sunrpc/xdr.c', 'lib/scatterlist.c'], 'xdr', [], [], 'xdr: as in plain memory'),
]
failed = done = 0


def unpack(tarball):
    tree = os.path.join(folder, 'linux-source-6.1')
    mark = os.path.join(tree, 'unpacked')
    wanted = ' '.join([tarball, str(os.path.getmtime(tarball)), *PARTS])
    if os.path.exists(mark) and open(mark, encoding='utf-8').read() == wanted:
        return tree
    os.makedirs(folder, exist_ok=True)
    top = os.path.basename(tarball).split('.tar')[0]
    subprocess.run(['tar', '-xf', tarball, '-C', folder, *(f'{top}/{part}' for part in PARTS)], check=True)
    if top != 'linux-source-6.1':
        os.rename(os.path.join(folder, top), tree)
    with open(mark, 'w', encoding='utf-8') as f:
        f.write(wanted)
    return tree


def find_source():
    given = os.environ.get('FIXMAP_KERNEL_SOURCE', TARBALL)
    if os.path.isdir(given):
        return os.path.abspath(given)
    if not os.path.exists(given):
        print(f'skipped: there is no {given}; install linux-source-6.1, or set FIXMAP_KERNEL_SOURCE to a tree or tarball of Linux 6.1')
        sys.exit(77)
    return unpack(given)


def run(*arguments):
    return subprocess.run([fixmap, 'insmod', *arguments], capture_output=True, text=True, check=False)


def check(what, holds, got):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {got}')


def driver(name):
    return os.path.join(here, name + '.c')


def drive(tree):
    for machine in MACHINES:
        for files, name, parameters, folders, expected in CASES:
            words = [word for f in folders for word in ('-I', os.path.join(tree, f))]
            words += ['-o', machine] if machine else []
            r = run('-p', 'x86_32-6.1', '-K', tree, *words, *(os.path.join(tree, f) for f in files), driver(name), *parameters)
            check(f'{" ".join(files)} on {machine or "the default machine"}', r.returncode == 0 and expected in r.stdout and not r.stderr,
                  (r.returncode, r.stdout[-500:], r.stderr[-2000:]))


def mistakes(tree):
    scatterlist = os.path.join(tree, 'lib/scatterlist.c')
    with tempfile.TemporaryDirectory() as tmp:
        r = run('-K', tmp, scatterlist, driver('scatterlist'))
        check('no tree', r.returncode == 2 and 'this is no kernel source' in r.stderr, r.stderr)
        r = run('-K', os.path.join(tmp, 'nowhere'), driver('scatterlist'))
        check('no folder', r.returncode == 2 and 'No such file or directory' in r.stderr, r.stderr)
        bad = os.path.join(tmp, 'bad.c')
        with open(bad, 'w', encoding='ascii') as f:
            f.write('#include <linux/module.h>\n#include <linux/highmem.h>\nstatic int f(void)\n{\n'
                    '\tvoid *a = kmap_local_page(alloc_page(GFP_HIGHUSER)), *b = kmap_local_page(alloc_page(GFP_HIGHUSER));\n'
                    '\tkunmap_local(a);\n\tkunmap_local(b);\n\tkmap_local_page(alloc_page(GFP_HIGHUSER));\n\treturn 0;\n}\nmodule_init(f);\n')
        r = run('-K', tree, scatterlist, bad)
        check('an unmap in the wrong order and a leak are named beside kernel files',
              r.returncode == 1 and 'bad.c:6' in r.stderr and 'bad.c:8' in r.stderr, (r.returncode, r.stderr))
    r = run('-p', 'x86_32-5.10', '-K', tree, '--check', scatterlist)
    check('another version is a warning', 'is Linux 6.1, and the profile x86_32-5.10 is 5.10' in r.stderr, r.stderr)
    r = run('-K', tree, '-C', 'HIGHMEM=n', scatterlist, driver('scatterlist'))
    check('the profile decides on its options', r.returncode == 2 and 'write -o HIGHMEM=n' in r.stderr, r.stderr)
    r = run('-K', tree, '-C', 'HZ', scatterlist, driver('scatterlist'))
    check('-C without a value', r.returncode == 2 and 'write NAME=VALUE' in r.stderr, r.stderr)
    r = run('-C', 'HZ=100', driver('scatterlist'))
    check('-C without -K', r.returncode == 2 and 'add -K TREE' in r.stderr, r.stderr)
    r = run('-K', tree, os.path.join(tree, 'net/sunrpc/xdr.c'), driver('xdr'))
    check('missing symbols are named, with their header',
          r.returncode == 2 and 'sg_init_table (linux/scatterlist.h)' in r.stderr, (r.returncode, r.stderr))
    r = run('-K', tree, '--check', scatterlist, os.path.join(tree, 'lib/iov_iter.c'))
    check('--check', r.returncode == 0 and r.stdout.endswith('2 of 2 files compile\n'), (r.returncode, r.stdout, r.stderr))


source = find_source()
drive(source)
mistakes(source)
print(f'{done} checks, {failed} problems')
sys.exit(failed > 0)
