//! Private readings of a meter, checked against a public range.
//!
//! A message is a reading: a decimal number with up to three decimals, such as `21.5`. After
//! commitment and binding the journal has, each as 8 bytes, big-endian: the least and the greatest of
//! the range, the number of readings, how many were within the range, and the sum of those. Range
//! and sum are in thousandths.

#![cfg_attr(target_os = "zkvm", no_std, no_main)]

use w3bstream_guest::{Journal, Messages, Refusal, program};

program!(run);

/// What is normal, in thousandths; the bounds are part of it.
const LOW: i64 = -20_000;
const HIGH: i64 = 45_000;

const NO_READINGS: Refusal = Refusal::new(1);
const NOT_A_READING: Refusal = Refusal::new(2);

fn run(messages: &Messages, journal: &mut Journal) -> Result<(), Refusal> {
    if messages.is_empty() {
        return Err(NO_READINGS);
    }
    let mut within = 0;
    let mut sum = 0;
    for message in messages.iter() {
        let reading = i64::from(thousandths(message).ok_or(NOT_A_READING)?);
        if (LOW..=HIGH).contains(&reading) {
            within += 1;
            sum += reading;
        }
    }
    journal.int(LOW);
    journal.int(HIGH);
    journal.uint(messages.len() as u64);
    journal.uint(within);
    journal.int(sum);
    Ok(())
}

const DECIMALS: u32 = 3;
/// Nine digits in all, so that thousandths fit in 32 bits.
const WHOLE_DIGITS: u32 = 6;

/// None for what is no decimal number, or has too many digits.
fn thousandths(text: &[u8]) -> Option<i32> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value = 0;
    let mut whole = 0;
    let mut decimals = None;
    for byte in text {
        match (byte, decimals) {
            (b'0'..=b'9', None) if whole < WHOLE_DIGITS => whole += 1,
            (b'0'..=b'9', Some(count)) if count < DECIMALS => decimals = Some(count + 1),
            (b'.', None) if whole > 0 => {
                decimals = Some(0);
                continue;
            }
            _ => return None,
        }
        value = value * 10 + i32::from(byte - b'0');
    }
    if whole == 0 || decimals == Some(0) {
        return None;
    }
    for _ in decimals.unwrap_or(0)..DECIMALS {
        value *= 10;
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimal_numbers() {
        for (text, value) in [
            ("0", 0),
            ("21.5", 21_500),
            ("-0.001", -1),
            ("007", 7_000),
            ("999999.999", 999_999_999),
            ("-999999", -999_999_000),
        ] {
            assert_eq!(thousandths(text.as_bytes()), Some(value), "{text}");
        }
        for text in
            ["", "-", ".", "1.", ".5", "+1", "1e3", "--1", "1.2345", "1000000", " 1", "1.2.3"]
        {
            assert_eq!(thousandths(text.as_bytes()), None, "{text}");
        }
    }
}
