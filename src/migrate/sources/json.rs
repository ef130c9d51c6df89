//! What both JSON formats have in common.

use serde_json::{Map, Value};

use super::filler::{Filler, Home};
use super::text::Text;
use crate::migrate::verdict::Refusal;

/// Deeper nesting is taken for damage.
const DEEPEST: usize = 32;

/// A place and the names that versions gave it, the best one first.
pub(super) type Spelling = (Home, &'static [&'static str]);

/// The members in the order of the file; of two with one name the last one counts.
pub(super) fn members(text: &Text) -> Result<Map<String, Value>, Refusal> {
    if depth(&text.body) > DEEPEST {
        return Err(Refusal::NotJson);
    }
    match serde_json::from_str(&text.body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::NotObject),
        Err(_) => Err(Refusal::NotJson),
    }
}

/// Puts every member where it belongs: of several spellings the first that says something, the rest as they are.
pub(super) fn put_all(
    mut members: Map<String, Value>,
    spellings: &[Spelling],
    filler: &mut Filler,
) -> Result<(), Refusal> {
    for (home, keys) in spellings {
        let says_something = |key: &&&str| members.get(**key).is_some_and(|value| !value.is_null());
        let spoken =
            keys.iter().find(says_something).or_else(|| keys.iter().find(|key| members.contains_key(**key)));
        if let Some((key, value)) = spoken.and_then(|key| members.shift_remove_entry(*key)) {
            filler.put(*home, &key, value)?;
        }
    }
    for (key, value) in members {
        filler.keep(&key, value);
    }
    Ok(())
}

/// How deep brackets are nested, outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::sources::text;

    fn read(text: &str) -> Result<Map<String, Value>, Refusal> {
        members(&text::read(text.as_bytes())?)
    }

    fn nested(depth: usize) -> String {
        format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
    }

    #[test]
    fn only_an_object_is_a_record() {
        assert_eq!(read("[1,2]"), Err(Refusal::NotObject));
        assert_eq!(read("7"), Err(Refusal::NotObject));
        for text in ["{\"tsm_id\": 1, \"name\"", "name=kv\npid=4194000\n", "{} {}", "{\"a\":NaN}", "{'a':1}"]
        {
            assert_eq!(read(text), Err(Refusal::NotJson), "{text}");
        }
    }

    #[test]
    fn of_two_members_the_last_counts() {
        assert_eq!(
            read(r#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).map(Value::from).unwrap().to_string(),
            r#"{"a":3,"b":{"c":2}}"#
        );
    }

    #[test]
    fn too_deep_is_damage() {
        assert!(read(&nested(32)).is_ok());
        assert_eq!(read(&nested(33)), Err(Refusal::NotJson));
        assert_eq!(read(&"[".repeat(1 << 20)), Err(Refusal::NotJson));
        let brackets = format!(r#"{{"a":"\"{}\\"}}"#, "[".repeat(99));
        assert!(read(&brackets).is_ok());
    }
}
