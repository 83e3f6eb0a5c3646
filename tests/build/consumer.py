#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first example built as programs outside this tree build: consumer.py KIND SOURCE_ROOT BUILD_ROOT VERSION MESON -- CC...

installed   `meson install` into a temporary root, then pkg-config: linked to the .so, and wholly static; the installed command runs
subproject  a Meson project with libfixmap in its subprojects/, found by dependency('fixmap')
"""
import os
import subprocess
import sys
import tempfile

kind, source, build, version, meson, separator, *cc = sys.argv[1:]
program = os.path.join(source, 'examples/00_hello.c')
with open(os.path.join(source, 'examples/expected/00_hello.txt'), encoding='ascii') as f:
    program_prints = f.read()


def run(*command, **env):
    print('+', *command, flush=True)
    return subprocess.run(command, check=True, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True).stdout


def expect(got, wanted):
    if got != wanted:
        sys.exit(f'got {got!r}, expected {wanted!r}')


def installed(tmp):
    root = os.path.join(tmp, 'root')
    run(meson, 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', root)
    found = {name: os.path.join(d, name) for d, _, names in os.walk(root) for name in names}
    # The paths below the root, as a system that has it at / would see them.
    env = {'PKG_CONFIG_LIBDIR': os.path.dirname(found['fixmap.pc']), 'PKG_CONFIG_SYSROOT_DIR': root,
           'LD_LIBRARY_PATH': os.path.dirname(found['libfixmap.so.0'])}
    expect(run('pkg-config', '--modversion', 'fixmap', **env), version + '\n')
    for name, options, flags in (('shared', [], []), ('static', ['--static'], ['-static'])):
        exe = os.path.join(tmp, name)
        words = run('pkg-config', *options, '--cflags', '--libs', 'fixmap', **env).split()
        run(*cc, '-std=c11', '-Wall', '-Werror', *flags, program, '-o', exe, *words)
        expect(run(exe, **env), program_prints)
    expect(run(found['fixmap'], '--version', **env).split()[-1], version)
    # The kernel's own names, for the default profile.
    exe = os.path.join(tmp, 'kernel')
    words = run('pkg-config', '--cflags', '--libs', 'fixmap-kernel', **env).split()
    run(*cc, '-Wall', '-Werror', os.path.join(source, 'examples/08_kernel_names.c'), '-o', exe, *words)
    with open(os.path.join(source, 'examples/expected/08_kernel_names.txt'), encoding='ascii') as f:
        expect(run(exe, **env), f.read())


def subproject(tmp):
    project = os.path.join(tmp, 'consumer')
    os.makedirs(os.path.join(project, 'subprojects'))
    os.symlink(source, os.path.join(project, 'subprojects', 'libfixmap'))
    with open(os.path.join(project, 'meson.build'), 'w', encoding='utf-8') as f:
        f.write(f"""project('consumer', 'c', default_options: ['c_std=c11', 'libfixmap:tests=false', 'buildtype=plain'])
executable('consumer', '{program}', dependencies: dependency('fixmap', fallback: 'libfixmap'))
""")
    out = os.path.join(tmp, 'out')
    run(meson, 'setup', out, project, '--wrap-mode=forcefallback')
    run('ninja', '-C', out, '-j2', 'consumer')
    expect(run(os.path.join(out, 'consumer')), program_prints)


with tempfile.TemporaryDirectory() as folder:
    {'installed': installed, 'subproject': subproject}[kind](folder)
