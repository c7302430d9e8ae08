//! The sample program of a weather project: it proves mean, minimum and maximum of up to
//! [`circuit::SLOTS`] private readings, and which readings they were, by a hiding commitment.
//!
//! One source gives the `.wasm` module that a node runs in its cage and the native library that
//! an operator may install instead; see [`ffi`] for what both export.

pub mod circuit;
mod decimal;
pub mod ffi;
mod grain;
pub mod input;
pub mod keys;
pub mod poseidon;
pub mod prover;
#[cfg(not(target_arch = "wasm32"))]
pub mod solidity;
pub mod transcript;
#[cfg(not(target_arch = "wasm32"))]
pub mod vectors;
