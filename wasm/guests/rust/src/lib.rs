//! What a prover offers to guests, and the commitment to their input.
#![no_std]

use sha2::{Digest, Sha256};

mod host {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn wasm_input(kind: i32) -> i64;
        pub safe fn wasm_output(value: i64);
        pub safe fn require(holds: i32);
    }
}

/// The next public input.
pub fn public_input() -> u64 {
    host::wasm_input(1) as u64
}

/// The next private input.
pub fn private_input() -> u64 {
    host::wasm_input(0) as u64
}

/// Adds to the public outputs.
pub fn output(value: u64) {
    host::wasm_output(value as i64);
}

/// Ends the run, refusing its input, unless the condition holds.
pub fn require(holds: bool) {
    host::require(holds.into());
}

/// Ends the run.
pub fn fail() -> ! {
    host::require(0);
    core::arch::wasm32::unreachable()
}

/// SHA-256, given values as 8 bytes each, big-endian.
#[derive(Default)]
pub struct Hasher(Sha256);

impl Hasher {
    pub fn add(&mut self, value: u64) {
        self.0.update(value.to_be_bytes());
    }

    /// Gives the digest as four outputs.
    pub fn output(self) {
        for value in self.0.finalize().as_chunks::<8>().0 {
            output(u64::from_be_bytes(*value));
        }
    }
}

/// Values before the inputs: a salt of four, the numbers of public and of private inputs.
const HEAD: usize = 6;

/// For guests that commit to their input, which are those that export `zkcommit`: reads all inputs,
/// and gives as the first four outputs SHA-256 of the salt, the numbers of inputs, the public inputs
/// and the private inputs. Refuses more inputs than there is room for.
pub fn read_committed<'a>(public: &'a mut [u64], private: &'a mut [u64]) -> (&'a [u64], &'a [u64]) {
    let mut hasher = Hasher::default();
    let head = [(); HEAD].map(|()| private_input());
    head.iter().for_each(|value| hasher.add(*value));
    let mut read = |room: &'a mut [u64], count: u64, next: fn() -> u64| -> &'a [u64] {
        let Some(values) = usize::try_from(count).ok().and_then(|count| room.get_mut(..count))
        else {
            fail()
        };
        for value in values.iter_mut() {
            *value = next();
            hasher.add(*value);
        }
        values
    };
    let inputs = (read(public, head[4], public_input), read(private, head[5], private_input));
    hasher.output();
    inputs
}
