//! Adds up private whole numbers, a message each. After commitment and binding the journal has how
//! many there are, how many of them are large, and their sum, each as 8 bytes, big-endian.

#![cfg_attr(target_os = "zkvm", no_std, no_main)]

use w3bstream_guest::{Journal, Messages, Refusal, program};

program!(run);

/// What counts as large.
const LARGE: u32 = 1_000;

/// Codes by which the program says why it refuses a task.
const NOT_A_NUMBER: Refusal = Refusal::new(1);
const TOO_LARGE: Refusal = Refusal::new(2);

fn run(messages: &Messages, journal: &mut Journal) -> Result<(), Refusal> {
    let mut large = 0;
    let mut sum = 0u64;
    for message in messages.iter() {
        let text = core::str::from_utf8(message).map_err(|_| NOT_A_NUMBER)?;
        let number = text.parse::<u32>().map_err(|_| NOT_A_NUMBER)?;
        large += u64::from(number >= LARGE);
        sum = sum.checked_add(number.into()).ok_or(TOO_LARGE)?;
    }
    journal.uint(messages.len() as u64);
    journal.uint(large);
    journal.uint(sum);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use w3bstream_guest::host::{execute, stdin};

    #[test]
    fn adds_up() {
        let journal = execute(&stdin(&[b"20", b"2000000"]), run).unwrap();
        let public = [2u64, 1, 2_000_020].map(u64::to_be_bytes).concat();
        assert_eq!(journal[64..], public);
    }

    #[test]
    fn refuses_what_is_no_number() {
        assert_eq!(execute(&stdin(&[b"20", b"two"]), run), Err(NOT_A_NUMBER));
    }
}
