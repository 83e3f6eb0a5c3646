#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Generated programs, correct and with one mistake each.

For each row of PROGRAMS a program of four tasks is generated from a seed and compiled. It runs for a million operations without a
report. Then it runs with one mistake at a time: one report, of the mistake's kind and at its line, and nothing else but what the kernel
itself says of the consequences.
"""
import argparse
import concurrent.futures
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from blocks import ARM, LOCAL, STACK, TYPED  # noqa: E402
from generate import Program  # noqa: E402
from reports import KERNEL, has_places, insmod, options, reports  # noqa: E402

BLOCKS_PER_TASK = 19
# The generation of a program, and profile and settings of the machine: two tasks on each CPU, or one.
PROGRAMS = (
    (TYPED, 'i386-2.6.12,cpus=4'),
    (STACK, 'x86_32-5.10'),
    (STACK, 'x86_32-5.10,pae=1,cpus=4'),
    (ARM, 'arm-4.7'),
    (LOCAL, 'x86_32-6.1'),
    (LOCAL, 'x86_32-6.1,pae=1,cpus=4'),
    (STACK, 'x86_32-5.10,phase=reset'),
    (LOCAL, 'x86_32-6.1,phase=reset'),
)
ALWAYS = '-o', 'detect=on', '-o', 'DEBUG_ATOMIC_SLEEP=1'


class Case:
    """A generated program under one profile, compiled once."""

    def __init__(self, form, words, where):
        self.form, self.words, self.where = form, words, where
        self.program = Program(form, f'{words} {arguments.seed}', BLOCKS_PER_TASK, 'phase=' in words)
        self.rounds = -(-arguments.operations // self.program.operations)
        os.makedirs(where)
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, 'base.h'), encoding='utf-8') as base:
            self.write('base.h', base.read())
        self.write('program.c', self.program.text)
        self.module = os.path.join(where, 'program.c')

    def write(self, name, text):
        with open(os.path.join(self.where, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def run(self, *words):
        return insmod(arguments.fixmap, [*options(self.words), *ALWAYS, *words[:-1], self.module, *words[-1].split()], self.where)

    def compile(self):
        status, _, errors = self.run('--keep', self.where, 'rounds=0')
        kept = [name for name in os.listdir(self.where) if name.endswith('.so')]
        assert len(kept) == 1 and status == 0, errors  # gcc warns of some mistakes
        self.module = os.path.join(self.where, kept[0])

    def correct(self):
        """What is wrong with the correct program."""
        status, log, errors = self.run('--time-limit', '110', f'rounds={self.rounds}')
        if status or errors:
            yield f'status {status}, reports where none should be'
            yield from errors.splitlines()[:60]
        done = re.search(r'\] (\d+) operations', log)
        if not done or int(done.group(1)) != self.rounds * self.program.operations:
            yield f'{done and done.group(1)} operations, expected {self.rounds * self.program.operations}'

    def planted(self, plant):
        """What is wrong with the run that has the mistake @plant."""
        status, _, errors = self.run(f'rounds=3 at=1 plant={plant.number}')
        found = list(reports(errors))
        kinds, line = [kind for kind, _, _ in found], found[0][2] if found else 0
        if found and plant.before:
            named = re.search(plant.before + r' \S+ \(\S+?:(\d+)\)', found[0][1])
            line = int(named.group(1)) if named else 0
        mapped = re.findall(r'(?:mapped|set) at (\w+)\+', found[0][1]) if found else []
        if status != 1:
            yield f'status {status}, expected 1'
        if not kinds or not re.fullmatch(plant.kinds[0], kinds[0]) or (kinds[1:] and plant.kinds[1:] != (...,)) or set(kinds[1:]) - set(KERNEL):
            more = f' and {len(found) - 5} more' if len(found) > 5 else ''
            yield f'reports {[(kind, line) for kind, _, line in found[:5]]}{more}, expected {plant.kinds[0]} at line {plant.line}'
        elif line != plant.line and places:
            yield f'the report names line {line}, expected {plant.line}'
        elif not re.search(plant.says, found[0][1]):
            yield f'the report has no /{plant.says}/'
        elif places and mapped and plant.function not in mapped:
            yield f'the report names a mapping of another function than {plant.function}()'
        else:
            return
        yield from errors.splitlines()[:40]

    def check(self, plant):
        """What is wrong: with the run that has the mistake @plant, or without one."""
        return list(self.planted(plant) if plant else self.correct())

    def plants(self):
        """Those to run."""
        every = self.program.plants
        return [plant for plant in every if plant.number == arguments.plant] if arguments.plant else every[::arguments.every]


def run(cases):
    """Case, plant and problems of each run."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(Case.compile, cases))
        jobs = [(case, plant) for case in cases for plant in [None] * (not arguments.plant) + case.plants()]
        return [(*job, problems) for job, problems in zip(jobs, pool.map(lambda job: job[0].check(job[1]), jobs))]


def report(runs):
    """Prints what is wrong."""
    bad = 0
    for case, plant, problems in runs:
        name = f'{case.words}, ' + (f'plant={plant.number}: {plant.mistake} in "{plant.block}"' if plant else 'correct')
        bad += bool(problems)
        if problems:
            print('\n  '.join([name, *problems]))
    if not places:
        print('lines are not checked: no libdw')
    print(f'{len(runs)} runs, {bad} problems')
    return bool(bad or not runs)


def main(where):
    rows = [row for row in PROGRAMS if not arguments.only or row[1] == arguments.only]
    return report(run([Case(form, words, os.path.join(where, str(i))) for i, (form, words) in enumerate(rows)]))


parser = argparse.ArgumentParser()
parser.add_argument('fixmap', type=os.path.abspath)
parser.add_argument('--seed', default='1', help='another seed makes other programs')
parser.add_argument('--only', help='one row of PROGRAMS, by its profile and settings')
parser.add_argument('--operations', type=int, default=1000000, metavar='N', help='how many the correct programs execute')
parser.add_argument('--every', type=int, default=1, metavar='N', help='only every N-th mistake')
parser.add_argument('--plant', type=int, help='one mistake, by its number')
parser.add_argument('--keep', help='a new folder for the programs')
arguments = parser.parse_args()
places = has_places(arguments.fixmap)
if arguments.keep:
    sys.exit(main(os.path.abspath(arguments.keep)))
with tempfile.TemporaryDirectory() as folder:
    sys.exit(main(folder))
