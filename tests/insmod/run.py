#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fixmap insmod` as its users meet it: run.py FIXMAP EXAMPLES [GROUP]

Each case is a module (or several), a command line and what must come out: the exit status, lines of the log, lines of the messages.
"""
import concurrent.futures
import functools
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import areas  # noqa: E402, F401
from cases import CASES, HEAD  # noqa: E402

fixmap, examples = map(os.path.abspath, sys.argv[1:3])
groups = sys.argv[3:]
LIMIT = 120


def environment(case, folder):
    env = {k: v for k, v in os.environ.items() if k not in ('FIXMAP_OPTIONS', 'CC')}
    # The end of a run that took too long is told from a signal handler; a parent watches it.
    env['TSAN_OPTIONS'] = env.get('TSAN_OPTIONS', '') + ':report_signal_unsafe=0'
    env.update({'TMPDIR': folder, 'LC_ALL': 'C.UTF-8', **case.get('env', {})})
    return {k: v.replace('@DIR@', folder) for k, v in env.items()}


def write_modules(case, folder):
    names = []
    sources = case['source'] if isinstance(case['source'], dict) else {case['name'] + '.c': case['source']}
    for name, text in sources.items():
        if text is None:
            names.append(os.path.join(examples, name))
            continue
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
            f.write(text if '#include' in text or 'raw' in case else HEAD + text)
        names.append(name)
    return case.get('files', names)


def compile_objects(case, folder, files):
    """A .so in `files` is compiled here, with the flags of case['object_flags']."""
    for name in files:
        if name.endswith('.so') and 'object_flags' in case:
            flags = shlex.split(subprocess.run([fixmap, 'cflags', *case['object_flags']], check=True, stdout=subprocess.PIPE, text=True).stdout)
            subprocess.run([*shlex.split(os.environ.get('CC', 'cc')), *flags, '-O2', '-fPIC', '-shared', '-o', name, name[:-3] + '.c'], check=True, cwd=folder)


def with_places(pattern):
    """<f> is f+0x12, or without debug information the module's object and an offset."""
    return re.sub(r'<(\w+)>', r'\1\\+(0x)?[0-9a-f]+' if possible['places']() else r'\\S+\\.so\\+0x[0-9a-f]+', pattern)


def problems(case, status, out, err):
    if status != case['status']:
        yield f'status {status}, expected {case["status"]}'
    for where, text in (('out', out), ('err', err)):
        for pattern in case.get(where, []):
            if not re.search(with_places(pattern) if '<' in pattern else pattern, text, re.M):
                yield f'standard {where} has no /{pattern}/'
        for pattern in case.get('no_' + where, []):
            if re.search(pattern, text, re.M):
                yield f'standard {where} has /{pattern}/'
        if where in case and not case[where] and text:
            yield f'standard {where} is not empty'
    if case.get('one_line') and err.count('\n') != 1:
        yield 'the message is not one line'


def run(case):
    """What is wrong with the case, [] when nothing; a string: why it cannot run here."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_modules(case, folder)
        compile_objects(case, folder, files)
        command = [fixmap, 'insmod', *case.get('args', []), *files, *case.get('params', [])]
        reason = case['wrap'](command, folder) if 'wrap' in case else None
        if reason:
            return reason
        done = subprocess.run(command, cwd=folder, env=environment(case, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT, check=False, text=True, errors='replace')
        found = list(problems(case, done.returncode, done.stdout, done.stderr))
        if 'after' in case:
            found += case['after'](fixmap, folder, done.stdout)
        left = [f for f in os.listdir(folder) if f.startswith('fixmap-insmod')]
        if left:
            found.append(f'left behind: {left}')
        if found:
            found += ['  ' + line for line in (' '.join(command), *done.stdout.splitlines(), *done.stderr.splitlines())]
        return found


def interrupted():
    """SIGTERM while a module runs: it dies of that signal and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'loop.c'), 'w', encoding='utf-8') as f:
            f.write(HEAD + 'static int __init f(void){ printk("running\\n"); for (;;) barrier(); return 0; } module_init(f);')
        with subprocess.Popen([fixmap, 'insmod', '--time-limit', '60', 'loop.c'], cwd=folder, env=environment({}, folder),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=LIMIT)
        left = sorted(os.listdir(folder))
        if process.returncode != -signal.SIGTERM or left != ['loop.c']:
            return [f'status {process.returncode}, left behind {left}']
        return []


def has_identity():
    """Whether this build's machines lie at the simulated addresses: not under the address sanitizer."""
    case = {'name': 'probe', 'status': 0, 'out': [r'same 1'], 'source':
            'static int __init f(void){ printk("same %d\\n", FIXADDR_TOP == 0xfffff000); return 0; } module_init(f);'}
    return not run(case)


def has_places():
    """Whether source lines are known: libdw was there when this was built, and is now."""
    case = {'name': 'probe', 'status': 1, 'err': [r'\(probe.c:\d+\)'],
            'source': 'static int __init f(void){ kmalloc(1, GFP_KERNEL); return 0; } module_init(f);'}
    return not run(case)


def has_signals():
    """Whether a loop can be interrupted: the thread sanitizer keeps signals until the next library call."""
    with open(fixmap, 'rb') as f:
        return b'__tsan_init' not in f.read()


def run_if_possible(case):
    for need, why in NEEDS.items():
        if case.get(need) and not possible[need]():
            return why
    return run(case)


NEEDS = {'identity': 'no identity addresses in this build', 'places': 'no source lines without libdw',
         'signals': 'signals come late in this build'}
possible = {'identity': functools.cache(has_identity), 'places': functools.cache(has_places), 'signals': functools.cache(has_signals)}
failed = skipped = 0
selected = [case for case in CASES if not groups or case['group'] in groups]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(zip([case['name'] for case in selected], pool.map(run_if_possible, selected)))
if not groups or 'tool' in groups:
    results.append(('interrupted', interrupted()))
for name, result in results:
    if isinstance(result, str):
        skipped += 1
        print(f'{name}: skipped: {result}')
    elif result:
        failed += 1
        print(f'{name}: ' + '\n'.join(result))
print(f'{len(results)} cases, {failed} failed, {skipped} skipped')
sys.exit(failed > 0 or not results)
