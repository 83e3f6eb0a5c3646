#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the programs of bench/ and prints what they measured beside its bounds.

    table.py BUILD-DIR [--only PROGRAM]... [--instructions] [--tries N]

Instructions are counted by valgrind, as the difference of two runs with N and 2N iterations, less those of the loop: they
are the same on every machine with the same compiler. Times are medians of ratios within one round. Rounds that spread too far
(p90 more than 1.5 times p10) say nothing: the program runs again, and when that does not help the bound counts as broken.

Exit status: 0 every bound is kept, 1 not, 2 bad usage or something missing."""
import argparse
import os
import re
import shutil
import subprocess
import sys

SPREAD = 1.5

# Instructions: row, program, variant, variant whose instructions are taken off, iterations, bound (None: for information).
COUNTS = [
    ('kmap_atomic pair, pae=0', 'pair', 'pair', 'loop', 10000, 80),
    ('kmap_atomic pair, pae=1', 'pair', 'pair-pae', 'loop', 10000, 80),
    ('kmap_atomic pair, pae=0, with its loop', 'pair', 'pair', None, 10000, 84),
    ('kmap_atomic pair, pae=1, with its loop', 'pair', 'pair-pae', None, 10000, 84),
    ('the floor: same-unit pair, two TLB invalidations', 'pair', 'floor', 'loop', 10000, (35, 39)),
    ('kmap_atomic pair, detectors on', 'pair', 'pair-detect', 'loop', 10000, 130),
    ('kmap_atomic pair of 6.1', 'pair', 'pair-local', 'loop', 10000, None),
    ('kmap_atomic pair of 6.1, detectors on', 'pair', 'pair-local-detect', 'loop', 10000, 130),
    ('kmap_atomic pair, typed (2.6.12)', 'pair', 'pair-typed', 'loop', 10000, None),
    ('map + 8-byte load + unmap', 'pair', 'load', 'loop', 10000, None),
    ('8-byte load, hit', 'load', 'load', 'load-arguments', 10000, 22),
    ('8-byte load, miss, 2 levels', 'miss', 'miss-2-levels', None, 5110, None),
    ('8-byte load, miss, 3 levels', 'miss', 'miss-3-levels', None, 5110, None),
    ('kernel tier: pair, not checked', 'tier', 'pair', 'loop', 10000, 150),
    ('kernel tier: pair, not checked, detectors on', 'tier', 'pair-detect', 'loop', 10000, 180),
    ('kernel tier: pair, checked', 'tier_checked', 'pair', 'loop', 10000, 200),
    ('kernel tier: pair, checked, detectors on', 'tier_checked', 'pair-detect', 'loop', 10000, 230),
    ('kernel tier: map + checked store + unmap, detectors on', 'tier_checked', 'touched', 'loop', 10000, None),
    ('checked 8-byte load of a mapped page', 'tier_checked', 'load-high', 'loop', 10000, 25),
    ('checked 8-byte load of a lowmem page', 'tier_checked', 'load-low', 'loop', 10000, 25),
    ('checked 8-byte load of a kmalloc object', 'tier_checked', 'load-object', 'loop', 10000, 25),
    ('checked 8-byte load of the host\'s own memory', 'tier_checked', 'load-host', 'loop', 10000, None),
    ('kmap hit + kunmap', 'vcpus', 'kmap-1', None, 10000, None),
    ('kmap + kunmap, one free slot of 1024', 'pool', 'pool', None, 1000, None),
]

# Times: row, program, ratio, comparison, bound, variant whose time is shown.
RATIOS = [
    ('kmap_atomic pair, pae=0, of the floor', 'pair', 'pair/floor', '<=', 2.6, 'pair'),
    ('kmap_atomic pair, pae=1, of the floor', 'pair', 'pair-pae/floor', '<=', 2.6, 'pair-pae'),
    ('kmap_atomic pair, typed (2.6.12), of the floor', 'pair', 'pair-typed/floor', None, None, 'pair-typed'),
    ('host mmap + munmap, of the pair', 'pair', 'host/pair', '>=', 250, 'host'),
    ('... pae=1', 'pair', 'host/pair-pae', '>=', 250, 'host'),
    ('host mmap + load + munmap, of map + load + unmap', 'pair', 'host-load/load', '>=', 200, 'host-load'),
    ('... pae=1', 'pair', 'host-load/load-pae', '>=', 200, 'host-load'),
    ('8-byte load, hit, of a raw load', 'load', 'load/raw', '<=', 2.7, 'load'),
    ('an empty call into the library, of a raw load', 'load', 'call/raw', None, None, 'call'),
    ('dependent load, hit, of a raw one', 'load', 'chain/raw', '<=', 3.0, 'chain'),
    ('miss, 2 levels, of a hit', 'miss', 'miss/hit-2-levels', '<=', 5, 'miss-2-levels'),
    ('miss, 3 levels, of a hit', 'miss', 'miss/hit-3-levels', '<=', 7, 'miss-3-levels'),
    ('copy 16 KiB, of memcpy by pages', 'copy', 'copy/memcpy-16k', '<=', 1.15, 'copy-16k'),
    ('copy 256 KiB, of memcpy by pages', 'copy', 'copy/memcpy-256k', '<=', 1.10, 'copy-256k'),
    ('copy 32 MiB, of memcpy by pages', 'copy', 'copy/memcpy-32m', '<=', 1.10, 'copy-32m'),
    ('window eager: map + touch + unmap, of mmap', 'window', 'eager/mmap', '<=', 1.25, 'window-eager'),
    ('window strict: map + touch + unmap, of mmap', 'window', 'strict/mmap', '<=', 2.0, 'window-strict'),
    ('window retain, new frame, of mmap', 'window', 'retain/mmap', '<=', 0.85, 'window-retain'),
    ('checked load of a mapped page, of an empty call', 'tier_checked', 'load-high/call', '<=', 2.5, 'load-high'),
    ('checked load of a lowmem page, of an empty call', 'tier_checked', 'load-low/call', '<=', 2.5, 'load-low'),
    ('checked load of a kmalloc object, of an empty call', 'tier_checked', 'load-object/call', '<=', 2.5, 'load-object'),
    ('the same load under AddressSanitizer, of an empty call', 'tier_asan', 'load-high/call', None, None, 'load-high'),
    ('kernel tier, strict: new frame touched, of mmap + munmap', 'tier', 'touch/host', '<=', 4, 'touch'),
    ('... checked', 'tier_checked', 'touch/host', '<=', 0.12, 'touch'),
    ('... strict, under AddressSanitizer', 'tier_asan', 'touch/host', None, None, 'touch'),
    ('kernel tier, strict: page copied by words, of mmap + memcpy', 'tier', 'copy-words/host', '<=', 4, 'copy-words'),
    ('... checked', 'tier_checked', 'copy-words/host', '<=', 0.5, 'copy-words'),
    ('... strict, under AddressSanitizer', 'tier_asan', 'copy-words/host', None, None, 'copy-words'),
    ('kernel tier, strict: page copied by memcpy, of mmap + memcpy', 'tier', 'copy-memcpy/host', '<=', 4, 'copy-memcpy'),
    ('... checked', 'tier_checked', 'copy-memcpy/host', '<=', 0.15, 'copy-memcpy'),
    ('... strict, under AddressSanitizer', 'tier_asan', 'copy-memcpy/host', None, None, 'copy-memcpy'),
    ('kmap hits on two threads, of one', 'vcpus', 'kmap-scaling', '>=', 1.8, 'kmap-2'),
    ('kmap_atomic pairs on two vCPUs, of one', 'vcpus', 'pair-scaling', '>=', 1.8, 'pair-2'),
    ('one free slot of 1024, of the linear scan', 'pool', 'pool/linear', '<=', 0.5, 'pool'),
]

# Exact numbers: row, program, fact, value.
FACTS = [
    ('window retain, same frame: faults', 'window', 'same-frame-faults', 0),
    ('window retain, same frame: system calls', 'window', 'same-frame-system-calls', 0),
]


def fail(line):
    print(f'bench: {line}', file=sys.stderr)
    sys.exit(2)


def collected(program, variant, iterations):
    run = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', program, '--count', variant, str(iterations)],
                         capture_output=True, text=True, check=False)
    found = re.search(r'Collected : (\d+)', run.stderr)
    if run.returncode or not found:
        fail(f'{os.path.basename(program)} --count {variant} under valgrind: {run.stderr.strip()[-300:]}')
    return int(found[1])


class Counter:
    """Instructions per iteration, each variant counted once."""

    def __init__(self, folder):
        self.folder = folder
        self.known = {}

    def per_iteration(self, program, variant, n):
        key = program, variant, n
        if key not in self.known:
            path = os.path.join(self.folder, 'bench_' + program)
            self.known[key] = (collected(path, variant, 2 * n) - collected(path, variant, n)) / n
        return self.known[key]


def count_rows(folder, programs):
    counter = Counter(folder)
    for row, program, variant, off, n, bound in COUNTS:
        if program not in programs:
            continue
        value = counter.per_iteration(program, variant, n)
        if off:
            value -= counter.per_iteration(program, off, n)
        if bound is None:
            yield row, f'{value:.1f} Ir', '', ''
            continue
        low, high = bound if isinstance(bound, tuple) else (0, bound)
        text = f'{low} to {high}' if low else f'<= {high}'
        yield row, f'{value:.1f} Ir', text, 'ok' if low <= round(value, 1) <= high else 'MISSED'


def run_program(folder, program):
    path = os.path.join(folder, 'bench_' + program)
    run = subprocess.run([path], capture_output=True, text=True, check=False)
    if run.returncode:
        fail(f'bench_{program}: {run.stderr.strip()}')
    result = {'ratio': {}, 'time': {}, 'fact': {}}
    for line in run.stdout.splitlines():
        kind, name, *numbers = line.split()
        result[kind][name] = [float(n) for n in numbers]
    return result


def is_noisy(quantiles):
    return quantiles[2] > SPREAD * quantiles[1]


def measure(folder, program, tries):
    """Runs until no bounded ratio is noisy; keeps the calmest figure of each ratio."""
    best = None
    for _ in range(tries):
        result = run_program(folder, program)
        if best is None:
            best = result
        for name, quantiles in result['ratio'].items():
            if quantiles[2] / quantiles[1] < best['ratio'][name][2] / best['ratio'][name][1]:
                best['ratio'][name] = quantiles
                best['time'] = result['time']
        wanted = [r[2] for r in RATIOS if r[1] == program and r[4] is not None]
        if not any(is_noisy(best['ratio'][name]) for name in wanted):
            break
    return best


def nanoseconds(ns):
    for unit, size in (('ms', 1e6), ('us', 1e3)):
        if ns >= size:
            return f'{ns / size:.3g} {unit}'
    return f'{ns:.3g} ns'


def time_rows(folder, programs, tries):
    measured = {program: measure(folder, program, tries) for program in programs}
    for row, program, ratio, sign, bound, shown in RATIOS:
        if program not in programs:
            continue
        quantiles = measured[program]['ratio'][ratio]
        value = f'{quantiles[0]:.3g}x  ({quantiles[1]:.3g} .. {quantiles[2]:.3g})  {nanoseconds(measured[program]["time"][shown][0])}'
        if bound is None:
            yield row, value, '', ''
            continue
        kept = quantiles[0] <= bound if sign == '<=' else quantiles[0] >= bound
        yield row, value, f'{sign} {bound}', 'NOISY' if is_noisy(quantiles) else 'ok' if kept else 'MISSED'
    for row, program, fact, expected in FACTS:
        if program in programs:
            value = int(measured[program]['fact'][fact][0])
            yield row, str(value), f'= {expected}', 'ok' if value == expected else 'MISSED'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', help='a build directory')
    parser.add_argument('--only', action='append', metavar='PROGRAM', help='one of the programs: ' + ', '.join(sorted({r[1] for r in COUNTS + RATIOS})))
    parser.add_argument('--instructions', action='store_true', help='count instructions, time nothing')
    parser.add_argument('--tries', type=int, default=6, metavar='N', help='runs of a program whose rounds spread too far (default 6)')
    options = parser.parse_args()
    folder = os.path.join(options.build, 'bench')
    known = sorted({r[1] for r in COUNTS + RATIOS})
    programs = options.only or known
    for program in programs:
        if program not in known:
            fail(f'no program is called {program}; there are {", ".join(known)}')
        if not os.path.exists(os.path.join(folder, 'bench_' + program)):
            fail(f'{folder} has no bench_{program}: build it first')
    if not shutil.which('valgrind'):
        fail('valgrind is missing')
    rows = list(count_rows(folder, programs))
    if not options.instructions:
        rows += time_rows(folder, programs, max(1, options.tries))
    width = max(len(r[0]) for r in rows)
    broken = 0
    for row, value, bound, verdict in rows:
        print(f'{row:{width}}  {value:42}  {bound:9}  {verdict}'.rstrip())
        broken += verdict in ('MISSED', 'NOISY')
    print(f'{sum(1 for r in rows if r[3] == "ok")} bounds kept, {broken} not')
    sys.exit(broken > 0)


main()
