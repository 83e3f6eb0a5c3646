# SPDX-License-Identifier: MIT
"""Bad input to `fixmap replay`: one clear line on standard error that names file and line, and status 2.

usage: bad_input.py FIXMAP ARCHIVES FOLDER
"""

import os
import re
import subprocess
import sys

from golden_files import fail, run, unpack

HEAD = 'V 1 kernel=x-hosted\nmachine profile=x86_32-4.15\n'

# What is wrong, the text, the line to be named, words of the message.
TEXTS = [
    ('unknown record', HEAD + 'foo 1\nend x\n', 3, ['unknown record']),
    ('unknown profile', 'V 1 kernel=x-hosted\nmachine profile=z80-1.0\nend x\n', 2, ['z80-1.0', 'profiles']),
    ('unknown setting', 'V 1 kernel=x-hosted\nmachine profile=x86_32-4.15 WHAT=1\nend x\n', 2, ['WHAT']),
    ('bad value', 'V 1 kernel=x-hosted\nmachine profile=x86_32-4.15 pae=7\nend x\n', 2, ['pae=7']),
    ('no memory', 'V 1 kernel=x-hosted\nmachine profile=x86_32-4.15 ram_end=0\nend x\n', 2, ['ram_end']),
    ('no CPU', 'machine profile=x86_32-4.15 NR_CPUS=0\npage P1\n', 1, ['NR_CPUS=0']),
    ('too many CPUs', 'machine profile=x86_32-4.15 NR_CPUS=2 cpus=3\npage P1\n', 1, ['cpus']),
    ('no room', 'machine profile=x86_32-4.15 vmalloc=1G\npage P1\n', 1, ['vmalloc']),
    ('too much memory', 'machine profile=x86_32-4.15 pae=0 ram_end=200000000\npage P1\n', 1, ['ram_end']),
    ('no highmem', 'machine profile=x86_32-4.15 ram_end=10000000\npage P1\n', 2, ['highmem']),
    ('no end', HEAD + 'page P1\n', 3, ['cut', 'whole file']),
    ('after the end', HEAD + 'end x\npage P1\n', 4, ['after the `end` line']),
    ('lines missing', HEAD + 'page P1\nend x ops=3\n', 4, ['lines are missing']),
    ('short line', HEAD + 'op 1 0 T0\nend x\n', 3, ['too short']),
    ('no field', HEAD + 'page P1 pfn\nend x\n', 3, ['NAME=VALUE']),
    ('undeclared page', 'op - 0 a task kmap P1 -\n', 1, ['page P1']),
    ('page twice', 'page P1\npage P1\n', 2, ['twice']),
    ('page name', 'page X1\n', 1, ['page name']),
    ('pfn', 'page P1 pfn=zz\n', 1, ['pfn=zz']),
    ('no such frame', 'page P1 pfn=fffffff\n', 1, ['no frame']),
    ('taken frame', 'page P1 pfn=70000\npage P2 pfn=70000\n', 2, ['another page']),
    ('cpu', 'page P1\nop - 9 a task kmap P1 -\n', 2, ['CPU 9']),
    ('cpu number', 'page P1\nop - x a task kmap P1 -\n', 2, ['CPU x']),
    ('moved', 'page P1\nop - 0 a task kmap P1 -\nop - 1 a task kmap P1 -\n', 3, ['thread a']),
    ('context', 'page P1\nop - 0 a nowhere kmap P1 -\n', 2, ['nowhere']),
    ('operation', 'page P1\nop - 0 a task frobnicate P1 -\n', 2, ['frobnicate']),
    ('not in that version', 'machine profile=i386-2.6.12\nop - 0 a task kmap_flush_unused - -\n', 2, ['kmap_flush_unused', 'i386-2.6.12']),
    ('type missing', 'machine profile=i386-2.6.12\npage P1\nop - 0 a task kmap_atomic P1 -\n', 3, ['type=KM_USER0']),
    ('type too much', 'machine profile=x86_32-4.15\npage P1\nop - 0 a task kmap_atomic P1 - type=3\n', 3, ['type=']),
    ('type unknown', 'machine profile=i386-2.6.12\npage P1\nop - 0 a task kmap_atomic P1 - type=KM_X\n', 3, ['KM_X']),
    ('no fix', 'op - 0 a task set_fixmap - - phys=1000\n', 1, ['name=']),
    ('unknown fix', 'op - 0 a task set_fixmap - - name=FIX_X phys=1000\n', 1, ['FIX_X']),
    ('no phys', 'op - 0 a task set_fixmap - - fix=1\n', 1, ['phys=']),
    ('prot', 'op - 0 a task set_fixmap - - fix=1 phys=0 prot=NICE\n', 1, ['NICE']),
    ('address', 'op - 0 a task peek - xyz\n', 1, ['address']),
    ('ev of nobody', 'ev thread W0 state=D\n', 1, ['thread']),
    ('late machine', 'page P1\nmachine profile=x86_32-4.15\n', 2, ['too late']),
    ('version', 'V 2 kernel=x\nend x\n', 1, ['version 2']),
    ('long thread name', 'page P1\nop - 0 abcdefghijklmnopqrst task kmap P1 -\n', 2, ['longer']),
    ('number', 'layout PAGE_OFFSET=zzz\n', 1, ['zzz']),
    ('empty', '', 0, ['empty']),
    ('long line', 'mark ' + 'x' * 100000 + '\n', 1, ['not a trace']),
    ('many words', 'mark' + ' x' * 300 + '\n', 1, ['too many words']),
]


def check(fixmap, what, path, line, words, options=()):
    done = run([fixmap, 'replay', *options, path])
    errors = done.stderr.splitlines()
    if done.returncode != 2 or len(errors) != 1 or not errors[0].startswith(f'{path}:{line}: '):
        fail(f'{what}: status {done.returncode}\n{done.stdout}{done.stderr}')
    for word in words:
        if word not in errors[0]:
            fail(f'{what}: "{word}" is not in: {errors[0]}')


def check_usage(fixmap, trace):
    for arguments in ([], ['--what', trace], ['-o', trace], ['-o'], ['--max-differences=x', trace], ['/nonexistent/trace'], ['/'],
                      ['--fill', trace, trace], ['-p', 'nonsense', trace], ['-o', 'WHAT=1', trace], ['-o', 'trace=/nonexistent/x', trace]):
        done = run([fixmap, 'replay', *arguments])
        if done.returncode != 2 or len(done.stderr.splitlines()) != 1:
            fail(f'replay {arguments}: status {done.returncode}\n{done.stderr}')


def check_closed_pipe(fixmap, traces):
    """Nobody reads: one line, status 2, no signal."""
    for options in ([], ['--fill']):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([fixmap, 'replay', *options, *traces[:1]], stdout=writer, stderr=subprocess.PIPE, text=True)
        os.close(writer)
        if done.returncode != 2 or 'standard output' not in done.stderr:
            fail(f'closed pipe {options}: status {done.returncode}\n{done.stderr[-2000:]}')


def main():
    fixmap, archives, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for i, (what, text, line, words) in enumerate(TEXTS):
        path = os.path.join(folder, f'{i}.trace')
        with open(path, 'w') as out:
            out.write(text)
        check(fixmap, what, path, line, words)
    # A sanitizer's shadow does not fit under a limit.
    with open(fixmap, 'rb') as program:
        limit = '' if re.search(b'__[at]san_init', program.read()) else 'ulimit -v 4000000; '
    done = run(['sh', '-c', limit + 'exec "$0" replay /dev/zero', fixmap])
    if done.returncode != 2 or 'the line is far too long' not in done.stderr:
        fail(f'a line without end: status {done.returncode}\n{done.stderr}')
    traces = unpack(os.path.join(archives, '4.15.tar.xz'), folder)
    local = next(t for t in traces if t.endswith('/local.trace'))
    with open(local, 'rb') as trace:
        whole = trace.read()
    for size in range(200, len(whole) - 1, len(whole) // 40):
        cut = os.path.join(folder, 'cut.trace')
        with open(cut, 'wb') as out:
            out.write(whole[:size])
        done = run([fixmap, 'replay', cut])
        if done.returncode != 2 or 'cut' not in done.stderr and 'whole file' not in done.stderr and 'too short' not in done.stderr:
            fail(f'cut at {size}: status {done.returncode}\n{done.stdout}{done.stderr}')
    crlf = os.path.join(folder, 'crlf.trace')
    with open(crlf, 'wb') as out:
        out.write(whole.replace(b'\n', b'\r\n'))
    done = run([fixmap, 'replay', crlf])
    if done.returncode:
        fail(f'CRLF: status {done.returncode}\n{done.stdout}{done.stderr}')
    check(fixmap, 'binary', os.path.join(archives, '4.15.tar.xz'), 1, ['not a trace'])
    check_usage(fixmap, local)
    check_closed_pipe(fixmap, traces)


main()
