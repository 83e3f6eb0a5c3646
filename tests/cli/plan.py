# SPDX-License-Identifier: MIT
"""`fixmap plan`: what fits, what does not and why, and the rules of a layout.

usage: plan.py FIXMAP
"""

import re
import subprocess
import sys

CASES = [
    # arguments, status, expressions that lines of the output must match
    (['-p', 'x86_32-6.1', 'fed00123', '1000', '1fff', '2', '9f000', '64K'], 0,
     [r'^x86_32-6.1: 8 slots of 64 pages of 4 KB, 256 KB each$', r'1 .*: slot 0 at ffa00123, 2 of 64 pages; 7 slots left$',
      r'2 .*: slot 1 at ffa40fff, 2 of 64 pages; 6 slots left$', r'3 .* size 10000: slot 2 at ffa80000, 16 of 64']),
    (['-p', 'x86_32-6.1', '1001', '40000', '1000', '40000'], 1,
     ['65 pages of 4 KB, and a slot has 64; from offset 1 the most is 3ffff bytes$', r'nrpages > NR_FIX_BTMAPS', r'2 .*: slot 0 at ffa00000, 64']),
    (['-p', 'x86_32-4.15', '0', '0', 'fffff000', '2000'], 1, ['the size is 0$', 'wraps around', r'WARN_ON\(!size']),
    (['-p', 'x86_32-4.15', '-o', 'pae=1', 'fffff000', '2000', '123456000', '1000'], 0, ['2 of 64 pages', 'frame 23456 is mapped instead']),
    (['-p', 'x86_32-4.15', *['f0000', '10'] * 9], 1, ['; 0 slots left$', 'all 8 slots are in use', '"not found slot"']),
    (['-p', 'i386-2.6.12', '300000', '1', 'b8000', '1000', 'fe000000', '10001', 'fe000000', '11000'], 1,
     ['window of 16 pages', '0 of 16 pages', 'leaves out', 'ISA hole: address c00b8000', '3 .*: slot 0 .*, 16 of 16', '17 pages',
      'NULL without a word']),
    # The table that a kernel with 64 KB pages could not map.
    (['-p', 'arm64-4.7', '-o', 'ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42', '7fff8123', '40000'], 1,
     ['7 slots of 4 pages of 64 KB', '5 pages of 64 KB, and a slot has 4; from offset 8123 the most is 37edd bytes']),
    (['-p', 'x86_32-6.1', '--layout'], 0, ['^ok     overlap', '^ok     one PMD', '^ok     boot-map budget', '^ok     aligned top']),
    (['-p', 'x86_32-4.7', '-o', 'pae=1', '--layout'], 1, ['^BROKEN overlap .*pkmap at ffc00000 .* early_ioremap at ffc00000']),
    (['-p', 'x86_32-4.15', '-o', 'pae=1', '--layout'], 1,
     ['^BROKEN fixed address .*FIX_WP_TEST at ffbff000 lies in pkmap$', 'FIX_TBOOT_BASE at ffbfe000 lies in pkmap$']),
    ([], 2, ['Write PHYS SIZE pairs']),
    (['1000'], 2, ['Write PHYS SIZE pairs']),
    (['1000', '-5'], 2, ['-5']),
    (['x', '10'], 2, ['x: write a physical address in hexadecimal']),
    (['-p', 'x86_32-4.15', '1000', '100000000'], 2, ['100000000: write a size in hexadecimal, of at most 32 bits here']),
    (['--layout', '1000', '10'], 2, ['1000']),
    (['--help'], 0, ['^usage: fixmap plan']),
]


def main():
    fixmap = sys.argv[1]
    problems = 0
    for arguments, status, expressions in CASES:
        done = subprocess.run([fixmap, 'plan', *arguments], capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        wrong = [f'no line has {e}' for e in expressions if not re.search(e, text, re.MULTILINE)]
        if done.returncode != status:
            wrong.append(f'status {done.returncode}, not {status}')
        if done.returncode == 2 and (done.stdout or done.stderr.count('\n') != 1):
            wrong.append('not one line on standard error alone')
        if wrong:
            problems += 1
            print(' '.join(['fixmap plan', *arguments]), *wrong, text, sep='\n  ')
    print(f'{len(CASES)} commands run, {problems} problems')
    sys.exit(problems != 0)


main()
