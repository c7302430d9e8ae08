use alloc::vec::Vec;

use crate::sha256::Hash;

/// What is enough for most programs without growing: growing copies.
const CAPACITY: usize = 512;

/// The public values of a run. Numbers are 8 bytes, big-endian, as Solidity's `abi.encodePacked`
/// writes `uint64` and `int64`: the journal is hashed, so that whole words would cost.
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

    /// Adds a `uint64`.
    pub fn uint(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    /// Adds an `int64`.
    pub fn int(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_in_order() {
        let mut journal = Journal::new(&[1; 32], &[2; 32]);
        journal.uint(0x1234);
        journal.int(-2);
        journal.bytes(b"abc");
        let numbers = [0, 0, 0, 0, 0, 0, 0x12, 0x34, 255, 255, 255, 255, 255, 255, 255, 254];
        assert_eq!(journal.into_bytes(), [&[1; 32][..], &[2; 32], &numbers, b"abc"].concat());
    }
}
