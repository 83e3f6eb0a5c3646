#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's own allocators beside the library's: second_opinion.py PROGRAM FOLDER [OPERATIONS]

Compiles mm/highmem.c and mm/early_ioremap.c of 6.1 and 6.12, unmodified, once per PTE width and debug setting, and has PROGRAM (second/) do
OPERATIONS random operations with each of them and with the library. A kernel that was built otherwise than the machine must differ.
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from source import find_newer_source, find_source  # noqa: E402

program, folder = map(os.path.abspath, sys.argv[1:3])
operations = sys.argv[3] if len(sys.argv) > 3 else '1000000'
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'second')
# What the two files include; shim.h is under all of them.
HEADERS = [f'linux/{name}.h' for name in 'mm export swap bio pagemap mempool init hash highmem kgdb vmalloc kernel io module slab'.split()]
HEADERS += [f'asm/{name}.h' for name in 'tlbflush highmem fixmap early_ioremap'.split()]
FLAGS = ['-std=gnu11', '-O1', '-g', '-fPIC', '-shared', '-fno-strict-aliasing', '-Wno-pointer-to-int-cast', '-Wno-int-to-pointer-cast',
         '-DCONFIG_MMU=1', '-DCONFIG_HIGHMEM=1', '-DCONFIG_KMAP_LOCAL=1']
BUILDS = {
    'pae=0': ['-DLAST_PKMAP=1024'],
    'pae=1': ['-DLAST_PKMAP=512', '-DCONFIG_X86_PAE=1'],
    'pae=0,DEBUG_HIGHMEM=1,DEBUG_VIRTUAL=0': ['-DLAST_PKMAP=1024', '-DCONFIG_DEBUG_KMAP_LOCAL=1', '-DCONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP=1'],
    'pae=1,DEBUG_HIGHMEM=1,DEBUG_VIRTUAL=0': ['-DLAST_PKMAP=512', '-DCONFIG_X86_PAE=1', '-DCONFIG_DEBUG_KMAP_LOCAL=1',
                                              '-DCONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP=1'],
}
failed = 0


def write(path, text=''):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)


def prepare(tree, work):
    for header in HEADERS:
        write(f'{work}/include/{header}')
    write(f'{work}/include/asm/kmap_size.h', '#include <asm-generic/kmap_size.h>\n')
    # A file is read where it lies, but its "internal.h" is sought beside the link.
    write(f'{work}/mm/internal.h')
    for name in ('highmem.c', 'early_ioremap.c'):
        os.symlink(f'{tree}/mm/{name}', f'{work}/mm/{name}')


def build(tree, work, words):
    target = f'{work}/{words}.so'
    subprocess.run([os.environ.get('CC', 'cc'), *FLAGS, *BUILDS[words], f'-DSECOND_HIGHMEM="{work}/mm/highmem.c"',
                    f'-DSECOND_EARLY="{work}/mm/early_ioremap.c"', f'-I{work}/include', f'-I{here}', '-isystem', f'{tree}/include',
                    f'{here}/kernel.c', '-o', target], check=True)
    return target


def compare(target, words, count, seed):
    return subprocess.run([program, target, count, str(seed), words], capture_output=True, text=True, check=False, timeout=300)


def compare_all(source, profile):
    """Every build of the tree at @source with the library's @profile."""
    global failed
    common = f'profile={profile},phase=early,NR_CPUS=4,cpus=2,'
    with tempfile.TemporaryDirectory() as work_folder:
        prepare(source, work_folder)
        for seed_number, machine in enumerate(BUILDS):
            built = build(source, work_folder, machine)
            r = compare(built, common + machine, operations, seed_number + 1)
            print(f'{profile} {machine}: {(r.stdout or r.stderr).strip()}')
            failed += r.returncode != 0 or r.stdout != f'{operations} operations, 0 differences\n'
            other = 'pae=0' if 'DEBUG' in machine else 'pae=0,DEBUG_HIGHMEM=1,DEBUG_VIRTUAL=0'
            if machine.startswith('pae=0'):
                r = compare(built, common + other, '100000', 1)
                print(f'the same on {other}: {r.stderr.strip()}')
                failed += r.returncode != 1


compare_all(find_source(folder), 'x86_32-6.1')
newer = find_newer_source(folder)
if newer:
    compare_all(newer, 'x86_32-6.12')
print(f'{failed} problems')
sys.exit(failed > 0)
