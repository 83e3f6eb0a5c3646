# SPDX-License-Identifier: MIT
"""Replays all traces of one kernel: window off, window strict, window checked with all detectors on, and the library's own trace of each.

usage: golden.py FIXMAP ARCHIVE FOLDER FILES OPERATIONS
"""

import os
import sys

from golden_files import fail, replay, unpack


def check(fixmap, arguments, traces, operations, what):
    status, lines, done, differences, errors = replay(fixmap, [*arguments, *traces])
    print(f'{what}: {len(traces)} files, {done} operations, {differences} differences')
    if status or differences or errors:
        fail('\n'.join(lines[:60]) + '\n' + errors)
    if operations is not None and done != operations:
        fail(f'{what}: expected {operations} operations')


def record(fixmap, trace, into):
    """The library's own trace of replaying `trace`."""
    # Words of -o end at a blank, and the checkout's path may have one.
    own = os.path.relpath(os.path.join(into, os.path.basename(trace)))
    status, lines, _, _, errors = replay(fixmap, ['-o', 'trace=' + own, trace])
    if status or errors:
        fail(f'recording {trace}: status {status}\n' + '\n'.join(lines[:20]) + errors)
    return own


def main():
    fixmap, archive, folder, files, operations = sys.argv[1:]
    traces = unpack(archive, folder)
    if len(traces) != int(files):
        fail(f'{archive}: {len(traces)} traces, expected {files}')
    check(fixmap, ['-o', 'window=off'], traces, int(operations), 'window=off')
    check(fixmap, ['-o', 'window=strict'], traces, int(operations), 'window=strict')
    check(fixmap, ['-o', 'window=checked,detect=on'], traces, int(operations), 'window=checked,detect=on')
    into = os.path.join(os.path.dirname(traces[0]), 'own')
    os.makedirs(into)
    own = [record(fixmap, trace, into) for trace in traces]
    check(fixmap, [], own, None, "the library's own traces")


main()
