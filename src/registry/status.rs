//! Where a process stands, and how much of it a stop is about.

/// Where a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Running.
    Online,
    /// Somebody is ending it.
    Stopping,
    /// Ended by us, or by itself with exit code 0.
    Stopped,
    /// Ended in any other way.
    Crashed,
}

impl Status {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
        }
    }

    /// Whether the run is over.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Crashed)
    }
}

/// How much of a process's tree `stop` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillMode {
    /// All of it.
    Tree,
    /// Its process group.
    Group,
    /// Itself alone.
    Process,
}
