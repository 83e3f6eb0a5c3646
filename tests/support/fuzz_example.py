#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example of a user's fuzzer, with its mistake and without, as doc/programs.md builds it.

    fuzz_example.py EXAMPLE FIXMAP SOURCE-INCLUDE BUILD-INCLUDE LIBRARY-DIR"""
import os
import shutil
import subprocess
import sys
import tempfile

example, fixmap, include, built_include, library = (os.path.abspath(a) for a in sys.argv[1:])
MISTAKE = 1 + next(i for i, line in enumerate(open(example, encoding='utf-8')) if 'r->data[i]' in line)
clang = shutil.which('clang')
if not clang:
    print('clang is missing: its libFuzzer is what is tested')
    sys.exit(77)
flags = subprocess.run([fixmap, 'cflags'], capture_output=True, text=True, check=True,
                       env={**os.environ, 'CC': 'clang'}).stdout.split()


def fuzz(where, runs, *more):
    built = subprocess.run([clang, '-g', '-O1', *flags, '-fsanitize=fuzzer', *more, example, f'-I{include}', f'-I{built_include}',
                            f'-L{library}', '-lfixmap', f'-Wl,-rpath,{library}', '-o', f'{where}/fuzz'],
                           capture_output=True, text=True, check=False)
    if built.returncode:
        print(built.stderr)
        sys.exit(77 if 'libclang_rt.fuzzer' in built.stderr else 1)
    p = subprocess.run([f'{where}/fuzz', '-seed=1', f'-runs={runs}'], capture_output=True, text=True, check=False, cwd=where)
    return p.returncode, p.stderr


failed = 0
with tempfile.TemporaryDirectory() as where:
    status, text = fuzz(where, 1000000)
    for words in ('BUG: unable to handle page fault', f'11_fuzz.c:{MISTAKE}', 'Test unit written to'):
        if words not in text:
            failed += 1
            print(f'with the mistake: no "{words}" (status {status})\n{text[:2000]}')
    status, text = fuzz(where, 20000, '-DFIXED')
    if status or 'Done 20000 runs' not in text:
        failed += 1
        print(f'without the mistake: status {status}\n{text[-2000:]}')
sys.exit(failed)
