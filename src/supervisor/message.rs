//! What a supervisor and the command that made it say to each other: lines over one socket. The command sends the
//! [`Plan`](super::Plan) and perhaps [`SETTLED`]; the supervisor answers with messages.

/// From the command: the process is known to work, do not wait any longer.
pub(super) const SETTLED: &[u8] = b"settled\n";

/// From the supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The process runs, with this pid, but has not got to its command yet.
    Born(i32),
    /// The environment is set up; the command is next.
    Ready,
    /// The record stands.
    Online(i32),
    /// There will be no process.
    Failed(Failure),
}

/// Why a run did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its environment file ended it, or took longer than the supervisor waits.
    NoHandshake,
    /// It ended while it was being watched.
    Died,
    /// It could not be made.
    Impossible(String),
}

impl Message {
    pub(super) fn to_line(&self) -> String {
        match self {
            Self::Born(pid) => format!("born {pid}\n"),
            Self::Ready => "ready\n".to_owned(),
            Self::Online(pid) => format!("online {pid}\n"),
            Self::Failed(Failure::NoHandshake) => "failed handshake\n".to_owned(),
            Self::Failed(Failure::Died) => "failed died\n".to_owned(),
            Self::Failed(Failure::Impossible(why)) => format!("failed because {}\n", why.replace('\n', " ")),
        }
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "born" => Some(Self::Born(rest.parse().ok()?)),
            "ready" => Some(Self::Ready),
            "online" => Some(Self::Online(rest.parse().ok()?)),
            "failed" => Some(Self::Failed(match rest.split_once(' ').unwrap_or((rest, "")) {
                ("handshake", _) => Failure::NoHandshake,
                ("died", _) => Failure::Died,
                ("because", why) => Failure::Impossible(why.to_owned()),
                _ => return None,
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_as_they_were_sent() {
        for message in [
            Message::Born(7),
            Message::Ready,
            Message::Online(7),
            Message::Failed(Failure::NoHandshake),
            Message::Failed(Failure::Died),
            Message::Failed(Failure::Impossible("no bash on PATH".into())),
        ] {
            assert_eq!(Message::parse(message.to_line().trim_end()), Some(message));
        }
        assert_eq!(Message::parse("later words"), None);
    }
}
