//! `${variables.NAME}` and `${infrastructure.NAME}` in values.

use super::tetra_toml::Document;

/// How many references of one kind are replaced in one value: definitions may refer to each other, in a circle too.
const MOST: usize = 100;

/// A section that values refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[variables]`
    Variables,
    /// `[infrastructure]`
    Infrastructure,
}

impl Kind {
    /// The section's name.
    pub fn section(self) -> &'static str {
        match self {
            Self::Variables => "variables",
            Self::Infrastructure => "infrastructure",
        }
    }
}

/// Replaces every reference to a section, those in the replacements too. The names that stay, because they are not
/// defined or never come to an end, are added to `undefined`.
pub(super) fn replace(
    value: &[u8],
    kind: Kind,
    document: &Document<'_>,
    undefined: &mut Vec<String>,
) -> Vec<u8> {
    let opening = format!("${{{}.", kind.section());
    let (mut done, mut rest) = (Vec::new(), value.to_vec());
    let mut left = MOST;
    while let Some((before, name, after)) = first(&rest, opening.as_bytes()) {
        done.extend_from_slice(before);
        let definition = document.value(kind.section().as_bytes(), name).filter(|_| left > 0);
        if let Some(definition) = definition {
            left -= 1;
            rest = [definition, after].concat();
        } else {
            undefined.push(String::from_utf8_lossy(name).into_owned());
            done.extend([opening.as_bytes(), name, b"}"].concat());
            rest = after.to_vec();
        }
    }
    done.extend(rest);
    done
}

/// The text before the first reference, its name (not empty), the text behind it.
fn first<'a>(text: &'a [u8], opening: &[u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let start = from + find(text.get(from..)?, opening)?;
        let (before, reference) = text.split_at_checked(start)?;
        let name = reference.get(opening.len()..)?;
        let end = name.iter().position(|byte| *byte == b'}')?;
        if end > 0 {
            return Some((before, name.get(..end)?, name.get(end + 1..)?));
        }
        from = start + opening.len();
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"[variables]\nx = 1\nurl = http://${variables.x}/\na = ${variables.b}\nb = ${variables.a}\nno =\n";

    fn replaced(value: &str) -> (String, Vec<String>) {
        let mut undefined = Vec::new();
        let text = replace(value.as_bytes(), Kind::Variables, &Document::parse(TEXT), &mut undefined);
        (String::from_utf8(text).unwrap(), undefined)
    }

    #[test]
    fn defined_names_are_replaced_wherever_they_stand() {
        for (value, expected) in [
            ("${variables.x}", "1"),
            ("a${variables.x}b${variables.x}c", "a1b1c"),
            ("${variables.url}", "http://1/"),
            ("[${variables.no}]", "[]"),
            (
                "${infrastructure.x} $variables.x ${variables.x",
                "${infrastructure.x} $variables.x ${variables.x",
            ),
            ("${variables.}${variables.x}", "${variables.}1"),
            ("", ""),
        ] {
            assert_eq!(replaced(value), (expected.to_owned(), vec![]), "{value:?}");
        }
    }

    #[test]
    fn undefined_names_stay() {
        let (text, undefined) = replaced("${variables.y}${variables.x}${variables.x y}");
        assert_eq!(text, "${variables.y}1${variables.x y}");
        assert_eq!(undefined, ["y", "x y"]);
    }

    #[test]
    fn a_circle_comes_to_an_end() {
        let (text, undefined) = replaced("${variables.a}");
        assert_eq!((text.as_str(), undefined.len()), ("${variables.a}", 1));
    }
}
