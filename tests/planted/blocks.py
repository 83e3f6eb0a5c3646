# SPDX-License-Identifier: MIT
"""What the generated programs are made of, and the mistakes that can be planted in them.

A block is some lines of kernel code that are correct wherever a task may sleep. One line is one statement, and

    @m v = kmap($p);
    kunmap($p);             || leaked@m: || kunmap-twice: kunmap($p); kunmap($p);

has in its second line two mistakes: what stands there instead of the statement, and after @ the line that the report names, if that
is another. A line that begins with || has nothing in the correct program. `|| =NAME:` belongs to the mistake NAME of a line before, of
which it is the rest. `...` is where other blocks may go. In a block $p $q $r are different pages, $f is one that was never mapped, $c one
that all tasks map, $o and $d are offsets, $n is a length, $x a byte, $i the task's fixed address. The km_type of a kmap_atomic() goes where the kernel has none.
"""
import re

from reports import (AFTER_FREE, ARGUMENT, BAD_PAGE, BUG, DEADLOCK, DEEP, FREED, HUNG, LEAK, LOCK, OOPS, ORDERED, OVERRUN, PAST, REUSED,
                     SCHEDULING, SLEEPING, TWICE, USE_AFTER_UNMAP, VIRT_TO_PAGE, WARN)

TYPED, STACK, ARM, LOCAL = 'typed', 'stack', 'arm', 'local'
ALL = TYPED, STACK, ARM, LOCAL
SINCE_STACK = STACK, ARM, LOCAL

# Mistake -> the kind of its report, or that in each generation; what the report says; what stands before the place that it names, if that is
# not where it arose. (KIND, ...): what the kernel itself says of what comes of it may follow, for that is not the library's to leave out.
MISTAKES = {
    'leaked': (LEAK, 'never undone|never freed|still maps'),
    'leaked-in-local': (LEAK, 'never undone'),
    'leaked-inside': (WARN, 'reverse order', 'mapped at'),  # when the mapping around it is unmapped
    'leaked-and-on': ({TYPED: f'{REUSED}|{SLEEPING}|{SCHEDULING}', STACK: f'{SLEEPING}|{SCHEDULING}', ARM: f'{SLEEPING}|{SCHEDULING}',
                       LOCAL: f'{SLEEPING}|{SCHEDULING}|{WARN}'}, '', '(?:made atomic|mapped) at'),  # at the next call that may sleep
    'twice': ({TYPED: (TWICE, ...), STACK: (TWICE, ...), ARM: (TWICE, ...), LOCAL: (WARN, ...)}, 'unmapped'),
    'kunmap-twice': (BUG, 'more often than kmap'),
    'kunmap-of-another': (BUG, 'which has no kmap address'),
    'kunmap-of-address': (ARGUMENT, 'kunmap.. takes the page and was given'),
    'unmap-of-page': (ARGUMENT, 'was given the struct page'),
    'unmap-of-moved': ({TYPED: ARGUMENT, STACK: ARGUMENT, ARM: ARGUMENT, LOCAL: f'{ARGUMENT}|{WARN}'}, ''),
    'unmap-of-other-kind': ((ARGUMENT, ...), 'kmap.. returns and kunmap.. undoes'),
    'kunmap-by-atomic': (BUG, 'more often than kmap', 'unmapped at'),
    'wrong-type': (ARGUMENT, ''),
    'order': ({STACK: ORDERED, ARM: ORDERED, LOCAL: WARN}, 'reverse order'),
    'order-used': ({STACK: (ORDERED, ...), ARM: ORDERED}, 'reverse order'),
    'kmap-used-after': (USE_AFTER_UNMAP, 'the PTE is still there'),
    'atomic-used-after': ({TYPED: USE_AFTER_UNMAP, STACK: OOPS, ARM: USE_AFTER_UNMAP, LOCAL: OOPS}, ''),
    'fixmap-used-after': (OOPS, ''),
    'past': (OOPS, 'is not mapped'),
    'past-into-neighbour': (PAST, 'runs off the page'),
    'past-by-pointer': ((f'{PAST}|{USE_AFTER_UNMAP}|{OOPS}', ...), 'runs? off'),
    'past-helper': (BUG, '(zero_user_segments|memclear_highpage_flush): .* beyond the'),
    'read-only': (OOPS, ''),
    'freed': (FREED, 'kunmap.. first'),
    'freed-in-atomic': (FREED, '.. first'),
    'freed-in-fixmap': (FREED, 'clear_fixmap.. first'),
    # between the two, another task may have been given the page, with its neighbour
    'freed-twice': (BAD_PAGE, "free already|freed before and is somebody else's"),
    'by-other-call': (ARGUMENT, r'which kmap_(local_page|atomic)\(\) mapped'),
    'kfree-twice': (BUG, 'freed already'),
    'overrun': (OVERRUN, ''),
    'kfree-used-after': ((AFTER_FREE, ...), r'kmalloc\(\) at'),
    'sleeps': (SLEEPING, ''),
    'kunmap-in-interrupt': ({TYPED: BUG, STACK: SLEEPING, ARM: BUG, LOCAL: SLEEPING}, ''),
    'schedules': (SCHEDULING, ''),
    'virt-to-page': (VIRT_TO_PAGE, 'virt_to_page.. is for lowmem'),
    'virt-to-phys': (VIRT_TO_PAGE, ''),
    'no-address': (OOPS, 'page_address.. of a page without a mapping is NULL'),
    'address-as-index': (BUG, 'is an address: its index would be'),
    'index-too-large': (BUG, ''),
    'too-deep': ({STACK: (DEEP, ...), ARM: (DEEP, ...), LOCAL: BUG}, ''),
    'hoarded': ((f'{DEADLOCK}|{HUNG}', ...), 'slots are in use', r'holds \d+ slots, mapped at'),  # by whoever waits first
    'lock-twice': (LOCK, 'already'),
    'unlock-twice': (LOCK, 'nobody holds'),
    'type-stolen': (REUSED, ''),
    'early-leaked': (LEAK, 'early mapping never undone'),
    'early-twice': (WARN, 'not found slot'),
    'early-too-large': (WARN, 'a slot has'),
    'early-wrong-size': (WARN, 'size not consistent'),
}

BLOCKS = []


def block(name, forms, text, boot=False):
    """A kind of block and the generations of kernels that have its calls. `boot`: it runs before the tasks, in an early phase."""
    BLOCKS.append({'name': name, 'forms': forms, 'lines': [parse(line) for line in text.strip('\n').splitlines()], 'boot': boot})


def parse(line):
    statement, *planted = re.split(r'\s*\|\|\s*', line.strip())
    label = re.match(r'@(\w+)\s+', statement)
    wrong = []
    for text in planted:
        name, text = text.split(':', 1)
        name, _, where = name.partition('@')
        wrong.append({'mistake': name.lstrip('='), 'is_rest': name.startswith('='), 'at': where, 'text': text.strip()})
    return {'label': label.group(1) if label else '', 'statement': statement[label.end():] if label else statement, 'wrong': wrong}


block('kmap', ALL, """
    @m v = kmap($p);
       WRITE_ONCE(v[$o], $x);
       ...
       page = $p;                   || virt-to-page: page = virt_to_page(v);
       sum += READ_ONCE(v[$o]);
       kunmap($p);                  || leaked@m: || kunmap-twice: kunmap($p); kunmap($p); || kunmap-of-another: kunmap($f);
                                    || kmap-used-after: WRITE_ONCE(v[$o], 1);
""")
block('kmap and kunmap of the page that its address has', ALL, """
    @m v = kmap($p);
       memset(v + $o, $x, $n);
       w = page_address($p);        || virt-to-phys: w = __va(__pa(v));
       sum += READ_ONCE(w[$o]);
       kunmap($p);                  || kunmap-of-address: kunmap((struct page *)v);
                                    || no-address: WRITE_ONCE(*(char *)page_address($f), 1);
""")
block('kmap twice', ALL, """
    @m v = kmap($p);
       w = kmap($p);
       WRITE_ONCE(v[$o], $x);
       sum += READ_ONCE(w[$o]);
       kunmap($p);                  || leaked@m:
       kunmap($p);                  || kunmap-twice: kunmap($p); kunmap($p);
""")
block('copy between kmaps', ALL, """
    @m v = kmap($p);
    @n w = kmap($q);
       memcpy(w + $o, v + $d, $n);
       kunmap($p);                  || leaked@m:
       kunmap($q);                  || leaked@n: || kunmap-twice: kunmap($q); kunmap($q);
                                    || kmap-used-after: sum += READ_ONCE(w[$o]);
""")
block('kmap of a page that all read', ALL, """
       v = kmap($c);
       sum += READ_ONCE(v[$o]);
       schedule();
       kunmap($c);
""")
block('kmap of a lowmem page', ALL, """
       page = alloc_page(GFP_ATOMIC);
       v = kmap(page);
       sum += READ_ONCE(v[$o]);
       kunmap(page);
       v = kmap_atomic(page, KM_USER0);
       sum += READ_ONCE(v[$o]);
       kunmap_atomic(v, KM_USER0);
       __free_page(page);
""")
block('hoard', ALL, """
       schedule();                  || hoarded: for (i = 0; i < 3 * PAGES; i++) kmap(first_page + i);
""")

block('kmap_atomic', ALL, """
    @m v = kmap_atomic($p, KM_USER0);
       WRITE_ONCE(v[$o], $x);       || past: WRITE_ONCE(v[PAGE_SIZE + $o], $x);
       object = kmalloc($n, GFP_ATOMIC);    || sleeps: object = kmalloc($n, GFP_KERNEL);
       kfree(object);
                                    || schedules: schedule();
       sum += READ_ONCE(v[$o]);     || sleeps: w = kmap($q);
       kunmap_atomic(v, KM_USER0);  || =sleeps: kunmap_atomic(v, KM_USER0); kunmap($q); || leaked@m: return -EIO; || unmap-of-page: kunmap_atomic((void *)$p, KM_USER0);
                                    || atomic-used-after: WRITE_ONCE(v[$o], 1);
""")
block('kmap_atomic, and its unmap', ALL, """
    @m v = kmap_atomic($p, KM_USER0);
       memset(v, $x, PAGE_SIZE);
                                    || sleeps: mutex_lock(&own_mutex[me]); mutex_unlock(&own_mutex[me]);
       kunmap_atomic(v, KM_USER0);  || leaked-and-on@m: || unmap-of-moved: kunmap_atomic(v + PAGE_SIZE, KM_USER0); || twice: kunmap_atomic(v, KM_USER0); kunmap_atomic(v, KM_USER0);
                                    || atomic-used-after: sum += READ_ONCE(v[$o]);
""")
block('kmap and kmap_atomic on arm, whose kunmap_atomic undoes both', (ARM,), """
       w = kmap($q);
       v = kmap_atomic($p);
       memcpy(v + $o, w + $d, $n);
    @m kunmap_atomic(v);            || kunmap-by-atomic: kunmap_atomic(w);
       kunmap($q);
""")
block('kmap_atomic and kmap', (TYPED, STACK, LOCAL), """
    @k w = kmap($q);
    @m v = kmap_atomic($p, KM_USER0);
       memcpy(v + $o, w + $d, $n);
       kunmap_atomic(v, KM_USER0);  || unmap-of-other-kind: kunmap_atomic(w, KM_USER0);
       kunmap($q);                  || leaked@k:
""")
block('nested kmap_atomic', ALL, """
    @m v = kmap_atomic($p, KM_USER0);
    @n w = kmap_atomic($q, KM_USER1);
       memcpy(w + $o, v + $d, $n);  || past-into-neighbour: memcpy(w + $o, v, PAGE_SIZE);
       kunmap_atomic(w, KM_USER1);  || leaked@m: kunmap_atomic(w, KM_USER1); return -EIO;
       sum += READ_ONCE(v[$o]);     || atomic-used-after: sum += READ_ONCE(w[$o]);
       kunmap_atomic(v, KM_USER0);
""")
block('nested kmap_atomic, and the order', SINCE_STACK, """
       v = kmap_atomic($p);
       w = kmap_atomic($q);
       memcpy(w + $o, v + $d, $n);
       kunmap_atomic(w);            || order: kunmap_atomic(v);
       kunmap_atomic(v);            || =order: kunmap_atomic(w);
""")
block('nested kmap_atomic, and a use between', (STACK, ARM), """
       v = kmap_atomic($p);
       w = kmap_atomic($q);
       memcpy(w + $o, v + $d, $n);
       kunmap_atomic(w);            || order-used: kunmap_atomic(v);
       sum += READ_ONCE(v[$o]);     || =order-used: sum += READ_ONCE(w[$o]);
       kunmap_atomic(v);            || =order-used: kunmap_atomic(w);
""")
block('kmap_atomic three deep', SINCE_STACK, """
       v = kmap_atomic($p);
       w = kmap_atomic($q);
       u = kmap_atomic($r);
       memcpy(u + $o, v + $d, $n);
       memcpy(w + $o, u + $d, $n);
       kunmap_atomic(u);            || sleeps: kunmap_atomic(u); kfree(kmalloc($n, GFP_KERNEL));
       kunmap_atomic(w);
       kunmap_atomic(v);
                                    || too-deep: DEEP(kmap_atomic, kunmap_atomic, $p);
""")
block('typed kmap_atomic, in any order', (TYPED,), """
    @m v = kmap_atomic($p, KM_USER0);
    @n w = kmap_atomic($q, KM_USER1);
       memcpy(w + $o, v + $d, $n);
       kunmap_atomic(v, KM_USER0);  || wrong-type: kunmap_atomic(v, KM_BIO_SRC_IRQ); || leaked@m: kunmap_atomic(w, KM_USER1); return -EIO;
       sum += READ_ONCE(w[$o]);     || atomic-used-after: sum += READ_ONCE(v[$o]);
       kunmap_atomic(w, KM_USER1);
""")
block('slot by hand', (STACK, ARM), """
       preempt_disable();
    @m i = kmap_atomic_idx_push();
       kmap_atomic_idx_pop();       || leaked@m:
       preempt_enable();
""")
block('read-only kmap_atomic', (STACK, LOCAL), """
       v = kmap_atomic_prot($p, PAGE_KERNEL_RO);
       sum += READ_ONCE(v[$o]);     || read-only: WRITE_ONCE(v[$o], 1);
       kunmap_atomic(v);
""")

block('kmap_local', (LOCAL,), """
    @m v = kmap_local_page($p);
       WRITE_ONCE(v[$o], $x);
       object = kmalloc($n, GFP_KERNEL);
       schedule();
       kfree(object);
       ...
       sum += READ_ONCE(v[$o]);
       kunmap_local(v);             || leaked@m: return -EIO; || unmap-of-page: kunmap_local((void *)$p); || unmap-of-moved: kunmap_local(v + PAGE_SIZE);
                                    || atomic-used-after: WRITE_ONCE(v[$o], 1);
""")
block('kmap_local, and its unmap', (LOCAL,), """
    @m v = kmap_local_page($p);
       memset(v, $x, PAGE_SIZE);    || past: memset(v + $o, $x, PAGE_SIZE);
       kunmap_local(v);             || leaked-in-local@m: || twice: kunmap_local(v); kunmap_local(v);
                                    || too-deep: DEEP(kmap_local_page, kunmap_local, $p);
""")
block('copy between kmap_locals', (LOCAL,), """
    @m v = kmap_local_page($p);
    @n w = kmap_local_page($q);
       memcpy(w + $o, v + $d, $n);
       schedule();
       kunmap_local(w);             || leaked-inside@n: || order: kunmap_local(v); || leaked@m: kunmap_local(w); return -EIO;
       kunmap_local(v);             || =order: kunmap_local(w);
""")
block('kmap_atomic inside kmap_local', (LOCAL,), """
    @m v = kmap_local_page($p);
       w = kmap_atomic($q);
       memcpy(w + $o, v + $d, $n);  || schedules: schedule(); || sleeps: might_sleep();
       kunmap_atomic(w);            || atomic-used-after: kunmap_atomic(w); sum += READ_ONCE(w[$o]); || by-other-call: kunmap_local(w);
       kunmap_local(v);             || by-other-call: kunmap_atomic(v);
""")
block('read-only kmap_local', (LOCAL,), """
       v = kmap_local_page_prot($p, PAGE_KERNEL_RO);
       sum += READ_ONCE(v[$o]);     || read-only: WRITE_ONCE(v[$o], 1);
       kunmap_local(v);
""")
block('parts of pages', (LOCAL,), """
       memcpy_page($q, $o, $p, $d, $n);
       memset_page($p, $o, $x, $n);
       memcpy_to_page($p, $o, text, $n);    || past: memcpy_to_page($p, PAGE_SIZE - 8, text, $n);
       memcpy_from_page(text, $q, $d, $n);
       memzero_page($q, $o, $n);
       zero_user($p, $o, $n);       || past-helper: zero_user($p, PAGE_SIZE - 8, $n);
""")
block('parts of pages, zeroed', (STACK, ARM), """
       zero_user($p, $o, $n);       || past-helper: zero_user($p, PAGE_SIZE - 8, $n);
       zero_user_segments($q, 0, $n, $o, $o + $n);
""")
block('parts of pages, cleared', (TYPED,), """
       memclear_highpage_flush($p, $o, $n);     || past-helper: memclear_highpage_flush($p, PAGE_SIZE - 8, $n);
       clear_user_highpage($q, 0);
""")
block('whole pages', ALL, """
       clear_highpage($p);
       copy_highpage($q, $p);
""")

block('fixed address', ALL, """
    @m set_fixmap($i, page_to_phys($p));        || address-as-index: set_fixmap(__fix_to_virt($i), page_to_phys($p)); || index-too-large: set_fixmap(__end_of_fixed_addresses, page_to_phys($p));
       v = (char *)__fix_to_virt($i);
       WRITE_ONCE(v[$o], $x);
       sum += READ_ONCE(v[$o]);
       clear_fixmap($i);            || leaked@m: return -EIO;
                                    || fixmap-used-after: WRITE_ONCE(v[$o], 1);
""")
block('fixed address set again', ALL, """
       set_fixmap($i, page_to_phys($p));
       v = (char *)__fix_to_virt($i);
       WRITE_ONCE(v[$o], $x);
    @m set_fixmap($i, page_to_phys($q));
       sum += READ_ONCE(v[$d]);
       clear_fixmap($i);
                                    || fixmap-used-after: sum += READ_ONCE(v[$o]);
""")
block('read-only fixed address', (TYPED, STACK, LOCAL), """
    @m __set_fixmap($i, page_to_phys($p), PAGE_KERNEL_RO);
       v = (char *)__fix_to_virt($i);
       sum += READ_ONCE(v[$o]);     || read-only: WRITE_ONCE(v[$o], 1);
       clear_fixmap($i);            || leaked@m: return -EIO;
""")

block('page', ALL, """
    @a page = alloc_page(GFP_HIGHUSER);
    @m v = kmap(page);
       memset(v, $x, PAGE_SIZE);
       ...
       kunmap(page);                || freed@f:
    @f __free_page(page);           || =freed: __free_page(page); kunmap(page); || leaked@a: || freed-twice: __free_page(page); __free_page(page);
""")
block('page, and an error on the way', ALL, """
    @a page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
    @m v = kmap(page);
       sum += READ_ONCE(v[$o]);     || leaked@a: kunmap(page); return -EIO;
       kunmap(page);                || freed@f:
    @f __free_page(page);
""")
block('page in atomic mapping', ALL, """
       page = alloc_page(GFP_HIGHUSER);
       v = kmap_atomic(page, KM_USER0);
       WRITE_ONCE(v[$o], $x);
       kunmap_atomic(v, KM_USER0);  || freed-in-atomic: __free_page(page); kunmap_atomic(v, KM_USER0);
       __free_page(page);           || =freed-in-atomic:
""")
block('page at fixed address', ALL, """
       page = alloc_page(GFP_HIGHUSER);
       set_fixmap($i, page_to_phys(page));
       v = (char *)__fix_to_virt($i);
       WRITE_ONCE(v[$o], $x);
       clear_fixmap($i);            || freed-in-fixmap: __free_page(page); clear_fixmap($i);
       __free_page(page);           || =freed-in-fixmap:
""")
block('compound page', ALL, """
    @a page = alloc_pages(GFP_HIGHUSER | __GFP_COMP, 1);
       v = kmap_atomic(page + 1, KM_USER0);
       WRITE_ONCE(v[$o], $x);
       kunmap_atomic(v, KM_USER0);
       v = kmap(page);
       sum += READ_ONCE(v[$o]);     || past-by-pointer: sum += READ_ONCE(v[PAGE_SIZE + $o]);
       kunmap(page);
       __free_pages(page, 1);       || leaked@a:
""")
block('kmalloc', ALL, """
    @m object = kmalloc($n, GFP_KERNEL);
       memset(object, $x, $n);      || overrun: memset(object, $x, $n + 1);
       page = virt_to_page(object);
    @f kfree(object);               || leaked@m: || kfree-twice: kfree(object); kfree(object);
                                    || kfree-used-after: WRITE_ONCE(*object, 1);
""")

block('interrupt', ALL, """
       interrupt_begin();
    @m v = kmap_atomic($p, KM_IRQ0);
       memset(v + $o, $x, $n);      || sleeps: kfree(kmalloc($n, GFP_KERNEL));
       kunmap_atomic(v, KM_IRQ0);
                                    || sleeps: might_sleep();
       interrupt_end();
""")
block('interrupted kmap', ALL, """
       v = kmap($p);
       interrupt_begin();
       memset(v + $o, $x, $n);      || sleeps: w = kmap($q);
       interrupt_end();             || kunmap-in-interrupt: kunmap($p); interrupt_end(); || =sleeps: interrupt_end(); kunmap($q);
       kunmap($p);                  || =kunmap-in-interrupt:
""")
block('interrupted kmap_atomic', ALL, """
       v = kmap_atomic($p, KM_USER0);
       WRITE_ONCE(v[$o], $x);
       interrupt_begin();
       w = kmap_atomic($q, KM_IRQ1);
       memset(w + $o, $x, $n);
       kunmap_atomic(w, KM_IRQ1);
       interrupt_end();
       sum += READ_ONCE(v[$o]);
       kunmap_atomic(v, KM_USER0);
""")
block('interrupted typed kmap_atomic', (TYPED,), """
       v = kmap_atomic($p, KM_USER0);
       WRITE_ONCE(v[$o], $x);
       interrupt_begin();
       w = kmap_atomic($q, KM_IRQ0);    || type-stolen: w = kmap_atomic($q, KM_USER0);
       memset(w + $o, $x, $n);
       kunmap_atomic(w, KM_IRQ0);   || =type-stolen: kunmap_atomic(w, KM_USER0);
       interrupt_end();
       sum += READ_ONCE(v[$o]);
       kunmap_atomic(v, KM_USER0);
""")
block('spinlock', ALL, """
       spin_lock(&lock);
       v = kmap_atomic($p, KM_USER0);
       WRITE_ONCE(v[$o], $x);       || sleeps: object = kmalloc($n, GFP_KERNEL); kfree(object);
       kunmap_atomic(v, KM_USER0);
                                    || sleeps: w = kmap($p);
       spin_unlock(&lock);          || =sleeps: spin_unlock(&lock); kunmap($p);
""")
block('spinlock of the task', ALL, """
       spin_lock(&own_lock[me]);    || lock-twice: spin_lock(&own_lock[me]); spin_lock(&own_lock[me]);
       sum++;                       || sleeps: kfree(kmalloc($n, GFP_KERNEL));
       spin_unlock(&own_lock[me]);  || unlock-twice: spin_unlock(&own_lock[me]); spin_unlock(&own_lock[me]);
""")
block('mutex', ALL, """
       mutex_lock(&mutex);
       v = kmap($p);
       memset(v + $o, $x, $n);
       cond_resched();
       kunmap($p);
       mutex_unlock(&mutex);
       mutex_lock(&own_mutex[me]);  || lock-twice: mutex_lock(&own_mutex[me]); mutex_lock(&own_mutex[me]);
       schedule();
       mutex_unlock(&own_mutex[me]);    || unlock-twice: mutex_unlock(&own_mutex[me]); mutex_unlock(&own_mutex[me]);
""")

block('early', (STACK, LOCAL), """
    @m v = early_memremap(0x1000000 + $o, $n);  || early-too-large: v = early_memremap(0x1000000 + $o, 0x100000);
       if (v) sum += READ_ONCE(*v);
       if (v) early_memunmap(v, $n);    || early-leaked@m: || early-twice: early_memunmap(v, $n); early_memunmap(v, $n); || early-wrong-size: early_memunmap(v, $n + PAGE_SIZE);
""", boot=True)
