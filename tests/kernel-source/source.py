# SPDX-License-Identifier: MIT
"""The kernel source that the tests of this folder compile files of: Debian's linux-source-6.1, unpacked once."""
import os
import subprocess
import sys

TARBALL = '/usr/src/linux-source-6.1.tar.xz'
NEWER = '/usr/src/linux-source-6.12.tar.xz'
PARTS = ['Makefile', 'include', 'lib', 'mm', 'fs/squashfs', 'fs/hfsplus', 'net/sunrpc', 'fs/Makefile', 'net/Makefile', 'kernel/bounds.c']


def unpack(tarball, folder, name='linux-source-6.1', parts=tuple(PARTS)):
    tree = os.path.join(folder, name)
    mark = os.path.join(tree, 'unpacked')
    wanted = ' '.join([tarball, str(os.path.getmtime(tarball)), *parts])
    if os.path.exists(mark) and open(mark, encoding='utf-8').read() == wanted:
        return tree
    os.makedirs(folder, exist_ok=True)
    top = os.path.basename(tarball).split('.tar')[0]
    subprocess.run(['tar', '-xf', tarball, '-C', folder, *(f'{top}/{part}' for part in parts)], check=True)
    if top != name:
        os.rename(os.path.join(folder, top), tree)
    with open(mark, 'w', encoding='utf-8') as f:
        f.write(wanted)
    return tree


def find_source(folder):
    """The tree; ends the process with status 77 when there is none. @folder: where it may be unpacked."""
    given = os.environ.get('FIXMAP_KERNEL_SOURCE', TARBALL)
    if os.path.isdir(given):
        return os.path.abspath(given)
    if not os.path.exists(given):
        print(f'skipped: there is no {given}; install linux-source-6.1, or set FIXMAP_KERNEL_SOURCE to a tree or tarball of Linux 6.1')
        sys.exit(77)
    return unpack(given, folder)


def find_newer_source(folder):
    """The files of 6.12 that have a second opinion; None, and a line that says so, when the package is not there."""
    if not os.path.exists(NEWER):
        print(f'left out: there is no {NEWER}; install linux-source-6.12 (bookworm-security) to compare 6.12 too')
        return None
    return unpack(NEWER, folder, 'linux-source-6.12', ('Makefile', 'include', 'mm'))
