//! New processes: a detached copy of ourselves, and a program that waits for a go byte before it runs.

mod captured;
mod descriptors;
mod detached;
mod family;
mod held;

pub use captured::{Captured, captured};
pub use detached::{Streams, detached, drop_streams, inherited_socket};
#[cfg(target_os = "linux")]
pub use family::adopt_orphans;
pub use family::{leave_group, own_group, own_user, reap};
pub use held::{HANDSHAKE_FD, Held, Program, Released};
