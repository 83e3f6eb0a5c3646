# SPDX-License-Identifier: MIT
"""What `fixmap insmod` says: running it from a clean environment, and the reports in its messages."""
import contextlib
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

LIMIT = 120

# How a report of each kind begins. A finding's kind is the name of its detector.
WARN, BUG, OOPS, SLEEPING, SCHEDULING, DEADLOCK, LEAK = 'WARN', 'BUG', 'oops', 'sleeping', 'scheduling', 'deadlock', 'leak'
BAD_PAGE, LOCK, HUNG = 'bad-page', 'lock', 'hung'
USE_AFTER_UNMAP, VIRT_TO_PAGE, FREED, ARGUMENT = 'use-after-unmap', 'virt-to-page', 'free-while-mapped', 'wrong-argument'
ORDERED, TWICE, REUSED, SLEPT = 'unmap-order', 'double-unmap', 'slot-reuse', 'sleep-in-atomic'
PAST, FOREIGN, DEEP, DEVICE = 'past-the-page', 'foreign-use', 'too-deep', 'device-dereference'
IMBALANCE, PREEMPTIBLE, CONTEXT = 'imbalance', 'preemptible', 'slot-context'
OVERRUN, AFTER_FREE = 'red-zone', 'use-after-free'
HEADS = {
    WARN: r'WARNING: CPU: |Badness in ',
    BUG: r'kernel BUG at ',
    OOPS: r'BUG: unable to handle |BUG: kernel NULL pointer |Unable to handle kernel ',
    SLEEPING: r'(BUG|Debug): sleeping function called from invalid context',
    SCHEDULING: r'(BUG: )?scheduling while atomic: ',
    DEADLOCK: r'INFO: task .* blocked for ever ',
    HUNG: r'INFO: task .* blocked for more than |fixmap insmod: .* did not end within ',
    BAD_PAGE: r'BUG: Bad page state ',
    LOCK: r'BUG: (spinlock|mutex) ',
    LEAK: r'leak: ',
    OVERRUN: r'red-zone: ',
    AFTER_FREE: r'use-after-free: ',
    'other': r'BUG: |INFO: |fixmap insmod: (?!\d+ more reports)',
}
# What the simulated kernel itself says, of a mistake's consequences too.
KERNEL = WARN, BUG, OOPS, SLEEPING, SCHEDULING, DEADLOCK, HUNG, BAD_PAGE, LOCK
FINDING = r'==== finding: ([\w-]+) '


def kind_of(line):
    """The kind of the report that begins with @line, or None."""
    finding = re.match(FINDING, line)
    return finding.group(1) if finding else next((kind for kind, head in HEADS.items() if re.match(head, line)), None)


def reports(text):
    """The reports in a log: the kind of each, its text, and the line of the program that it names first (0: none)."""
    found = []
    for line in text.splitlines():
        kind = kind_of(line)
        if kind:
            found.append((kind, []))
        if found:
            found[-1][1].append(line)
    for kind, lines in found:
        body = '\n'.join(lines)
        place = re.search(r'\(\S+?:(\d+)[,)]', body.partition('Call Trace:')[2] or lines[0])
        yield kind, body, int(place.group(1)) if place else 0


def insmod(fixmap, arguments, where):
    """Runs `fixmap insmod`, which keeps its temporary files in the folder @where: exit status, log, messages."""
    env = {k: v for k, v in os.environ.items() if k not in ('FIXMAP_OPTIONS', 'CC')}
    # Tasks of a run that a planted mistake hangs are not joined.
    env.update({'TMPDIR': where, 'LC_ALL': 'C.UTF-8', 'TSAN_OPTIONS': env.get('TSAN_OPTIONS', '') + ':report_thread_leaks=0'})
    done = subprocess.run([fixmap, 'insmod', *arguments], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT, check=False, text=True, errors='replace')
    return done.returncode, done.stdout, done.stderr


def stamp_of(fixmap, *folders):
    """Changes when a file in @folders, the project's headers, the library or the command does."""
    include = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'include')
    files = [os.path.join(path, name) for folder in (include, *folders) for path, _, names in os.walk(folder) for name in names]
    files += [fixmap, *glob.glob(os.path.join(os.path.dirname(fixmap), '..', 'src', 'libfixmap.so.*'))]
    return max(os.stat(name).st_mtime_ns for name in files if os.path.isfile(name))


@contextlib.contextmanager
def compiled(kept, words, stamp):
    """A folder below @kept for what @words name when @stamp is what it was made of: an earlier run's, or a new one that a later run finds."""
    key = hashlib.sha256(f'{words} {stamp}'.encode()).hexdigest()[:16]
    final = os.path.join(kept, re.sub('[^a-z0-9_.-]+', '-', words.lower()) + '-' + key)
    if os.path.isdir(final):
        yield final
        return
    os.makedirs(kept, exist_ok=True)
    for old in glob.glob(glob.escape(final[:-16]) + '[0-9a-f]' * 16):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=kept) as where:
        yield where
        shutil.copytree(where, final + '.new', dirs_exist_ok=True)
    os.rename(final + '.new', final)


LEAKS = '#include <linux/module.h>\n#include <linux/slab.h>\nint init_module(void) { kmalloc(9, GFP_KERNEL); return 0; }\n'


def has_places(fixmap):
    """Whether reports name source lines: libdw was there when this was built, and is now."""
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, 'leaks.c')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(LEAKS)
        return 'leaks.c:3)' in insmod(fixmap, [path], where)[2]


def options(words):
    """The arguments of insmod for "PROFILE,NAME=VALUE,..."."""
    profile, _, settings = words.partition(',')
    return ['-p', profile, *(['-o', settings] if settings else [])]
