#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`enum fixed_addresses` of the kernel's own headers beside that of the profiles: fixed_addresses.py FIXMAP FOLDER

Compiles the enum of arch/*/include/asm/fixmap.h, unmodified, with the options that a profile and its settings have, and compares every
name, index and address with `fixmap layout`, in both directions.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from source import NEWER, TARBALL, unpack  # noqa: E402

fixmap, folder = map(os.path.abspath, sys.argv[1:])
HEADER = 'arch/{}/include/asm/fixmap.h'
# What the headers take from others; FIXADDR_TOP and the page's size are the layout's.
AROUND = '''
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define SZ_256K 0x40000
#define SZ_2M 0x200000
#define MAX_FDT_SIZE 0x200000
#define MAX_IO_APICS (sizeof(long) == 8 && !defined_x86_32 ? 128 : 64)
#define KM_MAX_IDX (kmap_guards ? 33 : 16)
#define VSYSCALL_ADDR (-10ull << 20)
'''
CASES = {
    'arm64': ['ARM64_PAGE_SHIFT=12', 'ARM64_PAGE_SHIFT=14', 'ARM64_PAGE_SHIFT=16', 'ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42',
              'ARM64_PAGE_SHIFT=14,ARM64_VA_BITS=47,ACPI_APEI_GHES=0', 'ARM64_PAGE_SHIFT=12,ARM64_VA_BITS=39,RELOCATABLE=0',
              'ARM64_PAGE_SHIFT=16,ARM_SDE_INTERFACE=0,UNMAP_KERNEL_AT_EL0=0'],
    'x86_64': ['NR_CPUS=8192', 'NR_CPUS=8,DEBUG_KMAP_LOCAL_FORCE_MAP=1', 'ACPI_APEI_GHES=0', 'PROVIDE_OHCI1394_DMA_INIT=1'],
    'x86_32': ['pae=0', 'pae=1', 'pae=1,NR_CPUS=4,DEBUG_HIGHMEM=1', 'pae=0,INTEL_TXT=1,PCI_MMCONFIG=0'],
    'arm': ['ARM_LPAE=0', 'ARM_LPAE=1', 'NR_CPUS=8', 'NR_CPUS=4,DEBUG_HIGHMEM=1,DEBUG_KMAP_LOCAL=1'],
}
RELEASES = {'6.1': (TARBALL, 'linux-source-6.1-fixmap'), '6.12': (NEWER, 'linux-source-6.12-fixmap')}


def layout(profile, words):
    run = subprocess.run([fixmap, 'layout', '--json', '-p', profile, '-o', words], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f'{profile},{words}: {run.stderr}')
    return json.loads(run.stdout)


def enum_of(header):
    with open(header, encoding='utf-8') as f:
        return re.search(r'^enum fixed_addresses \{.*?^\};(\s*static const enum fixed_addresses .*?;)?', f.read(), re.M | re.S)[0]


def compile_words(arch, facts):
    """The macros that stand for a configuration."""
    config = facts['settings']
    shift = config.get('ARM64_PAGE_SHIFT', '12')
    top = facts['values']['FIXADDR_TOP']
    on = [f'-DCONFIG_{name}=1' for name, value in config.items() if value == '1' and re.fullmatch('[A-Z][A-Z0-9_]*', name)]
    words = ['-DCONFIG_X86_VSYSCALL_EMULATION=1', '-DCONFIG_X86_64=1'] if arch == 'x86_64' else []
    words += ['-DCONFIG_X86_32=1'] if arch == 'x86_32' else []
    words += ['-DCONFIG_X86_LOCAL_APIC=1', '-DCONFIG_X86_IO_APIC=1'] if arch.startswith('x86') else []
    guards = config.get('DEBUG_KMAP_LOCAL') == '1'
    return [*on, *words, f'-DFIXADDR_TOP={top}ull', f'-DPAGE_SHIFT={shift}', '-DPAGE_SIZE=(1ul<<PAGE_SHIFT)',
            f'-DNR_CPUS={config["NR_CPUS"]}', f'-DPTRS_PER_PTE={facts["values"]["PTRS_PER_PTE"]}', f'-Dkmap_guards={int(guards)}',
            f'-Ddefined_x86_32={int(arch == "x86_32")}']


def enumerators(text, words, work):
    """name -> index, as the compiler has them."""
    plain = subprocess.run(['cc', '-E', '-P', *words, '-xc', '-'], input=AROUND + text, capture_output=True, text=True, check=True).stdout
    body = plain[plain.index('{') + 1:plain.index('}')]
    while '(' in body:
        body = re.sub(r'\([^()]*\)', ' ', body)
    names = [m[1] for m in (re.match(r'\s*(\w+)', part) for part in body.split(',')) if m]
    names += re.findall(r'static const enum fixed_addresses (\w+)', plain)
    lines = ''.join(f'\tprintf("%d {name}\\n", (int){name});\n' for name in names)
    source, program = f'{work}/enum.c', f'{work}/enum'
    with open(source, 'w', encoding='ascii') as f:
        f.write(f'#include <stdio.h>\n{AROUND}{text}\nint main(void)\n{{\n{lines}\treturn 0;\n}}\n')
    subprocess.run(['cc', '-w', *words, source, '-o', program], check=True)
    listed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {name: int(index) for index, name in (line.split() for line in listed.splitlines())}


def compare(tree, arch, profile, words, work):
    """How many rows there were and what differs."""
    text = enum_of(os.path.join(tree, HEADER.format({'x86_64': 'x86', 'x86_32': 'x86'}.get(arch, arch))))
    if arch == 'arm64':
        words += f',BTMAP_PAGE_MORE={int("PAGE_SIZE) + 1" in text)}'
    facts = layout(profile, words)
    theirs = enumerators(text, compile_words(arch, facts), work)
    ours = {f['name']: f for f in facts['fixed']}
    wrong = [f'{name}: the kernel {theirs.get(name)}, the profile {ours.get(name, {}).get("index")}'
             for name in sorted(theirs.keys() | ours.keys()) if theirs.get(name) != ours.get(name, {}).get('index')]
    top, shift = int(facts['values']['FIXADDR_TOP'], 16), int(facts['settings'].get('ARM64_PAGE_SHIFT', '12'))
    wrong += [f'{name} lies at {f["address"]}' for name, f in ours.items()
              if int(f['address'], 16) != (top - (f['index'] << shift)) % (1 << 64)]
    return len(theirs), wrong


problems = rows = 0
for release, (tarball, name) in RELEASES.items():
    if not os.path.exists(tarball):
        print(f'left out: there is no {tarball}')
        continue
    tree = unpack(tarball, folder, name, tuple(HEADER.format(arch) for arch in ('arm', 'arm64', 'x86')))
    for arch, settings in CASES.items():
        for words in settings:
            with tempfile.TemporaryDirectory() as work_folder:
                count, wrong = compare(tree, arch, f'{arch}-{release}', words, work_folder)
            rows += count
            problems += len(wrong)
            print(f'{arch}-{release} {words}: {count} rows', *wrong, sep='\n  ')
print(f'{rows} rows, {problems} problems')
sys.exit(77 if not rows else problems != 0)
