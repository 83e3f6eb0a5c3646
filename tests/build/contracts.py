#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract of every public function: contracts.py HEADER_DIR

A contract is the doc block above a prototype, or above the group without a blank line that it belongs to, and what the comment that
opens the header says of all its functions. It must tell what a user cannot read off the prototype:

    what       a sentence of its own
    context    who may call it when
    errors     of a result that can be one: "Errors", or a pointer's "NULL"
    ownership  of a pointer that is handed out: whose it is, or how long it is valid
    units      of a size, a length or an offset
    model      the kernel function in the doc block itself, a version and a source file in either; or "Models nothing"

And its name: who does something has a verb, or is called as the kernel's function that it models; who only answers may be named for
the answer. Prints what is missing and the share of functions with a whole contract, which must be all.
"""
import collections
import glob
import re
import sys

PROTOTYPE = re.compile(r'^(?:FXM_API|static inline)\s+(?!extern)([\w\s]+?[\s*]+)(fxm_\w+)\s*\(([^{};]*)\)[^{};()]*(?:\(\([^;{}]*\)\))?\s*[;{]', re.M)
VERSION = r'(?<![\w.])[2-6]\.\d+'
SOURCE = r'\b\w[\w-]*/[\w./*-]+\.[chS]\b'
# `at`: number i of a list; `each`: calls back for all.
VERBS = set('''add alloc at attach bug check clear clone close copy create describe destroy detach disable do dump each enable enter fail fill find flush free
    get init inject is join leave lookup map name oops open parse pause peek prefault print ptdump quote read rearm register report
    reset resume run schedule set start stop symbolize translate unregister use walk warn write yield'''.split())


def words(text):
    """A comment without its frame."""
    return re.sub(r'\s*\n\s*\*?\s*', ' ', text)


def block_above(text, at):
    """The doc block of the prototype that begins at character @at; "" if there is none."""
    lines = text[:at].split('\n')[:-1]
    while lines and lines[-1].strip() and not lines[-1].rstrip().endswith('*/') and not lines[-1].startswith(('#', '}')):
        lines.pop()
    block = re.search(r'/\*\*((?:(?!\*/).)*)\*/\s*$', '\n'.join(lines), re.S)
    return words(block[1]) if block else ''


def lacks(p):
    """What the contract does not say."""
    contract = f'{p.opening} {p.doc}'
    pointer = '*' in p.result or '**' in p.parameters
    if not p.doc.strip():
        yield 'a doc block'
        return
    if 'Context' not in contract:
        yield 'context'
    if (re.fullmatch(r'int|int64_t|long|fxm_va', p.result) and not re.search(r'Errors|the error', contract)
            or '*' in p.result and not re.search(r'Errors|NULL', contract)):
        yield 'errors'
    if pointer and not re.search(r'Ownership|[Vv]alid|static storage|lives? (as|for)', contract):
        yield 'ownership'
    if re.search(r'\b(size|len|length|offset|stack_bytes|width)\b', p.parameters) and not re.search(r'bytes?\b', contract):
        yield 'units'
    if re.search(r'\bModels? (?!nothing)', p.doc):
        if not (re.search(VERSION, contract) and re.search(SOURCE, contract)):
            yield 'version and source file of what it models'
    elif 'Models nothing' not in contract:
        yield 'what it models'
    kernel = {f'fxm_{name.lower()}' for name in re.findall(r'(\w+)\(\)', p.doc)}
    answers = p.result != 'void' and not re.search(r'\bout\b', p.parameters)
    if not (answers or p.name in kernel or VERBS & set(p.name.split('_')[1:])):
        yield 'a verb in its name'


Prototype = collections.namedtuple('Prototype', 'header line opening doc result name parameters')


def prototypes(folder):
    """Those of the headers in @folder."""
    for header in sorted(glob.glob(f'{folder}/*.h')):
        with open(header, encoding='ascii') as f:
            text = f.read()
        opening = re.search(r'^/\*(?!\*| SPDX)(.*?)\*/', text, re.M | re.S)
        for m in PROTOTYPE.finditer(text):
            yield Prototype(header.rsplit('/', 1)[1], text.count('\n', 0, m.start()) + 1, words(opening[1]) if opening else '',
                            block_above(text, m.start()), m[1].strip(), m[2], m[3])


def main():
    functions = whole = 0
    for p in prototypes(sys.argv[1]):
        missing = list(lacks(p))
        functions += 1
        whole += not missing
        if missing:
            print(f'{p.header}:{p.line}: {p.name} lacks {", ".join(missing)}')
    print(f'{functions} public functions, {whole} with a whole contract: {100 * whole // max(functions, 1)} %')
    return whole < functions or not functions


if __name__ == '__main__':
    sys.exit(main())
