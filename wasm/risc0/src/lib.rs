//! Risc0 for W3bstream: names programs and checks receipts, as a WebAssembly module or native; with
//! the feature `prove` also executes and proves, native only. `abi` is what hosts call.

pub mod abi;
pub mod program;
#[cfg(feature = "prove")]
pub mod prove;
pub mod receipt;

/// Why a call failed. Texts never hold what the guest read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Not a program, or not a receipt that holds.
    Load(String),
    /// The guest ended with another exit code than 0.
    Exit(u32),
    /// The guest failed while running.
    Trap(String),
    /// The guest panicked with this text, which may show its input: for its developer's eyes only.
    Panic(String),
    /// The prover itself failed.
    Internal(String),
}
