# SPDX-License-Identifier: MIT
"""What a module does is a trace too: `fixmap insmod --trace` writes one, and it replays without a difference.

usage: modules.py FIXMAP MODULES FOLDER
"""

import glob
import os
import sys

from golden_files import fail, replay, run


def main():
    fixmap, modules, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    replayed = 0
    for module in sorted(glob.glob(os.path.join(modules, '*.c'))):
        profile = 'i386-2.6.12' if 'typed' in module else 'x86_32-6.1' if 'local' in module else 'x86_32-4.15'
        trace = os.path.join(folder, os.path.basename(module) + '.trace')
        done = run([fixmap, 'insmod', '-p', profile, '--trace', trace, module])
        if done.returncode == 2:
            fail(f'insmod {module}: {done.stdout}{done.stderr}')
        status, lines, operations, differences, errors = replay(fixmap, [trace])
        print(f'{os.path.basename(module)}: {operations} operations, {differences} differences')
        if status or errors:
            fail('\n'.join(lines) + errors)
        replayed += operations
    if not replayed:
        fail('no module did anything')


main()
