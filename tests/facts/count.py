#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the rows of the tables in the facts and compares them with what the tests say they checked:

    FIXMAP_FACTS=FOLDER count.py LAYOUTS.TXT [-- COMMAND...]...

Each COMMAND prints "table FILE | HEADING | N: ROWS rows": the Nth table below that heading. Every table of a file that some command
speaks of is either checked or named as left out in LAYOUTS.TXT, with the reason. Status 77 without FIXMAP_FACTS.
"""
import collections
import itertools
import os
import re
import subprocess
import sys


def tables_of(path):
    """(heading, number below it) -> rows."""
    found, heading, number = collections.OrderedDict(), '', 0
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    for at, line in enumerate(lines):
        if line.startswith('#'):
            heading, number = line.lstrip('# '), 0
        elif re.match(r'\|[ :|-]+\|$', line) and '---' in line:
            number += 1
            body = itertools.takewhile(lambda l: l.startswith('|'), lines[at + 1:])
            found[heading, number] = len(list(body))
    return found


def find(tables, heading, number):
    """The table's key: the heading as it stands, else the one that begins with it, else the one that has it."""
    for fits in (str.__eq__, str.startswith, str.__contains__):
        keys = [k for k in tables if fits(k[0], heading) and k[1] == number]
        if keys:
            return keys[0]
    return None


folder = os.environ.get('FIXMAP_FACTS')
if not folder:
    print('FIXMAP_FACTS does not name the folder of the documents: nothing to count')
    sys.exit(77)
listed, *rest = sys.argv[1:]
commands = [list(c) for dash, c in itertools.groupby(rest, lambda w: w == '--') if not dash]
claims = []
for command in commands:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f'{command}: status {run.returncode}\n{run.stdout[-2000:]}{run.stderr[-2000:]}')
    claims += [(f, h, int(n), int(r)) for f, h, n, r in re.findall(r'^table (\S+) \| (.*) \| (\d+): (\d+) rows$', run.stdout, re.M)]
with open(listed, encoding='utf-8') as f:
    left_out = [(n, h, int(t)) for n, h, t in re.findall(r'^left out (\S+) \| (.*?) \| (\d+) \| .+$', f.read(), re.M)]

problems = checked = 0
files = {name: tables_of(os.path.join(folder, name)) for name in sorted({c[0] for c in claims})}
seen = set()
for name, heading, number, rows in claims:
    key = find(files[name], heading, number)
    seen.add((name, key))
    checked += rows
    actual = files[name].get(key)
    if rows != actual:
        problems += 1
        print(f'{name}, {heading}, table {number}: the document has {actual} rows, {rows} were checked')
seen |= {(name, find(files[name], heading, number)) for name, heading, number in left_out if name in files}
for name, tables in files.items():
    for key, rows in tables.items():
        if (name, key) not in seen:
            problems += 1
            print(f'{name}, {key[0]}, table {key[1]}: {rows} rows, neither checked nor left out with a reason')
print(f'{len(claims)} tables, {checked} rows checked; {len(left_out)} tables left out; {problems} problems')
sys.exit(problems > 0 or not claims)
