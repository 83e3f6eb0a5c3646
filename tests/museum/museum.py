#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The museum: museum.py FIXMAP FOLDER KEPT [--all-modes], or museum.py --table MUSEUM.md [--write]

Runs every program of programs.py as it is and with after=1, under each of its profiles: one report, of the expected kind and at the
line marked HERE, then none. The first profile of each kind is run in the other window modes too, with --all-modes each is. What is
compiled stays in KEPT for the next run. --table compares the table in that file with what programs.py comes to, --write writes it.
"""
import concurrent.futures
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from programs import BLIND, NAMES, PROGRAMS  # noqa: E402
from reports import compiled, has_places, insmod, options, reports, stamp_of  # noqa: E402

MODES = 'checked', 'strict', 'eager', 'retain'


def marked_line(path):
    with open(path, encoding='utf-8') as f:
        lines = [number for number, line in enumerate(f, 1) if '/* HERE */' in line]
    assert len(lines) == 1, f'{path}: {len(lines)} lines are marked HERE'
    return lines[0]


class Run:
    """A program under one profile. It is compiled once; the other runs take what insmod kept."""

    def __init__(self, program, kind, options, modes):
        self.program, self.kind, self.options, self.modes = program, kind, options, modes
        self.path = os.path.join(folder, program['name'] + '.c')

    def insmod(self, where, mode, after):
        kept = [name for name in os.listdir(where) if name.endswith('.so')]
        module = os.path.join(where, kept[0]) if kept else self.path
        status, log, errors = insmod(fixmap, [*options(self.options), '-o', 'window=' + mode, *([] if kept else ['--keep', where]), module,
                                              *(['after=1'] if after else [])], where)
        return status, log + errors, errors

    def expected(self, status, text):
        found = list(reports(text))
        kinds = list(self.kind) if isinstance(self.kind, tuple) else [self.kind]
        if status != 1:
            yield f'status {status}, expected 1'
        if [kind for kind, _, _ in found] != kinds:
            yield f'reports {[kind for kind, _, _ in found]}, expected {kinds}'
            return
        _, body, line = found[0]
        if line != marked_line(self.path) and places:
            yield f'the report names line {line}, expected {marked_line(self.path)}'
        if not re.search(self.program['says'], body):
            yield f'the report has no /{self.program["says"]}/'

    def checks(self):
        """What is wrong, check by check."""
        for mode in self.modes:
            # the compiler's checks are the mode's
            with compiled(kept, f'{self.program["name"]} {self.options}' + ' checked' * (mode == 'checked'), stamp) as where:
                for after in (False, True):
                    status, log, errors = self.insmod(where, mode, after)
                    if after or self.kind in BLIND and mode in self.program['blind']:
                        bad = [] if status == 0 and not errors else [f'status {status}, expected 0 and no report']
                    else:
                        bad = list(self.expected(status, errors))
                    name = f'{self.program["name"]}, {"after" if after else "before"}, {self.options}, window={mode}'
                    yield [f'{name}: {problem}' for problem in bad] + ['  ' + line for line in log.splitlines() if bad]


def run_all():
    runs = [Run(program, kind, options, MODES if i == 0 or '--all-modes' in sys.argv else MODES[:1])
            for program in PROGRAMS for kind, profiles in program['runs'] for i, options in enumerate(profiles)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        checks = [check for result in pool.map(lambda run: list(run.checks()), runs) for check in result]
    bad = [check for check in checks if check]
    for check in bad:
        print('\n'.join(check))
    files = {name[:-2] for name in os.listdir(folder) if name.endswith('.c')}
    strays = files.symmetric_difference(program['name'] for program in PROGRAMS)
    if strays:
        print(f'programs and files differ: {sorted(strays)}')
    if not places:
        print('lines are not checked: no libdw')
    print(f'{len(checks)} checks, {len(bad) + len(strays)} problems')
    return bool(bad or strays or not checks)


TABLE_HEAD = '''# The museum

One small program for each kind of mapping mistake that really happened, in `tests/museum/`. As it is, a program has the mistake and
`fixmap insmod` gives one report, at the line that is marked `HERE`; with `after=1` it is corrected and there is none:

    fixmap insmod -p x86_32-6.1 tests/museum/copy_order.c
    fixmap insmod -p x86_32-6.1 tests/museum/copy_order.c after=1

Settings behind a profile go into `-o`. All programs are run in the window modes checked, strict, eager and retain. Where one of them sees nothing
the table says so. In retain a page stays reachable after its mapping ends, as a stale TLB entry would have it, until its slot gets another
page. In eager a page is there at once, so nobody's first touch of it is seen.

No program here for what a pointer in the window cannot show at all: a stale TLB entry on one CPU, because the window is one TLB for all.
`fxm_read()`, `fxm_write()`, `fxm_copy()` and `fxm_fill()` show it: detector `stale-tlb`. An access that runs off its page into another
mapping looks like any other in the window; memcpy(), memmove() and memset() tell their length, and gcc, which `fixmap insmod` has test the accesses
through a mapping's pointer, finds those that it can follow within a function. A pointer of another CPU is seen at the first touch
only, before its owner has touched the page.

| bug | where it happened | named by | profiles | file |
|---|---|---|---|---|
'''


def named_by(program):
    names = []
    for kind, options in program['runs']:
        names.append(NAMES.get(kind, f'`{kind}`') + (f' ({options[0].partition(",")[0]})' if names else ''))
    if program['blind']:
        names[-1] += ', not with window=' + ', '.join(program['blind'])
    return '; '.join(names)


def table_row(program):
    profiles = [option.replace(',', ' ', 1) for _, options in program['runs'] for option in options]
    cells = (program['bug'], program['happened'] or '-', named_by(program), ', '.join(profiles),
             f'[{program["name"]}.c](../tests/museum/{program["name"]}.c)')
    return '| ' + ' | '.join(cells) + ' |\n'


def table(path, write):
    """Compares the table with what programs.py comes to, or writes it."""
    text = TABLE_HEAD + ''.join(map(table_row, PROGRAMS))
    with open(path, 'r+' if write else 'r', encoding='utf-8') as f:
        same = f.read() == text
        if not same and write:
            f.seek(0)
            f.truncate()
            f.write(text)
    if not same and not write:
        print(f'{path}: not what programs.py comes to; write it with --table MUSEUM.md --write')
    print(f'{len(PROGRAMS)} programs, {int(not same)} problems')
    return not same and not write


if sys.argv[1] == '--table':
    sys.exit(table(sys.argv[2], '--write' in sys.argv))
fixmap, folder, kept = map(os.path.abspath, sys.argv[1:4])
stamp = stamp_of(fixmap, folder)
places = has_places(fixmap)
sys.exit(run_all())
