#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md and the pages of doc/ show is what happens: readme.py SOURCE_ROOT TOOL_DIR

Each command `$ ...` of a ```console block that calls fixmap is run in a folder that has what the source root has; the lines below it must be its output,
standard output and error as they come. A line `...` stands for any lines, a time [    0.000123] for any time, an offset
+0x1f for any offset. A ```c block must be the text of a file in examples/. A link must lead to a file, and a page of doc/ must be
reached from README.md. README.md stays short: at most 200 lines of 100 columns.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

# In the escaped text: what may differ from run to run or from compiler to compiler.
STANDS_FOR = [
    (r'\\\.\\\.\\\.\\\n', r'(?:.*\\n)*?'),
    (r'\\\[(?:\\ )+\d+\\\.\d{6}\\\]', r'\\[ *\\d+\\.\\d{6}\\]'),
    (r'\\\+0x[0-9a-f]+', r'\\+0x[0-9a-f]+'),
]

root, tools = sys.argv[1:]
PAGES = {}
for path in [os.path.join(root, 'README.md'), *sorted(glob.glob(f'{root}/doc/*.md'))]:
    with open(path, encoding='ascii') as f:
        PAGES[os.path.relpath(path, root)] = f.read()
env = {**os.environ, 'PATH': tools + os.pathsep + os.environ['PATH'], 'LC_ALL': 'C.UTF-8'}
for name in ('FIXMAP_OPTIONS', 'CC'):
    env.pop(name, None)
examples = []
for name in glob.glob(f'{root}/examples/**/*.c', recursive=True):
    with open(name, encoding='ascii') as f:
        examples.append(f.read())
ran = failed = 0


def links(page):
    """The files that a page links to, from the root."""
    targets = re.findall(r'\]\(([^)#]+?)(?:#[^)]*)?\)|^\[[^\]]+\]: (\S+)$', PAGES[page], re.M)
    return {os.path.normpath(os.path.join(os.path.dirname(page), a or b)) for a, b in targets if '://' not in a + b}


# What a command writes goes away with the folder.
scratch = tempfile.TemporaryDirectory()
here = scratch.name
for name in os.listdir(root):
    os.symlink(os.path.join(root, name), os.path.join(here, name))
readme = PAGES['README.md'].splitlines()
problems = [f'README.md:{number}: longer than 100 columns' for number, line in enumerate(readme, 1) if len(line) > 100]
problems += [f'README.md: {len(readme)} lines, at most 200'] * (len(readme) > 200)
problems += [f'{page}: no file {target}' for page in PAGES for target in links(page) if not os.path.exists(os.path.join(root, target))]
reached = set.union(*(links(page) for page in PAGES))
problems += [f'{page}: no page leads here' for page in PAGES if page != 'README.md' and page not in reached]
failed += len(problems)
print('\n'.join(problems))

for page, (language, text) in ((page, block) for page, whole in PAGES.items()
                               for block in re.findall(r'^```(\w+)\n(.*?)^```$', whole, re.M | re.S)):
    if language == 'c' and not any(text in example for example in examples):
        print(f'{page}: no file in examples/ has this text:\n{text}')
        failed += 1
    if language != 'console':
        continue
    for command, shown in re.findall(r'^\$ (.*\bfixmap .*)\n((?:(?!\$ ).*\n)*)', text, re.M):
        # The shell would cut the flags at the blank.
        if ' ' in root and '$(' in command:
            continue
        run = subprocess.run(command, shell=True, cwd=here, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60, check=False)
        got = re.sub(r' +$', '', run.stdout.decode('utf-8', 'replace'), flags=re.M)
        pattern = re.escape(shown)
        for what, stands_for in STANDS_FOR:
            pattern = re.sub(what, stands_for, pattern)
        ran += 1
        if not re.fullmatch(pattern, got):
            failed += 1
            print(f'$ {command}\n--- {page} shows\n{shown}--- it printed (status {run.returncode})\n{got}')
# What a lesson says to run: it must at least be a command, whatever it finds.
for command in re.findall(r'^\|.*`(fixmap .*)` \|$', PAGES['doc/teaching.md'], re.M):
    run = subprocess.run(command, shell=True, cwd=here, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=60, check=False)
    ran += 1
    if run.returncode not in (0, 1):
        failed += 1
        print(f'doc/teaching.md: $ {command}: status {run.returncode}\n{run.stdout.decode("utf-8", "replace")}')
print(f'{ran} commands run, {failed} problems')
sys.exit(failed > 0 or ran == 0)
