//! The type of a process: the `type` of its record.

/// What a command is run by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// python
    Python,
    /// node
    Node,
    /// bash
    Bash,
    /// lua
    Lua,
    /// go
    Go,
    /// Nothing but itself.
    Command,
}

impl Kind {
    /// As the record has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Bash => "bash",
            Self::Lua => "lua",
            Self::Go => "go",
            Self::Command => "command",
        }
    }
}
