//! A handle on one process that no other process can slip under, even when its pid is used again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd as _, FromRawFd as _};

use super::exit::Exit;
use super::proc::Identity;
use super::signal::Signal;

/// A process, held by pidfd_open(2).
#[derive(Debug)]
pub struct PidFd {
    fd: OwnedFd,
}

impl PidFd {
    /// Holds the process that `identity` names; `None` when that process is gone (whoever has its pid now).
    pub fn open(identity: &Identity) -> Option<Self> {
        let handle = Self::of_pid(identity.pid)?;
        identity.stat().map(|_| handle)
    }

    /// Holds whatever process has this pid now. Compare its identity afterwards.
    #[cfg(target_os = "linux")]
    pub fn of_pid(pid: i32) -> Option<Self> {
        // SAFETY: pidfd_open takes two integers and returns a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the kernel has just made this descriptor and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Some(Self { fd })
    }

    /// There are no such handles here.
    #[cfg(not(target_os = "linux"))]
    pub fn of_pid(_pid: i32) -> Option<Self> {
        None
    }

    /// Signals exactly this process.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.send(signal, 0)
    }

    /// Signals the process group that this process leads (Linux 6.9); an older kernel answers `InvalidInput`.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        const PIDFD_SIGNAL_PROCESS_GROUP: u32 = 1 << 2;
        self.send(signal, PIDFD_SIGNAL_PROCESS_GROUP)
    }

    #[cfg(target_os = "linux")]
    fn send(&self, signal: Signal, flags: u32) -> io::Result<()> {
        // SAFETY: an open descriptor, a signal number, no siginfo, and flags: nothing is read through a pointer.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal.number(),
                std::ptr::null::<libc::siginfo_t>(),
                flags,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, _signal: Signal, _flags: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How the process ended, once it has been reaped, also when it was not our child (Linux 6.15).
    #[cfg(target_os = "linux")]
    pub fn exit(&self) -> Option<Exit> {
        const PIDFD_INFO_EXIT: u64 = 1 << 3;
        /// `_IOWR(0xFF, 11, struct pidfd_info)` of linux/pidfd.h, for the first published size of the struct.
        const PIDFD_GET_INFO: libc::c_ulong = 0xC040_FF0B;
        let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
        // SAFETY: the request's size is that of `PidfdInfo`, which the kernel fills and which outlives the call.
        let result = unsafe { libc::ioctl(self.fd.as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
        (result == 0 && info.mask & PIDFD_INFO_EXIT != 0).then(|| Exit::from_wait(info.exit_code))
    }

    /// Never known here.
    #[cfg(not(target_os = "linux"))]
    pub fn exit(&self) -> Option<Exit> {
        None
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// `struct pidfd_info` of linux/pidfd.h, version 0: 64 bytes.
#[cfg(target_os = "linux")]
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroupid: u64,
    ids: [u32; 11],
    exit_code: i32,
}
