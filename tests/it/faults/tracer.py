"""tracer.py ROLE N COMMAND...: runs a command and kills it, or the first child it makes, with SIGKILL as it is about to
make the Nth system call that could change anything. ROLE: command, supervisor. Says on its last line
`killed <system call>`, `through` (there was no Nth), or `refused <why>`.

With `N!K` for N nobody is killed, but the Nth system call that could fail does so, with the Kth of the errors that
such a call may give (counted round and round); with `N!K+` every later one fails too. The last line is then
`failed <system call> <error>, code <its exit code>`. What comes before the program's own beginning (the loader's calls) never fails."""

import ctypes
import errno
import os
import signal
import struct
import sys

NUMBERS = {
    "x86_64": dict(
        write=1, writev=20, openat=257, close=3, mkdir=83, mkdirat=258, mknod=133, mknodat=259, unlink=87,
        unlinkat=263, rmdir=84, link=86, linkat=265, rename=82, renameat=264, renameat2=316, fcntl=72, flock=73,
        fsync=74, fdatasync=75, fork=57, vfork=58, clone=56, clone3=435, execve=59, setsid=112, prctl=157, dup2=33,
        sendto=44, splice=275, chdir=80, exit_group=231, read=0, socketpair=53, pipe2=293, signalfd4=289, poll=7,
        pidfd_open=434, getdents64=217, ftruncate=77, sigaltstack=131,
        chmod=90, fchmod=91, fchown=93, fchmodat=268, fchownat=260, symlinkat=266, pwrite64=18, syncfs=306,
    ),
    "aarch64": dict(
        write=64, writev=66, openat=56, close=57, mkdirat=34, mknodat=33, unlinkat=35, linkat=37, renameat=38,
        renameat2=276, fcntl=25, flock=32, fsync=82, fdatasync=83, clone=220, clone3=435, execve=221, setsid=157,
        prctl=167, dup3=24, sendto=206, splice=76, chdir=49, exit_group=94,
        fchmod=52, fchmodat=53, fchownat=54, fchown=55, symlinkat=36, pwrite64=68, syncfs=267,
    ),
}
# What changes nothing, and is no instant to be killed at.
HARMLESS = {"read", "socketpair", "pipe2", "signalfd4", "poll", "pidfd_open", "getdents64", "ftruncate", "sigaltstack"}
# What may fail, and how.
ERRORS = dict(
    openat="EMFILE EIO ENOMEM ENFILE", write="ENOSPC EIO", mkdir="ENOSPC EROFS", mkdirat="ENOSPC EROFS",
    mknod="ENOSPC EROFS", mknodat="ENOSPC EROFS", unlink="EROFS EIO", unlinkat="EROFS EIO", rmdir="EROFS EIO",
    link="ENOSPC EROFS", linkat="ENOSPC EROFS", rename="EIO ENOSPC EROFS", renameat="EIO ENOSPC EROFS",
    renameat2="EIO ENOSPC EROFS", fcntl="ENOLCK", flock="ENOLCK", fsync="EIO ENOSPC", fdatasync="EIO ENOSPC",
    fork="EAGAIN ENOMEM", vfork="EAGAIN ENOMEM", clone="EAGAIN ENOMEM", clone3="EAGAIN ENOMEM", execve="ENOMEM EIO",
    dup2="EMFILE", dup3="EMFILE", sendto="ENOBUFS", splice="EIO ENOSPC", chdir="EIO", read="EIO",
    socketpair="EMFILE ENFILE", pipe2="EMFILE ENFILE", signalfd4="EMFILE", poll="ENOMEM", pidfd_open="EMFILE ENOMEM",
    getdents64="EIO", ftruncate="EIO", chmod="EROFS EIO", fchmod="EROFS EIO", fchmodat="EROFS EIO",
    symlinkat="ENOSPC EROFS", pwrite64="ENOSPC EIO", syncfs="EIO ENOSPC", setsid="EPERM", prctl="EINVAL",
)
CREATING = "ENOSPC EROFS EMFILE EIO"
CONT, SYSCALL, DETACH, SEIZE, INTERRUPT, GET_SYSCALL_INFO = 7, 24, 17, 0x4206, 0x4207, 0x420E
SYSGOOD, FORK, VFORK, CLONE, EXEC = 1, 2, 4, 8, 16
ALL_CHILDREN = 0x40000000
POKE, ORIG_RAX, RAX = 6, 15 * 8, 10 * 8
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


role, when, words = sys.argv[1], sys.argv[2], sys.argv[3:]
when, fails, how = when.partition("!")
when, lasts, how = int(when), how.endswith("+"), int(how.rstrip("+") or 0)
names = {number: name for name, number in NUMBERS.get(os.uname().machine, {}).items()}
if not names:
    leave("refused system calls of this machine are not known")
if fails and os.uname().machine != "x86_64":
    leave("refused: how a system call is made to fail on this machine is not known")
go_read, go_write = os.pipe()
root = os.fork()
if root == 0:
    os.close(go_write)
    os.read(go_read, 1)
    os.close(go_read)
    os.execv(words[0], words)
os.close(go_read)
# Seized, not attached: a new child that nobody has let go when we leave is not left behind with a SIGSTOP.
options = SYSGOOD | EXEC | (FORK | VFORK | CLONE if role == "supervisor" else 0)
if ptrace(SEIZE, root, 0, options) != 0 or ptrace(INTERRUPT, root) != 0:
    os.kill(root, signal.SIGKILL)
    leave("refused ptrace")
os.waitpid(root, 0)
target = root if role == "command" else None
info = ctypes.create_string_buffer(128)
count, known, hit = 0, {root}, None
began = role == "supervisor"
failing = 0
ptrace(CONT if role == "supervisor" else SYSCALL, root)
os.write(go_write, b"g")
while True:
    pid, status = os.waitpid(-1, ALL_CHILDREN)
    if not os.WIFSTOPPED(status):
        if pid == root:
            if fails:
                leave(f"failed {hit}, code {os.waitstatus_to_exitcode(status)}" if hit else "through")
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
    if event == 4 and pid == (target if fails else root):
        began = not fails
    if stop == signal.SIGTRAP | 0x80:
        if ptrace(GET_SYSCALL_INFO, pid, 128, ctypes.addressof(info)) <= 0:
            leave("refused to say which system call it is")
        if info.raw[0] == 2 and failing:
            ptrace(POKE, pid, RAX, -failing)
            failing = 0
        elif info.raw[0] == 1:
            number, first, second, third = struct.unpack_from("4Q", info.raw, 24)
            name = names.get(number)
            matters = name in ERRORS if fails else name is not None and name not in HARMLESS
            if name == "sigaltstack" and pid == target:
                began = True
            if name == "openat" and fails:
                errors = CREATING if third & O_CREAT else ERRORS[name]
            elif fails and matters:
                errors = ERRORS[name]
            if name == "openat" and not fails:
                matters = third & O_CREAT != 0
            elif name == "fcntl":
                matters = second == F_SETLK
            elif name == "close":
                matters = False
            if matters and began:
                count += 1
                if fails and (count == when or lasts and count > when):
                    error = errors.split()[how % len(errors.split())]
                    failing = getattr(errno, error)
                    hit = hit or f"{name} {error}"
                    ptrace(POKE, pid, ORIG_RAX, -1)
                elif count == when:
                    hit = name
                    os.kill(pid, signal.SIGKILL)
                    continue
        ptrace(request, pid)
    elif event:
        ptrace(request, pid)
    else:
        ptrace(request, pid, 0, 0 if stop == signal.SIGTRAP else stop)
