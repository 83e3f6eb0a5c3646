# SPDX-License-Identifier: MIT
"""Writes a correct program of four tasks from a seed, with a mistake ready at many of its lines."""
import random
import re

from blocks import BLOCKS, MISTAKES, TYPED

TASKS = 4
MAX_DEPTH = 2
PAGES_OF_ROUND = 160
# Fixed addresses that nothing else uses, one for each task.
FIXED_X86 = 'FIX_DBGP_BASE', 'FIX_EARLYCON_MEM_BASE', 'FIX_APEI_GHES_IRQ', 'FIX_APEI_GHES_NMI'
FIXED = {
    'typed': ('FIX_ACPI_BEGIN', 'FIX_ACPI_BEGIN + 1', 'FIX_ACPI_BEGIN + 2', 'FIX_ACPI_BEGIN + 3'),
    'stack': FIXED_X86,
    'local': FIXED_X86,
    'arm': ('FIX_EARLYCON_MEM_BASE', 'FIX_TEXT_POKE0', 'FIX_TEXT_POKE1'),
}


class Plant:
    """The mistake of a run with plant=number: which, in which block and function, and the line that its report names."""

    def __init__(self, number, wrong, block, form, place):
        kind, self.says, *before = MISTAKES[wrong['mistake']]
        self.before = before[0] if before else ''
        self.number, self.mistake, self.at, self.block = number, wrong['mistake'], wrong['at'], block['name']
        self.function, self.line = place
        kind = kind[form] if isinstance(kind, dict) else kind
        self.kinds = kind if isinstance(kind, tuple) else (kind,)


class Program:
    """A program for one generation of kernels, `form`: its text, its plants, and how many operations a round of all tasks executes."""

    def __init__(self, form, seed, blocks_per_task, has_boot):
        self.form, self.random = form, random.Random(f'{form} {seed}')
        self.lines, self.plants, self.operations = [], [], 0
        self.emit('/* A generated program. It is correct, unless plant= is given. */', '#include "base.h"')
        self.function('boot', 0, [b for b in BLOCKS if has_boot and b['boot'] and form in b['forms']])
        pack = []
        for me in range(TASKS):
            self.function(f'task_{me}', me, [self.choose(me, pack) for _ in range(blocks_per_task)])
        tasks = ', '.join(f'task_{me}' for me in range(TASKS))
        self.emit('', f'static int (*const task_function[TASKS])(void *) = {{{tasks}}};')
        self.text = '\n'.join(self.lines) + '\n'

    def emit(self, *lines):
        self.lines += lines

    def possible(self, me):
        """The blocks that task @me may have."""
        has_fixed = me < len(FIXED[self.form])
        return [b for b in BLOCKS
                if self.form in b['forms'] and not b['boot'] and (has_fixed or not any('$i' in line['statement'] for line in b['lines']))]

    def choose(self, me, pack):
        """A block for task @me from the shuffled @pack of all that there are."""
        of_task = [b for b in pack if b in self.possible(me)]
        if not of_task:
            pack += self.random.sample(self.possible(0), len(self.possible(0)))
            return self.choose(me, pack)
        pack.remove(of_task[0])
        return of_task[0]

    def function(self, name, me, blocks):
        """Writes a function that runs @blocks in each round."""
        self.me, self.name, self.pages = me, name, self.random.sample(range(PAGES_OF_ROUND), PAGES_OF_ROUND)
        self.emit('', f'static noinline int {name}(void *unused)', '{', f'\tconst unsigned int me = {me};', '\tunsigned long sum = 0;',
                  '\tunsigned int round;', '\tchar text[1024] = "";', '', '\tfor (round = 0; round < rounds; round++) {')
        done = sum(self.block(b, 0) for b in blocks)
        self.operations += done
        self.emit(f'\t\toperations[me] += {done};', '\t}', '\tsums[me] = sum + text[0];', '\treturn 0;', '}')

    def values(self):
        """What the words of a block stand for, this time."""
        return {'p': f'page({self.pages.pop()})', 'q': f'page({self.pages.pop()})', 'r': f'page({self.pages.pop()})',
                'f': f'fresh({self.random.randrange(64)})', 'c': f'common({self.random.randrange(64)})',
                'o': str(self.random.randrange(8, 2000)), 'd': str(self.random.randrange(2048, 3500)),
                'n': str(self.random.randrange(16, 500)), 'x': str(self.random.randrange(256)),
                'i': FIXED[self.form][self.me] if self.me < len(FIXED[self.form]) else ''}

    def block(self, block, depth):
        """Writes @block; returns the number of its operations."""
        values, labels, plants, done = self.values(), {}, [], 0
        self.emit(f'\t\t{{ /* {block["name"]} */', '\t\tVARIABLES;')
        for line in block['lines']:
            if line['statement'] == '...':
                for _ in range(self.random.randrange(3) if depth < MAX_DEPTH else 0):
                    done += self.block(self.random.choice(self.possible(self.me)), depth + 1)
                continue
            done += bool(line['statement'])
            labels[line['label'] or None] = len(self.lines) + 1
            wrong = [w for w in line['wrong'] if not depth or self.is_for_inside(w)]
            self.emit('\t\t' + ''.join(self.mistake(w, block, plants, values) for w in wrong) + self.write(line['statement'], values, wrong))
        self.emit('\t\t}')
        for plant in plants:
            plant.line = labels.get(plant.at, plant.line)
        return done

    @staticmethod
    def is_for_inside(wrong):
        """Whether @wrong can be in a block inside another, whose mappings lie beside this one's and end before the task does."""
        return 'return' not in wrong['text'] and wrong['mistake'] not in ('past', 'leaked-in-local')

    def mistake(self, wrong, block, plants, values):
        """The mistake @wrong as it goes before the correct statement; one that began at another line is the last of that name."""
        if wrong['is_rest']:
            plant = next(p for p in reversed(plants) if p.mistake == wrong['mistake'])
        else:
            plant = Plant(len(self.plants) + 1, wrong, block, self.form, (self.name, len(self.lines) + 1))
            self.plants.append(plant)
            plants.append(plant)
        return f'if (PLANT({plant.number})) {{ {self.substitute(wrong["text"], values)} }} else '

    def write(self, statement, values, wrong):
        statement = self.substitute(statement, values)
        return f'{{ {statement} }}' if wrong else statement

    def substitute(self, text, values):
        if self.form != TYPED:
            text = re.sub(r', KM_\w+', '', text)
        return re.sub(r'\$(\w)', lambda word: values[word.group(1)], text)
