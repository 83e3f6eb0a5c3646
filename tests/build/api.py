#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public headers against the libraries: api.py HEADER_DIR SHARED STATIC

Every FXM_API prototype is exported; nothing else is; no other global name is in the static library; the
shared library reaches its thread-local variables without a call.
"""
import glob
import re
import subprocess
import sys

headers, shared, static = sys.argv[1:]
problems = []


def problem(text):
    problems.append(text)
    print(text)


def output(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def declared():
    """Name -> "file:line" of every exported prototype. A prototype without FXM_API would be one nobody can link to."""
    names = {}
    for header in sorted(glob.glob(f'{headers}/*.h') + glob.glob(f'{headers}/../kernel/fxm/calls.h')):
        with open(header, encoding='ascii') as f:
            text = f.read()
        for m in re.finditer(r'^(FXM_API\s+)?(?!typedef|static|FXM_API)\w[^;{}()#]*?\b(fxm_\w+)\s*\(', text, re.M):
            at = text.count('\n', 0, m.start())
            place = f'{header.rsplit("/", 1)[1]}:{at + 1}'
            if not m[1]:
                problem(f'{place}: {m[2]} lacks FXM_API')
            names[m[2]] = place
        for m in re.finditer(r'^FXM_API extern [^;()]*?\b(fxm_\w+);', text, re.M):
            at = text.count('\n', 0, m.start())
            names[m[1]] = f'{header.rsplit("/", 1)[1]}:{at + 1}'
    return names


def globals_of(library, *options):
    return {line.split()[-1].split('@')[0] for line in output('nm', '--defined-only', '-g', *options, library).splitlines()
            if re.match(r'[0-9a-f]+ [^A] ', line)}


names = declared()
exported = globals_of(shared, '-D')
for name in sorted(set(names) - exported):
    problem(f'{names[name]}: {name} is declared but not exported')
for name in sorted(exported - set(names)):
    problem(f'{name} is exported but no header declares it')
for name in sorted(globals_of(static)):
    if not name.startswith(('fxm_', 'fxmi_')):
        problem(f'{name} is a global name of the static library without the prefix fxm_ or fxmi_')
for line in output('readelf', '--wide', '--relocs', '--dyn-syms', shared).splitlines():
    if re.search(r'DTPMOD|TLSDESC|__tls_get_addr', line):
        problem(f'thread-local access by a call: {line.strip()}')
dynamic = output('readelf', '--wide', '--dynamic', shared)
if '[libfixmap.so.0]' not in dynamic:
    problem('the SONAME is not libfixmap.so.0')
print(f'{len(names)} functions declared, {len(exported)} exported, {len(problems)} problems')
sys.exit(bool(problems) or not names)
