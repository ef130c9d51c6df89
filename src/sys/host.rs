//! The whole machine: load and memory.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// How busy the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Runnable processes per core over the last minute, in percent, at most 100.
    pub cpu_percent: u64,
    /// Memory in use and in all, in MiB.
    pub memory: (u64, u64),
    /// Swap in use and in all, in MiB.
    pub swap: (u64, u64),
}

/// Reads it now; `None` where the system does not tell.
pub fn usage() -> Option<Usage> {
    const MIB: u64 = 1 << 20;
    let wanted = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let system = System::new_with_specifics(wanted).ok()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    let load = System::load_average().ok()?.one * 100.0 / cores as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let cpu_percent = load.clamp(0.0, 100.0) as u64;
    Some(Usage {
        cpu_percent,
        memory: (system.used_memory() / MIB, system.total_memory() / MIB),
        swap: (system.used_swap() / MIB, system.total_swap() / MIB),
    })
}
