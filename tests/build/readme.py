#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md shows is what happens: readme.py SOURCE_ROOT TOOL_DIR

Each command `$ ...` of a ```console block that calls fixmap is run in the source root; the lines below it must be its output,
standard output and error as they come. A line `...` stands for any lines, a time [    0.000123] for any time, an offset
+0x1f for any offset. A ```c block must be the text of a file in examples/.
"""
import glob
import os
import re
import subprocess
import sys

# In the escaped text: what may differ from run to run or from compiler to compiler.
STANDS_FOR = [
    (r'\\\.\\\.\\\.\\\n', r'(?:.*\\n)*?'),
    (r'\\\[(?:\\ )+\d+\\\.\d{6}\\\]', r'\\[ *\\d+\\.\\d{6}\\]'),
    (r'\\\+0x[0-9a-f]+', r'\\+0x[0-9a-f]+'),
]

root, tools = sys.argv[1:]
with open(os.path.join(root, 'README.md'), encoding='ascii') as f:
    blocks = re.findall(r'^```(\w+)\n(.*?)^```$', f.read(), re.M | re.S)
env = {**os.environ, 'PATH': tools + os.pathsep + os.environ['PATH'], 'LC_ALL': 'C.UTF-8'}
for name in ('FIXMAP_OPTIONS', 'CC'):
    env.pop(name, None)
examples = []
for name in glob.glob(f'{root}/examples/**/*.c', recursive=True):
    with open(name, encoding='ascii') as f:
        examples.append(f.read())
ran = failed = 0

for language, text in blocks:
    if language == 'c' and not any(text in example for example in examples):
        print(f'no file in examples/ has this text:\n{text}')
        failed += 1
    if language != 'console':
        continue
    for command, shown in re.findall(r'^\$ (.*\bfixmap .*)\n((?:(?!\$ ).*\n)*)', text, re.M):
        # The shell would cut the flags at the blank.
        if ' ' in root and '$(' in command:
            continue
        run = subprocess.run(command, shell=True, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60, check=False)
        got = re.sub(r' +$', '', run.stdout.decode('utf-8', 'replace'), flags=re.M)
        pattern = re.escape(shown)
        for what, stands_for in STANDS_FOR:
            pattern = re.sub(what, stands_for, pattern)
        ran += 1
        if not re.fullmatch(pattern, got):
            failed += 1
            print(f'$ {command}\n--- README.md shows\n{shown}--- it printed (status {run.returncode})\n{got}')
print(f'{ran} commands run, {failed} problems')
sys.exit(failed > 0 or ran == 0)
