#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A page that window=retain keeps after its mapping ended is out of bounds for memcheck, and mapped again it is not:
memcheck.py PROGRAM
"""
import shutil
import subprocess
import sys

VALGRIND = ['valgrind', '--quiet', '--leak-check=no', '--error-exitcode=99', '--vex-iropt-register-updates=allregs-at-mem-access']

if not shutil.which('valgrind'):
    print('valgrind is missing')
    sys.exit(77)
failed = 0
for arguments, status, expected in (([], 0, []), (['use'], 99, ['Invalid read of size 4', 'Invalid write of size 4'])):
    p = subprocess.run([*VALGRIND, sys.argv[1], *arguments], stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    found = [e for e in ('Invalid read of size 4', 'Invalid write of size 4') if e in p.stderr]
    if p.returncode != status or found != expected:
        failed += 1
        print(f'{arguments}: status {p.returncode}\n{p.stderr}')
sys.exit(failed)
