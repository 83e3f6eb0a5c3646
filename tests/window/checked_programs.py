#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that users build with what `fixmap cflags` prints: each access where it is hardest to judge, with gcc and clang, beside
units without checks and in a program that is itself built with AddressSanitizer.

    checked_programs.py FIXMAP SOURCE-INCLUDE BUILD-INCLUDE LIBRARY-DIR"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FIXMAP, INCLUDE, BUILT_INCLUDE, LIBRARY = (os.path.abspath(a) for a in sys.argv[1:])
HERE = pathlib.Path(__file__).resolve().parent / 'checked_programs'
LINE = {name: 1 + next(i for i, line in enumerate((HERE / name).read_text().splitlines()) if 'HERE' in line)
        for name in ('kernel.c', 'unchecked.c')}

# What the program is told for each access; None: nothing but the two leaks at its end.
STALE = 'read of fffbb000 after its mapping was undone; its slot is mapped again', 'use_stale+', f'kernel.c:{LINE["kernel.c"]}'
EXPECTED = {
    'nothing': (),
    'stale': STALE,
    'signal': (*STALE, 'in_handler+'),
    'stranger': ('a thread that sits on no vCPU touched fffbb000: call fxm_attach() in it first',),
    'destroyed': ('this pointer is into a machine that has been destroyed',),
    'fork': ('this machine was made before fork()',),
    'host': (),
}
# Without checks in one unit, its own use after unmap is a page fault of the host.
MIXED = {'mixed': ('write of fffba000: kmap_local slot 1 of CPU 0 is not mapped', f'unchecked.c:{LINE["unchecked.c"]}'), 'nothing': ()}
failed = 0


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def build(where, compiler, sanitizer, mixed):
    flags = subprocess.run([FIXMAP, 'cflags', '-p', 'x86_32-6.1'], capture_output=True, text=True, check=True,
                           env={**os.environ, 'CC': compiler}).stdout.split()
    unchecked = subprocess.run([FIXMAP, 'cflags', '-p', 'x86_32-6.1', '-o', 'window=strict'], capture_output=True, text=True,
                               check=True, env={**os.environ, 'CC': compiler}).stdout.split()
    units = [('kernel', flags), ('main', [f'-I{INCLUDE}', f'-I{BUILT_INCLUDE}', *sanitizer, *(['-DMIXED'] if mixed else [])])]
    if mixed:
        units.append(('unchecked', unchecked))
    for name, more in units:
        p = run(compiler, '-g', '-O1', *more, '-c', str(HERE / f'{name}.c'), '-o', f'{where}/{name}.o')
        if p.returncode:
            return p.stderr
    p = run(compiler, *sanitizer, *(f'{where}/{name}.o' for name, _ in units), f'-L{LIBRARY}', '-lfixmap', f'-Wl,-rpath,{LIBRARY}',
            '-lpthread', '-o', f'{where}/program')
    return p.stderr if p.returncode else None


def judge(name, what, expected, output):
    global failed
    missing = [words for words in expected if words not in output]
    # what ends on purpose says "end"; what dies has been told why
    told = output.count('==== finding') - output.count('==== finding: leak')
    wrong = missing or (not expected and (told or 'end' not in output.split('\n') or 'Sanitizer' in output))
    failed += bool(wrong)
    print(f'{name}: {what}: {"FAILED" if wrong else "ok"}')
    if wrong:
        print('\n'.join(missing), '\n--\n', output[-3000:])


for compiler in ('gcc', 'clang'):
    if not shutil.which(compiler):
        print(f'{compiler}: not here')
        continue
    for title, sanitizer, mixed in (('', [], False), (' with AddressSanitizer', ['-fsanitize=address'], False), (' mixed', [], True)):
        with tempfile.TemporaryDirectory() as where:
            error = build(where, compiler, sanitizer, mixed)
            if error:
                failed += 1
                print(f'{compiler}{title}: does not build\n{error}')
                continue
            for what, expected in (MIXED if mixed else EXPECTED).items():
                # The program ends with leaks of the machine's; those of the host are not the question.
                p = subprocess.run([f'{where}/program', what], capture_output=True, text=True, timeout=120, check=False,
                                   env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0', 'FIXMAP_OPTIONS': 'detect=on'})
                judge(compiler + title, what, expected, p.stdout + p.stderr)
print(f'{failed} failed')
sys.exit(bool(failed))
