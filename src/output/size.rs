//! How much room there is.

const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];

/// As df(1) says it with `-h`: powers of 1024, rounded up, one decimal below 10.
pub fn human(bytes: u64) -> String {
    let bytes = u128::from(bytes);
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut sizes = UNITS.iter().zip((1..).map(|power| 1024_u128.pow(power)));
    let fits = |(_, unit): &(&char, u128)| bytes.div_ceil(*unit) < 1024;
    let Some((name, unit)) = sizes.find(fits) else { return bytes.to_string() };
    match (bytes * 10).div_ceil(unit) {
        tenths @ ..100 => format!("{}.{}{name}", tenths / 10, tenths % 10),
        _ => format!("{}{name}", bytes.div_ceil(unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_are_those_of_df() {
        const GIB: u64 = 1 << 30;
        let sizes = [0, 1023, 1024, 1025, 10 << 10, 1 << 20, GIB - 1, 68 * GIB, 3072 * GIB, u64::MAX];
        let shown = sizes.map(human);
        assert_eq!(shown, ["0", "1023", "1.0K", "1.1K", "10K", "1.0M", "1.0G", "68G", "3.0T", "16E"]);
    }
}
