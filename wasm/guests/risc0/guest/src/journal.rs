use alloc::vec::Vec;

use crate::sha256::{HASH, Hash};

/// What is enough for most programs without growing: growing copies.
const CAPACITY: usize = 512;

/// The public values of a run. Numbers are words as Solidity's `abi.decode` reads them: 32 bytes,
/// big-endian, two's complement.
pub struct Journal(Vec<u8>);

impl Journal {
    pub(crate) fn new(commitment: &Hash, binding: &Hash) -> Self {
        let mut journal = Journal(Vec::with_capacity(CAPACITY));
        journal.bytes(commitment);
        journal.bytes(binding);
        journal
    }

    /// Adds bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Adds a `uint256`.
    pub fn uint(&mut self, value: u64) {
        self.word(0, value);
    }

    /// Adds an `int256`.
    pub fn int(&mut self, value: i64) {
        self.word(if value < 0 { 0xff } else { 0 }, value as u64);
    }

    fn word(&mut self, sign: u8, low: u64) {
        let mut word = [sign; HASH];
        word[HASH - 8..].copy_from_slice(&low.to_be_bytes());
        self.bytes(&word);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_words() {
        let mut journal = Journal::new(&[1; 32], &[2; 32]);
        journal.uint(0x1234);
        journal.int(-2);
        journal.bytes(b"abc");
        let bytes = journal.into_bytes();
        assert_eq!(bytes.len(), 4 * 32 + 3);
        assert_eq!(bytes[..64], [[1; 32], [2; 32]].concat());
        assert_eq!(bytes[64..96], [&[0; 30][..], &[0x12, 0x34]].concat());
        assert_eq!(bytes[96..128], [&[0xff; 31][..], &[0xfe]].concat());
        assert_eq!(&bytes[128..], b"abc");
    }
}
