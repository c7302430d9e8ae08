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
