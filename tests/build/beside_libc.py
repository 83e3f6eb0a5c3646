#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program's own headers beside the kernel's names: beside_libc.py FIXMAP CC... -- [CXX...]

<fixmap/kernel.h> compiles before and after each header of the C library, and both find the other's names usable; C++ is told once.
"""
import shlex
import subprocess
import sys

fixmap, *words = sys.argv[1:]
cc, cxx = words[:words.index('--')], words[words.index('--') + 1:]
CMOCKA = ['stdarg.h', 'stddef.h', 'setjmp.h', 'stdint.h', 'cmocka.h']
HEADERS = ['string.h', 'strings.h', 'sys/un.h', 'sys/socket.h', 'netinet/in.h', 'arpa/inet.h', 'netdb.h', 'iso646.h', 'stdio.h',
           'stdlib.h', 'unistd.h', 'errno.h', 'limits.h', 'pthread.h', 'signal.h', 'sys/ioctl.h', 'sys/mman.h', 'time.h']
KERNEL = ['fixmap/kernel.h']
flags = shlex.split(subprocess.run([fixmap, 'cflags'], check=True, stdout=subprocess.PIPE, text=True).stdout)
USE = """
int main(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *at = kmap_local_page(page);

	memset(at, htons(0x1234) & 0xff, strlen("libc"));
	kunmap_local(at);
	__free_page(page);
	return ffs(0);
}
"""
failed = 0


def compiles(headers, compiler, language):
    text = ''.join(f'#include <{h}>\n' for h in headers) + USE
    return subprocess.run(compiler + ['-Wall', '-Wextra', '-fsyntax-only', '-x', language, '-'], input=text,
                          stderr=subprocess.PIPE, text=True, check=False)


def both_orders(names):
    global failed
    for order in (names + KERNEL, KERNEL + names):
        run = compiles(order, cc + flags + ['-O2', '-Werror'], 'c')
        if run.returncode:
            failed += 1
            print(f'{" ".join(order)}:\n{run.stderr}')


for header in HEADERS:
    both_orders([header])
if not subprocess.run(cc + ['-fsyntax-only', '-x', 'c', '-'], input='#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n'
                      '#include <stdint.h>\n#include <cmocka.h>\n', text=True, stderr=subprocess.DEVNULL, check=False).returncode:
    both_orders(CMOCKA)
if cxx:
    run = compiles(KERNEL, cxx + [f for f in flags if not f.startswith('-std=')], 'c++')
    errors = [line for line in run.stderr.splitlines() if 'error: ' in line and 'kernel.h' in line]
    if len(errors) != 1 or 'C++' not in errors[0]:
        failed += 1
        print(f'C++: one error is expected from the header:\n{run.stderr}')
print(f'{len(HEADERS)} headers, {failed} failures')
sys.exit(failed > 0)
