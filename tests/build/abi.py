#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shared library's binary interface against the one that was agreed on: abi.py LIBRARY HEADERS BASELINE [--renew]

BASELINE is what abidw (package abigail-tools) says of the library of an x86-64 build with debug information, compressed. A function
may be added; what is there may not change or go. --renew writes BASELINE anew: `ninja abi-baseline` in the build directory.
"""
import lzma
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

library, headers, baseline = sys.argv[1:4]


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


def has_debug_information():
    sections = subprocess.run(['readelf', '--wide', '--sections', library], capture_output=True, check=True, text=True).stdout
    return '.debug_info' in sections


def describe():
    """Nothing of the place where it was built, and nothing that a caller cannot see."""
    options = ['--drop-private-types', '--headers-dir', headers, '--drop-undefined-syms', '--exported-interfaces-only', '--no-show-locs',
               '--no-corpus-path', '--no-comp-dir-path', '--no-elf-needed', '--type-id-style', 'hash']
    text = subprocess.run(['abidw', *options, library], capture_output=True, check=True).stdout
    return re.sub(rb" path='[^']*/(\w+/[^/']*)'", rb" path='\1'", text)


def compare(before, now):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ('baseline.xml', 'now.xml')]
        for path, text in zip(paths, (before, now)):
            with open(path, 'wb') as f:
                f.write(text)
        return subprocess.run(['abidiff', '--no-added-syms', *paths], check=False).returncode == 0


if not shutil.which('abidiff'):
    skip('there is no abidiff; install abigail-tools')
if platform.machine() != 'x86_64':
    skip(f'the baseline is of x86_64, and this is {platform.machine()}')
if not has_debug_information():
    skip('the library has no debug information; use another buildtype')
if sys.argv[4:] == ['--renew']:
    with lzma.open(baseline, 'wb', preset=9) as f:
        f.write(describe())
elif not compare(lzma.open(baseline).read(), describe()):
    print('the binary interface changed; if that is meant, run ninja abi-baseline in the build directory, and commit the new baseline')
    sys.exit(1)
