#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fixmap-kernel.pc: kernel_pc.py FIXMAP OUTPUT PREFIX INCLUDEDIR VERSION

What `fixmap cflags` prints for the default profile without the checks, whose flags depend on the compiler, with the installed folders in place of the build tree's.
"""
import subprocess
import sys

fixmap, output, prefix, includedir, version = sys.argv[1:]
flags = [w for w in subprocess.run([fixmap, 'cflags', '-o', 'window=strict'], check=True, capture_output=True, text=True).stdout.split() if not w.startswith('-I')]
folders = [f'-I${{includedir}}/fixmap/kernel{kind}' for kind in ('', '/standin', '/empty')]
with open(output, 'w', encoding='utf-8') as f:
    f.write(f'prefix={prefix}\nincludedir=${{prefix}}/{includedir}\n\nName: fixmap-kernel\n'
            'Description: the kernel\'s own names on simulated hardware, for the default profile (others: fixmap cflags -p)\n'
            f'Version: {version}\nRequires: fixmap\nCflags: {" ".join(folders + flags)}\n')
