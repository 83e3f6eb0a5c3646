#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts a bug into a source file: apply.py PATCH PATH FILE OUTPUT. PATH is what the patch calls FILE; OUTPUT is the changed copy."""
import os
import shutil
import subprocess
import sys
import tempfile

patch, path, source, output = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    copy = os.path.join(folder, path)
    os.makedirs(os.path.dirname(copy))
    shutil.copy(source, copy)
    # Whatever checkout the folder may lie in is none of git's business here.
    env = dict(os.environ, GIT_CEILING_DIRECTORIES=os.path.dirname(folder))
    done = subprocess.run(['git', 'apply', os.path.abspath(patch)], cwd=folder, env=env, check=False)
    if not done.returncode:
        shutil.copy(copy, output)
sys.exit(done.returncode)
