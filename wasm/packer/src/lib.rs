//! Runs a project's packer (`src/pack/program` says what it gets and gives).
//!
//! A packer is a module of strangers, so it is interpreted: each instruction costs fuel, its memory
//! is bounded, it gets no imports, and with the same input it does the same on every machine.

mod abi;
mod run;

pub use run::{Limits, PackerError, check, run};
