//! Between the two libraries' types of BN254's scalar field.

use halo2_axiom::halo2curves::{bn256::Fr, ff::PrimeField as _};
use p3_bn254::Bn254;
use p3_field::PrimeField as _;

pub fn to_p3(value: Fr) -> Bn254 {
    let bytes = value.to_repr();
    Bn254::new(std::array::from_fn(|i| {
        u64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().expect("eight bytes"))
    }))
}

pub fn from_p3(value: Bn254) -> Fr {
    let mut bytes = [0; 32];
    for (limb, digit) in bytes.chunks_mut(8).zip(value.as_canonical_biguint().iter_u64_digits()) {
        limb.copy_from_slice(&digit.to_le_bytes());
    }
    Fr::from_repr(bytes).expect("both fields have the same order")
}

/// # Panics
/// if these are not 64 hexadecimal digits of a number below the order
pub(crate) fn from_hex(digits: &str) -> Fr {
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().rev().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hexadecimal");
    }
    Fr::from_repr(bytes).expect("below the order")
}
