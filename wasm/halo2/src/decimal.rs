//! Decimal text to fixed point, exactly: binary floating point would round some halves wrongly.

/// The JSON number `text` times ten, rounded half away from zero; `None` if it leaves `i64`.
///
/// # Panics
/// Perhaps, if `text` is not a JSON number.
pub fn tenths(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    let Some(first) = digits.iter().position(|digit| *digit != 0) else { return Some(0) };

    // Digits left of the point, once multiplied by ten.
    let exponent = parse_exponent(exponent);
    let left = exponent.saturating_add(whole.len() as i64).saturating_add(1);
    let significant = left.saturating_sub(first as i64);
    if significant > 18 {
        return None;
    }
    if significant < 0 {
        return Some(0);
    }
    let digit = |i: i64| i64::from(digits.get((first as i64 + i) as usize).copied().unwrap_or(0));
    let truncated = (0..significant).fold(0, |number, i| number * 10 + digit(i));
    let rounded = truncated + i64::from(digit(significant) >= 5);
    Some(if negative { -rounded } else { rounded })
}

/// Saturates: an exponent beyond `i32` decides alone.
fn parse_exponent(text: &str) -> i64 {
    let limit = i64::from(i32::MAX);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let size = text
        .trim_start_matches(['+', '-'])
        .bytes()
        .fold(0, |number: i64, digit| (number * 10 + i64::from(digit - b'0')).min(limit));
    sign * size
}

#[cfg(test)]
mod tests {
    use super::tenths;
    use proptest::prelude::*;

    #[test]
    fn rounds_half_away_from_zero() {
        for (text, wanted) in [
            ("0", 0),
            ("-0", 0),
            ("0.04", 0),
            ("-0.04", 0),
            ("0.05", 1),
            ("-0.05", -1),
            ("0.049999999999999999999999", 0),
            ("0.35", 4),
            ("1.15", 12),
            ("-12.34", -123),
            ("-12.35", -124),
            ("21", 210),
            ("3276.75", 32768),
            ("9.95", 100),
            ("99.99", 1000),
        ] {
            assert_eq!(tenths(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn understands_exponents() {
        for (text, wanted) in [
            ("1e0", 10),
            ("1E+2", 1000),
            ("12.5e-1", 13),
            ("5e-2", 1),
            ("4e-2", 0),
            ("0.0005e3", 5),
            ("1e-99999999999999999999", 0),
            ("0e99999999999999999999", 0),
            ("0.000e5", 0),
        ] {
            assert_eq!(tenths(text), Some(wanted), "{text}");
        }
        assert_eq!(tenths("1e99999999999999999999"), None);
        assert_eq!(tenths("-1e400"), None);
        assert_eq!(tenths(&"9".repeat(400)), None);
    }

    proptest! {
        #[test]
        fn agrees_with_integers(hundredths in -400_000i64..400_000) {
            let sign = if hundredths < 0 { "-" } else { "" };
            let size = hundredths.abs();
            let text = format!("{sign}{}.{:02}", size / 100, size % 100);
            let wanted = hundredths.signum() * ((size + 5) / 10);
            prop_assert_eq!(tenths(&text), Some(wanted));
        }
    }
}
