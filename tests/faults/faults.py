#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the host refuses: faults.py FIXMAP FAIL_NTH.so EXAMPLES [--all]

Each command runs with the n-th call of one function failing, for every n that it gets to (one in some without --all). Then it does as
without the fault, or it ends with 2 and says that the host refused something: no signal, no other verdict, nothing left behind.
"""
import concurrent.futures
import os
import re
import struct
import subprocess
import sys
import tempfile

fixmap, shim, examples = map(os.path.abspath, sys.argv[1:4])
TRACES, MODULES = os.path.join(examples, 'traces'), os.path.join(examples, 'modules')
COMMANDS = {
    'replay': ['replay', f'{TRACES}/kmap_local_threads.trace'],
    'fill': ['replay', '--fill', f'{TRACES}/kmap_atomic_order.trace'],
    'plan': ['plan', '-p', 'arm64-4.7', '7fff0000', '2000'],
    'layout': ['layout', '-p', 'x86_32-4.15', '--json'],
    'insmod': ['insmod', f'{MODULES}/kmap_string.c'],
}
FUNCTIONS = 'malloc', 'mmap', 'mprotect', 'memfd_create', 'ftruncate', 'pthread_create'
# The loader's words for it name the object.
REFUSAL = r'memory|refused|too many open files|too large|ulimit|cannot (open|create) shared object'
LIMIT = 120
PER_FUNCTION = 10_000 if '--all' in sys.argv else 24


def run(command, folder, setting):
    env = {k: v for k, v in os.environ.items() if k not in ('FIXMAP_OPTIONS',)}
    env.update(LD_PRELOAD=shim, FAIL_NTH=setting, FAIL_NTH_IN='fixmap', TMPDIR=folder, LC_ALL='C.UTF-8',
               FAIL_NTH_COUNT=os.path.join(folder, 'count'))
    done = subprocess.run([fixmap, *COMMANDS[command]], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT, check=False, text=True, errors='replace')
    with open(env['FAIL_NTH_COUNT'], 'rb') as f:
        calls = struct.unpack('@L', f.read())[0]
    os.remove(env['FAIL_NTH_COUNT'])
    # Where the window is moved, because the host has no room at the simulated addresses, they keep their low 32 bits.
    out = re.sub(r'0x[0-9a-f]+(?=[0-9a-f]{8}\b)', '0x', re.sub(r'\[ *\d+\.\d+\]', '[T]', done.stdout))
    return done.returncode, out, done.stderr, calls


def problem(command, whole, function, n):
    """What is wrong when the @n-th call of @function fails; None when nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        status, out, err, _ = run(command, folder, f'{function}:{n}')
        left = os.listdir(folder)
    said = re.search(REFUSAL, err, re.I)
    if left:
        return f'left behind {left}'
    if status == whole[0] and out == whole[1]:
        return None
    if status == 2 and said:
        return None
    return f'status {status}, said {err.strip()[:300]!r}' + ('' if status else ', another output')


def check(command, function):
    with tempfile.TemporaryDirectory() as folder:
        whole = run(command, folder, f'{function}:1000000')
    calls = whole[3]
    step = max(1, calls // PER_FUNCTION)
    tried = range(1, calls + 1, step)
    found = [(n, p) for n in tried for p in [problem(command, whole, function, n)] if p]
    return command, function, calls, len(tried), found


pairs = [(c, f) for c in COMMANDS for f in FUNCTIONS]
bad = total = 0
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for command, function, calls, tried, found in pool.map(lambda pair: check(*pair), pairs):
        total += tried
        bad += len(found)
        if tried:
            print(f'{command:8} {function:14} {tried} of {calls} calls failed in turn, {len(found)} problems')
        for n, what in found:
            print(f'  {function}:{n}: {what}')
print(f'{total} faults, {bad} problems')
sys.exit(bad > 0 or not total)
