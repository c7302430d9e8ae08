//! Verifies a STARK of ours in a Halo2 circuit; see the crate's README.

pub mod circuit;
pub mod field;
pub mod hash;
pub mod inner;
pub mod poseidon2;
pub mod tape;
