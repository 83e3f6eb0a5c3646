#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What every file of the checkout must keep to. One rule per function; each yields "line: what is wrong"."""
import os
import re
import subprocess
import sys

CODE = ('.c', '.h', '.cc', '.cpp', '.def')
C_COLUMNS = 132


def files(root):
    """The tracked and new files of a git checkout (what lies at its top and is new may be anybody's); outside of one (a release archive) all files but build directories."""
    tracked, new = (subprocess.run(['git', '-C', root, 'ls-files', '-z', *which], capture_output=True, check=False)
                    for which in (['--cached'], ['--others', '--exclude-standard']))
    if tracked.returncode == 0:
        names = tracked.stdout.decode().split('\0') + [n for n in new.stdout.decode().split('\0') if '/' in n]
    else:
        names = [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs]
        names = [n for n in names if not n.startswith(('build', '.git/'))]
    return sorted(n for n in names if n and os.path.isfile(os.path.join(root, n)))


def text_form(name, text):
    if '\r' in text:
        yield '1: carriage return; lines end with a newline alone'
    if text and not text.endswith('\n'):
        yield f'{text.count(chr(10)) + 1}: no newline at the end'
    if text.endswith('\n\n'):
        yield f'{text.count(chr(10))}: blank line at the end'
    for number, line in enumerate(text.split('\n'), 1):
        if line != line.rstrip():
            yield f'{number}: blanks at the end'
        if not line.isascii():
            yield f'{number}: a character that is not ASCII: {ascii(next(c for c in line if not c.isascii()))}'


def code_form(name, text):
    if not name.endswith(CODE):
        return
    if 'SPDX-License-Identifier: MIT' not in text.split('\n', 1)[0]:
        yield '1: the first line is not the SPDX line'
    for number, line in enumerate(text.split('\n'), 1):
        if re.match(r' {8}|\t* +\t', line):
            yield f'{number}: indented with blanks; use tabs'
        if len(line.expandtabs(8)) > C_COLUMNS and not name.endswith('.def'):
            yield f'{number}: longer than {C_COLUMNS} columns'


def left_behind(name, text):
    if not name.endswith(CODE + ('meson.build',)):
        return
    for number, line in enumerate(text.split('\n'), 1):
        if re.search(r'\b(TODO|FIXME|XXX|HACK)\b', line):
            yield f'{number}: work left behind; finish it'


def other_places(name, text):
    """Nothing depends on one machine's folders or on a host being reachable."""
    for number, line in enumerate(text.split('\n'), 1):
        if re.search(r'(?<![\w.])/(work|farm|home|root|Users)/', line):
            yield f'{number}: a path of one machine'
        if re.match(r'(scripts|\.ci)/|.*(\.sh|meson\.build)$', name) and re.search(r'https?:/' + '/', line):
            yield f'{number}: a network address in a build or CI file'


def run_bit(name, text):
    if text.startswith('#!') and not name.endswith('.py') and not os.access(os.path.join(sys.argv[1], name), os.X_OK):
        yield '1: a script without its run bit'


# Folder -> what its #include lines may name. The build enforces src/ and sim/ too; here is the message.
FIXMAP_OF_SIM = r'<fixmap/(machine|memory|mmio|mmu|task|types|window)\.h>'
SYSTEM = r'<(?!fixmap/|kernel/)[^>]*>'
OWN = r'"(?!\.\./)[^"]*"'
LAYERS = [
    (r'sim/', rf'{FIXMAP_OF_SIM}|{SYSTEM}|{OWN}'),
    (r'src/', rf'<fixmap/(?!kernel\.h)[^>]*>|{SYSTEM}|{OWN}'),
    (r'(tools|bench|examples)/[^/]*$', rf'<fixmap/[^>]*>|{SYSTEM}|"(?!\.\./|sim\.h)[^"]*"'),
    (r'', rf'<[^>]*>|{OWN}'),
]


def layers(name, text):
    if not name.endswith(('.c', '.h')):
        return
    allowed = next(pattern for folder, pattern in LAYERS if re.match(folder, name))
    for number, line in enumerate(text.split('\n'), 1):
        include = re.match(r'\s*#\s*include\s+(["<].*?[">])', line)
        if include and not re.fullmatch(allowed, include[1]):
            yield f'{number}: {name.split("/")[0]}/ may not include {include[1]}'


RULES = [text_form, code_form, left_behind, other_places, run_bit, layers]


def main():
    root = sys.argv[1]
    found = checked = 0
    for name in files(root):
        if name.startswith(('fuzz/corpus/', 'fuzz/regress/')):
            continue # bytes, whatever they look like
        with open(os.path.join(root, name), 'rb') as f:
            data = f.read()
        if b'\0' in data:
            continue
        checked += 1
        for rule in RULES:
            for problem in rule(name, data.decode('utf-8', 'replace')):
                print(f'{name}:{problem}')
                found += 1
    print(f'{checked} files, {found} problems')
    return found > 0 or checked == 0


sys.exit(main())
