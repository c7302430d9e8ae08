//! What a host hands in: messages, salt and binding as JSON.
//!
//! No error text holds anything of a message, a salt or a binding but the message's index.

use std::collections::BTreeMap;

use halo2_axiom::halo2curves::bn256::Fr;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{circuit::SLOTS, decimal};

/// The field of a message that holds its reading.
pub const FIELD: &str = "value";

/// A reading in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading(pub i16);

impl Reading {
    /// Offset binary: the value plus 32768.
    pub fn offset(self) -> u16 {
        self.0.cast_unsigned() ^ 1 << 15
    }

    /// The numeric field [`FIELD`] of a JSON object, times ten, rounded half away from zero. Other
    /// fields are ignored; of several with the name, the last counts, as in JavaScript.
    fn from_message(message: &str) -> Result<Self, &'static str> {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(message).map_err(|_| ": not a JSON object")?;
        let value = fields.get(FIELD).ok_or(".value: missing")?.get();
        if !value.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
            return Err(".value: not a number");
        }
        let tenths = decimal::tenths(value);
        tenths
            .and_then(|tenths| i16::try_from(tenths).ok())
            .map(Self)
            .ok_or(".value: out of range, must be from -3276.8 to 3276.7")
    }
}

/// 32 bytes as two field elements of 128 bits, so that none are lost or biased by a modulus.
macro_rules! two_limbs {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The big-endian number's high and low 128 bits.
            pub fn limbs(&self) -> [Fr; 2] {
                let (high, low) = self.0.split_at(16);
                [high, low].map(|half| {
                    let half = u128::from_be_bytes(half.try_into().expect("16 bytes"));
                    Fr::from_raw([half as u64, (half >> 64) as u64, 0, 0])
                })
            }
        }
    };
}

two_limbs! {
    /// Private; makes the commitment hide the readings.
    Salt
}
two_limbs! {
    /// keccak256(task id, prover): what a proof is tied to.
    Binding
}

pub struct Input {
    pub readings: Vec<Reading>,
    pub salt: Salt,
    pub binding: Option<Binding>,
}

#[derive(Deserialize)]
struct Raw {
    messages: Vec<String>,
    salt: String,
    binding: Option<String>,
}

impl Input {
    /// # Errors
    /// A text that names the message and field at fault.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(json).map_err(
            |_| "input: must be JSON with messages (an array of texts), salt and binding (texts)",
        )?;
        match raw.messages.len() {
            1..=SLOTS => {}
            0 => return Err("messages: none given, at least 1 is needed".into()),
            given => return Err(format!("messages: {given} given, at most {SLOTS} fit")),
        }
        let mut readings = Vec::with_capacity(raw.messages.len());
        for (i, message) in raw.messages.iter().enumerate() {
            let reading = Reading::from_message(message);
            readings.push(reading.map_err(|error| format!("messages[{i}]{error}"))?);
        }
        let salt = Salt(bytes32(&raw.salt).ok_or("salt: must be 0x and 64 hex digits")?);
        let binding = match raw.binding {
            Some(text) => {
                Some(Binding(bytes32(&text).ok_or("binding: must be 0x and 64 hex digits")?))
            }
            None => None,
        };
        Ok(Self { readings, salt, binding })
    }
}

fn bytes32(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = (high? << 4 | low?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "0x00000000000000000000000000000001000000000000000000000000000000ff";

    fn parse(messages: &[&str]) -> Result<Vec<i16>, String> {
        let json = serde_json::json!({ "messages": messages, "salt": SALT });
        let input = Input::parse(json.to_string().as_bytes())?;
        Ok(input.readings.iter().map(|reading| reading.0).collect())
    }

    #[test]
    fn reads_the_numeric_field_and_ignores_others() {
        let messages = [r#"{"value": 21.25, "unit": "C"}"#, r#"{"other":{"value":1},"value":-3}"#];
        assert_eq!(parse(&messages), Ok(vec![213, -30]));
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        assert_eq!(parse(&[r#"{"value": 1, "value": 2}"#]), Ok(vec![20]));
    }

    #[test]
    fn names_the_message_and_field_without_the_value() {
        for (message, wanted) in [
            ("4711", "messages[1]: not a JSON object"),
            ("{\"value\": 4711", "messages[1]: not a JSON object"),
            ("[4711]", "messages[1]: not a JSON object"),
            (r#"{"Value": 4711}"#, "messages[1].value: missing"),
            (r#"{"value": "4711"}"#, "messages[1].value: not a number"),
            (r#"{"value": null}"#, "messages[1].value: not a number"),
            (r#"{"value": [4711]}"#, "messages[1].value: not a number"),
            (
                r#"{"value": 4711}"#,
                "messages[1].value: out of range, must be from -3276.8 to 3276.7",
            ),
        ] {
            assert_eq!(parse(&[r#"{"value":1}"#, message]), Err(wanted.to_owned()), "{message}");
        }
    }

    #[test]
    fn holds_the_number_of_messages_to_the_slots() {
        assert!(parse(&[r#"{"value":1}"#; SLOTS]).is_ok());
        assert_eq!(
            parse(&[r#"{"value":1}"#; SLOTS + 1]),
            Err("messages: 17 given, at most 16 fit".into())
        );
        assert_eq!(parse(&[]), Err("messages: none given, at least 1 is needed".into()));
    }

    #[test]
    fn refuses_a_salt_or_binding_of_another_form() {
        let good = "11".repeat(32);
        for bad in ["", "0x", &good, &format!("0x{good}1"), &format!("0x+{}", &good[1..])] {
            for (salt, binding) in [(bad, SALT), (SALT, bad)] {
                let json = serde_json::json!({
                    "messages": [r#"{"value":1}"#], "salt": salt, "binding": binding
                });
                let name = if salt == SALT { "binding" } else { "salt" };
                let error = Input::parse(json.to_string().as_bytes()).err();
                assert_eq!(error, Some(format!("{name}: must be 0x and 64 hex digits")));
            }
        }
    }

    #[test]
    fn splits_bytes_into_limbs() {
        let salt = Salt(bytes32(SALT).unwrap());
        assert_eq!(salt.limbs(), [Fr::from(1), Fr::from(255)]);
        let full = Salt([255; 32]).limbs();
        assert_eq!(full[0], Fr::from_raw([u64::MAX, u64::MAX, 0, 0]));
        assert_eq!(full[0], full[1]);
    }

    #[test]
    fn offset_binary_keeps_the_order() {
        assert_eq!(Reading(i16::MIN).offset(), 0);
        assert_eq!(Reading(0).offset(), 32768);
        assert_eq!(Reading(i16::MAX).offset(), u16::MAX);
    }
}
