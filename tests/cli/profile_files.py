#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profiles of the user's own: profile_files.py FIXMAP SOURCE-ROOT

The example works in every command that takes a profile. Then it is broken in one place at a time: the one line on standard error names
the file, the line and the rule, and the status is 2.
"""
import os
import re
import subprocess
import sys
import tempfile

fixmap, root = sys.argv[1:]
example = os.path.join(root, 'examples/profiles/board.def')
with open(example, encoding='ascii') as f:
    text = f.read()
failed = done = 0


def run(*arguments):
    return subprocess.run([fixmap, *arguments], capture_output=True, text=True, check=False)


def check(what, holds, got):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {got}')


def works(expected, *arguments):
    r = run(*arguments)
    check(' '.join(arguments), r.returncode == (arguments[0] == 'diff') and not r.stderr and expected in r.stdout, (r.returncode, r.stdout[-600:], r.stderr))


# What is replaced, by what, and the rule that this breaks; None: some rule or other.
CASES = [
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIXED(FIX_TEXT_POKE1, 1)', 'FXM_FIXED is no row of a profile'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX_TEXT_POKE1)', 'FXM_FIX takes 2 arguments, and here are 1'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX_TEXT_POKE1, , 1)', 'argument 2 is empty'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX_TEXT_POKE1, CONFIG_NOWHERE)', 'unknown name'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX-TEXT, 1)', 'FIX-TEXT is not a name'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX_PCIE_MCFG, 1)\n', 'FIX_PCIE_MCFG is there twice'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX(FIX_TEXT_POKE0, 1)', None),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'FXM_FIX_AT(FIX_TEXT_POKE1, FIX_APIC_BASE, 1)', 'FIX_TEXT_POKE1 takes index 3, which FIX_APIC_BASE has'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', '#ifdef ME', 'of all directives a profile has #include "FILE" only'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', '#include "nowhere.def"', 'there is no nowhere.def beside this file'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', '#include "me.def"', 'includes nest more than 8 deep: does '),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', 'int x;', 'int is no row of a profile'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', '= 3', 'a row FXM_NAME(...) is expected'),
    ('FXM_FIX(FIX_TEXT_POKE1, 1)', '/* no end', 'this comment has no end'),
    ('"CPUs that the kernel is built for"', '"CPUs', 'this string has no end'),
    ('"CPUs that the kernel is built for"', 'CPUs', 'argument 5 is a text'),
    ('SMP ? 2 : 1, 1, 8', 'SMP ? : 1, 1, 8', 'character'),
    ('SMP ? 2 : 1, 1, 8', 'NR_CPUS, 1, 8', 'depends on itself'),
    ('SMP ? 2 : 1, 1, 8', '9, 1, 8', 'the default of NR_CPUS is 9, which is not from 1 to 8'),
    ('BOARD_FPGA, 1', 'BOARD_FPGA, 2', 'the default of BOARD_FPGA is 2: an option is 0 or 1'),
    ('NR_CPUS * 40', 'CPU_ENTRY_AREA_PAGES * 40', 'CPU_ENTRY_AREA_PAGES is defined by itself'),
    ('FXM_TRAIT(kunmap_bug_in_interrupt, 1)', 'FXM_TRAIT(kunmap_bug, 1)', 'no kernel has a trait called kunmap_bug'),
    ('FXM_SITE(atomic_order', 'FXM_SITE(atomic_disorder', 'nothing reports at a site called atomic_disorder'),
    ('FXM_LET(kernel_pte_mask, ~0)', 'FXM_LET(kernel_pte_mask, ~0)\nFXM_CONST(LAST_PKMAP, 3)', None),
    ('FXM_OPTION(nx, pae, "the CPU has no-execute pages (used with pae=1 only)")', '', None),
    ('(CPU_ENTRY_AREA_BASE - PAGE_SIZE) & PMD_MASK', 'CPU_ENTRY_AREA_BASE - PAGE_SIZE', None),
    ('(CPU_ENTRY_AREA_BASE - PAGE_SIZE) & PMD_MASK', 'CPU_ENTRY_AREA_BASE - 12', None),
    ('CPU_ENTRY_AREA_PAGES << PAGE_SHIFT', '64 << 20', 'overlaps'),
    ('FXM_TRAIT(cache_colours, 1)', 'FXM_TRAIT(cache_colours, 3)', 'a cache has a power of two of colours'),
    ('FXM_TRAIT(cache_colours, 1)', 'FXM_TRAIT(cache_colours, 4)', 'temporary mappings have colours since 5.11 only'),
    ('KM_TYPE_NR * NR_CPUS', 'KM_TYPE_NR', 'temporary mappings on 2 CPUs need 40'),
    ('board-4.15, x86_32', 'x86_32-4.15, x86_32', 'x86_32-4.15 is built in'),
    ('board-4.15, x86_32', 'board, vax', 'no architecture vax'),
    ('4, 15, 0, 32', '4, 15, 0, 64', 'addresses of x86_32 have 32 bits, not 64'),
    ('4, 15, 0, 32', '4, 15, 32', 'FXM_PROFILE takes 7 arguments'),
    ('FXM_PROFILE', 'FXM_OPTION(SMALL, 0, "x")\nFXM_PROFILE', 'the first row of a profile is FXM_PROFILE'),
    ('#include "x86_32-stack.def"', 'FXM_PROFILE(a, x86_32, 4, 15, 0, 32, "b")\n#include "x86_32-stack.def"', 'a second FXM_PROFILE'),
    ('#include "x86_32-stack.def"', '', 'the profile has no '),
]

works('FIX_FPGA_BASE', 'layout', '-p', example)
works('board-4.15', 'layout', '-p', example, '--json')
works('BOARD_FPGA', 'layout', '-p', example, '--settings')
works('-DFXM_KERNEL_PROFILE_FILE=board.def', 'cflags', '-p', example)
works('FIX_KMAP_END', 'layout', '-p', example, '-o', 'DEBUG_HIGHMEM=1')
works('one PMD', 'plan', '-p', example, '--layout')
works('8 slots of 64 pages', 'plan', '-p', example, '1000', '1000')
works('FIX_FPGA_BASE', 'walk', '-p', example, 'fff8f000')
works('Fixmap area', 'ptdump', '-p', example)
works('FIX_FPGA_BASE', 'diff', example + ',BOARD_FPGA=1', 'x86_32-4.15')
works('FIX_FPGA_BASE', 'layout', '-o', 'profile=' + example)
with tempfile.TemporaryDirectory() as folder:
    mine, module = os.path.join(folder, 'me.def'), os.path.join(folder, 'fpga.c')
    with open(module, 'w', encoding='ascii') as f:
        f.write('#include <linux/module.h>\n#include <asm/fixmap.h>\nstatic int f(void)\n{\n'
                '\tprintk("FPGA at %px\\n", (void *)fix_to_virt(FIX_FPGA_BASE));\n\treturn 0;\n}\nmodule_init(f);\n')
    works('fff8f000', 'insmod', '-p', example, module)
    for old, new, rule in CASES:
        if old not in text:
            check(f'{old} is in the example', False, '')
            continue
        with open(mine, 'w', encoding='ascii') as f:
            f.write(text.replace(old, new, 1))
        r = run('layout', '-p', mine)
        named = re.match(r'fixmap layout: (\S*\.def):(\d+): .', r.stderr)
        check(f'{new or "without " + old}: {rule}', r.returncode == 2 and not r.stdout and r.stderr.count('\n') == 1 and named is not None
              and (rule is None or rule in r.stderr), (r.returncode, r.stdout[-100:], r.stderr))
    for what, make in {'binary': b'FXM_PROFILE(a\0b)', 'empty': b'', 'other': b'\x7fELF\x02'}.items():
        with open(mine, 'wb') as f:
            f.write(make)
        r = run('layout', '-p', mine)
        check(what, r.returncode == 2 and re.fullmatch(r'fixmap layout: \S*me\.def:1: .*\n', r.stderr), (r.returncode, r.stderr))
    for path, rule in [(folder + '/', 'Is a directory'), (folder + '/none.def', 'No such file or directory')]:
        r = run('layout', '-p', path)
        check(path, r.returncode == 2 and r.stderr == f'fixmap layout: {path}: {rule}\n', (r.returncode, r.stderr))
print(f'{done} checks, {failed} problems')
sys.exit(failed > 0)
