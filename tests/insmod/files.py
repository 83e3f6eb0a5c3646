#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that modules register, and small names of the kernel that modules by others use: files.py FIXMAP

The modules lie in modules/ beside this file.
"""
import os
import subprocess
import sys
import tempfile

fixmap = os.path.abspath(sys.argv[1])
modules = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'modules')
failed = done = 0


def insmod(name, *arguments):
    return subprocess.run([fixmap, 'insmod', os.path.join(modules, name), *arguments], capture_output=True, text=True, check=False)


def check(what, holds, r):
    global failed, done
    done += 1
    if not holds:
        failed += 1
        print(f'{what}\n  got: {r.returncode}\n{r.stdout}\n{r.stderr}')


def lines(r):
    return [line.split('] ', 1)[-1] for line in r.stdout.splitlines()]


with tempfile.TemporaryDirectory() as tmp:
    hello, number = os.path.join(tmp, 'hello'), os.path.join(tmp, 'number')
    with open(hello, 'w', encoding='ascii') as f:
        f.write('hello there\n')
    with open(number, 'w', encoding='ascii') as f:
        f.write('44\n')
    r = insmod('proc.c', '--read', '/proc/mine/kept', '--write', f'/proc/mine/kept={hello}', '--read', '/proc/mine/kept',
               '--read', '/proc/mine/single', '--read', '/proc/lines')
    check('/proc: what is written is read back; printed and iterated files', r.returncode == 0 and not r.stderr and
          r.stdout == 'nothing yet\nhello there\nsingle 5\nline 0\nline 1\nline 2\n', r)
    r = insmod('proc.c', '--read', '/proc/none')
    check('a path that is none', r.returncode == 1 and 'no module has registered it' in r.stderr and ' /proc/mine/kept' in r.stderr, r)
    r = insmod('proc.c', '--read', '/proc/mine')
    check('a folder', r.returncode == 1 and 'Is a directory' in r.stderr, r)
    r = insmod('proc.c', '--write', '/proc/mine/kept')
    check('--write without a file', r.returncode == 1 and 'write PATH=FILE' in r.stderr, r)
    r = insmod('proc.c', '--write', f'/proc/mine/kept={tmp}/gone')
    check('--write of a file that is not there', r.returncode == 1 and 'No such file' in r.stderr, r)
    r = insmod('proc.c', '--write', f'/proc/mine/single={hello}')
    check('--write to what has no write', r.returncode == 1 and 'Invalid argument' in r.stderr, r)
    r = insmod('proc.c', 'forget=1')
    check('an entry that is left behind is a leak', r.returncode == 1 and r.stderr.count('\n') == 1 and '/proc/lines never removed, registered at proc_init' in r.stderr and 'proc.c:' in r.stderr, r)
    r = insmod('dev.c', '--read', '/dev/mine0', '--read', '/dev/old', '--read', '/dev/mymisc', '--ioctl', '/dev/mine0=0x100,41')
    check('character devices: cdev with a class, register_chrdev, misc', r.returncode == 0 and not r.stderr and lines(r) == [
        'majors 254 253', 'open 254:0', 'device', 'open 253:0', 'device', 'open 10:127', 'device', 'open 254:0', '/dev/mine0: ioctl 0x100: 42'], r)
    r = insmod('dev.c', '--ioctl', '/dev/mine0=5')
    check('an ioctl that fails', r.returncode == 1 and 'Inappropriate ioctl' in r.stderr, r)
    r = insmod('dev.c', '--ioctl', '/dev/mine0=many')
    check('an ioctl that is none', r.returncode == 1 and 'both numbers' in r.stderr, r)
    debug, sys_file = '/sys/kernel/debug/mine/number', '/sys/kernel/mine/level'
    r = insmod('dev.c', '--read', debug, '--write', f'{debug}={number}', '--read', debug, '--read', sys_file, '--write', f'{sys_file}={number}',
               '--read', sys_file)
    check('debugfs and sysfs', r.returncode == 0 and lines(r)[1:] == ['7', '44', '3', '44'], r)
    r = insmod('dev.c', '--write', f'{sys_file}={hello}')
    check('an attribute that refuses', r.returncode == 1 and 'Invalid argument' in r.stderr, r)
    r = insmod('names.c', 'numbers=7,8,9', 'flags=0,1', 'text=abc', 'words=u,v')
    check('small names', r.returncode == 0 and not r.stderr and lines(r) == [
        '3: 7 8 9 abc 1 v', 'dump 00000000: 48 65 6c 6c 6f 2c 20 68 65 78 20 64 75 6d 70 20  Hello, hex dump ',
        'dump 00000010: 6f 66 20 6d 6f 72 65                             of more', '33323130 37363534 62613938 66656463', '77 77', '234'], r)
    r = insmod('names.c', 'early=1', 'numbers=1,2,3', 'words=a,b', '--phase', 'early')
    check('an early mapping by the generic header, early', r.returncode == 0 and not r.stderr and '77 77' in r.stdout, r)
    r = insmod('names.c', 'numbers=1,2,3,4,5')
    check('an array that is too long', r.returncode == 2 and 'its type is array of int' in r.stderr, r)
    r = insmod('names.c', 'text=toolongforit')
    check('a string that is too long', r.returncode == 2 and 'its type is string' in r.stderr, r)
print(f'{done} checks, {failed} failed')
sys.exit(failed > 0)
