#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mistake in a loop: many.py FIXMAP MODULE [--any-memory]

Each mistake of modules/many.c is made a thousand times and a hundred thousand times, one a million times: all must end, with the same reports
(the rest is counted in one line), and the many may take no more memory than the few. The same where a file suppresses them. The
compiler, which takes more than a run, makes the module once and is not there when memory is measured. --any-memory: under a
sanitizer, which keeps what was freed.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from reports import kind_of  # noqa: E402

FEW, MANY = 1000, 100 * 1000
SLACK_KB = 4096
# What a leaked object takes for good: itself, its red zones, and who allocated it.
BYTES_OF_LEAK = 256
# How many reports each ends with.
REPORTS = {'warns': 100, 'order': 2, 'uses_old': 1, 'runs_off': 1, 'frees_mapped': 1, 'past_object': 1, 'after_kfree': 1, 'sleeps': 1,
           'which_cpu': 1, 'enables': 2, 'leaks_object': 1}
REST = r'fixmap insmod: (\d+) (more reports at the same places|reports left out)|leak: '


# A compiler that has made this module before only copies it.
COMPILER = """#!/bin/sh
out= key= last=
for word; do
	if [ "$last" = -o ]; then out=$word; else key="$key $word"; fi
	last=$word
done
[ -n "$out" ] || exec gcc "$@"
kept={where}/$(printf %s "$key" | cksum | tr ' ' -)
[ -e "$kept" ] || gcc "$@" && { [ -e "$kept" ] || cp "$out" "$kept"; } && cp "$kept" "$out"
"""


def run(mistake, times, where, *words):
    """Status and messages, and the most memory, in kB, that one of its processes had."""
    env = {k: v for k, v in os.environ.items() if k != 'FIXMAP_OPTIONS'}
    env.update({'TMPDIR': where, 'LC_ALL': 'C.UTF-8', 'CC': f'{where}/gcc'})
    with open(f'{where}/errors', 'w+', encoding='utf-8') as errors:
        p = subprocess.Popen([fixmap, 'insmod', '-p', 'x86_32-6.1', '--time-limit', '100', *words, module, f'mistake={mistake}',
                              f'times={times}'], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return p.returncode, errors.read(), usage.ru_maxrss


def judge(mistake, most, many, where):
    """What is wrong."""
    few_status, few, few_memory = run(mistake, FEW, where)
    status, text, memory = run(mistake, many, where)
    found = sum(kind_of(line) is not None for line in text.splitlines())
    if (few_status, status) != (1, 1) or found != most:
        return f'ended with {few_status} and {status} and {found} reports\n{text[-2000:]}'
    if [line for line in few.splitlines() if not re.match(REST, line)] != [line for line in text.splitlines() if not re.match(REST, line)]:
        return f'the reports differ\n{text[-2000:]}'
    most_memory = few_memory + SLACK_KB + (many * BYTES_OF_LEAK // 1024 if mistake.startswith('leaks') else 0)
    return f'took {memory} kB, and {few_memory} kB for a few' if memory > most_memory and not any_memory else ''


def suppressed(where):
    path = os.path.join(where, 'suppressions')
    with open(path, 'w', encoding='utf-8') as f:
        f.write('preemptible which_cpu\n')
    status, text, _ = run('which_cpu', MANY, where, '-o', f'suppress={path}')
    return '' if status == 0 and re.fullmatch(rf'fixmap insmod: {MANY} reports left out, as .*\n', text) else f'ended with {status}\n{text[-2000:]}'


fixmap, module = map(os.path.abspath, sys.argv[1:3])
any_memory = '--any-memory' in sys.argv[3:]
with tempfile.TemporaryDirectory() as scratch:
    with open(f'{scratch}/gcc', 'w', encoding='ascii') as f:
        f.write(COMPILER.replace('{where}', scratch))
    os.chmod(f'{scratch}/gcc', 0o755)
    run('warns', 1, scratch)  # compiles
    problems = {name: judge(name, most, 10 * MANY if name == 'past_object' else MANY, scratch) for name, most in REPORTS.items()}
    problems['suppressed'] = suppressed(scratch)
for name, problem in problems.items():
    print(f'{name}: {problem or "good"}')
sys.exit(any(problems.values()))
