//! Verifies a STARK of ours in a Halo2 circuit; see the crate's README.

pub mod check;
pub mod circuit;
pub mod ext;
pub mod field;
pub mod hash;
pub mod inner;
pub mod koala;
pub mod machine;
pub mod outer;
pub mod poseidon2;
pub mod tape;
pub mod transcript;
pub mod verify;
