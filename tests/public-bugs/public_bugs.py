#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mistakes from public reports: public_bugs.py FIXMAP FOLDER KEPT [NAME...]

A row of cases.tsv is a mistake that somebody made in public, as a module before and after its fix. Before must end with status 1, and the
first report must name the line marked HERE with the words that the row asks for; after must end with 0 and say nothing. open.tsv lists
those that do not come to that yet, and why: one that does is to be taken out of it. Prints a table of verdicts, with two lines of each first
report, in which a reader should find the cause; with NAMEs, the reports too.
"""
import concurrent.futures
import csv
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from reports import compiled, has_places, insmod, kind_of, options, reports, stamp_of  # noqa: E402

TIME_LIMIT = '10'


def rows(name):
    with open(os.path.join(folder, name), encoding='utf-8') as f:
        return list(csv.reader(f, delimiter='\t', quoting=csv.QUOTE_NONE))[1:]


class Case:
    def __init__(self, name, source, area, profile, settings, kind, says):
        self.name, self.source, self.area, self.kind, self.says = name, source, area, kind, says
        self.settings = profile + ('' if settings == '-' else ',' + settings)

    def here(self):
        with open(os.path.join(folder, self.name + '_before.c'), encoding='utf-8') as f:
            lines = [number for number, line in enumerate(f, 1) if '/* HERE */' in line]
        assert len(lines) == 1, f'{self.name}: {len(lines)} lines are marked HERE'
        return lines[0]

    def run(self, which):
        source = os.path.join(folder, f'{self.name}_{which}.c')
        with compiled(kept, f'{self.name} {which} {self.settings}', stamp) as where:
            made = [name for name in os.listdir(where) if name.endswith('.so')]
            module = [os.path.join(where, made[0])] if made else ['--keep', where, source]
            return insmod(fixmap, [*options(self.settings), '--time-limit', TIME_LIMIT, *module], where)

    def before(self):
        """The verdict, and what was said."""
        status, log, errors = self.run('before')
        found = list(reports(errors))
        if status != 1 or not found:
            verdict = 'missed' if status == 0 else f'status {status}'
        elif 'did not end within' in errors:
            verdict = 'hangs'
        elif places and not re.search(rf'{self.name}_before\.c:{self.here()}[,)]', found[0][1]):
            verdict = 'elsewhere'
        else:
            verdict = 'named' if re.search(self.says, found[0][1]) else 'other words'
        return verdict, log + errors

    def after(self):
        status, log, errors = self.run('after')
        verdict = 'silent' if status == 0 and not errors else 'accused' if status == 1 else f'status {status}'
        return verdict, log + errors

    @staticmethod
    def two_lines(said):
        """What the kernel would say, and what this library adds to it."""
        lines = [line for line in said.splitlines() if not line.startswith('-----')]
        head = next((line for line in lines if kind_of(line)), lines[0] if lines else '')
        added = next((line for line in lines if line.startswith('libfixmap: ')), '')
        return [line for line in (head, added) if line]

    def judge(self):
        (before, said), (after, said_after) = self.before(), self.after()
        return before, after, said, said_after


def main():
    cases = [Case(*row) for row in rows('cases.tsv')]
    still_open = dict(rows('open.tsv'))
    names = {case.name for case in cases}
    files = {name.rpartition('_')[0] for name in os.listdir(folder) if name.endswith('.c')}
    problems = [f'{name}: not in cases.tsv' for name in sorted((files | set(still_open)) - names)]
    chosen = [case for case in cases if not sys.argv[4:] or case.name in sys.argv[4:]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        verdicts = list(zip(chosen, pool.map(Case.judge, chosen)))
    good = 0
    for case, (before, after, said, said_after) in verdicts:
        is_good = (before, after) == ('named', 'silent')
        good += is_good
        print(f'{case.name:26}{before:13}{after:11}{case.kind:28}{"" if is_good else still_open.get(case.name, "")}')
        for line in case.two_lines(said):
            print('    ' + line)
        if is_good and case.name in still_open:
            problems.append(f'{case.name}: passes now, so take it out of open.tsv')
        if not is_good and case.name not in still_open:
            problems += [f'{case.name}: {before}, {after}', *('  ' + line for line in (said + said_after).splitlines())]
        if sys.argv[4:]:
            print(said + said_after)
    print('\n'.join(problems))
    print(f'{good} of {len(verdicts)} named before and silent after; {len(problems)} problems')
    return bool(problems or not verdicts)


fixmap, folder, kept = map(os.path.abspath, sys.argv[1:4])
stamp = stamp_of(fixmap, folder)
places = has_places(fixmap)
sys.exit(main())
