#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Errors of use: messages.py FIXMAP

Each gives status 2, nothing on standard output and the one line on standard error that tells what to do. Output that cannot be
written is an error too.
"""
import os
import subprocess
import sys

fixmap = sys.argv[1]
failed = done = 0

CASES = [
    ('', 'fixmap: which command? `fixmap --help` lists them'),
    ('--verbose', 'fixmap: unknown option --verbose; `fixmap --help` lists the commands'),
    ('laout', 'fixmap: unknown command laout; `fixmap --help` lists the commands'),
    ('help laout', 'fixmap: unknown command laout; `fixmap --help` lists the commands'),
    ('profiles now', 'fixmap profiles: now is not expected here; see `fixmap help profiles`'),
    ('profiles -x', 'fixmap profiles: unknown option -x; see `fixmap help profiles`'),
    ('profiles --diff', 'fixmap profiles: unknown option --diff; see `fixmap help profiles`'),
    ('diff', 'fixmap diff: which two kernels? Write two profiles; `fixmap profiles` lists them'),
    ('diff x86_32-6.1', 'fixmap diff: which two kernels? Write two profiles; `fixmap profiles` lists them'),
    ('diff x86_32-4.15 x86_32-4.7 now', 'fixmap diff: now is not expected here; diff takes two profiles'),
    ('diff x86_32-4.15 hurd', 'fixmap diff: no profile hurd: `fixmap profiles` lists them'),
    ('diff x86_32-4.15,pae=2 x86_32-4.7', 'fixmap diff: pae=2: write pae=0 or pae=1'),
    ('diff -p x86_32-4.15 x86_32-4.7 x86_32-6.1', 'fixmap diff: unknown option -p; see `fixmap help diff`'),
    ('diff -o', 'fixmap diff: a value is missing after -o; see `fixmap help diff`'),
    ('diff -o pae=1 x86_32-6.1 arm64-6.1', 'fixmap diff: pae=1 does not exist on arm64: write pae=0'),
    ('diff -o ram_end=0 x86_32-6.1 x86_32-6.12',
     'fixmap diff: ram_end=0 is a machine without memory: write the end of its memory in hexadecimal, such as ram_end=7ffe0000'),
    ('profiles --points now', 'fixmap profiles: now is not expected here; see `fixmap help profiles`'),
    ('layout pae=1', 'fixmap layout: pae=1: write -o in front of it'),
    ('layout here', 'fixmap layout: here is not expected here; see `fixmap help layout`'),
    ('layout -o', 'fixmap layout: a value is missing after -o; see `fixmap help layout`'),
    ('layout --profile', 'fixmap layout: a value is missing after --profile; see `fixmap help layout`'),
    ('layout --jsn', 'fixmap layout: unknown option --jsn; see `fixmap help layout`'),
    ('layout --json --map', 'fixmap layout: --json, --map and --settings do not go together; write one of them'),
    ('layout -p x86_32-415', 'fixmap layout: no profile x86_32-415: did you mean x86_32-4.15?'),
    ('layout -o profile=hurd', 'fixmap layout: no profile hurd: `fixmap profiles` lists them'),
    ('layout -o SMP', 'fixmap layout: SMP: write it as NAME=VALUE'),
    ('layout -p x86_32-5.10 -o NR_CPU=4', 'fixmap layout: x86_32-5.10 has no setting NR_CPU: did you mean NR_CPUS?'),
    ('layout -p i386-2.6.12 -o INTEL_TXT=1',
     'fixmap layout: INTEL_TXT is a setting of x86_32-6.1, not of i386-2.6.12: leave it out, or change the profile'),
    ('layout -o NR_CPUS=0', 'fixmap layout: NR_CPUS=0: write a number from 1 to 8192'),
    ('layout -o cpus=4,NR_CPUS=2', 'fixmap layout: cpus=4 is more than NR_CPUS=2: write cpus=2 or fewer, or a larger NR_CPUS'),
    ('layout -o ram_end=0',
     'fixmap layout: ram_end=0 is a machine without memory: write the end of its memory in hexadecimal, such as ram_end=7ffe0000'),
    ('layout -o ram_end=2G,highmem=1,vmalloc=3g',
     "fixmap layout: vmalloc=c0000000 is as much as the kernel's whole address space: write a smaller one, such as 10000000 (256M)"),
    ('cflags -p arm64-4.7', 'fixmap cflags: arm64-4.7 is a 64-bit kernel, and the kernel tier is for 32-bit ones: '
     '`fixmap layout`, `fixmap walk` and `fixmap replay` take it'),
    ('cflags -o window=soon', 'fixmap cflags: window=soon: write one of off|checked|strict|retain|eager'),
    ('cflags -o NR_CPUS=8192', 'fixmap cflags: NR_CPUS=8192 makes the per-CPU areas below FIXADDR_TOP larger than the '
     "kernel's address space: write a smaller NR_CPUS"),
    ('layout -o inject=kmap:1:irq', 'fixmap layout: inject=kmap:1:irq: no point kmap; there are alloc kmap.called kmap.pool '
     'kmap.mapped kunmap.idle kmap_atomic.pushed kmap_atomic.mapped kunmap_atomic.cleared kunmap_atomic.popped'),
    ('walk -o inject=alloc:1:irq ff801000', 'fixmap walk: inject=alloc:1:irq: alloc does not do irq; it does fail'),
    ('walk 100000000', "fixmap walk: 100000000 is beyond this kernel's 32-bit addresses; write at most ffffffff"),
    ('ptdump -p i386-2.6.12', 'fixmap ptdump: i386-2.6.12 has no page-table dump (since 2.6.26); choose another profile'),
    ('ptdump now', 'fixmap ptdump: now: ptdump takes options only'),
    ('ptdump --after /nowhere', 'fixmap ptdump: cannot open /nowhere: No such file or directory'),
    ('proc', 'fixmap proc: which file? meminfo, buddyinfo or zoneinfo'),
    ('proc cpuinfo', 'fixmap proc: there is no cpuinfo here; write meminfo, buddyinfo or zoneinfo'),
    ('dmesg now', 'fixmap dmesg: now: dmesg takes options only'),
    ('dmesg', 'fixmap dmesg: x86_32-6.1 has no table of its areas in the boot log (32-bit x86: until 5.7; arm and arm64: 4.7); '
     'choose another profile'),
    ('replay --max-differences=-1 x', 'fixmap replay: --max-differences=-1: write a number'),
]


def problem(what, got):
    global failed
    failed += 1
    print(f'fixmap {what}\n  {got}')


def run(arguments, **more):
    global done
    done += 1
    return subprocess.run([fixmap, *arguments.split()], stdin=subprocess.DEVNULL, timeout=60, check=False, text=True, **more)


for arguments, message in CASES:
    p = run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if (p.returncode, p.stdout, p.stderr) != (2, '', message + '\n'):
        problem(arguments, f'status {p.returncode}, {p.stdout[:80]!r}, {p.stderr!r}')

p = run('cflags', stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, 'FIXMAP_INCLUDE': '/nowhere'})
if p.returncode != 2 or p.stderr != ('fixmap cflags: FIXMAP_INCLUDE=/nowhere has no fixmap/config.h; '
                                     'name the directory that has it\n'):
    problem('cflags with FIXMAP_INCLUDE=/nowhere', f'status {p.returncode}, {p.stderr!r}')

# Every command explains itself, and the same way through `help`.
for command in ('profiles', 'diff', 'layout', 'plan', 'cflags', 'insmod', 'tree', 'replay', 'walk', 'ptdump', 'proc', 'dmesg'):
    texts = [run(a, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for a in (f'{command} --help', f'help {command}')]
    if texts[0].stdout != texts[1].stdout or not texts[0].stdout.startswith(f'usage: fixmap {command}') or texts[1].returncode:
        problem(f'help {command}', texts[1].stdout + texts[1].stderr)

# Every point is listed, with what it does.
p = run('profiles --points', stdout=subprocess.PIPE, stderr=subprocess.PIPE)
if p.returncode or p.stderr or not p.stdout.startswith('alloc ') or p.stdout.count('\n') != 9 or \
        'kmap.pool              kmap looks for a slot: full\n' not in p.stdout:
    problem('profiles --points', p.stdout + p.stderr)

# An interrupt that nobody answers changes nothing that a recording states.
SCRIPT = 'page P0\n' + ''.join(f'op {2 * i + 1} 0 A0 task kmap_atomic P0 -\nop {2 * i + 2} 0 A0 task kunmap_atomic - fffbb000\n'
                               for i in range(3))
trace = subprocess.run([fixmap, 'replay', '--fill', '-'], input=SCRIPT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                       timeout=60, check=False).stdout
for points in ('kmap_atomic.pushed:1/1:irq+kunmap_atomic.popped:2:nmi', 'kmap_atomic.mapped:1/1:softirq+kunmap_atomic.cleared:1:delay'):
    done += 1
    p = subprocess.run([fixmap, 'replay', '-o', f'inject={points}', '-'], input=trace, stdout=subprocess.PIPE, text=True, timeout=60,
                       check=False)
    if p.returncode or '6 operations, 0 differences' not in p.stdout:
        problem(f'replay -o inject={points}', p.stdout)

# A full disk is reported; a reader that leaves early has what it wanted.
for arguments in ('layout', 'layout --json', 'profiles', 'diff x86_32-6.1 x86_32-6.12', 'diff --json x86_32-6.1 x86_32-6.12', 'cflags', '--help', '--version'):
    with open('/dev/full', 'w', encoding='ascii') as full:
        p = run(arguments, stdout=full, stderr=subprocess.PIPE)
    if p.returncode != 2 or p.stderr != 'fixmap: cannot write standard output: No space left on device\n':
        problem(f'{arguments} >/dev/full', f'status {p.returncode}, {p.stderr!r}')
    for restore in (True, False):
        reader, writer = os.pipe()
        os.close(reader)
        p = run(arguments, stdout=writer, stderr=subprocess.PIPE, restore_signals=restore)
        os.close(writer)
        if p.returncode not in (2, -13, 141) or p.stderr:
            problem(f'{arguments} into a closed pipe', f'status {p.returncode}, {p.stderr!r}')

# Nor does output that has nowhere to go end in the next file that is opened: the simulated memory, for one.
for arguments in ('layout', 'walk ff801000', '--version'):
    p = run(arguments, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    if p.returncode != 2 or p.stderr.count('\n') != 1 or 'cannot write standard output: Bad file descriptor' not in p.stderr:
        problem(f'{arguments} >&-', f'status {p.returncode}, {p.stderr!r}')
SCRIPT = 'page P0\nop 1 0 A0 task kmap P0 -\n'
for stdout in ('>&-', '>/dev/full'):
    for option in ('', '--fill '):
        done += 1
        p = subprocess.run(['sh', '-c', f'"$0" replay {option}- {stdout}', fixmap], input=SCRIPT, stderr=subprocess.PIPE, text=True,
                           timeout=60, check=False)
        if p.returncode != 2 or p.stderr.count('fixmap') != 1 or 'replay: cannot write standard output: ' not in p.stderr:
            problem(f'replay {option}- {stdout}', f'status {p.returncode}, {p.stderr!r}')

print(f'{done} commands run, {failed} problems')
sys.exit(failed > 0)
