//! What happens to processes that have records: start, stop, restart, removal, and the sweep that sets right what the
//! death of one of our own left behind.

mod adopt;
mod batch;
mod check;
mod forget;
mod kill;
mod leave;
mod order;
mod restart;
mod start;
mod started;
mod stop;
mod sweep;

pub use adopt::adopt_orphaned;
pub use forget::{forget, remove_logs};
pub use kill::{has_ended, kill};
pub use leave::leave;
pub use order::{Name, Order, start_all};
pub use restart::{Progress, restart};
pub use start::start;
pub use started::{Audience, Listening, Reply, Started};
pub use stop::{Ending, Outcome, Stop, living};
pub use sweep::{Swept, sweep, tidy};
