# SPDX-License-Identifier: MIT
"""Running `fixmap` on unpacked golden traces; shared by the tests of this folder."""

import os
import re
import shutil
import subprocess
import sys
import tarfile

SUMMARY = re.compile(r'^(\d+) operations, (\d+) differences$')


def unpack(archive, into):
    """Unpacks one archive into a fresh folder below `into`; returns the traces, sorted."""
    folder = os.path.join(into, os.path.basename(archive).replace('.tar.xz', ''))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    paths = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                path = os.path.join(folder, os.path.basename(member.name))
                with open(path, 'wb') as out:
                    out.write(tar.extractfile(member).read())
                paths.append(path)
    return sorted(paths)


def run(arguments, **kwargs):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', **kwargs)


def replay(fixmap, arguments):
    """Runs `fixmap replay`; returns (status, output lines but the last, operations, differences, what stands on standard error)."""
    done = run([fixmap, 'replay', *arguments])
    lines = done.stdout.splitlines()
    last = SUMMARY.match(lines[-1]) if lines else None
    if not last:
        fail(f'no summary line from replay {arguments[:3]}...: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}')
    return done.returncode, lines[:-1], int(last[1]), int(last[2]), done.stderr


def fail(text):
    print(text)
    sys.exit(1)
