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
    const ALL: [Self; 6] = [Self::Python, Self::Node, Self::Bash, Self::Lua, Self::Go, Self::Command];

    /// Of a record, or of a word. One that means nothing is a plain command.
    pub fn of_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Command)
    }

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
