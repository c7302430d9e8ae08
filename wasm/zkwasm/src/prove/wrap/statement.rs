//! What a circuit makes public of a proof.

use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing;

use super::config::Class;
use crate::prove::Statement;
use crate::prove::config::VERSION;

/// Most public inputs and outputs together.
pub const MAX_IO: usize = 33;

/// 64-bit numbers of a word.
const TOGETHER: usize = 3;

/// Words of a statement: one that says what it is, the image id, the binding's two halves, and the
/// numbers.
pub const WORDS: usize = 4 + MAX_IO / TOGETHER;

/// The words of a statement: each is below 2^192 but the image id, which is below the field's order.
///
/// # Panics
/// Where there are more public inputs and outputs than [`MAX_IO`], or the image id is no element.
pub fn words(statement: &Statement, class: Class) -> [Bn254; WORDS] {
    let Statement { image_id, status, inputs, outputs, binding } = statement;
    assert!(inputs.len() + outputs.len() <= MAX_IO, "more inputs and outputs than a circuit takes");
    let kinds = [VERSION, class as u8, *status as u8, inputs.len() as u8, outputs.len() as u8];
    let kinds = kinds.into_iter().rev().fold(0, |word, byte| word << 8 | u64::from(byte));
    let mut words = [Bn254::ZERO; WORDS];
    words[0] = Bn254::from_u64(kinds);
    words[1] = element(image_id).expect("an image id is an element of the field");
    let half = |bytes: &[u8]| {
        let limb = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        Bn254::new([limb(8), limb(0), 0, 0])
    };
    words[2] = half(&binding[..16]);
    words[3] = half(&binding[16..]);
    let numbers = [&**inputs, outputs].concat();
    for (word, numbers) in words[4..].iter_mut().zip(numbers.chunks(TOGETHER)) {
        let limb = |at: usize| numbers.get(at).copied().unwrap_or(0);
        *word = Bn254::new([limb(0), limb(1), limb(2), 0]);
    }
    words
}

/// The element of a big-endian number below the order.
pub fn element(bytes: &[u8; 32]) -> Option<Bn254> {
    let limb =
        |at: usize| u64::from_be_bytes(bytes[at * 8..at * 8 + 8].try_into().expect("8 bytes"));
    let value = Bn254::new([limb(3), limb(2), limb(1), limb(0)]);
    (bytes_of(value) == *bytes).then_some(value)
}

/// A field's element as a big-endian number below the order.
pub fn bytes_of(value: Bn254) -> [u8; 32] {
    use p3_field::PrimeField;
    let digits = value.as_canonical_biguint().to_bytes_be();
    let mut bytes = [0; 32];
    bytes[32 - digits.len()..].copy_from_slice(&digits);
    bytes
}
