//! Tables as printf's `%-Ns` makes them: left-justified, counted in bytes, never cut. A longer value pushes the rest of
//! its row to the right; the last column is padded too.

use super::clean;
use super::colour::Paint;

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    text: &'a str,
    paint: Option<Paint>,
}

impl<'a> Cell<'a> {
    /// In a colour, where the table has any.
    pub fn painted(text: &'a str, paint: Paint) -> Self {
        Self { text, paint: Some(paint) }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, paint: None }
    }
}

/// The shape of a table with `N` columns.
#[derive(Clone, Copy, Debug)]
pub struct Table<const N: usize> {
    /// The width of each column.
    pub widths: [usize; N],
    /// Whether it has colours.
    pub is_coloured: bool,
}

impl<const N: usize> Table<N> {
    /// Titles and, on a second line, rules of these lengths.
    pub fn heading(&self, titles: [&str; N], rules: [usize; N]) -> String {
        let rules = rules.map(|length| "-".repeat(length));
        let rules = std::array::from_fn(|column| rules.get(column).map_or("", String::as_str).into());
        let heading = format!("{}\n{}", self.row(titles.map(Cell::from)), self.row(rules));
        if self.is_coloured { Paint::Heading.wrap(heading) } else { heading }
    }

    /// One line. What could steer a terminal or break the line is cleaned from the values.
    pub fn row(&self, cells: [Cell<'_>; N]) -> String {
        let cells = cells.iter().zip(self.widths).map(|(cell, width)| self.cell(cell, width));
        cells.collect::<Vec<_>>().join(" ")
    }

    fn cell(&self, cell: &Cell<'_>, width: usize) -> String {
        let mut text = clean::line(cell.text).into_owned();
        let missing = width.saturating_sub(text.len());
        text.extend(std::iter::repeat_n(' ', missing));
        match cell.paint {
            Some(paint) if self.is_coloured => paint.wrap(text),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(is_coloured: bool) -> Table<3> {
        Table { widths: [3, 6, 4], is_coloured }
    }

    #[test]
    fn columns_are_padded_by_bytes_and_never_cut() {
        assert_eq!(table(false).row(["1".into(), "né".into(), "x".into()]), "1   né    x   ");
        assert_eq!(table(false).row(["12345".into(), "abcdefg".into(), "".into()]), "12345 abcdefg     ");
    }

    #[test]
    fn a_value_stays_in_its_row() {
        assert_eq!(table(false).row(["a\nb".into(), "\x1b[31m".into(), "\t".into()]), "a?b ?[31m  ?   ");
    }

    #[test]
    fn colours_enclose_the_padding() {
        let row = table(true).row(["1".into(), Cell::painted("on", Paint::Good), "x".into()]);
        assert_eq!(row, "1   \x1b[38;5;34mon    \x1b[0m x   ");
        assert_eq!(
            table(true).heading(["A", "B", "C"], [2, 6, 4]),
            "\x1b[38;5;37mA   B      C   \n--  ------ ----\x1b[0m"
        );
    }
}
