//! Why an item is left alone, and what is said about one that is taken: the words of the report.

/// An item that stays as it is, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing, or nothing but blanks.
    Empty,
    /// Not UTF-8, or with a NUL.
    NotText,
    /// A fifo, a device, a directory where a record should be.
    NotRegular,
    /// A link: whose file it leads to is nobody's to say.
    Symlink,
    /// It cannot be opened or read.
    Unreadable,
    /// Larger than a record can be.
    TooBig,
    /// A number that holds characters of the shell.
    HostileValue,
    /// A line that is no assignment, or one to a name that steers a shell or the loader.
    HostileLine,
    /// It can be read with two different pids.
    AmbiguousPid,
    /// No process can be called so.
    BadName,
    /// Not JSON.
    NotJson,
    /// JSON, but no object.
    NotObject,
    /// What lies where the new record belongs cannot be read.
    TargetUnreadable,
    /// Something in `active/` that is no link.
    NotSymlink,
}

impl Refusal {
    /// As the report writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotText => "not_text",
            Self::NotRegular => "not_regular",
            Self::Symlink => "symlink",
            Self::Unreadable => "unreadable",
            Self::TooBig => "too_big",
            Self::HostileValue => "hostile_value",
            Self::HostileLine => "hostile_line",
            Self::AmbiguousPid => "ambiguous_pid",
            Self::BadName => "bad_name",
            Self::NotJson => "not_json",
            Self::NotObject => "not_object",
            Self::TargetUnreadable => "target_unreadable",
            Self::NotSymlink => "not_symlink",
        }
    }
}

/// Something worth knowing about an item that was taken or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The file ends in the middle of a value, which is dropped.
    Truncated,
    /// Lines ended with a carriage return.
    Crlf,
    /// It began with a byte order mark.
    Bom,
    /// A member that no version wrote; kept in `legacy`.
    UnknownKey,
    /// A member that stands there twice; the last one counts.
    DuplicateKey,
    /// A quote inside of a quoted value.
    InnerQuote,
    /// No pid at all.
    NoPid,
    /// Not a pid.
    BadPid,
    /// Not a port.
    BadPort,
    /// Not an id.
    BadId,
    /// Not a time.
    BadStartTime,
    /// The record calls itself something other than its file.
    NameMismatch,
    /// It got another id.
    Renumbered,
    /// Another record of the same name is newer.
    Superseded,
    /// It is newer than the JSON record of its name.
    ReplacedJson,
    /// The pid belongs to some other process now.
    PidReused,
    /// Another record has the better claim to the pid.
    PidClaimedTwice,
    /// The pid file names the living process, the record does not.
    PidFromPidfile,
    /// The log is a link, and was moved as one.
    LogSymlink,
    /// There was a log in the new place already; the older one was renamed.
    LogTargetExists,
    /// The log lies on another file system and stays there.
    LogOtherFs,
    /// A living process without a record.
    UnrecordedProcess,
    /// The definition that a service link names is not there.
    EnabledDangling,
    /// A service link that leads to itself.
    EnabledLoop,
    /// A service link that leads out of the definitions.
    EnabledOutside,
}

impl Code {
    /// As the report writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Crlf => "crlf",
            Self::Bom => "bom",
            Self::UnknownKey => "unknown_key",
            Self::DuplicateKey => "duplicate_key",
            Self::InnerQuote => "inner_quote",
            Self::NoPid => "no_pid",
            Self::BadPid => "bad_pid",
            Self::BadPort => "bad_port",
            Self::BadId => "bad_id",
            Self::BadStartTime => "bad_start_time",
            Self::NameMismatch => "name_mismatch",
            Self::Renumbered => "renumbered",
            Self::Superseded => "superseded",
            Self::ReplacedJson => "replaced_json",
            Self::PidReused => "pid_reused",
            Self::PidClaimedTwice => "pid_claimed_twice",
            Self::PidFromPidfile => "pid_from_pidfile",
            Self::LogSymlink => "log_symlink",
            Self::LogTargetExists => "log_target_exists",
            Self::LogOtherFs => "log_other_fs",
            Self::UnrecordedProcess => "unrecorded_process",
            Self::EnabledDangling => "enabled_dangling",
            Self::EnabledLoop => "enabled_loop",
            Self::EnabledOutside => "enabled_outside",
        }
    }
}
