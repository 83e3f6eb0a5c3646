#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernel files as they are, on simulated highmem: kernel_source.py FIXMAP FOLDER

The source is Debian's linux-source-6.1, unpacked once into FOLDER; FIXMAP_KERNEL_SOURCE names another tarball or a tree. Each file of
CASES is compiled unmodified and driven by the module of the same name here, on several machines.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from reports import compiled, stamp_of  # noqa: E402
from source import find_source  # noqa: E402

fixmap, folder = map(os.path.abspath, sys.argv[1:3])
here = os.path.dirname(os.path.abspath(__file__))
# What the files are compiled for, and other machines that what was compiled runs on too.
MACHINES = {'': ['window=eager', 'identity=0'], 'DEBUG_KMAP_LOCAL_FORCE_MAP=1': [], 'pae=1': [], 'pae=1,DEBUG_HIGHMEM=1': []}

# The tree's files, the driver and its parameters, folders of headers in the tree, what the log ends with. standin/ has, under the
# driver's name, functions that a file calls of subsystems that are not there.
CASES = [
    (['lib/scatterlist.c'], 'scatterlist', [], [], 'scatterlist: as in plain memory'),
    (['mm/page_poison.c'], 'page_poison', [], [], 'page_poison: as in plain memory'),
    (['mm/page_poison.c'], 'page_poison', ['corrupt=1'], [], 'pagealloc: single bit error'),
    (['fs/squashfs/page_actor.c'], 'page_actor', [], ['fs/squashfs'], 'page_actor: as in plain memory'),
    (['lib/iov_iter.c'], 'iov_iter', [], [], 'iov_iter: as in plain memory'),
    (['fs/hfsplus/bnode.c'], 'bnode', [], ['fs/hfsplus'], 'bnode: as in plain memory'),
    (['net/sunrpc/xdr.c', 'lib/scatterlist.c'], 'xdr', [], [], 'xdr: as in plain memory'),
]
failed = done = 0


def run(*arguments):
    return subprocess.run([fixmap, 'insmod', *arguments], capture_output=True, text=True, check=False,
                          env=dict(os.environ, XDG_CACHE_HOME=os.path.join(folder, 'cache')))


def check(what, holds, got):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {got}')


def driver(name):
    return os.path.join(here, name + '.c')


def standins(name):
    c_file = os.path.join(here, 'standin', name + '.c')
    return ['-B', c_file] if os.path.exists(c_file) else []


def drive_one(tree, machine, case):
    files, name, parameters, folders, expected = case
    words = [word for f in folders for word in ('-I', os.path.join(tree, f))]
    words += ['-o', machine] if machine else []
    words += standins(name)
    with compiled(os.path.join(folder, 'kept'), ' '.join([name, *parameters, machine or 'default']), f'{stamp} {tree} {CASES} {MACHINES}') as kept:
        done_on = {}
        if not os.path.exists(os.path.join(kept, 'vmlinux.so')):
            done_on[machine] = run('-p', 'x86_32-6.1', '-K', tree, '--keep', kept, *words, *(os.path.join(tree, f) for f in files), driver(name),
                                   *parameters)
        module = [os.path.join(kept, f) for f in os.listdir(kept) if f.endswith(f'{name}.so')]
        for other in [machine] * (machine not in done_on) + MACHINES[machine]:
            settings = ['-o', other] if other else []
            done_on[other] = run('-p', 'x86_32-6.1', *settings, '--builtin', os.path.join(kept, 'vmlinux.so'), *module, *parameters)
    for where, r in done_on.items():
        check(f'{" ".join(files)} on {where or "the default machine"}', r.returncode == 0 and expected in r.stdout and not r.stderr,
              (r.returncode, r.stdout[-500:], r.stderr[-2000:]))


def drive(tree):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for running in [pool.submit(drive_one, tree, machine, case) for machine in MACHINES for case in CASES]:
            running.result()


def found(tree):
    """A mistake of 6.1 itself, in a file that works where there is no high memory."""
    r = run('-K', tree, '-I', os.path.join(tree, 'fs/hfsplus'), *standins('bnode'), os.path.join(tree, 'fs/hfsplus/bnode.c'),
            driver('bnode'), 'upwards=1')
    check('hfs_bnode_move() unmaps a pointer past its page', r.returncode == 1 and 'one past the page at' in r.stderr and
          'fs/hfsplus/bnode.c:275' in r.stderr and 'fs/hfsplus/bnode.c:290' in r.stderr, (r.returncode, r.stderr))


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
    r = run('-K', tree, '-C', 'X86_PAE=y', scatterlist, driver('scatterlist'))
    check('what follows from the profile, too', r.returncode == 2 and "follows from the profile's settings" in r.stderr, r.stderr)
    r = run('-I', '/nowhere', driver('scatterlist'))
    check('-I without a folder', r.returncode == 2 and "-I '/nowhere' is no folder" in r.stderr, r.stderr)
    r = run('--keep', scatterlist, driver('scatterlist'))
    check('--keep with a file', r.returncode == 2 and 'Not a directory; name a folder' in r.stderr, r.stderr)
    r = run('--check', '--gdb', driver('scatterlist'))
    check('--check and --gdb', r.returncode == 2 and 'leave one of them out' in r.stderr, r.stderr)
    with tempfile.TemporaryDirectory() as tmp:
        files = {
            'order.c': '#include <linux/init.h>\n#include <linux/printk.h>\n' + ''.join(
                f'static int __init {level}(void)\n{{\n\tprintk("{level}\\n");\n\treturn 0;\n}}\n{level}_initcall({level});\n'
                for level in ('late', 'device', 'core', 'early')),
            'config.c': '#include <linux/module.h>\nstatic int f(void)\n{\n#ifdef CONFIG_BLOCK\n\treturn -EINVAL;\n#endif\n'
                        '\treturn CONFIG_HZ == 1000 ? 0 : -ERANGE;\n}\nmodule_init(f);\n'}
        for name, text in files.items():
            with open(os.path.join(tmp, name), 'w', encoding='ascii') as f:
                f.write(text)
        r = run('-K', tree, '-C', 'BLOCK=n', '-C', 'HZ=100', '-C', 'HZ=1000', '-B', os.path.join(tmp, 'order.c'), os.path.join(tmp, 'config.c'))
        log = [line.split('] ')[1] for line in r.stdout.splitlines()]
        check('initcalls by level; the last -C counts, and n takes away', r.returncode == 0 and log == ['early', 'core', 'device', 'late'],
              (r.returncode, r.stdout, r.stderr))
    r = run('-K', tree, '-C', 'HZ', scatterlist, driver('scatterlist'))
    check('-C without a value', r.returncode == 2 and 'write NAME=VALUE' in r.stderr, r.stderr)
    r = run('-C', 'HZ=100', driver('scatterlist'))
    check('-C without -K', r.returncode == 2 and 'add -K TREE' in r.stderr, r.stderr)
    r = run('-K', tree, os.path.join(tree, 'net/sunrpc/xdr.c'), driver('xdr'))
    check('missing symbols are named, with their header',
          r.returncode == 2 and 'sg_init_table (linux/scatterlist.h)' in r.stderr, (r.returncode, r.stderr))
    r = run('-K', tree, os.path.join(tree, 'mm/filemap.c'), driver('scatterlist'))
    check('a subsystem that is not there is named in one line', r.returncode == 2 and r.stderr.count('\n') == 1 and
          re.search(r'mm/filemap.c needs \S+\.h, and the subsystem of that is not there: ', r.stderr), (r.returncode, r.stderr))
    files = [os.path.join(tree, f) for f in ('lib/iov_iter.c', 'mm/filemap.c', 'mm/highmem.c', 'fs/squashfs/file_direct.c', 'net/sunrpc/xdr.c')]
    for machine in ('pae=0', 'pae=1,DEBUG_HIGHMEM=1'):
        r = run('-K', tree, '-o', machine, '--check', scatterlist, *files)
        check(f'--check, {machine}', r.returncode == 0 and '6 of 6 files compile' in r.stdout, (r.returncode, r.stdout, r.stderr))


source = find_source(folder)
stamp = stamp_of(fixmap, here)
drive(source)
found(source)
mistakes(source)
print(f'{done} checks, {failed} problems')
sys.exit(failed > 0)
