#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The instruction counts of a kmap_atomic pair, in both tiers, and of a checked access, as a test: it does not depend on how busy the machine is.

    gate.py TABLE.PY BUILD-DIR

Exit status: 0 the bounds of the pair are kept, 1 not, 77 valgrind is missing."""
import shutil
import subprocess
import sys

if not shutil.which('valgrind'):
    print('valgrind is missing')
    sys.exit(77)
run = subprocess.run([sys.executable, sys.argv[1], sys.argv[2], '--only', 'pair', '--only', 'tier', '--only', 'tier_checked', '--instructions'], capture_output=True, text=True,
                     check=False)
print(run.stdout + run.stderr)
rows = [line for line in run.stdout.splitlines() if line.endswith((' ok', ' MISSED'))]
sys.exit(not rows or any(line.endswith(' MISSED') for line in rows))
