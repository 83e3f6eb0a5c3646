# SPDX-License-Identifier: MIT
"""The museum's programs: which bug each shows, where that happened, what names it, under which profiles.

Each program is a module. As it is, it has the bug and gives one report, whose first place is the line marked HERE. With after=1 it is
the corrected version and gives none.
"""
from reports import (ARGUMENT, BUG, CONTEXT, DEADLOCK, DEEP, DEVICE, FOREIGN, FREED, IMBALANCE, LEAK, OOPS, ORDERED, PAST, PREEMPTIBLE, REUSED, SCHEDULING, SLEEPING, SLEPT, TWICE,
                     USE_AFTER_UNMAP, VIRT_TO_PAGE, WARN)

TYPED = ('i386-2.6.12', 'i386-2.6.13', 'i386-2.6.14', 'i386-2.6.15', 'biscuitos-arm32')
X86_STACK = ('x86_32-4.7', 'x86_32-4.15', 'x86_32-5.10')
ARM = ('arm-4.7',)
LOCAL = ('x86_32-6.1',)
ALL = TYPED + X86_STACK + ARM + LOCAL
PAE = ('x86_32-4.15,pae=1', 'x86_32-5.10,pae=1', 'x86_32-6.1,pae=1')

DIED = BUG, DEADLOCK  # and who waits for it
TWICE_LOCAL = WARN, BUG  # two kernel reports of one call
NAMES = {WARN: "the kernel's WARN", BUG: "the kernel's BUG", OOPS: 'page fault', SLEEPING: "the kernel's might_sleep()",
         SCHEDULING: "the kernel's schedule()", DEADLOCK: 'deadlock',
         DIED: "the kernel's BUG and deadlock",
         TWICE_LOCAL: "the kernel's WARN and BUG"}

BLIND = USE_AFTER_UNMAP, FOREIGN

PROGRAMS = []


def show(name, bug, happened, *runs, says='', blind=''):
    """`runs` are pairs of a kind of report (or the kinds, where the kernel makes several) and the profiles, with settings, under which it comes. `says`: what is in it, a regular
    expression. `blind`: window modes that do not see what only the library can see (kinds BLIND)."""
    PROGRAMS.append({'name': name, 'bug': bug, 'happened': happened, 'runs': runs, 'says': says, 'blind': blind.split()})


def given(settings, profiles):
    return tuple(profile + ',' + settings for profile in profiles)


HIGHMEM = 'DEBUG_HIGHMEM=1'
ORDER = 'unmapped in another order than mapped'
show('copy_order', ORDER, 'LoongArch page copy 477a0ebec101; SEV-SNP, 2026', (WARN, LOCAL + PAE[2:]), says=r'unmap in reverse order(.*\n)+.* was mapped at ')
show('page_table_order', ORDER, 'userfaultfd move on HIGHPTE 9614d8bee663', (WARN, LOCAL + PAE[2:]), says=r'unmap in reverse order(.*\n)+.* was mapped at ')
show('stripe_order', ORDER, 'btrfs raid56 94a0b58d2d3b', (ORDERED, X86_STACK + ARM + PAE[:2]), (WARN, given(HIGHMEM, X86_STACK) + LOCAL),
     (BUG, given(HIGHMEM, ARM)), says=r'unmap in reverse order(.*\n)+.* was mapped at ')
NEVER = 'never unmapped'
UNPAIRED = 'zswap a53229dfde81; KVM 60b590de8b30; afs 950ae84b5cc9, e3cfd3eb7d5b; samples with get_user_pages()'
show('error_path_leak', NEVER, UNPAIRED, (LEAK, ALL + PAE), says='kmap never undone')
show('local_leak', NEVER, UNPAIRED, (LEAK, LOCAL + PAE[2:]), says='kmap_local never undone')
show('slot_never_popped', 'never unmapped: a slot of kmap_atomic_idx taken by hand', 'a kernel-module tutorial', (LEAK, X86_STACK + ARM + PAE[:2]),
     says='kmap_atomic_idx_push never undone')
show('unmapped_twice', 'unmapped twice', UNPAIRED, (BUG, ALL + PAE), says=r'more often than kmap(.*\n)+  unmapped at ')
show('unmapped_twice_atomic', 'unmapped twice', UNPAIRED, (TWICE, TYPED + X86_STACK + ARM + PAE[:2]), (TWICE_LOCAL, LOCAL + PAE[2:]),
     says='unmapped at .*unmapped_twice_atomic')
show('past_the_page', 'access past the mapped page', 'openzfs #787, #15668, #19114; skb fragments', (OOPS, ALL + PAE), says='is not mapped')
show('past_into_neighbour', 'access past the mapped page, into another mapping', 'openzfs #787, #15668, #19114', (PAST, ALL + PAE),
     says='which is another mapping')
show('index_past_page', 'access past the mapped page, by an index, into another mapping', 'skb fragments', (PAST, ALL + PAE), says='which is another mapping')
AFTER = 'use after unmap'
show('use_after_kunmap', AFTER, 'everywhere', (USE_AFTER_UNMAP, ALL + PAE), says='the PTE is still there', blind='retain')
show('use_after_kunmap_atomic', AFTER, 'everywhere', (OOPS, X86_STACK + LOCAL + PAE), (USE_AFTER_UNMAP, ARM), blind='retain')
show('use_after_typed_unmap', AFTER, 'everywhere; 2.6 leaves the entry in place', (USE_AFTER_UNMAP, TYPED), blind='retain')
show('compound_as_one', 'compound page treated as one page', 'iov_iter c749d9b7ebbc, 908a1ad89466',
     (OOPS, LOCAL + PAE[2:] + given('DEBUG_KMAP_LOCAL_FORCE_MAP=1', LOCAL)), says='is not mapped')
show('pointer_changed', 'unmapped with a changed pointer', 'zsmalloc, 2014', (ARGUMENT, X86_STACK + ARM + LOCAL + PAE), says='one past the page at')
WRONG = 'unmapped with the wrong '
show('page_for_address', WRONG + 'object: the page for the address', 'ldd3 sbull PR #5', (ARGUMENT, ALL + PAE), says='was given the struct page of pfn .* stays')
show('address_for_page', WRONG + 'object: the address for the page', 'ldd3 sbull PR #5', (ARGUMENT, ALL + PAE), says='takes the page and was given')
show('object_for_page', WRONG + 'object: a request for the page', 'ldd3 sbull PR #5', (ARGUMENT, ALL + PAE), says='an address in the direct map .* stays')
show('index_for_address', WRONG + 'object: a number for the address', '', (ARGUMENT, TYPED + X86_STACK + ARM + PAE[:2]), (WARN, LOCAL + PAE[2:]),
     (BUG, given(HIGHMEM, X86_STACK)), says='number and no address|no kernel address')
show('kmap_for_atomic', WRONG + 'call: kunmap_atomic() after kmap()', '', (ARGUMENT, ALL + PAE), (BUG, given(HIGHMEM, X86_STACK)),
     says=r'which kmap\(\) returns and kunmap|came from kmap\(\)')
show('atomic_for_kmap', WRONG + 'call: kunmap() after kmap_atomic()', '', (ARGUMENT, ALL + PAE), says='an address inside .* stays')
show('local_for_atomic', WRONG + 'call: kunmap_local() after kmap_atomic()', '', (ARGUMENT, LOCAL + PAE[2:]), says=r'which kmap_atomic\(\) mapped')
show('types_swapped', WRONG + 'type', '', (ARGUMENT, TYPED), (BUG, given(HIGHMEM, TYPED)), says='with KM_USER0|with type')
show('type_in_interrupt', 'typed slot reused in an interrupt', '2.6', (REUSED, TYPED), (BUG, given(HIGHMEM, TYPED)), says='is mapped already')
SLEEPS = 'sleeping while atomic'
ATOMIC = 'LiME #80, #110; btrfs 2b108268006e'
DEBUG = 'DEBUG_ATOMIC_SLEEP=1'
MADE = 'made atomic at'
show('kmap_under_lock', SLEEPS, ATOMIC, (SLEEPING, given(DEBUG, ALL)), (SLEPT, ALL), says=MADE)
show('kmap_inside_atomic', SLEEPS, ATOMIC, (SLEEPING, given(DEBUG, X86_STACK + ARM + LOCAL)), (SLEPT, X86_STACK + ARM + LOCAL), says=MADE)
show('alloc_inside_atomic', SLEEPS, ATOMIC, (SLEEPING, given(DEBUG, X86_STACK + ARM + LOCAL)), (SLEPT, X86_STACK + ARM + LOCAL), says=MADE)
show('mutex_inside_atomic', SLEEPS, ATOMIC, (SLEEPING, given(DEBUG, ALL)), (SLEPT, ALL), says=MADE)
show('user_access_inside_atomic', SLEEPS, ATOMIC, (SLEPT, ALL), (SLEEPING, given(DEBUG, TYPED)), says=MADE)
show('schedule_inside_atomic', SLEEPS, ATOMIC, (SCHEDULING, given(DEBUG, X86_STACK + ARM + LOCAL)), (SLEPT, X86_STACK), says=MADE)
show('address_of_unmapped', 'page_address() of an unmapped highmem page', 'dm-writeboost #125; btrfs compression', (OOPS, ALL + PAE),
     says='page_address.. of a page without a mapping is NULL')
show('page_of_mapping', 'virt_to_page() on a kmap address', 'xtensa a91902db2990; erofs', (VIRT_TO_PAGE, ALL + PAE), says='pkmap slot 1')
show('pa_of_mapping', 'virt_to_phys() on a kmap address', 'xtensa a91902db2990', (VIRT_TO_PAGE, ALL + PAE), says='which is not where it lies')
show('another_cpu', 'mapping used by another CPU than its maker', '', (FOREIGN, ALL + PAE), says='it is a mapping of insmod', blind='eager')
show('read_only_mapping', 'write through a read-only mapping', '', (OOPS, X86_STACK + LOCAL + PAE), says='the mapping there is read-only')
show('device_through_pointer', 'direct dereference of device memory', '', (DEVICE, TYPED + X86_STACK + LOCAL), says='use readl')
show('pool_deadlock', 'tasks that hold kmaps wait for each other', '21fc61c73c39', (DEADLOCK, ALL + PAE), says=r'kmap slots are in use.*\n.* holds [0-9]+ slots, mapped at .*pool_deadlock')
UNBALANCED = 'left by a context that ended'
show('irq_leaves_mapped', UNBALANCED + ': a mapping', '', (IMBALANCE, given('inject=kmap.mapped:1:irq', X86_STACK + ARM + LOCAL)),
     says=r'receive\(\) returned from hardirq context with kmap_atomic\(\) of .*\n  mapped at receive')
show('thread_leaves_lock', UNBALANCED + ': a lock', '', (IMBALANCE, ALL), says=r'worker\(\) returned from a kernel thread with a mutex held\n  a mutex was taken at ')
show('init_leaves_cpu', UNBALANCED + ': preemption disabled', 'openzfs #8747', (WARN, ARM + LOCAL), (IMBALANCE, TYPED + X86_STACK),
     says=r'preemption disabled\)?\n  made atomic at ')
show('init_leaves_interrupts_off', UNBALANCED + ': interrupts disabled', '', (WARN, X86_STACK + ARM + LOCAL), (IMBALANCE, TYPED), says='interrupts disabled')
show('enabled_too_often', 'preemption enabled once too often', '', (IMBALANCE, ALL), says='enabled once too often')
CONVERTED = 'kmap_atomic() converted to kmap_local_page()'
show('cpu_number_converted', CONVERTED + ', and preemption was relied on', 'zram; tipc, 5.8.9; ARC linux PR #123',
     (PREEMPTIBLE, LOCAL + given('DEBUG_PREEMPT=1', LOCAL)), says=r'kmap_atomic\(\) disabled preemption here')
show('inatomic_copy_converted', CONVERTED + ', and disabled page faults were relied on', '', (PREEMPTIBLE, LOCAL), says=r'kmap_atomic\(\) disabled them here')
show('cpu_number_preemptible', 'per-CPU data in preemptible code', 'blktrace',
     (PREEMPTIBLE, given('PREEMPT=1', TYPED + X86_STACK[:2] + ARM) + given('PREEMPTION=1', X86_STACK[2:]) + LOCAL), says=r'using smp_processor_id\(\) in preemptible')
show('irq_slot_in_task', 'an interrupt slot with interrupts enabled', '2.6', (CONTEXT, TYPED), says='KM_BIO_SRC_IRQ is used with interrupts enabled')
show('locks_in_two_orders', 'tasks wait for each other', '', (DEADLOCK, ALL),
     says=r'insmod\[2\] holds a mutex, taken at .*\n(.*\n)*.*mover\[3\] waits in mutex_lock at .*\n.*mover\[3\] holds a mutex, taken at ')
show('completion_of_the_dead', 'waits for one who has died', '', (DIED, ALL), says='kernel BUG at')
show('address_as_index', 'address passed to set_fixmap() as an index', 'a tutorial on fixmap', (BUG, ALL + PAE),
     says='is an address: its index would be')
show('freed_while_mapped', 'page freed while mapped', '', (FREED, ALL + PAE), says=r'kunmap\(\) first')
show('nested_too_deep', 'nested too deep', '', (BUG, given(HIGHMEM, X86_STACK + ARM) + LOCAL + PAE[2:]), (DEEP, X86_STACK + ARM + PAE[:2]),
     says='nested [0-9]+ deep')
TABLES = 'ACPI MADT on arm64 with 64 KB pages, June 2026; acpica #34'
EARLY = given('phase=reset', X86_STACK + LOCAL) + given('phase=early', ARM)
show('early_too_large', 'early mapping larger than the slot', TABLES, (WARN, EARLY), says='a slot has')
show('early_ninth', 'ninth early mapping', TABLES, (WARN, EARLY), says='unmap one first')
show('early_twice', 'early mapping undone twice', TABLES, (WARN, EARLY), says='not found slot')
show('early_wrong_size', 'early mapping undone with another size', TABLES, (WARN, EARLY), says='size not consistent')
show('early_leak', 'early mapping never undone', TABLES, (LEAK, EARLY), says='early mapping never undone')
show('early_too_late', 'early mapping after boot', '', (WARN, X86_STACK + LOCAL), says='while the system is running')
