# SPDX-License-Identifier: MIT
"""Mistakes that are not found yet, or not as one report of the expected kind: in which generations, and what comes instead.

The test fails when one of them is found in all of its places: then it is taken out here. Only a gap of SOMETIMES may be found, as the
tasks' turns happen to come.
"""
from blocks import ALL, ARM, LOCAL, SINCE_STACK, STACK, TYPED

GAPS = {
    'leaked-and-on': (ALL, 'the kernel complains about each call that may sleep from then on; typed: the next user takes the slot over'),
    'leaked-inside': ((LOCAL,), 'the mapping around it is unmapped out of order: a WARN, and it is the one that leaks'),
    'twice': (ALL, 'no report of the second kunmap_atomic(); what comes after it is reported, of which kmap_local: a WARN and a BUG'),
    'order': ((STACK, ARM), 'silent without DEBUG_HIGHMEM'),
    'kunmap-of-address': (ALL, 'the mapping that stays is a second report'),
    'unmap-of-page': (SINCE_STACK, 'the mapping that stays is a second report'),
    'unmap-of-moved': (ALL, 'silent, or only the mapping that stays is reported'),
    'unmap-of-other-kind': (ALL, 'silent, or only the mapping that stays is reported'),
    'wrong-type': ((TYPED,), 'silent'),
    'type-stolen': ((TYPED,), "the task's next access is a use after unmap; who took the slot is not named"),
    'past-into-neighbour': (ALL, 'the next page is that of another mapping, which is there, or was'),
    'too-deep': ((STACK, ARM), "silent: the next CPU's slots are used"),
    'freed-in-atomic': ((TYPED, STACK, LOCAL), 'only kmap() is looked for when a page is freed'),
    'freed-in-fixmap': (ALL, 'only kmap() is looked for when a page is freed'),
    'virt-to-phys': (ALL, 'silent'),
    'overrun': (ALL, 'silent'),
    'kfree-used-after': (ALL, 'silent'),
    'hoarded': (ALL, 'each task that waits for the pool reports the same deadlock; one may be alone'),
}
SOMETIMES = {'hoarded'}


def is_gap(mistake, form):
    return form in GAPS.get(mistake, ((),))[0]
