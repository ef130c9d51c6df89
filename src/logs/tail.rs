//! The end of a file, without reading what comes before it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use super::BLOCK;

/// Which lines of a file are wanted. A line's end belongs to it; the last line may have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The last so many.
    Last(u64),
    /// All from this one on, counted from 1.
    From(u64),
}

impl Lines {
    /// As tail(1) reads them: `5` and `-5` are the last five, `+5` is from the fifth on. Anything else is `None`.
    pub fn parse(word: &str) -> Option<Self> {
        let (kind, digits): (fn(u64) -> Self, _) = match word.strip_prefix('+') {
            Some(digits) => (Self::From, digits),
            None => (Self::Last, word.strip_prefix('-').unwrap_or(word)),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| kind(digits.parse().unwrap_or(u64::MAX)))
    }
}

/// Where the wanted lines lie in the file as it is now.
pub fn find(file: &File, lines: Lines) -> io::Result<Range<u64>> {
    let length = file.metadata()?.len();
    let start = match lines {
        Lines::Last(0) => length,
        Lines::Last(count) => start_of_last(file, length, count, BLOCK)?,
        Lines::From(number) => start_of_line(file, length, number)?,
    };
    Ok(start..length)
}

/// Hands the bytes of a range to `sink`, piece by piece. Returns where it ended: earlier when the file did.
pub fn copy(
    file: &File,
    range: Range<u64>,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut block = vec![0; size(range.end.saturating_sub(range.start), BLOCK)];
    let mut position = range.start;
    while position < range.end {
        let wanted = block.get_mut(..size(range.end - position, BLOCK)).unwrap_or_default();
        let count = read_at(file, wanted, position)?;
        if count == 0 {
            break;
        }
        sink(wanted.get(..count).unwrap_or_default())?;
        position += count as u64;
    }
    Ok(position)
}

/// Searches backwards, one block after the other, for the line end before the wanted lines. In a file that is cut
/// meanwhile everything is wanted.
fn start_of_last(file: &File, length: u64, count: u64, block_size: usize) -> io::Result<u64> {
    let mut block = vec![0; size(length, block_size)];
    let mut end = length;
    let mut wanted = count;
    while end > 0 {
        let piece = block.get_mut(..size(end, block_size)).unwrap_or_default();
        let start = end - piece.len() as u64;
        match file.read_exact_at(piece, start) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            other => other?,
        }
        for at in line_ends(piece).rev().map(|at| start + at + 1).filter(|at| *at < length) {
            wanted -= 1;
            if wanted == 0 {
                return Ok(at);
            }
        }
        end = start;
    }
    Ok(0)
}

/// The start of a line counted from 1; the end of the file when it has fewer.
fn start_of_line(file: &File, length: u64, number: u64) -> io::Result<u64> {
    let mut skip = number.saturating_sub(1);
    let mut block = vec![0; size(length, BLOCK)];
    let mut position = 0;
    while skip > 0 && position < length {
        let count = read_at(file, &mut block, position)?;
        if count == 0 {
            break;
        }
        let piece = block.get(..count).unwrap_or_default();
        for at in line_ends(piece) {
            skip -= 1;
            if skip == 0 {
                return Ok(position + at + 1);
            }
        }
        position += count as u64;
    }
    Ok(position.min(length))
}

fn line_ends(piece: &[u8]) -> impl DoubleEndedIterator<Item = u64> {
    piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64)
}

fn read_at(file: &File, block: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(block, position) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The smaller of a file's remainder and a block.
fn size(remainder: u64, block: usize) -> usize {
    usize::try_from(remainder).map_or(block, |remainder| remainder.min(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn shown(bytes: &[u8], lines: Lines) -> Vec<u8> {
        let file = file_of(bytes);
        let mut shown = Vec::new();
        let mut sink = |piece: &[u8]| {
            shown.extend_from_slice(piece);
            Ok(())
        };
        let end = copy(&file, find(&file, lines).unwrap(), &mut sink).unwrap();
        assert_eq!(end, bytes.len() as u64);
        shown
    }

    fn naive(bytes: &[u8], lines: Lines) -> Vec<u8> {
        let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let skipped = match lines {
            Lines::Last(count) => all.len().saturating_sub(usize::try_from(count).unwrap()),
            Lines::From(number) => usize::try_from(number).unwrap().saturating_sub(1),
        };
        all.into_iter().skip(skipped).flatten().copied().collect()
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![1 => Just(b'\n'), 3 => any::<u8>()], 0..200)
    }

    proptest! {
        #[test]
        fn last_lines_are_the_naive_answer(bytes in text(), count in 0u64..40) {
            prop_assert_eq!(shown(&bytes, Lines::Last(count)), naive(&bytes, Lines::Last(count)));
        }

        #[test]
        fn lines_from_a_number_on_are_the_naive_answer(bytes in text(), number in 0u64..40) {
            prop_assert_eq!(shown(&bytes, Lines::From(number)), naive(&bytes, Lines::From(number)));
        }

        #[test]
        fn the_block_size_does_not_matter(bytes in text(), count in 1u64..40, block in 1usize..20) {
            let start = start_of_last(&file_of(&bytes), bytes.len() as u64, count, block).unwrap();
            let kept = &bytes[usize::try_from(start).unwrap()..];
            prop_assert_eq!(kept, naive(&bytes, Lines::Last(count)));
        }
    }

    #[test]
    fn files_of_many_blocks_are_cut_at_the_right_line() {
        let bytes: Vec<u8> = (0..60_000).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        assert!(bytes.len() > 4 * BLOCK);
        for lines in [Lines::Last(1), Lines::Last(50_000), Lines::From(2), Lines::From(59_999)] {
            assert_eq!(shown(&bytes, lines), naive(&bytes, lines), "{lines:?}");
        }
    }

    #[test]
    fn a_file_cut_while_it_is_copied_ends_early() {
        let file = file_of(b"one\ntwo\n");
        file.set_len(4).unwrap();
        assert_eq!(copy(&file, 0..8, &mut |_| Ok(())).unwrap(), 4);
        assert_eq!(start_of_last(&file, 8, 1, BLOCK).unwrap(), 0);
    }

    #[test]
    fn numbers_are_read_as_tail_reads_them() {
        let parsed = ["5", "-5", "+5", "0", "-0", "+0", "007", "99999999999999999999"].map(Lines::parse);
        let last = |count| Some(Lines::Last(count));
        let from = |number| Some(Lines::From(number));
        assert_eq!(parsed, [last(5), last(5), from(5), last(0), last(0), from(0), last(7), last(u64::MAX)]);
        for junk in ["", "+", "-", "abc", "5k", " 5", "+-5", "--5", "٣"] {
            assert_eq!(Lines::parse(junk), None, "{junk:?}");
        }
    }
}
