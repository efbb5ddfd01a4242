"""What a reading child may still do once it has imported everything: compute, and speak through its socket.

Called by fork_server.py: `watch_parent`, `load_charsets` and `rules_for` once, so that nothing is opened or built later. Each
child calls `watch_parent` and `lock_in`, which closes the doors for good: resource limits, and a filter of system calls
(seccomp, by libseccomp through pyseccomp). Where there can be no filter it says why; all other limits hold anyway.
Raises OSError where a limit can't be set.
"""

from __future__ import annotations

import codecs
import ctypes
import encodings
import errno
import importlib
import mmap
import os
import pkgutil
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Measured: 1,380 odd PDFs take 86 MiB at most (text only, nothing is rendered), a mail of 25 MiB 220 MiB. Bombs ask for
# GiB, and the less they get the sooner they are over (2 s instead of 6 s at 1 GiB).
ADDRESS_SPACE_BYTES = 512 * 1024 * 1024
# The recogniser's networks, and pages as pictures; most of it is reserved and never touched.
SIGHT_ADDRESS_SPACE_BYTES = 2560 * 1024 * 1024

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
# seccomp(2)
_SET_MODE_FILTER, _TSYNC = 1, 1
# Nothing more can be opened, nothing written to a file, no process started (but by root), no core of a mail left behind.
_NO_MORE = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE)

# Memory, time, the interpreter's locks, our own CPU clock and our own end.
_ALLOWED = (
    *("brk", "munmap", "mremap", "madvise", "futex", "membarrier", "rseq", "restart_syscall", "sched_yield"),
    *("clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "getpid", "gettid", "getrusage"),
    *("setitimer", "rt_sigreturn", "rt_sigprocmask", "sigaltstack", "exit", "exit_group"),
)
# What a thread needs. Only pictures of telephones (HEIC) are unpacked by threads, and only in the child that looks at pictures.
_FOR_THREADS = ("set_robust_list", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler")
_CLONE_THREAD = 0x00010000
# Nothing that reads mail and PDFs ever asks for these: who does was taken over, and dies at once. What is in neither list
# (opening, looking at files, asking about the system) is refused only, since libraries try that and go on without.
_DEADLY = (
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg"),
    *("fork", "vfork", "clone", "clone3", "execve", "execveat", "unshare", "setns", "pidfd_open", "pidfd_getfd"),
    *("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "bpf", "perf_event_open", "userfaultfd", "keyctl"),
    *("io_uring_setup", "io_uring_enter", "memfd_create", "init_module", "finit_module", "kexec_load"),
    *("unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("mkdir", "mkdirat", "mknod", "mknodat", "truncate", "chmod", "fchmodat", "chown", "fchownat", "lchown"),
    *("mount", "umount2", "chroot", "pivot_root", "setuid", "setgid", "setresuid", "setresgid", "setgroups"),
)
# Codecs of another system, and modules that are no codecs.
_NO_CODECS = frozenset({"aliases", "mbcs", "oem"})


def watch_parent(parent: int) -> None:
    """Die with the parent (its process id: the daemon's, or the fork server's), and gain no right. Exits if it is dead already."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent died before its death could be watched")


def load_charsets() -> None:
    """Load every codec of Python's with its tables: a mail may name any of them, and later no file can be opened."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name in _NO_CODECS:
            continue
        codecs.lookup(module.name)
        with suppress(LookupError, ValueError):  # no charset (zip), or none for such bytes: it is loaded now
            b"A+AEE-\x1b$B\xa1\xa1".decode(module.name, "replace")


class _Program(ctypes.Structure):
    """A filter as the kernel takes it: struct sock_fprog, see seccomp(2)."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


_STEP_BYTES = 8


@dataclass(frozen=True, slots=True)
class Rules:
    """A filter that was translated once: libseccomp would do it anew in each child. `call`: the number of seccomp(2)."""

    call: int
    program: _Program

    def load(self) -> None:
        """Put it in force, for threads that a library started, too. Raises OSError where the kernel refuses."""
        if thread := _LIBC.syscall(self.call, _SET_MODE_FILTER, _TSYNC, ctypes.byref(self.program)):
            number = errno.EBUSY if thread > 0 else ctypes.get_errno()  # above 0: the thread that has another filter
            raise OSError(number, os.strerror(number))


_LIBC = ctypes.CDLL(None, use_errno=True)


def rules_for(reads: int, writes: int, *, threads: bool = False) -> Rules | str:
    """The filter for processes with these two descriptors, not yet in force; or why there can be none.

    `threads`: they may start threads, though still no process; only where the filter can tell one from the other.
    """
    try:
        seccomp = importlib.import_module("pyseccomp")
    except (ImportError, OSError, RuntimeError):
        return "libseccomp is not installed"
    try:
        return _filled(seccomp, reads, writes, threads=threads)
    except OSError as error:
        return f"libseccomp can't make the filter ({error.strerror})"


def lock_in(rules: Rules | str, address_space_bytes: int = ADDRESS_SPACE_BYTES, *, threads: bool = False) -> str:
    """Close every door but what the rules (see `rules_for`) leave open. Why there is no filter, "" when there is one."""
    _prctl(_PR_SET_DUMPABLE, 0)  # nobody of the same user looks into our memory
    may_thread = threads and not isinstance(rules, str)
    for limit in _NO_MORE:
        if not (limit == resource.RLIMIT_NPROC and may_thread):
            resource.setrlimit(limit, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
    if isinstance(rules, str):
        return rules
    try:
        rules.load()
    except OSError as error:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        return f"the kernel refuses a filter of system calls ({error.strerror})"
    return ""


def _filled(seccomp: Any, reads: int, writes: int, *, threads: bool) -> Rules:
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))

    def add(action: int, names: tuple[str, ...], *arguments: Any) -> None:
        for name in names:
            with suppress(OSError):  # not every kernel and machine knows every name
                rules.add_rule(action, name, *arguments)

    def first_is(number: int) -> Any:
        return seccomp.Arg(0, seccomp.EQ, number)

    add(seccomp.ALLOW, _ALLOWED)
    add(seccomp.ALLOW, ("read",), first_is(reads))
    add(seccomp.ALLOW, ("write",), first_is(writes))
    # Memory that can be written or run, never what was written a moment ago.
    add(seccomp.ALLOW, ("mmap", "mprotect"), seccomp.Arg(2, seccomp.MASKED_EQ, mmap.PROT_EXEC, 0))
    # tgkill is refused: pdfium's abort() on a bomb asks for it first, and ends the process without it as well.
    if threads:
        add(seccomp.ALLOW, _FOR_THREADS)
        add(seccomp.ALLOW, ("clone",), seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
        add(seccomp.KILL_PROCESS, ("clone",), seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
        # Its flags lie in memory, where no filter looks; the C library then takes the old call.
        add(seccomp.ERRNO(errno.ENOSYS), ("clone3",))
    add(seccomp.KILL_PROCESS, tuple(name for name in _DEADLY if not (threads and name.startswith("clone"))))
    return _translated(seccomp, rules)


def _translated(seccomp: Any, rules: Any) -> Rules:
    with open(os.memfd_create("rules"), "w+b") as file:  # noqa: PTH123 - in memory: a machine may have no folder to write to
        rules.export_bpf(file)
        file.seek(0)
        steps = file.read()
    return Rules(seccomp.resolve_syscall(seccomp.Arch.NATIVE, "seccomp"), _Program(len(steps) // _STEP_BYTES, steps))


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}")
