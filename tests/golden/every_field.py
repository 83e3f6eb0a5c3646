# SPDX-License-Identifier: MIT
"""Proves that replaying looks at everything: of each kind of line in all golden traces, each word is made wrong in a copy of a trace, and
replaying must find a difference or refuse the copy.

usage: every_field.py FIXMAP ARCHIVES FOLDER [SAMPLES]

A kind is the first word, the operation or report, the field, whether its value says "nothing", and whether the recording is booted
or hosted. What an operation takes may come to the same with another value, but not always; EXEMPT names what else cannot make a difference
in some places or in any, and why. An exemption that nothing needs is a failure too, and one for some places that hides them all.
"""

import collections
import concurrent.futures
import fnmatch
import glob
import os
import random
import shutil
import sys

from golden_files import fail, run, unpack

# What an operation takes: made wrong, it is another operation, which has to be seen somewhere.
INPUTS = {'op': 'CPU THREAD ARG phys size off s1 s2 e1 e2 uaddr'.split(), 'do': 'CPU THREAD ARG RET phys size off s1 s2 e1 e2 fix prot'.split()}
# Operations whose RET is what they were given.
GIVEN = {'kunmap_atomic', 'kunmap_local', 'kunmap_local_indexed', 'early_iounmap', 'bt_iounmap', 'kmap_to_page', 'kmap_atomic_to_page', 'virt_to_fix', 'peek'}

# dialect, kind, field (patterns), whether it is never compared, why.
EXEMPT = [
    ('*', 'V', 'kernel', True, 'who recorded'),
    ('*', 'end', '#1', True, 'the name of the trace'),
    ('*', 'layout *', 'total*_pages', True, 'how much memory was free in that boot'),
    ('*', 'layout *', 'cacheid', True, 'the cache of the emulated CPU'),
    ('booted', 'pte', '*', True, 'the page of vectors, which is not modelled'),
    ('booted', 'linear', 'level', True, 'whether large pages had 2 MB or 1 GB was up to the emulated CPU'),
    ('booted', 'pmd', '*', False, 'of tables only that they are there; not the kernel\'s image, nor CMA'),
    ('*', 'page', 'pfn', False, 'a frame as good as the other'),
    ('booted', 'fixpte_nopagetable_from', '*', False, 'further on there are tables of the vmalloc area, or the recorder did not look'),
    ('booted', 'op early_*', 'pte', False, 'of a refused call: the recorder looked at another address'),
    ('booted', 'op kunmap', 'pte', False, 'of lowmem: not modelled'),
    ('booted', 'op kmap-return', 'last', False, 'several were woken: the scheduler chose the order'),
]

HEX = {'pte', 'pa', 'pfn', 'vaddr', 'addr', 'code', 'firstpte', 'hw', 'leaf', 'phys', 'sum', 'sum2', 'prev_size', 'uaddr', 'src'}
NOTHING = {'-', '-1', '?', '0', '00000000'}
HEADINGS = {'mark', 'rand', 'rand3', 'machine'}


def other(field, value):
    """A wrong value of the same shape."""
    if field == 'tlb' or field == 'cache':
        return 'one:12345000' if value != 'one:12345000' else 'all'
    if value[:1] in 'PQ' and value[1:].isdigit():
        return value[0] + ('1' if value[1:] != '1' else '2')
    if ':' in value and field == 'prot':
        name, number = value.rsplit(':', 1)
        return f'{name}:{int(number, 16) ^ 0x20:x}'
    for base in (10, 16):
        try:
            if base == 10 and field in HEX:
                continue
            return f'{int(value, 16) ^ 0x10:x}' if base == 16 else str(2 * abs(int(value)) + 1)
        except ValueError:
            pass
    if value.startswith('0x'):
        return hex(int(value, 16) ^ 0x20)
    return '7' if value in NOTHING else value + 'x'


def words_of(line):
    """(kind, [(index, field, value)]): what can be made wrong."""
    words = line.split()
    kind, first = words[0], 1
    if kind in ('op', 'do'):
        columns = {'op': ['SEQ'], 'do': []}[kind] + ['CPU', 'THREAD', 'CTX', 'OPERATION', 'ARG', 'RET']
        found = [(i + 1, name, words[i + 1]) for i, name in enumerate(columns)]
        kind, first = f'{kind} {words[len(columns) - 2]}', 1 + len(columns)
    else:
        found = []
        if kind in ('expect', 'ev', 'state', 'layout', 'prot', 'config'):
            name = words[1].split('=')[0]
            kind = f'{kind} {name if kind != "ev" or name == "thread" else "done"}'
    for i in range(first, len(words)):
        name, equals, value = words[i].partition('=')
        found.append((i, name, value) if equals and '(' not in name else (i, f'#{i}', words[i]))
    return kind, found


class Choices:
    """Where each kind of word stands: a few places of the smallest traces that have it."""

    def __init__(self, samples):
        self.samples = samples
        self.places = collections.defaultdict(list)

    def see(self, path):
        with open(path) as trace:
            lines = trace.read().splitlines()
        dialect = 'hosted' if '-hosted' in lines[0] else 'booted'
        found = collections.defaultdict(list)
        for number, line in enumerate(lines):
            if not line or line.split(None, 1)[0] in HEADINGS:
                continue
            kind, words = words_of(line)
            for index, field, value in words:
                found[dialect, kind, field, value in NOTHING].append((number, index))
        for key, places in found.items():
            wanted = self.samples * (32 if exemption(key) in EXEMPT else 1) - len(self.places[key])
            if wanted > 0:
                self.places[key] += [(path, *p) for p in random.sample(places, min(len(places), wanted))]


def write_copy(folder, place):
    path, number, index = place
    with open(path) as trace:
        lines = trace.read().splitlines()
    words = lines[number].split(' ')
    name, equals, value = words[index].partition('=')
    if not equals or '(' in name:
        name, equals, value = '', '', words[index]
    words[index] = name + equals + other(name, value)
    was, lines[number] = lines[number], ' '.join(words)
    os.makedirs(folder)
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, 'w') as out:
        out.write('\n'.join(lines) + '\n')
    return copy, was, lines[number]


def exemption(key):
    """The row of EXEMPT that the kind needs, or one for what operations take, or None."""
    dialect, kind, field, _ = key
    for row in EXEMPT:
        if all(map(fnmatch.fnmatchcase, key[:3], row)):
            return row
    line, _, operation = kind.partition(' ')
    if field in INPUTS.get(line, ()) or (field == 'RET' and operation in GIVEN):
        return 'any', line, 'inputs', False, 'what the operation takes'
    return None


def unnoticed(fixmap, copies):
    """Those that replayed as if nothing were wrong."""
    done = run([fixmap, 'replay', '--max-differences=1', '-o', 'window=off', *copies])
    said = {line.split(':', 1)[0] for line in (done.stdout + done.stderr).splitlines()}
    if done.returncode not in (0, 1, 2) or 'runtime error' in done.stderr or 'Sanitizer' in done.stderr:
        fail(f'status {done.returncode}: {done.stderr[-2000:]}')
    return [copy for copy in copies if copy not in said]


def main():
    fixmap, archives, folder = sys.argv[1:4]
    samples = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    random.seed(20)
    shutil.rmtree(folder, ignore_errors=True)
    traces = [t for a in sorted(glob.glob(os.path.join(archives, '*.tar.xz'))) for t in unpack(a, os.path.join(folder, 'all'))]
    choices = Choices(samples)
    for path in sorted(traces, key=os.path.getsize):
        choices.see(path)
    made, seen = {}, collections.Counter()
    for n, (key, places) in enumerate(sorted(choices.places.items())):
        for i, place in enumerate(places):
            copy, was, wrong = write_copy(os.path.join(folder, f'{n}.{i}'), place)
            made[copy] = key, was, wrong
    copies = list(made)
    batches = [copies[i:i + 25] for i in range(0, len(copies), 25)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        missed = [copy for found in pool.map(lambda b: unnoticed(fixmap, b), batches) for copy in found]
    bad = 0
    missed = set(missed)
    for copy, (key, was, wrong) in made.items():
        exempt = exemption(key)
        seen[exempt, copy not in missed] += 1
        if copy in missed and not exempt:
            bad += 1
            print(f'{" ".join(key[:3])}: not compared\n    {was}\n    {wrong}\n    {copy}')
    for exempt in {e for e, _ in seen if e}:
        if not seen[exempt, False] or bool(seen[exempt, True]) == exempt[3]:
            bad += 1
            print(f'{exempt}: noticed {seen[exempt, True]} times, not noticed {seen[exempt, False]} times')
    bad += len(set(EXEMPT) - {e for e, _ in seen})
    print(f'{len(copies)} words of {len(choices.places)} kinds made wrong, {len(copies) - len(missed)} noticed, {bad} problems')
    sys.exit(1 if bad else 0)


main()
