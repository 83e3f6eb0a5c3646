#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py FILE OUTPUT: the bytes of FILE as the inside of a C initialiser."""
import sys

with open(sys.argv[1], 'rb') as f, open(sys.argv[2], 'w', encoding='ascii') as out:
    data = f.read()
    out.write(',\n'.join(','.join(str(b if b < 128 else b - 256) for b in data[i:i + 32]) for i in range(0, len(data), 32)) + '\n')
