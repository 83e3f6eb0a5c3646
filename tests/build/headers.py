#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, twice included, in every language it promises: headers.py GENERATED_DIR HEADER... -- CC... [-- CXX...]"""
import os
import subprocess
import sys


def split(words):
    part = [[]]
    for word in words:
        if word == '--':
            part.append([])
        else:
            part[-1].append(word)
    return part


paths, *compilers = split(sys.argv[1:])
folders = sorted({os.path.dirname(os.path.dirname(p)) for p in paths})
standards = [('c', ['c11', 'c17']), ('c++', ['c++11', 'c++17'])]
failed = done = 0
for compiler, (language, versions) in zip(compilers, standards):
    for version in versions:
        for path in paths:
            name = 'fixmap/' + os.path.basename(path)
            command = compiler + [f'-std={version}', '-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Wundef', '-Werror', '-x', language]
            command += [f'-I{f}' for f in folders] + ['-']
            run = subprocess.run(command, input=f'#include <{name}>\n#include <{name}>\nint main(void) {{ return 0; }}\n',
                                 capture_output=True, text=True, check=False)
            done += 1
            if run.returncode:
                failed += 1
                print(f'{name} as {version}:\n{run.stderr}')
print(f'{done} compilations, {failed} failed')
sys.exit(failed > 0 or done == 0)
