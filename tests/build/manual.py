#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The man page has every command and option that `fixmap help` tells and no other long option, and every environment variable
that tools/ reads: manual.py FIXMAP PAGE
"""
import glob
import os
import re
import subprocess
import sys

fixmap, page = sys.argv[1:]
with open(page, encoding='ascii') as f:
    manual = f.read()


def helped(*arguments):
    return subprocess.run([fixmap, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def options(text):
    return set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', text))


commands = re.findall(r'^  (\w+) {2,}', helped('--help'), re.M)
told = {'--help', '--version'}
problems = [f'the man page lacks *fixmap* *{c}*' for c in commands if f'*fixmap* *{c}*' not in manual]
for command in commands:
    told |= options(helped('help', command))
problems += [f'the man page lacks {o}' for o in sorted(told - options(manual))]
problems += [f'the man page has {o}, which no help tells' for o in sorted(options(manual) - told)]
for source in glob.glob(os.path.join(os.path.dirname(page), '..', 'tools', '*.c')):
    with open(source, encoding='ascii') as f:
        problems += [f'the man page lacks *{name}*' for name in re.findall(r'getenv\("(\w+)"\)', f.read()) if f'\n*{name}*\n' not in manual]
print('\n'.join(problems + [f'{len(commands)} commands, {len(told)} options, {len(problems)} problems']))
sys.exit(bool(problems) or not commands)
