#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rooms.py FOLDER LEAST ROOM... -- LIBRARY...

The rooms of FOLDER, lowest first, and the static library of each, as its meson.build declares them. Read from the objects: a room
uses what it and the rooms before it define, and nothing of a room after it. A use upwards is named with its file and symbol. Besides:
there are LEAST rooms or more, every folder is one, and neither a room nor a file grows beyond what can be taken in.
"""
import collections
import os
import re
import subprocess
import sys

FILES_OF_A_ROOM, LINES_OF_A_FILE, LINES_OF_A_HEADER = 16, 700, 400


def symbols(library):
    """(file, kind as nm gives it, symbol) for each global symbol that an object of @library defines or uses."""
    text = subprocess.run(['nm', '--extern-only', library], capture_output=True, text=True, check=True).stdout
    name = None
    for line in text.splitlines():
        if member := re.fullmatch(r'(?:.*[/(])?([^/()]+)\.o\)?:', line):
            name = member[1]
        elif line:
            kind, symbol = line.split()[-2:]
            yield name, kind, symbol


def upward_uses(rooms, libraries):
    """(room, file, symbol, room that defines it, file there)"""
    found = [(room, *s) for room, library in zip(rooms, libraries) for s in symbols(library)]
    defined = {symbol: (room, name) for room, name, kind, symbol in found if kind != 'U' and kind.isupper()}
    if not defined:
        sys.exit('nm finds no symbol in the libraries')
    for room, name, kind, symbol in found:
        if kind == 'U' and symbol in defined and rooms.index(defined[symbol][0]) > rooms.index(room):
            yield (room, name, symbol, *defined[symbol])


def sizes(folder, rooms):
    for room in rooms:
        names = [n for n in sorted(os.listdir(os.path.join(folder, room))) if n.endswith(('.c', '.h'))]
        sources = [n for n in names if n.endswith('.c')]
        if len(sources) > FILES_OF_A_ROOM:
            yield f'{room}: {len(sources)} files, more than {FILES_OF_A_ROOM}'
        for name in names:
            with open(os.path.join(folder, room, name), encoding='ascii') as f:
                lines = sum(1 for _ in f)
            most = LINES_OF_A_FILE if name.endswith('.c') else LINES_OF_A_HEADER
            if lines > most:
                yield f'{room}/{name}: {lines} lines, more than {most}'


def main():
    folder, least, *rest = sys.argv[1:]
    split = rest.index('--')
    rooms, libraries = rest[:split], rest[split + 1:]
    part = os.path.basename(folder)
    wrong = []
    if len(rooms) < int(least):
        wrong.append(f'{len(rooms)} rooms, fewer than {least}')
    holds_code = (d for d in sorted(os.listdir(folder)) if os.path.isdir(os.path.join(folder, d)) and d != 'include')
    wrong += [f'{d}: a folder that meson.build does not call a room' for d in holds_code if d not in rooms]
    wrong += sizes(folder, rooms)
    pairs = collections.defaultdict(list)
    for room, name, symbol, above, there in upward_uses(rooms, libraries):
        pairs[room, above].append(f'    {name} uses {symbol} of {there}')
    for (room, above), uses in sorted(pairs.items(), key=lambda p: (rooms.index(p[0][0]), rooms.index(p[0][1]))):
        wrong += [f'{room} -> {above}, which comes after it:', *sorted(uses)]
    for line in wrong:
        print(line if line.startswith(' ') else f'{part}/{line}')
    uses = sum(map(len, pairs.values()))
    print(f'{part}: {len(rooms)} rooms, {uses} uses upwards, {len(wrong) - uses - len(pairs)} other problems')
    return 1 if wrong else 0


sys.exit(main())
