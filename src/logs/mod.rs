//! The logs that processes leave: their last lines, and their growth.

pub mod current;
pub mod follow;
mod followed;
pub mod named;
pub mod tail;

use std::io;
use std::path::Path;

/// How much is read at once.
const BLOCK: usize = 64 << 10;

/// Receives the path of a file and bytes of it. An error ends the following.
pub type Sink<'a> = dyn FnMut(&Path, &[u8]) -> io::Result<()> + 'a;
