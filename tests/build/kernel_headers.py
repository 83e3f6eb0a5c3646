#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The headers of the kernel tier: kernel_headers.py FIXMAP SOURCE_ROOT CC...

Each compiles alone with the flags of the default profile; all of them together with those of every profile and page-table width.
"""
import glob
import os
import shlex
import subprocess
import sys

fixmap, root, *cc = sys.argv[1:]
folder = os.path.join(root, 'include/kernel')
kinds = [folder, f'{folder}/standin', f'{folder}/empty']
headers = sorted(os.path.relpath(h, kind) for kind in kinds for h in glob.glob(f'{kind}/**/*.h', recursive=True))
headers = ['fixmap/kernel.h'] + [h for h in headers if h.startswith(('linux/', 'asm/'))]
failed = done = 0


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compiles(what, names, flags):
    global failed, done
    text = ''.join(f'#include <{name}>\n' for name in names)
    run = subprocess.run(cc + flags + ['-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', '-'], input=text,
                         stderr=subprocess.PIPE, text=True, check=False)
    done += 1
    if run.returncode:
        failed += 1
        print(f'{what}:\n{run.stderr}')


for header in headers:
    compiles(header, [header], shlex.split(output(fixmap, 'cflags')))
for line in output(fixmap, 'profiles').splitlines():
    profile = line.split()[0].lstrip('*')
    if profile.startswith(('arm64', 'x86_64')):
        continue
    for pae in ('0', '1') if '86' in profile else ('0',):
        compiles(f'{profile} pae={pae}', headers + headers, shlex.split(output(fixmap, 'cflags', '-p', profile, '-o', f'pae={pae}')))
print(f'{done} compilations, {failed} failed')
sys.exit(failed > 0 or done < 3)
