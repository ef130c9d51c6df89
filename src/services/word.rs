//! One word of bash: its quotes taken away, its plain variables put in, everything dynamic left as it is written.

use super::cursor::{Cursor, is_blank};

/// The value of a variable; `None` when it is not set.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Deeper nesting is taken for damage.
const DEEPEST: usize = 50;

/// A word that has been read.
pub(super) struct Read {
    pub(super) value: String,
    /// Whether bash is sure to make the same of it: there is nothing in it but plain characters, quotes and variables
    /// that the lookup knows.
    pub(super) is_plain: bool,
    /// Bare ones would be split where words are separated by blanks.
    pub(super) has_variables: bool,
}

/// Reads the word that begins here, which may be empty. `None`: a quote or bracket in it has no end.
pub(super) fn read(cursor: &mut Cursor<'_>, lookup: Lookup<'_>) -> Option<Read> {
    let mut word = Word { value: Vec::new(), is_plain: true, has_variables: false, lookup };
    word.tilde(cursor);
    while let Some(byte) = cursor.peek().filter(|byte| !ends_word(*byte)) {
        match byte {
            b'\'' => word.single_quoted(cursor)?,
            b'"' => word.double_quoted(cursor)?,
            b'\\' => word.escaped(cursor),
            b'$' if cursor.eat(b"$'") => word.ansi_quoted(cursor)?,
            b'$' if cursor.eat(b"$\"") => word.locale_quoted(cursor)?,
            b'$' | b'`' => word.expansion(cursor)?,
            _ => word.bare(cursor, byte),
        }
    }
    let value = String::from_utf8_lossy(&word.value).into_owned();
    Some(Read { value, is_plain: word.is_plain, has_variables: word.has_variables })
}

fn ends_word(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

struct Word<'a> {
    value: Vec<u8>,
    is_plain: bool,
    has_variables: bool,
    lookup: Lookup<'a>,
}

impl Word<'_> {
    fn take(&mut self, cursor: &mut Cursor<'_>) {
        self.value.extend(cursor.next());
    }

    fn bare(&mut self, cursor: &mut Cursor<'_>, byte: u8) {
        self.is_plain &= byte.is_ascii_alphanumeric() || b"_-./,:@%+=".contains(&byte);
        self.take(cursor);
    }

    /// A bare `~` that a slash or the end of the word follows.
    fn tilde(&mut self, cursor: &mut Cursor<'_>) {
        let mut ahead = *cursor;
        let is_home = ahead.eat(b"~") && ahead.peek().is_none_or(|byte| byte == b'/' || ends_word(byte));
        if let Some(home) = (self.lookup)("HOME").filter(|_| is_home) {
            self.value.extend(home.into_bytes());
            self.is_plain = false;
            *cursor = ahead;
        }
    }

    fn escaped(&mut self, cursor: &mut Cursor<'_>) {
        self.is_plain = false;
        if !cursor.eat(b"\\\n") {
            cursor.next();
            self.take(cursor);
        }
    }

    fn single_quoted(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.next();
        self.value.extend(cursor.eat_while(|byte| byte != b'\''));
        cursor.next().map(drop)
    }

    fn locale_quoted(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        self.is_plain = false;
        self.inside_double_quotes(cursor)
    }

    fn double_quoted(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.next();
        self.inside_double_quotes(cursor)
    }

    fn inside_double_quotes(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        loop {
            match cursor.peek()? {
                b'"' => return cursor.next().map(drop),
                b'$' | b'`' => self.expansion(cursor)?,
                b'\\' => self.escaped_in_double_quotes(cursor),
                _ => self.take(cursor),
            }
        }
    }

    fn escaped_in_double_quotes(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.eat(b"\\\n") {
            return;
        }
        let mut ahead = *cursor;
        ahead.next();
        if matches!(ahead.peek(), Some(b'\\' | b'"' | b'$' | b'`')) {
            *cursor = ahead;
        }
        self.take(cursor);
    }

    fn ansi_quoted(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        self.is_plain = false;
        loop {
            match cursor.next()? {
                b'\'' => return Some(()),
                b'\\' => self.ansi_escape(cursor)?,
                byte => self.value.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let mut ahead = *cursor;
        let kind = ahead.next()?;
        let simple = match kind {
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' | b'E' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'\\' | b'\'' | b'"' | b'?' => kind,
            _ => return self.ansi_number(cursor),
        };
        self.value.push(simple);
        *cursor = ahead;
        Some(())
    }

    /// `\nnn`, `\xHH`, `\uHHHH`, `\UHHHHHHHH`, `\cX`; whatever else follows a backslash keeps it.
    fn ansi_number(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let mut ahead = *cursor;
        let character = |ahead: &mut Cursor<'_>, digits| ahead.number(16, digits).and_then(char::from_u32);
        let bytes = match ahead.next()? {
            b'0'..=b'7' => {
                ahead = *cursor;
                low_byte(ahead.number(8, 3))
            }
            b'x' => low_byte(ahead.number(16, 2)),
            b'u' => character(&mut ahead, 4).map(|found| found.to_string().into_bytes()),
            b'U' => character(&mut ahead, 8).map(|found| found.to_string().into_bytes()),
            b'c' => ahead.next().map(|key| vec![key & 0x1f]),
            _ => None,
        };
        match bytes {
            Some(bytes) => {
                self.value.extend(bytes);
                *cursor = ahead;
            }
            None => self.value.push(b'\\'),
        }
        Some(())
    }

    /// `$NAME`, `${NAME}` and those with a default. Others, `$(…)` and backquotes stay as they are written.
    fn expansion(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let start = *cursor;
        if cursor.eat(b"$") {
            if let Some(name) = cursor.name() {
                self.variable(name);
                return Some(());
            }
            if cursor.eat(b"{") {
                return self.braced(cursor, &start);
            }
            if cursor.eat(b"(") {
                pass(cursor, b')', 0)?;
            }
        } else {
            cursor.next();
            pass(cursor, b'`', 0)?;
        }
        self.is_plain = false;
        self.value.extend(cursor.since(&start));
        Some(())
    }

    fn variable(&mut self, name: &str) {
        let value = (self.lookup)(name);
        self.is_plain &= value.is_some();
        self.has_variables = true;
        self.value.extend(value.unwrap_or_default().into_bytes());
    }

    fn braced(&mut self, cursor: &mut Cursor<'_>, start: &Cursor<'_>) -> Option<()> {
        let mut ahead = *cursor;
        if let Some(name) = ahead.name().filter(|_| ahead.eat(b"}")) {
            self.variable(name);
            *cursor = ahead;
            return Some(());
        }
        self.is_plain = false;
        let mut ahead = *cursor;
        if let Some(value) = self.with_default(&mut ahead) {
            self.value.extend(value.into_bytes());
            *cursor = ahead;
            return Some(());
        }
        pass(cursor, b'}', 0)?;
        self.value.extend(cursor.since(start));
        Some(())
    }

    /// `NAME-TEXT}` or `NAME:-TEXT}`, where nothing in TEXT means anything to bash.
    fn with_default(&self, cursor: &mut Cursor<'_>) -> Option<String> {
        let value = (self.lookup)(cursor.name()?);
        let value = if cursor.eat(b":") { value.filter(|value| !value.is_empty()) } else { value };
        if !cursor.eat(b"-") {
            return None;
        }
        let text = cursor.eat_while(|byte| !b"}{$`'\"\\~\n".contains(&byte));
        let text = String::from_utf8_lossy(text);
        cursor.eat(b"}").then(|| value.unwrap_or_else(|| text.into_owned()))
    }
}

fn low_byte(number: Option<u32>) -> Option<Vec<u8>> {
    number.and_then(|number| u8::try_from(number & 0xff).ok()).map(|byte| vec![byte])
}

/// Moves past the end of something dynamic, with the quotes and brackets in it.
fn pass(cursor: &mut Cursor<'_>, close: u8, depth: usize) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let mut follows_dollar = false;
    loop {
        let byte = cursor.next()?;
        let opens = |bracket: u8| close == bracket || follows_dollar;
        match byte {
            _ if byte == close => return Some(()),
            b'\\' => drop(cursor.next()?),
            _ if close == b'`' => {}
            b'\'' if close != b'"' => {
                cursor.eat_while(|byte| byte != b'\'');
                cursor.next()?;
            }
            b'"' | b'`' => pass(cursor, byte, depth + 1)?,
            b'(' if opens(b')') => pass(cursor, b')', depth + 1)?,
            b'{' if opens(b'}') => pass(cursor, b'}', depth + 1)?,
            _ => {}
        }
        follows_dollar = byte == b'$';
    }
}
