#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fixmap layout` against what real kernels came to: layout.py FIXMAP ARCHIVE...

For every machine line of the recorded traces the JSON has each layout, prot, enum, kmtype, btslot and config record that
follows it. The table and the map show the same numbers.
"""
import json
import subprocess
import sys
import tarfile

fixmap, *archives = sys.argv[1:]
machines = {}
failed = 0


def output(*arguments):
    return subprocess.run([fixmap, *arguments], check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout


def number(text):
    return int(text, 0)


def collect(lines):
    """Records by machine line."""
    records = None
    for line in lines:
        kind, _, rest = line.rstrip('\n').partition(' ')
        if kind == 'machine':
            records = machines.setdefault(rest, set())
        elif records is not None and kind in ('layout', 'prot', 'enum', 'kmtype', 'btslot', 'config'):
            records.add((kind, rest))


def json_has(layout, kind, rest):
    if kind == 'layout':
        name, value = rest.rsplit('=', 1)
        got = layout['values'].get(name)
        return got is not None and number(str(got)) == number(value)
    if kind == 'prot':
        name, value = rest.split('=')
        return number(layout['protections'].get(name, '-1')) == number(value)
    if kind == 'config':
        name, value = rest.removeprefix('CONFIG_').split('=')
        return layout['config'].get(name) == number(value)
    if kind == 'kmtype':
        name, value = rest.split()
        return layout['km_types'].get(name) == int(value)
    if kind == 'btslot':
        slot, address = rest.split()
        return number(layout['early_ioremap_slots'][int(slot)]) == int(address, 16)
    name, index, address = rest.split()[:3]
    return {'name': name, 'index': int(index), 'address': hex(int(address, 16))} in layout['fixed']


def check(words, records):
    global failed
    options = ['-o', words.replace(' ', ',')]
    layout = json.loads(output('layout', '--json', *options))
    wrong = [f'{kind} {rest}' for kind, rest in sorted(records) if not json_has(layout, kind, rest)]
    table = output('layout', *options)
    drawn = output('layout', '--map', *options)
    for fixed in layout['fixed']:
        if not any(line.split() == [str(fixed['index']), fixed['address'], fixed['name']] for line in table.splitlines()):
            wrong.append(f'the table has no {fixed}')
    for region in layout['regions']:
        bars = [line.split('|')[1] for line in drawn.splitlines() if line.split()[:2] == [region['name'], region['start']]]
        if not bars or any(len(bar) != 64 or '#' not in bar for bar in bars):
            wrong.append(f'the map has no {region}')
    failed += len(wrong)
    if wrong:
        print(f'{words}\n  ' + '\n  '.join(wrong[:10]))
    return len(records)


for archive in archives:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith('.trace'):
                collect(tar.extractfile(member).read().decode('ascii').splitlines())
checked = sum(check(words, records) for words, records in machines.items())
print(f'{len(machines)} machines, {checked} records, {failed} problems')
sys.exit(failed > 0 or checked < 60 * len(archives))
