# SPDX-License-Identifier: MIT
"""gdb commands for programs that use libfixmap: `source` this file, or let gdb load it with the library. `fixmap help` lists them.

Each command calls a function of the library in the stopped program (<fixmap/debugger.h>), which takes no lock and allocates
nothing, while no other thread runs. Names of places are found here, from gdb's own symbols.
"""
import re

import gdb

HELP = """fixmap mappings      the temporary mappings of each CPU and task, the used kmap slots, the early mappings
fixmap walk ADDRESS  how ADDRESS translates: every level's page-table entry
fixmap who ADDRESS   which mapping ADDRESS lies in, and who mapped and unmapped it
fixmap help          this

ADDRESS is an expression: a pointer of the program or a simulated address. The selected thread's machine answers. Pages appear
at their first use, by SIGSEGV: `handle SIGSEGV nostop noprint pass` lets it by; memory that was never used reads as zeros,
unless the program runs with window=eager.
"""
CORE = ('this is a core file: nothing in it can be called, so the page table is not walked and mappings are not listed; simulated memory '
        'is usually not in it either. `bt` works; for the rest run the program under gdb')
KERNEL_HEADERS = re.compile(r'(^|/)(include|fixmap)/kernel(/|\.h$)')


def question(function, address=None):
    """The text that a function of the library answers in the stopped program."""
    inferior = gdb.selected_inferior()
    connection = getattr(inferior, 'connection', None)
    if connection is not None and connection.type == 'core':
        raise gdb.GdbError(CORE)
    if not inferior.threads():
        raise gdb.GdbError('the program is not running; `fixmap` asks a running one that has stopped')
    signature, argument = ('void', '') if address is None else ('unsigned long', f'{address:#x}UL')
    try:
        gdb.parse_and_eval(function)
    except gdb.error:
        raise gdb.GdbError('this program has not loaded libfixmap, or one without <fixmap/debugger.h>') from None
    settings = {'scheduler-locking': 'on', 'unwindonsignal': 'on'}
    before = {name: gdb.parameter(name) for name in settings}
    told = answers()
    try:
        for name, value in settings.items():
            gdb.execute(f'set {name} {value}', to_string=True)
        try:
            gdb.parse_and_eval(f'((const char *(*)({signature})){function})({argument})')
        except gdb.error as error:
            # On a CPU with more vector registers than it knows, gdb fails to put them back; the library has done so.
            if answers() == told:
                raise gdb.GdbError(f'the stopped program cannot answer: {error}') from None
        return gdb.parse_and_eval('*((char **)&fxm_debugger_answer + 1)').string()
    finally:
        for name, value in before.items():
            gdb.execute(f'set {name} {value if isinstance(value, str) else ("on" if value else "off")}', to_string=True)


def answers():
    return int(gdb.parse_and_eval('*(unsigned long *)&fxm_debugger_answer'))


def address_of(expression):
    try:
        value = gdb.parse_and_eval(expression)
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            value = value.address
        return int(value) & 0xffffffffffffffff
    except (gdb.error, TypeError, ValueError) as error:
        if re.fullmatch(r'[0-9a-fA-F]{5,16}', expression):
            return int(expression, 16)
        raise gdb.GdbError(f'{expression} is no address: {error}') from None


def functions_around(pc):
    """(function, first address of its block), inlined ones first."""
    try:
        block = gdb.block_for_pc(pc)
    except RuntimeError:
        block = None
    while block is not None and not block.is_global and not block.is_static:
        if block.function is not None:
            yield block.function, block.start
        block = block.superblock


def line_of(function, start, pc):
    """The last line of the function's own file at or before pc: behind it the kernel tier's inline functions begin."""
    line = 0
    for entry in function.symtab.linetable():
        if start <= entry.pc <= pc and entry.line:
            line = max((entry.pc, entry.line), line) if line else (entry.pc, entry.line)
    return line[1] if line else function.line


def place(match):
    """function+0x12 (file.c:34) for a return address; the call stands before it."""
    pc = int(match[1], 16)
    functions = list(functions_around(pc - 1))
    for function, start in functions:
        if not KERNEL_HEADERS.search(function.symtab.filename):
            offset = pc - functions[-1][1]
            return f'{functions[-1][0].name}+{offset:#x} ({function.symtab.filename}:{line_of(function, start, pc - 1)})'
    symbol = gdb.execute(f'info symbol {pc - 1:#x}', to_string=True)
    return match[1] if symbol.startswith('No symbol') else symbol.split(' in section')[0].replace(' + ', '+')


def answer(function, address=None):
    print(re.sub(r'<(0x[0-9a-f]+)>', place, question(function, address)), end='')


class Fixmap(gdb.Command):
    """Simulated kernel mappings (libfixmap); `fixmap help` lists the commands."""

    def __init__(self):
        super().__init__('fixmap', gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        print(HELP, end='')


class Help(gdb.Command):
    """What the fixmap commands are."""

    def invoke(self, argument, from_tty):
        print(HELP, end='')


class Mappings(gdb.Command):
    """The temporary mappings of each CPU and task, the used kmap slots, the early mappings."""

    def invoke(self, argument, from_tty):
        answer('fxm_debugger_mappings')


class OfAddress(gdb.Command):
    """A command about one address."""

    def __init__(self, name):
        super().__init__(f'fixmap {name}', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)
        self.name = name

    def invoke(self, argument, from_tty):
        if not argument.strip():
            raise gdb.GdbError(f'which address? fixmap {self.name} ADDRESS')
        answer(f'fxm_debugger_{self.name}', address_of(argument.strip()))


class Walk(OfAddress):
    """How an address translates: every level's page-table entry."""


class Who(OfAddress):
    """Which mapping an address lies in, and who mapped and unmapped it."""


Fixmap()
Help('fixmap help', gdb.COMMAND_DATA)
Mappings('fixmap mappings', gdb.COMMAND_DATA)
Walk('walk')
Who('who')
