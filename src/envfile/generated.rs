//! The variables of an environment, from its section of `tetra.toml`.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::Target;
use super::references::{self, Kind};
use super::tetra_toml::Document;

const PLACEHOLDER: (&[u8], &[u8]) = (b"PLACEHOLDER_", b"_HERE");

/// What is to be written, and what is to be said about it.
#[derive(Debug, Default)]
pub struct Generated {
    /// In the order of the lines they come from.
    pub variables: Vec<Variable>,
    /// In the same order.
    pub notes: Vec<Note>,
}

/// One variable of an environment file.
#[derive(Debug)]
pub struct Variable {
    key: String,
    value: Vec<u8>,
}

/// Something to know about a value. Its text is what a user reads.
#[derive(Debug, PartialEq, Eq)]
pub enum Note {
    /// A reference that was left as it is.
    Undefined(Kind, String),
    /// A value that was taken from the caller's variable of that name.
    Injected(String),
    /// A value for which the caller has no variable of that name.
    Missing(String),
}

/// The variables of an environment; `None` when no line of the document gives it any. `secret` tells the value of a
/// variable of the caller's that is set and not empty.
pub fn generate(
    document: &[u8],
    target: &Target,
    secret: impl Fn(&OsStr) -> Option<OsString>,
) -> Option<Generated> {
    let document = Document::parse(document);
    let section = format!("environments.{}", target.environment());
    let mut generated = Generated::default();
    for (key, value) in document.section(section.as_bytes()).filter(|_| target.is_inside()) {
        let value = resolve(value, &document, &mut generated.notes);
        let value = inject(value, &secret, &mut generated.notes);
        generated.variables.push(Variable { key: key.to_ascii_uppercase(), value });
    }
    Some(generated).filter(|generated| !generated.variables.is_empty())
}

fn resolve(value: &[u8], document: &Document<'_>, notes: &mut Vec<Note>) -> Vec<u8> {
    let mut value = value.to_vec();
    for kind in [Kind::Variables, Kind::Infrastructure] {
        let mut undefined = Vec::new();
        value = references::replace(&value, kind, document, &mut undefined);
        notes.extend(undefined.into_iter().map(|name| Note::Undefined(kind, name)));
    }
    value
}

fn inject(value: Vec<u8>, secret: impl Fn(&OsStr) -> Option<OsString>, notes: &mut Vec<Note>) -> Vec<u8> {
    let Some(name) = value.strip_prefix(b"var.").filter(|name| !name.is_empty()) else {
        return value;
    };
    let shown = String::from_utf8_lossy(name).into_owned();
    if let Some(secret) = secret(OsStr::from_bytes(name)) {
        notes.push(Note::Injected(shown));
        secret.into_vec()
    } else {
        notes.push(Note::Missing(shown));
        [PLACEHOLDER.0, name, PLACEHOLDER.1].concat()
    }
}

impl Generated {
    /// The text of the environment file.
    pub fn text(&self) -> Vec<u8> {
        let lines =
            self.variables.iter().map(|variable| [b"export ", &*variable.assignment(), b"\n"].concat());
        lines.collect::<Vec<_>>().concat()
    }
}

impl Variable {
    /// `KEY="value"`
    pub fn assignment(&self) -> Vec<u8> {
        [self.key.as_bytes(), b"=\"", &self.value, b"\""].concat()
    }

    /// The name in a value that stands for a secret.
    pub fn placeholder(&self) -> Option<&[u8]> {
        let (opening, closing) = PLACEHOLDER;
        let start = rfind(&self.value, opening)? + opening.len();
        let rest = self.value.get(start..)?;
        rest.get(..rfind(rest, closing)?).filter(|name| !name.is_empty())
    }
}

fn rfind(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

impl Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(kind, name) => {
                let (section, what) = match kind {
                    Kind::Variables => (kind.section(), "variable"),
                    Kind::Infrastructure => (kind.section(), "infrastructure"),
                };
                write!(out, "Warning: Undefined {what} reference: ${{{section}.{name}}}")
            }
            Self::Injected(name) => write!(out, "✓ Injected secret from ${name}"),
            Self::Missing(name) => {
                write!(out, "⚠️  Secret placeholder: var.{name} (set ${name} environment variable)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn generated(text: &[u8], environment: &str) -> Option<Generated> {
        let secret = |name: &OsStr| (name == "S").then(|| OsString::from_vec(b"s\xff".to_vec()));
        generate(text, &Target::new(environment.to_owned()), secret)
    }

    fn of_dev(lines: &str) -> Generated {
        let definitions =
            "[variables]\nv = 1\nip = ${infrastructure.ip}\ns = var.S\n[infrastructure]\nip = 1.2.3.4\n";
        generated(format!("{definitions}[environments.dev]\n{lines}").as_bytes(), "dev").unwrap()
    }

    fn text(lines: &str) -> String {
        String::from_utf8_lossy(&of_dev(lines).text()).into_owned()
    }

    #[test]
    fn variables_are_resolved_before_infrastructure() {
        assert_eq!(
            text("a = \"${variables.v}${variables.ip}${infrastructure.ip}\""),
            "export A=\"11.2.3.41.2.3.4\"\n"
        );
    }

    #[test]
    fn only_a_value_that_is_nothing_else_is_a_secret() {
        assert_eq!(
            text("aB_1 = var.T\nb = xvar.T\nc = var."),
            concat!("export AB_1=\"PLACEHOLDER_T_HERE\"\n", "export B=\"xvar.T\"\n", "export C=\"var.\"\n",)
        );
        assert_eq!(of_dev("a = ${variables.s}").text(), b"export A=\"s\xff\"\n");
    }

    #[test]
    fn notes_say_what_became_of_values() {
        let notes = of_dev("a = ${variables.x}${infrastructure.y}\nb = var.S\nc = var.T").notes;
        let lines: Vec<String> = notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "Warning: Undefined variable reference: ${variables.x}",
                "Warning: Undefined infrastructure reference: ${infrastructure.y}",
                "✓ Injected secret from $S",
                "⚠️  Secret placeholder: var.T (set $T environment variable)",
            ]
        );
    }

    #[test]
    fn placeholders_are_found_in_any_value() {
        let placeholder = |value: &str| {
            let variable = Variable { key: "K".to_owned(), value: value.into() };
            variable.placeholder().map(|name| String::from_utf8(name.to_vec()).unwrap())
        };
        assert_eq!(placeholder("PLACEHOLDER_A_B_HERE").as_deref(), Some("A_B"));
        assert_eq!(placeholder("x PLACEHOLDER_A_HERE y").as_deref(), Some("A"));
        for other in ["", "PLACEHOLDER_HERE", "PLACEHOLDER__HERE", "_HERE PLACEHOLDER_", "placeholder_a_here"]
        {
            assert_eq!(placeholder(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_environment_without_lines_is_none() {
        for text in
            ["", "[environments.dev]\n", "[environments.dev]\n# a = 1\n[x]\na = 1\n", "[dev]\na = 1\n"]
        {
            assert!(generated(text.as_bytes(), "dev").is_none(), "{text:?}");
        }
        assert!(generated(b"[environments.a/b]\na = 1\n", "a/b").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_document(bytes: Vec<u8>) {
            generated(&bytes, "dev");
        }

        #[test]
        fn every_value_becomes_one_line_of_its_own(
            lines in proptest::collection::vec("[ -~]{0,20}|[a-z]{1,3} ?= ?(\\$\\{variables\\.[a-z]?\\}|var\\.|[\"}$\\{A-Z_]){0,6}", 0..12),
        ) {
            let text = format!("[variables]\na = ${{variables.b}}x\nb = ${{variables.a}}\n[environments.dev]\n{}", lines.join("\n"));
            if let Some(generated) = generated(text.as_bytes(), "dev") {
                let written = generated.text();
                prop_assert_eq!(written.split(|byte| *byte == b'\n').count(), generated.variables.len() + 1);
                prop_assert!(written.starts_with(b"export "));
            }
        }
    }
}
