//! A hash chain over private messages: whoever keeps them can show later which they were and in
//! which order they came.
//!
//! The chain starts with 32 zeros; each message makes the next hash, SHA-256 of (hash ‖ message).
//! After commitment and binding the journal has the last hash and the number of messages, as 8 bytes,
//! big-endian.

#![cfg_attr(target_os = "zkvm", no_std, no_main)]

use w3bstream_guest::{Hash, Journal, Messages, Refusal, program, sha256};

program!(run);

fn run(messages: &Messages, journal: &mut Journal) -> Result<(), Refusal> {
    let mut hash = Hash::default();
    for message in messages.iter() {
        hash = sha256(&[&hash, message]);
    }
    journal.bytes(&hash);
    journal.uint(messages.len() as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use w3bstream_guest::host::{execute, stdin};

    #[test]
    fn chains_in_order() {
        let journal = execute(&stdin(&[b"one", b"two"]), run).unwrap();
        let first = sha256(&[&[0; 32], b"one"]);
        let second = sha256(&[&first, b"two"]);
        assert_eq!(journal[64..], [&second[..], &2u64.to_be_bytes()].concat());
        let none = execute(&stdin(&[]), run).unwrap();
        assert_eq!(none[64..], [0; 40]);
    }
}
