#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fixmap show`: the stories as text, picture and page; bad input; long traces; and the page in a browser, where there is one.

    show.py FIXMAP SOURCE-ROOT"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

fixmap, root = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
stories = root / 'examples' / 'stories'
failed = 0


def require(ok, what, seen=''):
    global failed
    if not ok:
        failed += 1
        print(f'{what}\n{str(seen)[-1500:]}')


def show(*arguments, **more):
    return subprocess.run([fixmap, 'show', *map(str, arguments)], capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, 'NO_COLOR': '', 'TERM': 'xterm'}, **more)


# What each story is there to show.
EXPECTED = {
    'fixmap_grows_down': ['1  CPU 0  boot  set_fixmap  ffffe000', 'ffffd000', '3  CPU 0  boot  set_fixmap  ffffc000', '+PCD'],
    'kmap_atomic_stack': ['task1 in irq', 'FIX_KMAP_BEGIN+2   P3', '11  CPU 0  task1  kunmap_atomic  fffbb000',
                          '! kunmap_atomic of fffbb000, but the mapping on top', 'fffba000  FIX_KMAP_BEGIN+1   -  '],
    'pkmap_flush': ['pkmap slot 1       P1', 'kmap by one, count 2', 'kmap_flush_unused', 'pkmap slot 3       P1'],
    'stale_tlb': ['TLB 1: P1 STALE', 'TLB 0: P2', '! read of ffffe000 on CPU 1 goes by a stale TLB entry'],
}
require({p.stem for p in stories.iterdir()} == set(EXPECTED), 'a story has no expectation, or the other way round')
for name, words in EXPECTED.items():
    p = show(stories / f'{name}.trace')
    require(not p.returncode and not p.stderr and '\033' not in p.stdout, f'{name}: status {p.returncode}', p.stderr)
    for word in words:
        require(word in p.stdout, f'{name}: no "{word}"', p.stdout)


def steps_of(page):
    text = re.search(r'<script type="application/json" id="story">(.*?)</script>', page, re.S)[1]
    return json.loads(text)


with tempfile.TemporaryDirectory() as where:
    html, svg = f'{where}/a page.html', f'{where}/a.svg'
    p = show('--html', html, '--svg', svg, stories / 'stale_tlb.trace')
    require(not p.returncode and not p.stdout, 'two files at once', p.stdout + p.stderr)
    picture = xml.etree.ElementTree.parse(svg).getroot()
    text = ' '.join(picture.itertext())
    require(picture.tag.endswith('svg') and 'FIX_DBGP_BASE' in text and 'stale' in text, 'the picture', text)
    page = pathlib.Path(html).read_text(encoding='utf-8')
    story = steps_of(page)
    require('http://' not in page.replace('http://www.w3.org/2000/svg', '') and 'https://' not in page, 'the page wants a network')
    require(len(story['steps']) == 6 and story['steps'][3]['cells'][0]['tlb'] ==
            [{'stale': False, 'page': ''}, {'stale': True, 'page': 'P1'}], 'the page', story['steps'][3])
    # A title that would end the script does not.
    odd = f'{where}/<!--<script>.trace'
    shutil.copy(stories / 'stale_tlb.trace', odd)
    p = show('--html', '-', odd)
    require(steps_of(p.stdout)['title'] == odd, 'a title with a tag in it', p.stdout[:500])

    # A module is run, and its trace shown.
    p = show('-p', 'x86_32-4.15', root / 'examples/modules/wrong_order.c')
    require(not p.returncode and 'unmap in reverse order' in p.stdout, 'a module', p.stdout + p.stderr)
    p = show(f'{where}/none.c')
    require(p.returncode == 2 and 'none.c did not run, so there is nothing to show' in p.stderr, 'a module that is not there', p.stderr)

    # Many operations: what is shown is said, and the page stays small.
    many = f'{where}/many.trace'
    with open(many, 'w', encoding='ascii') as f:
        f.write('page P1\n' + 'op - 0 a task kmap P1 -\nop - 0 a task kunmap P1 -\n' * 50000)
    p = show('--html', f'{where}/many.html', many)
    story = steps_of(pathlib.Path(f'{where}/many.html').read_text(encoding='utf-8'))
    require(not p.returncode and len(story['steps']) == 500 and story['extent'] == 'operations 1 to 500 of 100000', 'many operations',
            story['extent'])
    p = show('--from', 99999, '--steps', 7, many)
    require('operations 99999 to 100000 of 100000' in p.stdout, 'the last two', p.stdout)

    # Bad input: one line, status 2.
    one = stories / 'stale_tlb.trace'
    for arguments, words in (([], 'which trace?'), ([one, one], 'one TRACE at a time'), ([f'{where}/none'], 'cannot open'),
                             (['--steps', '0', one], 'write a number from 1 on'), (['--from', 'x', one], 'write a number from 1 on'),
                             (['--from', '70', one], 'is past its end'), (['--svg', f'{where}/none/a', one], 'cannot write'),
                             (['--html', where, one], 'cannot write'), ([root / 'README.md'], 'unknown record'),
                             (['-o', 'nonsense=1', one], 'nonsense'), (['-o', 'trace=x', one], 'does not go with show'), (['--colour', one], 'colour'), ([os.devnull], 'the file is empty')):
        p = show(*arguments)
        require(p.returncode == 2 and words in p.stderr and p.stderr.count('\n') == 1 and not p.stdout, f'{arguments}', p.stderr)
    with open('/dev/full', 'w', encoding='ascii') as full:
        p = subprocess.run([fixmap, 'show', str(one)], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    require(p.returncode == 2 and 'No space left' in p.stderr, 'a full disk', p.stderr)
    p = show('-', stdin=open(one, encoding='ascii'))
    require(not p.returncode and 'STALE' in p.stdout, 'standard input', p.stderr)

    # ---- in a browser ----
    browser = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if not browser:
        print('the page was not opened: there is no chromium')
        sys.exit(failed)

    def browse(*arguments):
        return subprocess.run([browser, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', f'--user-data-dir={where}/profile',
                               '--window-size=1200,800', *arguments], capture_output=True, text=True, timeout=200, check=False)

    def dom(name, script):
        """The page's elements after @script drove it."""
        driven = pathlib.Path(f'{where}/{name}.html')
        driven.write_text(page.replace('</html>', f'<script>{script}</script></html>'), encoding='utf-8')
        return browse('--dump-dom', driven.as_uri()).stdout

    now = re.compile(r'<p id="what"[^>]*>([^<]*)</p>')
    for name, script, words in (
            ('opened', '', '1. CPU 0, setter: set_fixmap'),
            ('slid', "slider.value = 3; slider.dispatchEvent(new Event('input'))", '4. CPU 0, setter: set_fixmap'),
            ('key', "for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft']) document.dispatchEvent(new KeyboardEvent('keydown', {key}))",
             '2. CPU 1, reader: read'),
            ('end', "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}))", '6. CPU 1, reader: read'),
            ('report', "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'n'}))", '6. CPU 1, reader: read'),
            ('column', "columns[2].dispatchEvent(new Event('click'))", '3. CPU 0, setter: read'),
            ('button', "document.getElementById('on').click()", '2. CPU 1, reader: read')):
        seen = dom(name, script)
        m = now.search(seen)
        require(m and m[1].startswith(words), f'in the browser, {name}: {m and m[1]}', seen[-600:])
    seen = dom('stale', "slider.value = 3; slider.dispatchEvent(new Event('input'))")
    require('<span class="stale">P1</span>' in seen, 'a stale entry is not marked', seen[-600:])

    def pixels(path):
        """The rows of a PNG with 8-bit colours, each a bytes of three or four a pixel."""
        data, at, packed = pathlib.Path(path).read_bytes(), 8, b''
        while at < len(data):
            length, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
            body = data[at + 8:at + 8 + length]
            if kind == b'IHDR':
                width, channels = int.from_bytes(body[:4], 'big'), 4 if body[9] == 6 else 3
            packed += body if kind == b'IDAT' else b''
            at += length + 12
        raw, stride, before, rows = zlib.decompress(packed), width * channels, bytes(width * channels), []
        for start in range(0, len(raw), stride + 1):
            kind, row = raw[start], bytearray(raw[start + 1:start + 1 + stride])
            for i in range(stride):
                a, b, c = (row[i - channels] if i >= channels else 0), before[i], (before[i - channels] if i >= channels else 0)
                if kind == 1:
                    row[i] = (row[i] + a) & 255
                elif kind == 2:
                    row[i] = (row[i] + b) & 255
                elif kind == 3:
                    row[i] = (row[i] + (a + b) // 2) & 255
                elif kind == 4:
                    guess = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
                    row[i] = (row[i] + guess) & 255
            before = bytes(row)
            rows.append({before[i:i + 3] for i in range(0, stride, channels)})
        return rows

    # What a screenshot must have: the colours of both pages in the picture, the bar of the changed row, the box of the report.
    shot = f'{where}/shot.png'
    browse(f'--screenshot={shot}', pathlib.Path(html).as_uri() + '#6')
    colours = set().union(*pixels(shot)) if os.path.exists(shot) else set()
    for what, colour in (('page P1', '56b4e9'), ('page P2', '009e73'), ('the report', 'fff4ec'), ('the mark of a report', 'd55e00')):
        require(bytes.fromhex(colour) in colours, f'the screenshot lacks {what}')
sys.exit(failed)
