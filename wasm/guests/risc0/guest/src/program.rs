use alloc::vec::Vec;
use core::num::NonZeroU8;

use crate::input::Messages;
use crate::journal::Journal;
use crate::sha256::{Hash, sha256};

/// Computes what the journal says from the messages, or refuses these.
pub type Program = fn(&Messages, &mut Journal) -> Result<(), Refusal>;

/// Why a program does not accept its input, as the exit code of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(NonZeroU8);

impl Refusal {
    /// The input is not as the runtime writes it.
    pub const MALFORMED: Refusal = Refusal(NonZeroU8::MAX);

    /// A reason of the program's own: 1 to 254.
    pub const fn new(code: u8) -> Self {
        match NonZeroU8::new(code) {
            Some(code) if code.get() < u8::MAX => Refusal(code),
            _ => panic!("a refusal's code is 1 to 254"),
        }
    }

    pub const fn code(self) -> u8 {
        self.0.get()
    }
}

/// Runs a program; gives its journal.
pub(crate) fn run(binding: &Hash, input: &[u8], program: Program) -> Result<Vec<u8>, Refusal> {
    let messages = Messages::of(input)?;
    let mut journal = Journal::new(&sha256(&[input]), binding);
    program(&messages, &mut journal)?;
    Ok(journal.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::execute;
    use crate::sha256::HASH;

    fn stdin(input: &[u8]) -> Vec<u8> {
        [&(input.len() as u32).to_le_bytes(), &[9; HASH][..], input].concat()
    }

    fn count(messages: &Messages, journal: &mut Journal) -> Result<(), Refusal> {
        if messages.is_empty() {
            return Err(Refusal::new(3));
        }
        journal.uint(messages.len() as u64);
        Ok(())
    }

    #[test]
    fn commits_before_the_program_speaks() {
        let input = [&[7; HASH][..], &[1, 0, 0, 0], &[2, 0, 0, 0], b"hi"].concat();
        let journal = execute(&stdin(&input), count).unwrap();
        let one = [0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(journal, [&sha256(&[&input])[..], &[9; HASH], &one].concat());
    }

    #[test]
    fn tells_refusals_apart() {
        let empty = [0; HASH + 4];
        assert_eq!(execute(&stdin(&empty), count), Err(Refusal::new(3)));
        assert_eq!(execute(&stdin(&[]), count), Err(Refusal::MALFORMED));
        assert_eq!(execute(&[], count), Err(Refusal::MALFORMED));
        let mut longer = stdin(&empty);
        longer.push(0);
        assert_eq!(execute(&longer, count), Err(Refusal::MALFORMED));
    }
}
