#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `fixmap layout` against what layouts.txt has of the facts: layouts.py FIXMAP LAYOUTS.TXT

Prints how many rows of each table were checked.
"""
import json
import re
import subprocess
import sys

fixmap, listed = sys.argv[1:]
layouts = {}
failed = 0


def layout(words):
    if words not in layouts:
        profile, *settings = words.split(',')
        options = [o for s in settings for o in ('-o', s)]
        run = subprocess.run([fixmap, 'layout', '--json', '-p', profile, *options], capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f'{words}: {run.stderr}')
        layouts[words] = json.loads(run.stdout)
    return layouts[words]


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def values(name, facts):
    """Index and address of a fixed address; else a number."""
    for fixed in facts['fixed']:
        if fixed['name'] == name:
            return fixed['index'], number(fixed['address'])
    for kind in ('values', 'protections', 'km_types'):
        if name in facts[kind]:
            return number(facts[kind][name]), None
    return None, None


def holds(expected, facts):
    name, sign, value = re.fullmatch(r'(.*?)([=@])(.*)', expected).groups()
    first, address = values(name, facts)
    if sign == '=':
        return first == (int(value, 16) if value else None)
    index, _, at = value.partition(':')
    return first == int(index) and (not at or address == int(at, 16))


def check(row, words, expectations):
    global failed
    facts = layout(words)
    for expected in expectations:
        if not holds(expected, facts):
            failed += 1
            print(f'{row}: {words}: expected {expected}, got {values(re.split("[=@]", expected)[0], facts)}')


rows = {}
table = None
with open(listed, encoding='utf-8') as f:
    for line in f:
        line = line.rstrip('\n')
        if not line or line.startswith(('#', 'left out ')):
            continue
        if line.startswith(('table ', 'text ')):
            table = line
            rows[table] = set()
            continue
        name, words, expectations = (part.strip() for part in line.split(' ; '))
        check(f'{table}: {name}', words, expectations.split())
        rows[table].add(name)
for table, names in rows.items():
    print(f'{table}: {len(names)} rows')
print(f'{sum(len(n) for n in rows.values())} rows, {failed} differences')
sys.exit(failed > 0 or not rows)
