#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much of a kernel tree can be compiled: count.py FIXMAP TREE

Of the files below lib/, crypto/, mm/ and fs/ that call a function of the kmap family, how many compile by themselves (`insmod -K TREE
--check`), and what the others miss most often.
"""
import collections
import glob
import os
import re
import subprocess
import sys

fixmap, tree = map(os.path.abspath, sys.argv[1:3])
FAMILY = re.compile(r'\b(kmap(_atomic|_local)?(_page|_folio|_pfn)?(_prot)?|kmap_to_page|kunmap(_atomic|_local)?|mem(cpy|set|zero)_(to_|from_)?page'
                    r'|memcpy_page|zero_user\w*|(clear|copy)_highpage)\(')


def calls(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return FAMILY.search(f.read())


files = [path for part in ('lib', 'crypto', 'mm', 'fs') for path in sorted(glob.glob(f'{tree}/{part}/**/*.c', recursive=True)) if calls(path)]
done = subprocess.run([fixmap, 'insmod', '-K', tree, '--check', *files], capture_output=True, text=True, check=False)
missing = collections.Counter()
for line in done.stderr.splitlines():
    needs = re.search(r'needs (\S+), and the subsystem of that is not there: (.*); headers of your own', line)
    error = re.search(r'error: (.*?)(; did you mean.*)?( \[-W.*)?$', line)
    if needs:
        missing[f'{needs[1]}: {needs[2]}'] += 1
    elif error:
        missing[error[1]] += 1
for what, n in missing.most_common(25):
    print(f'{n:5} {what}')
print(done.stdout.splitlines()[-1] if done.stdout else done.stderr)
