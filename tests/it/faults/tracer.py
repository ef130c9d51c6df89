"""tracer.py ROLE N COMMAND...: runs a command and kills it, or the first child it makes, with SIGKILL as it is about to
make the Nth system call that could change anything. ROLE: command, supervisor. Says on its last line
`killed <system call>`, `through` (there was no Nth), or `refused <why>`."""

import ctypes
import os
import signal
import struct
import sys

NUMBERS = {
    "x86_64": dict(
        write=1, writev=20, openat=257, close=3, mkdir=83, mkdirat=258, mknod=133, mknodat=259, unlink=87,
        unlinkat=263, rmdir=84, link=86, linkat=265, rename=82, renameat=264, renameat2=316, fcntl=72, flock=73,
        fsync=74, fdatasync=75, fork=57, vfork=58, clone=56, clone3=435, execve=59, setsid=112, prctl=157, dup2=33,
        sendto=44, splice=275, chdir=80, exit_group=231,
    ),
    "aarch64": dict(
        write=64, writev=66, openat=56, close=57, mkdirat=34, mknodat=33, unlinkat=35, linkat=37, renameat=38,
        renameat2=276, fcntl=25, flock=32, fsync=82, fdatasync=83, clone=220, clone3=435, execve=221, setsid=157,
        prctl=167, dup3=24, sendto=206, splice=76, chdir=49, exit_group=94,
    ),
}
TRACEME, CONT, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO, DETACH = 0, 7, 24, 0x4200, 0x420E, 17
SYSGOOD, FORK, VFORK, CLONE, EXEC = 1, 2, 4, 8, 16
ALL_CHILDREN = 0x40000000
O_CREAT, F_SETLK = 0o100, 6
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=0, data=0):
    return libc.ptrace(request, pid, address, data)


def leave(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    os._exit(0)


role, when, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
names = {number: name for name, number in NUMBERS.get(os.uname().machine, {}).items()}
if not names:
    leave("refused system calls of this machine are not known")
root = os.fork()
if root == 0:
    if ptrace(TRACEME, 0) != 0:
        os._exit(99)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.execv(words[0], words)
_, status = os.waitpid(root, 0)
if not os.WIFSTOPPED(status):
    leave("refused ptrace")
options = SYSGOOD | EXEC | (FORK | VFORK | CLONE if role == "supervisor" else 0)
if ptrace(SETOPTIONS, root, 0, options) != 0:
    leave("refused ptrace options")
target = root if role == "command" else None
info = ctypes.create_string_buffer(128)
count, known, hit = 0, {root}, None
began = role == "supervisor"
ptrace(CONT if role == "supervisor" else SYSCALL, root)
while True:
    pid, status = os.waitpid(-1, ALL_CHILDREN)
    if not os.WIFSTOPPED(status):
        if pid == root:
            leave(f"killed {hit}" if hit else "through")
        continue
    stop, event = os.WSTOPSIG(status), status >> 16
    if pid not in known:
        known.add(pid)
        if target is None:
            target = pid
            ptrace(SYSCALL, pid)
        else:
            ptrace(DETACH, pid)
        continue
    request = SYSCALL if pid == target else CONT
    if event == 4 and pid == root:
        began = True
    if stop == signal.SIGTRAP | 0x80:
        if ptrace(GET_SYSCALL_INFO, pid, 128, ctypes.addressof(info)) <= 0:
            leave("refused to say which system call it is")
        if info.raw[0] == 1:
            number, first, second, third = struct.unpack_from("4Q", info.raw, 24)
            name = names.get(number)
            matters = name is not None
            if name == "openat":
                matters = third & O_CREAT != 0
            elif name == "fcntl":
                matters = second == F_SETLK
            elif name == "close":
                matters = False
            if matters and began:
                count += 1
                if count == when:
                    hit = name
                    os.kill(pid, signal.SIGKILL)
                    continue
        ptrace(request, pid)
    elif event:
        ptrace(request, pid)
    else:
        ptrace(request, pid, 0, 0 if stop in (signal.SIGTRAP, signal.SIGSTOP) else stop)
