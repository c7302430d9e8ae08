//! The keys of each class's circuit.

use sha2::{Digest as _, Sha256};
use zkwasm::prove::wrap::Class;

use crate::outer::VerifyingKey;

/// The key of a class's circuit under the test setup, whose secret is public; empty where there is
/// none.
const fn unsafe_test_bytes(class: Class) -> &'static [u8] {
    match class {
        Class::Tiny => include_bytes!("unsafe_test_tiny.key"),
        Class::Small => include_bytes!("unsafe_test_small.key"),
        Class::Medium => include_bytes!("unsafe_test_medium.key"),
    }
}

/// What proofs of a class's circuit are verified with.
#[derive(Clone, Debug)]
pub struct ClassKey {
    pub class: Class,
    pub verifying: VerifyingKey,
}

impl ClassKey {
    /// Of bytes that may be anything; of none, that of the test setup.
    ///
    /// @throws if they are no key of the class
    pub fn read(bytes: &[u8], class: Class) -> Result<Self, String> {
        let bytes = if bytes.is_empty() { unsafe_test_bytes(class) } else { bytes };
        if bytes.is_empty() {
            return Err(format!("class {class:?} has no key of the test setup: name one"));
        }
        let key = Self::from_bytes(bytes)?;
        if key.class != class {
            return Err("the verifying key is of another class".into());
        }
        Ok(key)
    }

    /// @throws if they are no key
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (class, key) = bytes.split_first().ok_or("there is no verifying key")?;
        let class = Class::try_from(*class).map_err(|_| "the verifying key is of no class")?;
        Ok(Self { class, verifying: VerifyingKey::from_bytes(key)? })
    }

    /// The class, a byte, and the verifying key.
    pub fn to_bytes(&self) -> Vec<u8> {
        [vec![self.class as u8], self.verifying.to_bytes()].concat()
    }

    /// SHA-256 of the bytes.
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use proving::ClassProvingKey;

#[cfg(not(target_arch = "wasm32"))]
mod proving {
    use std::{io::BufReader, path::Path};

    use zkwasm::{
        execute::Inputs,
        program::Program,
        prove::{Statement, wrap::Prover},
    };

    use super::*;
    use crate::{
        circuit::Size,
        machine::Machine,
        outer::ProvingKey,
        setup::{Setup, cached_ceremony, cached_test_setup, open_kept, remove_unused, write_whole},
        tape::Tape,
    };

    /// Rows of all circuits, as a logarithm.
    const K: u32 = 19;
    /// Of the table of numbers that lookups are compared with.
    const TABLE_BITS: usize = 16;

    /// (module (func (export "zkmain")))
    const LEAST_PROGRAM: &[u8] =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06\
        zkmain\0\0\x0a\x04\x01\x02\0\x0b";

    /// What proofs of a class are wrapped with.
    pub struct ClassProvingKey {
        pub key: ClassKey,
        machine: Machine,
        proving: ProvingKey,
    }

    impl ClassProvingKey {
        /// As it was kept in the folder, or made and kept there. To make one removes setups and keys
        /// that nobody used for 30 days.
        ///
        /// @param wanted the key that it must have; any, if there is none
        /// @param ceremony a powers-of-tau file; if there is none, the test setup
        /// @param proven a statement with its STARK, if there is one of this class, of which the
        /// circuit's layout is taken; otherwise one is made
        /// @throws if the folder can't be written to, a file is not what it should be, or the keys
        /// are others than wanted
        pub fn prepare(
            class: Class,
            wanted: Option<&ClassKey>,
            folder: &Path,
            ceremony: Option<&Path>,
            proven: Option<&(Statement, Vec<u8>)>,
        ) -> Result<Self, String> {
            let machine = Machine::new(class)?;
            let setup = match ceremony {
                Some(path) => cached_ceremony(folder, path, K)?,
                None => cached_test_setup(folder, K)?,
            };
            let path = |id: [u8; 32]| {
                let name: String = id[..16].iter().map(|byte| format!("{byte:02x}")).collect();
                folder.join(format!("{name}.proving-key"))
            };
            if let Some(key) = wanted
                && let Ok(file) = open_kept(&path(key.id()))
            {
                let proving = ProvingKey::read(BufReader::new(file), setup)?;
                if proving.verifying.to_bytes() != key.verifying.to_bytes() {
                    return Err(format!("{} is not of its name", path(key.id()).display()));
                }
                return Ok(Self { key: key.clone(), machine, proving });
            }
            let made = Self::make(class, machine, setup, proven)?;
            if wanted.is_some_and(|key| key.id() != made.key.id()) {
                return Err("the keys of this setup and version are not those of the program's \
                    verifying key: is the setup that of the project?"
                    .into());
            }
            write_whole(&path(made.key.id()), |to| made.proving.write(to))?;
            remove_unused(folder);
            Ok(made)
        }

        fn make(
            class: Class,
            machine: Machine,
            setup: Setup,
            proven: Option<&(Statement, Vec<u8>)>,
        ) -> Result<Self, String> {
            let sample = || {
                let fail = |error| format!("no sample: {error}");
                let program = Program::from_wasm(LEAST_PROGRAM).expect("a valid module");
                let prover = Prover::new(program, class).map_err(fail)?;
                prover.prove(&Inputs { public: vec![], private: vec![] }, [0; 32]).map_err(fail)
            };
            let tape = match proven {
                Some((statement, stark)) => machine.tape(statement, stark, TABLE_BITS)?,
                None => {
                    let (statement, stark) = sample()?;
                    machine.tape(&statement, &stark, TABLE_BITS)?
                }
            };
            let proving = ProvingKey::new(setup, &tape)?;
            let key = ClassKey { class, verifying: proving.verifying.clone() };
            Ok(Self { key, machine, proving })
        }

        pub fn size(&self) -> Size {
            self.key.verifying.size
        }

        /// The circuit of a STARK.
        ///
        /// @throws if it is of another class or shape
        pub fn tape(&self, statement: &Statement, stark: &[u8]) -> Result<Tape, String> {
            self.machine.tape(statement, stark, TABLE_BITS)
        }

        /// Wraps a STARK: proves, and verifies the proof.
        ///
        /// @throws if the STARK does not prove the statement, or is of another class
        pub fn prove(&self, statement: &Statement, stark: &[u8]) -> Result<Vec<u8>, String> {
            let tape = self.tape(statement, stark)?;
            let proof = self.proving.prove(&tape)?;
            if !self.key.verifying.verifies(&tape.instance(), &proof) {
                return Err("made a proof that does not verify".into());
            }
            Ok(proof)
        }
    }
}
