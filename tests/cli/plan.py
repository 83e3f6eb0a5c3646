# SPDX-License-Identifier: MIT
"""`fixmap plan`: what fits, what does not and why, and the rules of a layout.

usage: plan.py FIXMAP
"""

import re
import subprocess
import sys

CASES = [
    # arguments, status, expressions that lines of the output must match
    (['-p', 'x86_32-6.1', 'fed00123', '0x1000', '0x1fff', '2', '9f000', '64K'], 0,
     [r'^x86_32-6.1: 8 slots of 64 pages of 4 KB, 256 KB each$', r'1 .*: slot 0 at ffa00123, 2 of 64 pages; 7 slots left$',
      r'2 .*: slot 1 at ffa40fff, 2 of 64 pages; 6 slots left$', r'3 .* size 0x10000 \(65536\): slot 2 at ffa80000, 16 of 64']),
    (['-p', 'x86_32-6.1', '0x1001', '0x40000', '0x1000', '256K'], 1,
     ['65 pages of 4 KB, and a slot has 64; from offset 0x1 the most is 0x3ffff \\(262143\\) bytes$', r'nrpages > NR_FIX_BTMAPS', r'2 .*: slot 0 at ffa00000, 64']),
    (['-p', 'x86_32-4.15', '0', '0', 'fffff000', '0x2000'], 1, ['the size is 0$', 'wraps around', r'WARN_ON\(!size']),
    (['-p', 'x86_32-4.15', '-o', 'pae=1', 'fffff000', '8K', '0x123456000', '4096'], 0, ['2 of 64 pages', 'frame 23456 is mapped instead']),
    (['-p', 'x86_32-4.15', *['f0000', '0x10'] * 9], 1, ['; 0 slots left$', 'all 8 slots are in use', '"not found slot"']),
    (['-p', 'i386-2.6.12', '3M', '1', 'b8000', '0x1000', 'fe000000', '0x10001', 'fe000000', '0x11000'], 1,
     ['window of 16 pages', '0 of 16 pages', 'leaves out', 'ISA hole: address c00b8000', '3 .*: slot 0 .*, 16 of 16', '17 pages',
      'NULL without a word']),
    # What nothing says to be decimal or hexadecimal is told both ways; one digit is the same in both.
    (['-p', 'x86_32-6.1', '100000', '262144'], 1,
     [r'phys 0x000186a0 \(100000\) size 0x40000 \(262144\)', '^    note: 100000 is read as decimal; write 0x100000 if it is hexadecimal$',
      '^    note: 262144 is read as decimal; write 0x262144 if it is hexadecimal$']),
    (['-p', 'x86_32-6.1', '00100000', '9'], 0,
     [r'phys 0x00100000 \(1048576\) size 0x9 \(9\)', '^    note: 00100000 is read as hexadecimal; write 100000 if it is decimal$']),
    (['-p', 'arm64-6.12', '1G', '0x1K'], 0, [r'phys 0x40000000 \(1073741824\) size 0x400 \(1024\)']),
    # The table that kernels with 64 KB pages could not map; the page more that came later has room for its beginning in mid-page.
    (['-p', 'arm64-4.7', '-o', 'ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42', '7fff8123', '0x40000'], 1,
     ['7 slots of 4 pages of 64 KB', r'5 pages of 64 KB, and a slot has 4; from offset 0x8123 the most is 0x37edd \(229085\) bytes']),
    (['-p', 'arm64-6.12', '-o', 'ARM64_PAGE_SHIFT=16,BTMAP_PAGE_MORE=0', '7fff8123', '256K'], 1,
     ['7 slots of 4 pages of 64 KB', r'5 pages of 64 KB, and a slot has 4; .* 0x37edd \(229085\) bytes', r'WARN_ON\(nrpages > NR_FIX_BTMAPS\)']),
    (['-p', 'arm64-6.12', '-o', 'ARM64_PAGE_SHIFT=16', '7fff8123', '256K', '7fff8123', '320K'], 1,
     ['7 slots of 5 pages of 64 KB', r'1 .*: slot 0 .*, 5 of 5 pages', r'6 pages of 64 KB, and a slot has 5; .* 0x47edd \(294621\) bytes']),
    (['-p', 'arm64-6.12', '-o', 'ARM64_PAGE_SHIFT=14', '7fff8123', '256K', '7fff8123', '272K'], 1,
     ['7 slots of 17 pages of 16 KB, 272 KB each', r'1 .*: slot 0 .*, 17 of 17 pages', r'18 pages of 16 KB, and a slot has 17; from offset 0x123 ']),
    (['-p', 'x86_32-6.1', '--layout'], 0, ['^ok     overlap', '^ok     one PMD', '^ok     boot-map budget', '^ok     aligned top']),
    (['-p', 'x86_32-4.7', '-o', 'pae=1', '--layout'], 1, ['^BROKEN overlap .*pkmap at ffc00000 .* early_ioremap at ffc00000']),
    (['-p', 'x86_32-4.15', '-o', 'pae=1', '--layout'], 1,
     ['^BROKEN fixed address .*FIX_WP_TEST at ffbff000 lies in pkmap$', 'FIX_TBOOT_BASE at ffbfe000 lies in pkmap$']),
    ([], 2, ['Write PHYS SIZE pairs']),
    (['1000'], 2, ['Write PHYS SIZE pairs']),
    (['1000', '-5'], 2, ['-5']),
    (['x', '10'], 2, ['x: write a physical address, as 0x40000, 262144 or 256K']),
    *[(['0', bad], 2, [f'{re.escape(bad)}: write a size']) for bad in ('0x', '0xK', 'K', '12Kb', '1.5M', '0x1g', '20000000000000000G', '5+')],
    (['-p', 'x86_32-4.15', '0x1000', '0x100000000'], 2, ['0x100000000: write a size, .*, of at most 32 bits here']),
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
