#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every word does something: words.py SOURCE

A trait and a detector must be read by code of src/; a setting by code, by an expression of a profile, or by another setting's default.
A trait must be stated by a profile; so must a site, and one that a profile states must have words. The rules are tried on a word that nobody reads, too.
"""
import glob
import re
import sys

source = sys.argv[1]


def read(*patterns):
    return '\n'.join(open(name, encoding='ascii').read() for p in patterns for name in sorted(glob.glob(f'{source}/{p}')))


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*', '', text, flags=re.S)


code = without_comments(read('src/*/*.[ch]'))
profiles = without_comments(read('include/fixmap/profiles/*.def'))
# Rows without what they define: names in settings' own definitions, and texts, read nothing.
expressions = re.sub(r'FXM_(OPTION|INTEGER|SIZE|CONFIG)\(\w+', '', re.sub(r'"(?:[^"\\]|\\.)*"', '', profiles))


def words(table, macro):
    return re.findall(rf'^{macro}\((\w+)', read(table), re.M)


# FXMI_SETTING_ROW(id, kind, name, "default", ...)
defaults = re.findall(r'FXMI_SETTING_ROW\([^,]+,[^,]+,[^,]+, "(\w+)"', read('src/profile/settings.def'))


stated_sites = set(re.findall(r'^FXM_SITE\((\w+)', profiles, re.M))


def unread(traits, settings, own_settings, detectors, sites):
    for name in traits:
        if not re.search(rf'\bFXMI_TRAIT_{name}\b', code):
            yield f'trait {name}: no code reads it: let it act, or take it out of traits.def'
        elif not re.search(rf'\bFXM_TRAIT\({name},', profiles):
            yield f'trait {name}: no profile states it'
    for name in settings + own_settings:
        if not re.search(rf'\bFXMI_SETTING_{name}\b', code) and not re.search(rf'\b(CONFIG_)?{name}\b', expressions) \
                and name not in defaults:
            yield f'setting {name}: neither code nor an expression of a profile reads it'
    for name in detectors:
        if not re.search(rf'\bFXMI_FIND_{name}\b', code):
            yield f'detector {name}: nothing finds it'
    for name in sites:
        if f'"{name}"' not in code or name not in stated_sites:
            yield f'site {name}: no code reports there, or no profile states it'
    for name in sorted(stated_sites - set(sites)):
        yield f'site {name}: sites.def has no words for it'


tables = [words('include/fixmap/profiles/traits.def', 'FXM_TRAIT_WORD'), words('src/profile/settings.def', 'FXMI_PROFILE_SETTING'),
          words('src/profile/settings.def', 'FXMI_SETTING_ROW'), words('src/report/detectors.def', 'FXMI_DETECTOR'),
          words('include/fixmap/profiles/sites.def', 'FXM_SITE_WORD')]
problems = list(unread(*tables))
for i, table in enumerate(tables):
    if not table:
        problems.append(f'table {i} is empty')
    added = [t + ['nobody_reads_this'] if n == i else t for n, t in enumerate(tables)]
    if len(list(unread(*added))) != len(list(unread(*tables))) + 1:
        problems.append(f'a word added to table {i} that nobody reads is not noticed')
print('\n'.join(problems))
print(f'{sum(map(len, tables))} words, {len(problems)} problems')
sys.exit(bool(problems))
