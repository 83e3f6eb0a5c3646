#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rooms.py FOLDER LEAST ROOM... -- LIBRARY...
rooms.py --files FOLDER FILE... -- LIBRARY

The rooms of FOLDER, lowest first, and the static library of each, as its meson.build declares them. Read from the objects: a room
uses what it and the rooms before it define, and nothing of a room after it. A use upwards is named with its file and symbol. Besides:
there are LEAST rooms or more, every folder is one, and neither a room nor a file grows beyond what can be taken in. With --files each
FILE of one library is a room of its own.
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


def upward_uses(order, found):
    """@found: (room, file, kind, symbol). Yields (room, file, symbol, room that defines it, file there)."""
    defined = {symbol: (room, name) for room, name, kind, symbol in found if kind != 'U' and kind.isupper()}
    if not defined:
        sys.exit('nm finds no symbol in the libraries')
    for room, name, kind, symbol in found:
        if kind == 'U' and symbol in defined and order.index(defined[symbol][0]) > order.index(room):
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


def files_of(order, library):
    return [(name, name, kind, symbol) for name, kind, symbol in symbols(library) if name in order]


def files_of_rooms(order, libraries):
    return [(room, name.removeprefix(room + '_'), kind, symbol)
            for room, library in zip(order, libraries) for name, kind, symbol in symbols(library)]


def problems_of_rooms(folder, order, least):
    if len(order) < least:
        yield f'{len(order)} rooms, fewer than {least}'
    for d in sorted(os.listdir(folder)):
        if os.path.isdir(os.path.join(folder, d)) and d not in [*order, 'include']:
            yield f'{d}: a folder that meson.build does not call a room'
    yield from sizes(folder, order)


def main():
    by_file = sys.argv[1] == '--files'
    folder, *rest = sys.argv[1 + by_file:]
    least = 0 if by_file else int(rest.pop(0))
    split = rest.index('--')
    order, libraries = rest[:split], rest[split + 1:]
    part = os.path.basename(folder)
    wrong = [] if by_file else list(problems_of_rooms(folder, order, least))
    found = files_of(order, *libraries) if by_file else files_of_rooms(order, libraries)
    pairs = collections.defaultdict(list)
    for room, name, symbol, above, there in upward_uses(order, found):
        pairs[room, above].append(f'    {name} uses {symbol} of {there}')
    uses = sum(map(len, pairs.values()))
    summary = f'{part}: {len(order)} {"files" if by_file else "rooms"}, {uses} uses upwards, {len(wrong)} other problems'
    for (room, above), lines in sorted(pairs.items(), key=lambda p: [order.index(r) for r in p[0]]):
        wrong += [f'{room} -> {above}, which comes after it:', *sorted(lines)]
    for line in wrong:
        print(line if line.startswith(' ') else f'{part}/{line}')
    print(summary)
    return 1 if wrong else 0


sys.exit(main())
