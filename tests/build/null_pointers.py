#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a program that gives every public function null pointers alone: null_pointers.py HEADER_DIR

None may crash, and what can return an error must return one, but for the functions that say otherwise in their contract.
"""
import re
import sys

from contracts import prototypes

# Those that say in their contract that they check nothing, and those that run or end what they are given.
UNCHECKED = {'fxm_kmap_atomic', 'fxm_kunmap_atomic', 'fxm_kmap_local_page', 'fxm_kunmap_local', 'fxm_read_u64', 'fxm_write_u64',
             'fxm_oops', 'fxm_bug', 'fxm_k_do_one_initcall', 'fxm_k_do_exitcall'}
# Nothing is a value that they know: nothing to destroy or free, no users, no memory, no pointer of the window.
NOTHING = {'fxm_machine_destroy', 'fxm_kfree', 'fxm_page_count', 'fxm_kmalloc', 'fxm_va_of_host'}


def parameters(text):
    """Split at the commas that are in no parentheses."""
    depth, parts = 0, ['']
    for c in text:
        depth += (c == '(') - (c == ')')
        if c == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def zero(parameter):
    m = re.fullmatch(r'(?:const )?(struct )?(\w+) \w+', parameter)
    return f'({m[1] or ""}{m[2]}){{0}}' if m and (m[1] or m[2] in ('fxm_va', 'fxm_pa', 'fxm_pte')) else '0'


def call(result, name, arguments):
    text = f'{name}({", ".join(map(zero, arguments))})'
    if name in NOTHING or result not in ('int', 'int64_t', 'long', 'fxm_va'):
        return f'({text}, -1)'
    return f'(int64_t){text}' + ('.v' if result == 'fxm_va' else '')


functions = [(p.result, p.name, parameters(p.parameters)) for p in prototypes(sys.argv[1])
             if p.header not in ('cmocka.h', 'deprecated.h') and p.name not in UNCHECKED and '*' in p.parameters]
tries = ''.join(f'\tTRY("{name}", {call(result, name, arguments)});\n' for result, name, arguments in functions)
print(f'''/* SPDX-License-Identifier: MIT */
#include <fixmap/fixmap.h>
#include <fixmap/kernel_tier.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#define TRY(name, value) do {{ int status; pid_t pid = fork(); \\
	if (!pid) _exit((value) >= 0); \\
	waitpid(pid, &status, 0); \\
	if (status) {{ failed++; printf("%s %s\\n", name, WIFSIGNALED(status) ? "crashes" : "returns no error"); }} }} while (0)
int main(void)
{{
	int failed = 0;
	setbuf(stdout, NULL);
{tries}	printf("{len(functions)} functions, %d problems\\n", failed);
	return failed > 0;
}}''')
