#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each bug of tests/patches can still be put into the sources: tests/patches/find needs them to fit."""
import glob
import os
import subprocess
import sys

root = sys.argv[1]
patches = sorted(glob.glob(os.path.join(root, 'tests/patches/*.patch')))
# Outside of a checkout git applies by the current folder.
stale = [p for p in patches if subprocess.run(['git', 'apply', '--check', p], cwd=root, check=False).returncode]
print(f'{len(patches)} patches, {len(stale)} do not apply')
sys.exit(bool(stale) or not patches)
