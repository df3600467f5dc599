//! Numbers as people read them. A unit never stands in the line after its number.

/// A whole number with commas: `1,234,567`.
pub(crate) fn whole(v: f64) -> String {
    group(&format!("{v:.0}"))
}

/// A number with three significant digits and no needless zeros: `1,230`, `12.3`, `0.00123`.
pub(crate) fn decimal(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return "0".to_owned();
    }
    let magnitude = v.abs().log10().floor() as i32;
    let digits = usize::try_from((2 - magnitude).clamp(0, 18)).unwrap_or(0);
    let text = format!("{v:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    group(text)
}

/// A number with so many significant digits at least, for columns that are compared.
pub(crate) fn digits(v: f64, n: i32) -> String {
    if v == 0.0 || !v.is_finite() {
        return "0".to_owned();
    }
    let magnitude = v.abs().log10().floor() as i32;
    let digits = usize::try_from((n - 1 - magnitude).clamp(0, 18)).unwrap_or(0);
    group(&format!("{v:.digits$}"))
}

/// A difference, with its sign.
pub(crate) fn signed(v: f64) -> String {
    let text = decimal(v.abs());
    match v {
        _ if text == "0" => "0".to_owned(),
        v if v < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

/// With a capital at its start.
pub(crate) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// A list in words: `a, b and c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn group(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |r| ("-", r));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = sign.to_owned();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A share as a percentage, finer near its ends: `34 %`, `99.84 %`, `0.4 %`.
pub(crate) fn percent(share: f64) -> String {
    let p = share * 100.0;
    // Nearly all is not all, and nearly nothing is not nothing.
    match p {
        p if p > 0.0 && p < 0.01 => "under 0.01\u{a0}%".to_owned(),
        p if p > 99.9 && p < 100.0 => format!("{:.2}\u{a0}%", (p * 100.0).floor() / 100.0),
        p if p == 0.0 || p == 100.0 || (9.95..90.5).contains(&p) => format!("{p:.0}\u{a0}%"),
        p if p < 0.095 => format!("{p:.2}\u{a0}%"),
        _ => format!("{p:.1}\u{a0}%"),
    }
}

/// An amount of ETH; what is too small for that in gwei.
pub(crate) fn eth(v: f64) -> String {
    if v != 0.0 && v.abs() < 1e-4 {
        format!("{}\u{a0}gwei", decimal(v * 1e9))
    } else {
        format!("{}\u{a0}ETH", decimal(v))
    }
}

/// Milliseconds, in seconds from one on.
pub(crate) fn millis(v: f64) -> String {
    if v < 999.5 { format!("{v:.0}\u{a0}ms") } else { format!("{}\u{a0}s", decimal(v / 1000.0)) }
}

/// A length of time.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..=9 => format!("{}\u{a0}s", decimal(seconds.max(0.0))),
        10..=119 => format!("{whole}\u{a0}s"),
        120..=7199 => join(whole / 60, "min", whole % 60, "s"),
        _ => join(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

fn join(a: u64, a_unit: &str, b: u64, b_unit: &str) -> String {
    if b == 0 { format!("{a}\u{a0}{a_unit}") } else { format!("{a}\u{a0}{a_unit} {b}\u{a0}{b_unit}") }
}

/// A size of a file.
pub(crate) fn bytes(n: u64) -> String {
    let v = n as f64;
    match v {
        v if v < 1e3 => format!("{n}\u{a0}B"),
        v if v < 999.5e3 => format!("{}\u{a0}kB", decimal(v / 1e3)),
        v => format!("{}\u{a0}MB", decimal(v / 1e6)),
    }
}

/// `1 thing`, `2 things`.
pub(crate) fn count(n: f64, one: &str, many: &str) -> String {
    if n == 1.0 { format!("1 {one}") } else { format!("{} {many}", whole(n)) }
}

/// A small number in words, as a sentence has it.
pub(crate) fn words(n: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(n).map_or_else(|| whole(n as f64), |w| (*w).to_owned())
}

/// A unit of ETH in which an axis up to a maximum has short labels: factor and name.
pub(crate) fn eth_unit(max: f64) -> (f64, &'static str) {
    match max {
        m if m >= 0.02 => (1.0, "ETH"),
        m if m >= 2e-5 => (1e3, "thousandths of an ETH"),
        _ => (1e9, "gwei, a billionth of an ETH"),
    }
}

/// Label of a tick on an axis of powers of ten: `100`, `1k`, `10M`.
pub(crate) fn power(v: f64) -> String {
    match v {
        v if v >= 1e6 => decimal(v / 1e6) + "M",
        v if v >= 1e3 => decimal(v / 1e3) + "k",
        v => decimal(v),
    }
}

/// Labels of ticks that stand in one row: all with the same number of digits and the same suffix.
pub(crate) fn ticks(values: &[f64]) -> Vec<String> {
    let max = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let (factor, suffix) = match max {
        m if m >= 1e6 => (1e-6, "M"),
        m if m >= 2e4 => (1e-3, "k"),
        _ => (1.0, ""),
    };
    let scaled: Vec<f64> = values.iter().map(|v| v * factor).collect();
    let exact = |d: usize| {
        let unit = 10_f64.powi(i32::try_from(d).unwrap_or(0));
        scaled.iter().all(|v| ((v * unit).round() - v * unit).abs() < 1e-6)
    };
    let digits = (0..9).find(|d| exact(*d)).unwrap_or(9);
    let label = |v: &f64| match *v {
        0.0 => "0".to_owned(),
        v => group(&format!("{v:.digits$}")) + suffix,
    };
    scaled.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (whole(0.0), "0"),
            (whole(1_234_567.4), "1,234,567"),
            (whole(-1234.0), "-1,234"),
            (decimal(0.001_234), "0.00123"),
            (decimal(12.0), "12"),
            (decimal(12.34), "12.3"),
            (decimal(1234.5), "1,234"),
            (decimal(f64::NAN), "0"),
            (percent(0.341), "34 %"),
            (percent(0.999_96), "99.99 %"),
            (percent(0.998_4), "99.8 %"),
            (percent(1.0), "100 %"),
            (percent(0.0), "0 %"),
            (eth(1.5), "1.5 ETH"),
            (eth(0.000_005_25), "5,250 gwei"),
            (millis(999.6), "1 s"),
            (millis(812.4), "812 ms"),
            (duration(3.25), "3.25 s"),
            (duration(3600.0), "60 min"),
            (duration(7300.0), "2 h 1 min"),
            (bytes(999), "999 B"),
            (bytes(1_234_567), "1.23 MB"),
            (count(1.0, "round", "rounds"), "1 round"),
            (power(100.0), "100"),
            (power(10_000.0), "10k"),
            (words(3), "three"),
            (words(13), "13"),
        ];
        for (got, want) in cases {
            assert_eq!(got.replace('\u{a0}', " "), want);
        }
    }

    #[test]
    fn ticks_of_one_axis_share_digits_and_suffix() {
        assert_eq!(ticks(&[0.0, 500_000.0, 1_000_000.0]), ["0", "0.5M", "1.0M"]);
        assert_eq!(ticks(&[0.0, 10_000.0, 20_000.0]), ["0", "10k", "20k"]);
        assert_eq!(ticks(&[0.0, 0.25, 0.5]), ["0", "0.25", "0.50"]);
        assert_eq!(ticks(&[0.0, 1000.0]), ["0", "1,000"]);
    }
}
