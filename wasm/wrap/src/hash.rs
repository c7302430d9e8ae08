//! Hashes of leaves and Merkle paths, as Plonky3's `MultiField32PaddingFreeSponge` and
//! `MerkleTreeMmcs` make them.

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};

use crate::tape::{Cell, Tape};

/// Bits of a digit of a packed word.
pub const DIGIT_BITS: usize = 31;
/// Elements in a word of a leaf: digits are shifted by 1, and eight of them stay below the order.
pub const WORD: usize = 8;
/// Words that a permutation takes up.
pub const RATE: usize = 2;

/// The digits below 2^31 of one word, shifted by `shift`: their sum with weights 2^(31 i).
pub fn pack(tape: &mut Tape, digits: &[Cell], shift: u64) -> Cell {
    assert!(digits.len() <= WORD);
    let radix = Fr::from(1 << DIGIT_BITS);
    let weights = std::iter::successors(Some(Fr::ONE), |weight| Some(weight * radix));
    let terms: Vec<_> = weights.zip(digits.iter().copied()).collect();
    let shifts = terms.iter().map(|(weight, _)| weight * Fr::from(shift)).sum();
    let start = tape.constant(shifts);
    tape.sum_scaled(start, &terms)
}

/// The digest of a leaf.
///
/// The caller has asserted that elements are below 2^31: else one word had several openings.
pub fn leaf(tape: &mut Tape, elements: &[Cell]) -> Cell {
    let mut state = [tape.zero(); 3];
    for block in elements.chunks(RATE * WORD) {
        for (slot, digits) in state.iter_mut().zip(block.chunks(WORD)) {
            *slot = pack(tape, digits, 1);
        }
        state = tape.permute(state);
    }
    state[0]
}

/// The digest of two nodes.
pub fn compress(tape: &mut Tape, left: Cell, right: Cell) -> Cell {
    let capacity = tape.zero();
    tape.permute([left, right, capacity])[0]
}

/// The node at which a path from a digest ends; a bit is 1 where the path comes from the right.
///
/// The caller has asserted that bits are bits.
pub fn climb(tape: &mut Tape, digest: Cell, path: &[(Cell, Cell)]) -> Cell {
    path.iter().fold(digest, |digest, &(bit, sibling)| {
        let (left, right) = tape.swap(bit, digest, sibling);
        compress(tape, left, right)
    })
}

/// The entry of a table at the index of these bits, the least first.
pub fn entry(tape: &mut Tape, table: &[Cell], bits: &[Cell]) -> Cell {
    assert_eq!(table.len(), 1 << bits.len());
    let mut table = table.to_vec();
    for &bit in bits {
        table = table.chunks(2).map(|pair| tape.select(bit, pair[0], pair[1])).collect();
    }
    table[0]
}

/// That a leaf's digest is under a cap, at the index of these bits, the least first.
pub fn assert_opens(
    tape: &mut Tape,
    digest: Cell,
    index: &[Cell],
    siblings: &[Cell],
    cap: &[Cell],
) {
    let (below, above) = index.split_at(siblings.len());
    let path: Vec<_> = below.iter().copied().zip(siblings.iter().copied()).collect();
    let node = climb(tape, digest, &path);
    let root = entry(tape, cap, above);
    tape.assert_equal(node, root);
}
