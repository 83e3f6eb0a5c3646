# SPDX-License-Identifier: MIT
"""Proves that the comparisons can fail: in copies of real traces one value of one line is made wrong, for every kind of line
and every field, and replaying must find exactly that difference.

usage: wrong.py FIXMAP ARCHIVES FOLDER
"""

import collections
import os
import random
import re
import sys

from golden_files import fail, replay, unpack

TRACES = {
    '2.6.12': ['layout', 'local', 'fixmap', 'exhaust'],
    '2.6.12-debug': ['misuse_kunmap_atomic_pkmap', 'misuse_kmap_in_atomic', 'misuse_type_reuse_irq'],
    '4.15-debug': ['layout', 'local', 'fixmap', 'misuse_order3', 'misuse_other_cpu', 'misuse_setfix_oob'],
    '4.15-pae': ['pkmap', 'exhaust'],
    '5.10-pae': ['layout', 'local', 'exhaust', 'fixmap', 'misuse_order_atomic'],
}

# Fields that say what to do rather than what came of it: changing one changes the operation.
INPUTS = {'type', 'fix', 'name', 'phys', 'prot'}
# Operations whose RET is what was passed.
PASSED = {'kunmap_atomic', 'peek', 'kmap_to_page', 'kmap_atomic_to_page', 'virt_to_fix'}
HEX = {'pte', 'pa', 'pfn', 'vaddr'}

DIFFERENCE = re.compile(r'^(.*?):(\d+): (.*?): expected (.*), got (.*?) \(')


def other(field, value):
    """A wrong value of the same shape."""
    if field == 'tlb':
        return 'one:12345000' if value != 'one:12345000' else 'all'
    if field == 'state':
        return 'R'
    if value in ('-', '-1', '?'):
        return '7'
    if field in HEX:
        return f'{int(value, 16) ^ 0x10:x}'
    return str(int(value) + 1)


class Wrongs:
    """Lines that can be made wrong, by what is wrong about them."""

    def __init__(self, path, lines):
        self.path, self.lines = path, lines
        self.choices = collections.defaultdict(list)
        self.booted = '-hosted' not in lines[0]
        for number, line in enumerate(lines):
            getattr(self, 'see_' + line.split()[0], self.see_nothing)(number, line.split())

    def add(self, what, number, field, index, word):
        words = self.lines[number].split()
        words[index] = word
        self.choices[what].append((number, field, ' '.join(words)))

    def see_nothing(self, number, words):
        pass

    def see_fields(self, number, words, first, kind, skip=()):
        for i in range(first, len(words)):
            field, value = words[i].split('=', 1)
            if field not in skip and (field, value) != ('pte', '-'):
                self.add((kind, field), number, field, i, f'{field}={other(field, value)}')

    def see_op(self, number, words):
        skip = set(INPUTS)
        if words[5] == 'virt_to_fix':
            skip.remove('fix')
        elif words[5] not in ('set_fixmap', 'clear_fixmap') and not words[5].startswith('set_fixmap_'):
            skip -= {'fix'}
        if words[5] == 'kmap-return' and self.booted:
            skip.add('last')
        self.see_fields(number, words, 8, words[5], skip)
        if words[5] not in PASSED:
            self.add((words[5], 'RET'), number, 'RET', 7, f'{int(words[7], 16) ^ 0x1000:08x}')

    def see_state(self, number, words):
        if words[1].startswith('slot='):
            self.see_fields(number, words, 2, 'state slot')
        else:
            self.see_fields(number, words, 1, 'state')

    def see_page(self, number, words):
        self.add(('page', 'high'), number, 'high', 3, 'high=1' if words[3] == 'high=0' else 'high=0')
        if len(words) > 4:
            self.see_fields(number, words, 4, 'page')

    def see_value(self, number, words):
        name, value = words[1].split('=')
        base = 16 if value.startswith('0x') else 10
        self.add((words[0], name), number, name, 1, f'{name}={"0x" if base == 16 else ""}' +
                 format(int(value, base) ^ 1, 'x' if base == 16 else 'd'))

    see_layout = see_prot = see_config = see_value

    def see_enum(self, number, words):
        self.add(('enum', 'index'), number, words[1], 2, str(int(words[2]) + 1))
        self.add(('enum', 'address'), number, 'VADDR', 3, f'{int(words[3], 16) - 0x1000:x}')
        self.see_fields(number, words, 4, 'enum')

    def see_fixpte(self, number, words):
        self.add(('fixpte', 'address'), number, 'VADDR', 2, f'{int(words[2], 16) - 0x1000:x}')
        self.add(('fixpte', 'pte'), number, 'pte', 3, f'{int(words[3], 16) ^ 0x20:x}')

    def see_kmtype(self, number, words):
        self.add(('kmtype', ''), number, words[1], 2, str(int(words[2]) + 1))

    def see_btslot(self, number, words):
        self.add(('btslot', ''), number, 'btslot', 2, f'{int(words[2], 16) + 0x1000:x}')

    def see_expect(self, number, words):
        self.add(('expect', 'kind'), number, 'expect', 1, 'bug' if words[1] == 'warn' else 'warn')
        self.add(('expect', 'site'), number, 'expect', 2, words[2] + '0')

    def see_ev(self, number, words):
        if words[1] == 'thread':
            self.see_fields(number, words, 3, 'ev', {'again'})
        else:
            self.see_fields(number, words, 2, 'ev', {'done'})
            if words[2] == 'done=1':
                self.add(('ev', 'done'), number, 'done', 2, 'done=0')


def wrong_copies(path, folder, seen):
    """(file, line, field, what) of a copy per kind of mistake that an earlier trace of the same dialect did not have."""
    with open(path) as trace:
        lines = trace.read().splitlines()
    name = os.path.basename(os.path.dirname(path)) + '-' + os.path.basename(path)
    wrongs = Wrongs(path, lines)
    for i, (what, choices) in enumerate(sorted(wrongs.choices.items())):
        if (wrongs.booted, what) in seen:
            continue
        seen.add((wrongs.booted, what))
        number, field, text = random.choice(choices)
        told_at = number
        while lines[told_at].startswith('expect'):
            told_at += 1  # reports are compared when the operation is done
        copy = os.path.join(folder, f'{i:03}-{name}')
        with open(copy, 'w') as out:
            out.write('\n'.join([*lines[:number], text, *lines[number + 1:]]) + '\n')
        yield copy, told_at + 1, field, (name, *what)


def expect_copies(path, folder):
    """A report too many and one too few."""
    with open(path) as trace:
        lines = trace.read().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith('expect'))
    for what, changed, line in (('missing', lines[:at] + lines[at + 1:], at + 1), ('surplus', lines[:at] + [lines[at]] + lines[at:], at + 3)):
        copy = os.path.join(folder, f'expect-{what}.trace')
        with open(copy, 'w') as out:
            out.write('\n'.join(changed) + '\n')
        yield copy, line, 'expect', ('expect', what)


def check_pointer(fixmap, archives, folder):
    """With a window, the same wrong tag is seen a second time: through the pointer."""
    for kernel, options in (('5.10-pae', 'kmap_atomic peek set_fixmap'), ('4.15', 'kmap kmap_atomic_pfn set_fixmap')):
        for name in ('local', 'fixmap'):
            path = next(t for t in unpack(os.path.join(archives, kernel + '.tar.xz'), folder) if t.endswith(f'/{name}.trace'))
            with open(path) as trace:
                lines = trace.read().splitlines()
            choices = [n for n, line in enumerate(lines) if re.search(r' tag=\d', line) and line.split()[5] in options.split()]
            number = random.choice(choices)
            lines[number] = re.sub(r' tag=\d+', ' tag=77', lines[number])
            copy = os.path.join(folder, f'pointer-{kernel}-{name}.trace')
            with open(copy, 'w') as out:
                out.write('\n'.join(lines) + '\n')
            _, found, _, _, errors = replay(fixmap, ['-o', 'window=strict', copy])
            fields = [DIFFERENCE.match(line)[3] for line in found]
            if fields != ['tag', 'tag, read through the pointer'] or errors:
                fail(f'{copy}:{number + 1}: expected the wrong tag twice\n' + '\n'.join(found) + errors)


def main():
    fixmap, archives, folder = sys.argv[1:]
    random.seed(20)
    mistakes, seen = [], set()
    copies = os.path.join(folder, 'copies')
    os.makedirs(copies, exist_ok=True)
    for kernel, names in TRACES.items():
        traces = {os.path.basename(t).split('.')[0]: t for t in unpack(os.path.join(archives, kernel + '.tar.xz'), folder)}
        for name in names:
            mistakes += wrong_copies(traces[name], copies, seen)
        if kernel == '4.15-debug':
            mistakes += expect_copies(traces['misuse_order3'], copies)
    _, lines, _, _, errors = replay(fixmap, ['--max-differences=0', *(m[0] for m in mistakes)])
    if errors:
        fail(errors)
    found = collections.defaultdict(list)
    for line in lines:
        match = DIFFERENCE.match(line)
        if not match:
            fail('not a difference: ' + line)
        found[match[1]].append((int(match[2]), match[3], line))
    bad = 0
    for path, number, field, what in mistakes:
        got = found.get(path, [])
        if [(n, f) for n, f, _ in got] != [(number, field)]:
            bad += 1
            print(f'{what}: expected one difference in {field} at {path}:{number}, found:', *([g[2] for g in got[:5]] or ['nothing']), sep='\n    ')
    check_pointer(fixmap, archives, folder)
    print(f'{len(mistakes)} mistakes, {len(mistakes) - bad} found')
    sys.exit(1 if bad else 0)


main()
