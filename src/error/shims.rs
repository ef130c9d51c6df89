//! What can go wrong when shims are put in the place of the bash tool's files.

use std::path::PathBuf;

/// A failure of `tsm shims`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShimError {
    /// Nothing is changed in a directory of somebody else's, or for another purpose.
    #[error("tsm: {} does not look like bash/tsm", .0.display())]
    NotAPlace(PathBuf),
    /// Another call is at work.
    #[error("tsm: another tsm works on {}, try again", .0.display())]
    Busy(PathBuf),
    /// A directory, say, where a shim has to be.
    #[error("tsm: {} is in the way: neither a file nor a link", .0.display())]
    InTheWay(PathBuf),
    /// There is nothing to remove.
    #[error("tsm: no shims in {}", .0.display())]
    NotInstalled(PathBuf),
    /// What was edited would be lost from view.
    #[error("tsm: edited since they were installed: {}; 'tsm shims remove --force' sets them aside", names(.0))]
    Edited(Vec<PathBuf>),
    /// A file of the backup is not what it was.
    #[error("tsm: {} is missing or damaged: nothing has been changed", .0.display())]
    Damaged(PathBuf),
    /// The link would lead nowhere.
    #[error("tsm: cannot find the executable to link to")]
    NoExecutable,
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
