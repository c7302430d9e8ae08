//! Programs for W3bstream's risc0 runtime, of projects whose `codeExpParam` is
//! `{"input":"bytes","binding":"data"}`.
//!
//! ```
//! #![cfg_attr(target_os = "zkvm", no_std, no_main)]
//! use w3bstream_guest::{Journal, Messages, Refusal, program};
//!
//! program!(run);
//!
//! fn run(messages: &Messages, journal: &mut Journal) -> Result<(), Refusal> {
//!     if messages.is_empty() {
//!         return Err(Refusal::new(1));
//!     }
//!     journal.uint(messages.iter().map(|message| message.len() as u64).sum());
//!     Ok(())
//! }
//! ```
//!
//! What the host writes to stdin, integers as u32 little-endian:
//!
//! ```text
//! n ‖ binding (32 bytes) ‖ input (n bytes)
//! input = salt (32 bytes) ‖ count ‖ count × (length ‖ message)
//! ```
//!
//! The journal begins with SHA-256 of the input and with the binding, which tie the proof to the
//! task's messages and to (task, prover); what the program adds comes after them. The journal is
//! public, the messages are not.
//!
//! A program ends in one of three ways, which the host can tell apart: it succeeds; it refuses its
//! input, which the machine reports as exit code, without a journal; or it panics, of which there is
//! no proof. The text of a panic says where it was raised and no more: its message may quote input.
//!
//! This crate has its own start and SHA-256, as with those of `risc0-zkvm` a small program takes twice
//! as many rows of the circuit. A program uses one of the two crates.

#![cfg_attr(target_os = "zkvm", no_std)]

extern crate alloc;

#[cfg(not(target_os = "zkvm"))]
pub mod host;
mod input;
mod journal;
mod program;
mod sha256;
#[cfg(target_os = "zkvm")]
mod zkvm;

pub use input::Messages;
pub use journal::Journal;
pub use program::{Program, Refusal};
pub use sha256::{Hash, sha256};
#[cfg(target_os = "zkvm")]
pub use zkvm::start;

/// Makes a function the program: a [`Program`] by its path.
///
/// Elsewhere than in the zkVM it becomes a command, with which the program can be tried: it takes
/// on stdin what the host would write, and writes the journal to stdout.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        #[cfg(target_os = "zkvm")]
        #[unsafe(no_mangle)]
        extern "C" fn w3bstream_guest_main() -> ! {
            $crate::start($run)
        }

        #[cfg(not(target_os = "zkvm"))]
        fn main() -> std::process::ExitCode {
            $crate::host::main($run)
        }
    };
}
