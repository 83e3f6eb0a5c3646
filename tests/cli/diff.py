# SPDX-License-Identifier: MIT
"""`fixmap diff`: what two kernels differ in, as a table and as JSON.

usage: diff.py FIXMAP
"""

import json
import subprocess
import sys

LISTS = ['settings', 'values', 'depths', 'fixed', 'km_types', 'protections', 'behaviour', 'functions', 'sites', 'texts']

# Two sides, and rows of lists that must be there: name, text of a, text of b. A text that begins with ~ is contained in that side's.
CASES = [
    (['x86_32-6.1', 'x86_32-6.12'],
     {'settings': [('PAGE_TABLE_ISOLATION', '0', None), ('MITIGATION_PAGE_TABLE_ISOLATION', None, '0')],
      'protections': [('PAGE_KERNEL_RO', '0x161', '0x121')],
      'behaviour': [('is_kmap_addr_local', '0', '1')],
      'functions': [('memcpy_from_folio', 'no', 'yes'), ('set_fixmap_offset_io', 'yes', 'no')],
      'sites': [('push_depth', 'mm/highmem.c:467', 'mm/highmem.c:480'), ('early_too_big', 'mm/early_ioremap.c:141', 'mm/early_ioremap.c:139')],
      'texts': [('a BUG', '~\ninvalid opcode: 0000 [#1]', '~\nOops: invalid opcode: 0000 [#1]')]}, ['values', 'depths', 'fixed', 'km_types']),
    (['x86_32-5.10', 'x86_32-6.1'],
     {'depths': [('kmap_atomic, kmap_local', '20 per CPU', '15 per task')],
      'behaviour': [('kmap_atomic_generation', '2', '3')],
      'functions': [('kmap_local_page', 'no', 'yes'), ('kmap_atomic_idx', 'yes', 'no')]}, ['km_types']),
    (['i386-2.6.12', 'x86_32-4.15'],
     {'depths': [('kmap_atomic, kmap_local', '13 types per CPU', '20 per CPU'), ('early_ioremap', '1 of 64 KB', '8 of 256 KB')],
      'km_types': [('KM_USER0', '3', None)], 'functions': [('bt_ioremap', 'yes', 'no')]}, []),
    (['arm64-4.7', 'arm64-6.12,ARM64_PAGE_SHIFT=16'],
     {'depths': [('early_ioremap', '7 of 256 KB', '7 of 320 KB')],
      'texts': [('an oops, reading what is not mapped', '~pgd = xxxxxxxx', '~swapper pgtable: 64k pages')]}, []),
    (['x86_32-6.1', 'x86_32-6.1,DEBUG_HIGHMEM=1'], {'depths': [('kmap_atomic, kmap_local', '15 per task', '16 per task')]}, ['sites', 'functions']),
    (['-o', 'pae=1', 'x86_32-6.1', 'x86_32-6.12,pti=1'], {'texts': [('a BUG', '~PREEMPT SMP', '~SMP PTI')]}, ['depths']),
    (['arm64-6.1', 'x86_64-6.1'], {'fixed': [('FIX_FDT', '1024 at 0xfffffbfffdc00000', None)]}, ['km_types']),
]

problems = 0


def problem(arguments, what):
    global problems
    problems += 1
    print('fixmap diff', *arguments, what, sep='\n  ')


def run(*arguments):
    return subprocess.run([sys.argv[1], 'diff', *arguments], capture_output=True, text=True, check=False)


def holds(got, expected):
    return expected[1:] in got if expected and expected[0] == '~' else got == expected


for arguments, expected, same in CASES:
    table, done = run(*arguments), run('--json', *arguments)
    if (table.returncode, done.returncode, table.stderr + done.stderr) != (1, 1, ''):
        problem(arguments, f'status {table.returncode}, {done.returncode}: {table.stderr}{done.stderr}')
        continue
    got = json.loads(done.stdout)
    if list(got) != ['a', 'b'] + LISTS or [got['a'], got['b']] != arguments[-2:]:
        problem(arguments, f'keys {list(got)}')
    for rows in expected:
        for name, a, b in expected[rows]:
            row = [r for r in got[rows] if r['name'] == name]
            if len(row) != 1 or not holds(row[0]['a'], a) or not holds(row[0]['b'], b):
                problem(arguments, f'{rows}: {name}: {row}')
            if name not in table.stdout:
                problem(arguments, f'the table has no {name}')
    for rows in LISTS:
        if rows in same and got[rows]:
            problem(arguments, f'{rows} differ: {got[rows]}')
        if any(r['a'] == r['b'] for r in got[rows]) or len({r['name'] for r in got[rows]}) != len(got[rows]):
            problem(arguments, f'{rows} has a row that is the same on both sides, or one twice')
    if table.stdout.count('xxxxxxxx') < 1 and expected.get('texts'):
        problem(arguments, 'no text has its numbers left out')

# Every profile beside itself, and beside the same with its default settings written down.
profiles = [line.split()[0] for line in subprocess.run([sys.argv[1], 'profiles'], capture_output=True, text=True, check=True).stdout.splitlines()]
for name in profiles:
    done = run(name, name + ',cpus=2')
    if done.returncode > 1 or done.stderr or 'kernel prints' in done.stdout:
        problem([name], done.stdout + done.stderr)
    done = run(name, name)
    if done.returncode or done.stderr or 'nothing differs' not in done.stdout:
        problem([name], done.stdout + done.stderr)
print(f'{len(CASES)} pairs, {len(profiles)} profiles, {problems} problems')
sys.exit(problems != 0)
