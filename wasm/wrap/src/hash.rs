//! Hashes of leaves and Merkle paths, as Plonky3's `MultiField32PaddingFreeSponge` and
//! `MerkleTreeMmcs` make them.

use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};

use crate::tape::{Cell, Slot, Tape};

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
    let words: Vec<_> = elements.chunks(WORD).map(|digits| pack(tape, digits, 1)).collect();
    leaf_of_words(tape, &words)
}

/// The digest of a leaf that is packed.
pub fn leaf_of_words(tape: &mut Tape, words: &[Cell]) -> Cell {
    let mut state = [tape.zero(); 3];
    for block in words.chunks(RATE) {
        state[..block.len()].copy_from_slice(block);
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

/// Of each number of so many bits whether it is the one of these, the least first.
pub fn one_hot(tape: &mut Tape, bits: &[Cell]) -> Vec<Cell> {
    let (zero, one) = (tape.zero(), tape.one());
    let mut all = vec![one];
    for &bit in bits {
        let halves: Vec<_> = all
            .iter()
            .map(|&is| {
                let upper = tape.value(is) * tape.value(bit);
                let lower = Slot::New(tape.value(is) - upper);
                let upper = Slot::New(upper);
                // upper = is bit, upper + lower = is
                let slots =
                    [zero.into(), is.into(), bit.into(), upper, one.into(), lower, is.into()];
                let cells = tape.region(slots, &[0, 3]);
                (cells[5], cells[3])
            })
            .collect();
        let (lower, upper): (Vec<_>, Vec<_>) = halves.into_iter().unzip();
        all = [lower, upper].concat();
    }
    all
}

/// The entry of a table that is chosen.
pub fn entry(tape: &mut Tape, table: &[Cell], one_hot: &[Cell]) -> Cell {
    assert_eq!(table.len(), one_hot.len());
    let pairs: Vec<_> = one_hot.iter().copied().zip(table.iter().copied()).collect();
    let zero = tape.zero();
    tape.sum_products(zero, &pairs)
}

/// That a leaf's digest is under a cap, at the index of these bits, the least first.
///
/// @param top which node of the cap the highest bits choose
pub fn assert_opens(
    tape: &mut Tape,
    digest: Cell,
    index: &[Cell],
    siblings: &[Cell],
    (cap, top): (&[Cell], &[Cell]),
) {
    let path: Vec<_> = index.iter().copied().zip(siblings.iter().copied()).collect();
    let node = climb(tape, digest, &path);
    let root = entry(tape, cap, top);
    tape.assert_equal(node, root);
}
