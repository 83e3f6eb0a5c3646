# SPDX-License-Identifier: MIT
"""Scripts written by hand: --fill makes whole traces of them, which replay without a difference.

usage: scripts.py FIXMAP EXAMPLES FOLDER
"""

import glob
import os
import sys

from golden_files import fail, replay, run


def fill(fixmap, script, into, *options):
    """The filled script, as a file that has been replayed without a difference."""
    done = run([fixmap, 'replay', '--fill', *options, script])
    if done.returncode or not done.stderr.endswith(' 0 differences\n'):
        fail(f'--fill {script}: status {done.returncode}\n{done.stderr}')
    with open(into, 'w') as out:
        out.write(done.stdout)
    status, lines, operations, differences, errors = replay(fixmap, [into])
    if status or differences or errors or not operations:
        fail(f'{into}: {operations} operations, {differences} differences\n' + '\n'.join(lines) + errors)
    return done.stdout.splitlines()


def ops(lines):
    return [line.split() for line in lines if line.split()[0] in ('op', 'do', 'expect', 'ev')]


def value(words, name):
    return next((w.split('=', 1)[1] for w in words if w.startswith(name + '=')), None)


def require(condition, what, lines):
    if not condition:
        fail(f'{what}:\n' + '\n'.join(lines))


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as out:
        out.write(text)
    return path


def check_order(fixmap, examples, folder):
    script = os.path.join(examples, 'kmap_atomic_order.trace')
    lines = fill(fixmap, script, os.path.join(folder, 'order'))
    made = ops(lines)
    require([w[5] for w in made] == ['kmap_atomic'] * 2 + ['kunmap_atomic', 'peek', 'peek', 'kunmap_atomic'], 'operations', lines)
    require(value(made[0], 'idx') == '1' and value(made[1], 'idx') == '2', 'depth counter', lines)
    require(value(made[4], 'pte') == '0', 'the second mapping lost its PTE', lines)
    require(lines[0].startswith('#') and any(l.startswith('layout FIXADDR_START=0xfff15000') for l in lines), 'header', lines)
    debug = fill(fixmap, script, os.path.join(folder, 'order-debug'), '-o', 'DEBUG_HIGHMEM=1')
    require(any(l.startswith('expect warn arch/x86/mm/highmem_32.c:83') for l in debug), 'the kernel warns', debug)


def check_fixmap(fixmap, examples, folder):
    lines = fill(fixmap, os.path.join(examples, 'fixmap_two_cpus.trace'), os.path.join(folder, 'fixmap'))
    made = ops(lines)
    require(value(made[0], 'tag') == '1' and value(made[3], 'tag') == '2' and value(made[4], 'pte') == '0', 'tags and PTE', lines)
    require(value(made[6], 'cnt') == '3' and value(made[8], 'cnt') == '1', 'pkmap_count', lines)


def check_threads(fixmap, examples, folder):
    """Mappings of kmap_local leave and come back with their thread."""
    lines = fill(fixmap, os.path.join(examples, 'kmap_local_threads.trace'), os.path.join(folder, 'threads'))
    made = ops(lines)
    require(made[0][7] == made[1][7] == 'fffbb000', 'the same address', lines)
    require([value(w, 'tag') for w in made[3:5]] == ['1', '2'] and value(made[7], 'tag') == '1', 'each sees its own', lines)
    require(value(made[4], 'idx') == '2' and value(made[4], 'md') == '2' and value(made[7], 'idx') == '1', 'counters', lines)


def check_full_pool(fixmap, folder):
    """A pool that is full: the eighth thread sleeps, and goes on when the first unmaps."""
    slots = 1024
    text = 'machine profile=x86_32-4.15\n' + ''.join(f'page P{n}\n' for n in range(slots + 1))
    text += ''.join(f'op - 0 main task kmap P{n} -\n' for n in range(slots))
    text += f'op - 1 late task kmap P{slots} -\nop - 0 main task kunmap P7 -\nop - 0 main task page_address P{slots} -\n'
    lines = fill(fixmap, write(folder, 'full.script', text), os.path.join(folder, 'full'))
    made = [' '.join(w) for w in ops(lines)][slots:]
    require('kmap-enter' in made[0] and made[1].startswith('ev thread late state=D') and 'kunmap' in made[2] and 'kmap-return' in made[3] and
            'slot=8 ' in made[3], 'sleep and wake-up', made)


def check_death(fixmap, folder):
    """A BUG ends the thread; the filled trace says so, and other threads go on."""
    text = 'page P1\nop - 0 a task kunmap P1 -\nop - 0 b task kmap P1 -\n'
    script = write(folder, 'death.script', text)
    done = run([fixmap, 'replay', '--fill', script])
    lines = done.stdout.splitlines()
    require(any(l.startswith('expect bug mm/highmem.c:') for l in lines) and any(l.startswith('do 0 a task kunmap P1') for l in lines), 'BUG', lines)
    require(any(' b task kmap P1 ' in l for l in lines), 'the other thread goes on', lines)
    status, _, _, differences, _ = replay(fixmap, [write(folder, 'death', done.stdout)])
    require(not status and not differences, 'the filled trace', lines)


def check_oops(fixmap, folder):
    """A load after the unmap: the kernel's page fault, with the window and without."""
    text = 'page P1\nop - 0 a task kmap_atomic P1 -\ndo 0 a task read P1 -\nop - 0 a task kunmap_atomic P1 -\ndo 0 a task write P1 -\n'
    script = write(folder, 'oops.script', text)
    for window in ('off', 'strict'):
        done = run([fixmap, 'replay', '--fill', '-o', 'window=' + window, script])
        lines = done.stdout.splitlines()
        made = [line for line in lines if line.startswith(('expect', 'do'))]
        require(len(made) == 3 and made[0].startswith('do 0 a task read') and ' access=write code=0002 ' in made[1] and 'reason=not-present' in made[1] and
                made[2].startswith('do 0 a task '), f'oops, window={window}', lines)


def check_stale_tlb(fixmap, folder):
    """
    Undone in the wrong order, kmap_local clears the entry on top and flushes the address that it is given: a later mapping at the other
    address is read by the old translation, on 6.12 as on 6.1. When another thread runs before the last unmap, the context switch
    takes the mapping away and flushes it, and the new page is read.
    """
    text = 'page P1\npage P2\npage P3\nop - 0 a task kmap_local_page P1 -\nop - 0 a task kmap_local_page P2 -\nexpect warn mm/highmem.c:{}\nop - 0 a task kunmap_local P1 -\n'
    text += 'do 0 a task read - fffbb040 size=4 value=1\n{}op - 0 a task kunmap_local P2 -\nop - 0 a task kmap_local_page P3 fffbb000\n'
    text += 'do 0 a task read - fffbb040 size=4 value={}\n'
    for profile, line in (('x86_32-6.1', 610), ('x86_32-6.12', 623)):
        for between, read in (('', 1), ('op - 0 b task page_address P1 -\n', 3)):
            for value in (1, 3):
                script = write(folder, 'stale.script', 'machine profile=' + profile + ' pae=1\n' + text.format(line, between, value))
                done = run([fixmap, 'replay', script])
                require(done.returncode == (value != read), f'{profile}: {read} is read', [done.stdout, done.stderr])


def check_stdin(fixmap):
    done = run([fixmap, 'replay', '-'], input='page P1\nop - 0 a task kmap P1 - cnt=2\n')
    require(done.returncode == 0 and done.stdout == '1 operations, 0 differences\n', 'standard input', [done.stdout, done.stderr])
    done = run([fixmap, 'replay', '-'], input='page P1\nop - 0 a task kmap P1 - cnt=3\n')
    require(done.returncode == 1 and 'standard input:2: cnt: expected 3, got 2 (op - 0 a task kmap P1 -)' in done.stdout, 'a wrong claim',
            [done.stdout, done.stderr])


def check_walk(fixmap, examples, folder):
    """walk shows the mapping after an operation, and none before."""
    filled = os.path.join(folder, 'fixmap')
    done = run([fixmap, 'walk', '--after', filled + ':1', 'ffffe000'])
    require(done.returncode == 0 and 'FIX_DBGP_BASE' in done.stdout and '->' in done.stdout, 'walk after 1', [done.stdout, done.stderr])
    done = run([fixmap, 'walk', '--after', filled + ':5', 'ffffe000'])
    require(done.returncode == 0 and 'not mapped' in done.stdout, 'walk after 5', [done.stdout, done.stderr])
    for bad in (['--after', filled + ':999', 'ffffe000'], ['--after', filled, 'what'], ['--after', '/nonexistent', '0'], ['--after', filled]):
        done = run([fixmap, 'walk', *bad])
        require(done.returncode == 2 and len(done.stderr.splitlines()) == 1, f'walk {bad}', [done.stdout, done.stderr])


def main():
    fixmap, examples, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for script in sorted(glob.glob(os.path.join(examples, '*.trace'))):
        fill(fixmap, script, os.path.join(folder, os.path.basename(script)))
    check_order(fixmap, examples, folder)
    check_fixmap(fixmap, examples, folder)
    check_threads(fixmap, examples, folder)
    check_full_pool(fixmap, folder)
    check_death(fixmap, folder)
    check_oops(fixmap, folder)
    check_stale_tlb(fixmap, folder)
    check_stdin(fixmap)
    check_walk(fixmap, examples, folder)


main()
