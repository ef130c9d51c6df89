//! What is wrong, or might be: ports, processes, files. Checks return data; nothing here changes anything but
//! [`clean`], which forgets what is dead, and [`evict`], which ends who has a port.

pub mod accounts;
pub mod clean;
pub mod environment;
pub mod evict;
pub mod figures;
mod finding;
pub mod findings;
pub mod health;
pub mod orphans;
mod owners;
pub mod preflight;
pub mod scan;

pub use finding::{Finding, Severity, quoted};
pub use owners::Owners;
