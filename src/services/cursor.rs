//! A place in the bytes of a definition.

#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next byte.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Takes `text` if it comes next.
    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes bytes as long as they are wanted.
    pub(super) fn eat_while(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !is_wanted(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes the name of a variable, if one comes next.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let starts = self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let name =
            if starts { self.eat_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_') } else { b"" };
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// Takes at most `most` digits and returns their value.
    pub(super) fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let window = self.rest.get(..most).unwrap_or(self.rest);
        let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
        let count = window.iter().take_while(|byte| is_digit(byte)).count();
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
    }

    /// Blanks, and newlines that a backslash takes back.
    pub(super) fn skip_blanks(&mut self) {
        while !self.eat_while(is_blank).is_empty() || self.eat(b"\\\n") {}
    }

    /// The rest of the line with its newline, and the lines that a backslash joins to it. A comment joins none.
    pub(super) fn skip_line(&mut self) {
        let is_comment = self.peek() == Some(b'#');
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => return,
                b'\\' if !is_comment => {
                    self.next();
                }
                _ => {}
            }
        }
    }

    /// What lies between an earlier place and this one.
    pub(super) fn since(&self, earlier: &Self) -> &'a [u8] {
        let length = earlier.rest.len().saturating_sub(self.rest.len());
        earlier.rest.get(..length).unwrap_or_default()
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
