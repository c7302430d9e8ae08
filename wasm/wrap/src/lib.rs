//! Verifies a STARK of ours in a Halo2 circuit; see the crate's README.

pub mod abi;
pub mod check;
pub mod circuit;
pub mod element;
pub mod ext;
pub mod field;
pub mod hash;
pub mod inner;
pub mod keys;
pub mod koala;
pub mod machine;
pub mod outer;
pub mod poseidon2;
pub mod setup;
#[cfg(not(target_arch = "wasm32"))]
pub mod solidity;
pub mod tape;
pub mod transcript;
pub mod verify;

/// Nothing random is done in a module: it verifies.
#[cfg(target_arch = "wasm32")]
mod random {
    fn none(_: &mut [u8]) -> Result<(), getrandom::Error> {
        Err(getrandom::Error::UNSUPPORTED)
    }
    getrandom::register_custom_getrandom!(none);
}
