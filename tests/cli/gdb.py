#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb's `fixmap` commands: gdb.py SCRIPT PROGRAM SOURCE FIXMAP MODULE"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

script, program, source, fixmap, module = map(os.path.abspath, sys.argv[1:])
failed = done = 0


def gdb(*commands, target=(program,)):
    words = ['gdb', '-q', '-nx', '-batch', '-ex', 'set debuginfod enabled off', '-ex', 'set width 0', '-ex', 'set confirm off']
    for command in commands:
        words += ['-ex', command]
    p = subprocess.run([*words, *target], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200,
                       check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    return p.stdout


def check(what, output, *expressions):
    global failed, done
    done += 1
    missing = [e for e in expressions if not re.search(e, output, re.M)]
    if missing:
        failed += 1
        print(f'{what}: nothing matches {missing}\n{output}')


def line(mark):
    with open(source, encoding='ascii') as f:
        return next(n for n, text in enumerate(f, 1) if mark in text)


def after(echo, output):
    """What was printed between this `echo` and the next."""
    return output.split(f'== {echo}\n', 1)[-1].split('== ', 1)[0]


def steps(*commands):
    """Every command after a line that names it."""
    for command in commands:
        yield f'echo == {command}\\n'
        yield command


if not shutil.which('gdb'):
    print('gdb is missing')
    sys.exit(77)
if 'yes' not in gdb('python print("y" + "es")', target=()):
    print('this gdb has no Python')
    sys.exit(77)
if 'exited' not in gdb('run', target=('/bin/true',)):
    print('gdb cannot run a program here (ptrace is forbidden?)')
    sys.exit(77)

START = [f'source {script}', 'handle SIGSEGV nostop noprint pass']
GO = ['break look_here', 'run']
at_map = re.escape('main+0x') + r'[0-9a-f]+ \(\S*gdb_program\.c:' + str(line('line: kmap')) + r'\)'
at_unmap = re.escape('main+0x') + r'[0-9a-f]+ \(\S*gdb_program\.c:' + str(line('line: unmap')) + r'\)'
at_local = r'map_one\+0x[0-9a-f]+ \(\S*gdb_program\.c:' + str(line('return fxm_kmap_local_page')) + r'\)'

out = gdb(*START, *steps('fixmap mappings', *GO, 'fixmap mappings', 'fixmap walk kmapped', 'fixmap walk 0xfec01000', 'fixmap walk fec01000',
                         'fixmap who second', 'fixmap who (char *)kmapped + 100', 'fixmap who 0xc0001000', 'fixmap who 0xfec20000',
                         'fixmap walk', 'fixmap who no_such_name', 'fixmap help', 'show scheduler-locking', 'continue', 'fixmap who *&second', 'delete',
                         'continue'))
mappings = out.split('== fixmap mappings\n')
check('before it runs', mappings[1], r'^the program is not running')
check('mappings', mappings[2].split('== ')[0], r'^x86_32-6\.1, 2 CPUs online$', r'^CPU 0: .*\n  fffbb000  kmap_local level 0 of \S+\[\d+\] on CPU 0, '
      rf'pfn [0-9a-f]+, mapped at {at_local}\n  fffba000  kmap_local level 1 .* mapped at {at_local}\nCPU 1: swapper/1',
      rf'^  fec01000  kmap slot 1, pfn [0-9a-f]+, 1 user, mapped at {at_map}$')
for command in ('kmapped', '0xfec01000', 'fec01000'):
    check(f'walk {command}', after(f'fixmap walk {command}', out), r'^fec01000  pkmap slot 1, count 2\n  pgd at .*\n  pte at .* P RW A D .*\n  -> ')
check('who second', after('fixmap who second', out), rf'^fffba000  fixed address \d+, FIX_KMAP_BEGIN\+1\n  fffba000  kmap_local level 1 .* mapped at {at_local}$')
check('who kmapped', after('fixmap who (char *)kmapped + 100', out), rf'^fec01064  pkmap slot 1, count 2\n  fec01000  kmap slot 1, .* mapped at {at_map}$')
check('who lowmem', after('fixmap who 0xc0001000', out), 'the direct map: always mapped, by nobody')
check('who a free slot', after('fixmap who 0xfec20000', out), r'^fec20000  pkmap slot 32, count 0\n  not mapped$')
check('no address', out, r'^which address\? fixmap walk ADDRESS$', r'^no_such_name is no address: No symbol')
check('help', after('fixmap help', out), r'^fixmap who ADDRESS ')
check('it goes on', after('continue', out.split('fixmap who *&second')[1]), 'exited normally')
check('settings', after('show scheduler-locking', out), '"replay"')
check('who an unmapped one', after('fixmap who *&second', out), rf'\n  not mapped\n  was mapped at {at_local}\n  unmapped at {at_unmap}\n')

# Registers are as they were, vectors included.
out = gdb(*START, *GO, *steps('info all-registers'), *steps('fixmap mappings'), 'echo == again\\n', 'info all-registers')
before, behind = after('info all-registers', out), after('again', out)
done += 1
if len(before) < 1000 or before != behind:
    failed += 1
    print('registers changed:', set(before.splitlines()) ^ set(behind.splitlines()))

# Wherever it stops: with kmap_lock held, in malloc, in the handler of the window's fault, on another machine's thread.
for where, commands in (('with kmap_lock', [*GO, 'continue', 'break take_slot_locked', 'continue', 'bt 1']),
                        ('in malloc', [*GO, 'continue', 'break malloc', 'continue', 'bt 1']),
                        ('in the SIGSEGV handler', ['set breakpoint pending on', 'break fxmi_window_fault', 'run', 'bt 1'])):
    out = gdb(*START, *commands, *steps('fixmap mappings', 'fixmap who 0xfec01000'))
    check(where, out.split('== fixmap mappings\n')[-1], r'^  fec01000  kmap slot 1, ', '^fec01000  pkmap slot 1, count 2$')

# What has no libfixmap, and what is no process.
with tempfile.TemporaryDirectory() as folder:
    core = os.path.join(folder, 'core')
    out = gdb(*START, 'starti', 'fixmap mappings', f'generate-core-file {core}', target=('/bin/true',))
    check('without the library', out, '^this program has not loaded libfixmap')
    out = gdb(*START, f'core-file {core}', 'fixmap mappings', 'fixmap walk 0xfec01000', target=('/bin/true',))
    check('a core file', out, r'(?s)^this is a core file: .*^this is a core file: ')

# `fixmap insmod --gdb` loads the commands.
with tempfile.TemporaryDirectory() as folder:
    commands = 'break fxm_k_kmap\nrun\nfinish\nfixmap mappings\nkill\nquit\n'
    p = subprocess.run([fixmap, 'insmod', '--gdb', '-p', 'x86_32-4.15', module], input=commands, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=200, check=False, cwd=folder, env={**os.environ, 'DEBUGINFOD_URLS': '', 'HOME': folder, 'TMPDIR': folder})
    check('insmod --gdb', p.stdout, r'kmap slot 1, pfn [0-9a-f]+, 1 user, mapped at kmap_string_init\+0x[0-9a-f]+ \(\S*kmap_string\.c:\d+\)$')

print(f'{done} checks, {failed} failed')
sys.exit(failed > 0)
