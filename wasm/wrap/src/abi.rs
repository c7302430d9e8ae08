//! What the library exports beside zkWasm's functions: the same C ABI, with the same codes, buffers
//! and results (`zkwasm::abi`).
//!
//! **Classes** are numbered by the logarithm of their tables' height. A **key** is a class's
//! verifying key ([`ClassKey`]); of no bytes, that of the test setup, under which anyone can forge
//! proofs. **Public values** are zkWasm's; a **proof** is a Halo2 proof that a STARK of profile
//! `wrap` holds of them.

use std::cell::RefCell;

use halo2_axiom::halo2curves::bn256::Fr;
use zkwasm::{
    abi::{Answer, COMMITS, REFUSED, RUN, answer, bytes, decode, parse_request, refuse},
    execute::{Limits, Outcome, execute},
    program::Program,
    prove::{
        Error,
        wrap::{
            Class, Prover,
            statement::{MAX_IO, element, words},
        },
    },
};

use crate::{field::from_p3, keys::ClassKey};

/// A program, and what its proofs are made and verified with.
struct Loaded {
    program: Program,
    #[cfg(not(target_arch = "wasm32"))]
    prover: Prover,
    key: ClassKey,
}

thread_local! {
    static LOADED: RefCell<Vec<Option<Loaded>>> = const { RefCell::new(Vec::new()) };
}

/// Loads a WebAssembly module, to be proven in a class. Gives its handle (32 bits, little-endian),
/// whether it says that it commits to its input (a byte), whether the key is of the test setup (a
/// byte), the bytes of a proof (32 bits, little-endian), and the image id.
///
/// # Safety
/// Both ranges must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrap_load(
    class: u32,
    key: *const u8,
    key_len: usize,
    code: *const u8,
    code_len: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (key, wasm) = unsafe { (bytes(key, key_len), bytes(code, code_len)) };
    answer(|| {
        let class = parse_class(class)?;
        let key = ClassKey::read(key, class).map_err(refused)?;
        let program = Program::from_wasm(wasm).map_err(refused)?;
        let commits = program.exported_functions.contains_key(COMMITS)
            || program.exported_globals.contains_key(COMMITS);
        let prover = Prover::new(program.clone(), class).map_err(|error| match error {
            Error::Height => refused(format!("it is too large for class {class:?}")),
            other => refused(other),
        })?;
        let image_id = prover.key().image_id();
        let proof_bytes = key.verifying.proof_bytes() as u32;
        let marks = [commits.into(), key.verifying.is_unsafe().into()];
        let handle = LOADED.with_borrow_mut(|loaded| {
            let free = loaded.iter().position(Option::is_none).unwrap_or(loaded.len());
            loaded.resize_with(loaded.len().max(free + 1), || None);
            loaded[free] = Some(Loaded {
                program,
                #[cfg(not(target_arch = "wasm32"))]
                prover,
                key,
            });
            free as u32
        });
        Ok([&handle.to_le_bytes()[..], &marks, &proof_bytes.to_le_bytes(), &image_id].concat())
    })
}

/// Forgets a program. Its handle may be given to another one.
#[unsafe(no_mangle)]
pub extern "C" fn wrap_unload(handle: u32) -> i32 {
    answer(|| {
        LOADED.with_borrow_mut(|loaded| {
            if let Some(slot) = loaded.get_mut(handle as usize) {
                *slot = None;
            }
        });
        Ok(vec![])
    })
}

/// As `zk_execute`, for as many steps as the class has rows.
///
/// # Safety
/// `len` bytes, a request, must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrap_execute(handle: u32, ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let request = unsafe { bytes(ptr, len) };
    answer(|| {
        with(handle, |Loaded { program, key, .. }| {
            let inputs = parse_request(request)?.inputs;
            let limits = Limits { rows: 1 << key.class.log_height(), ..Limits::default() };
            let Outcome { status, rows, outputs, debug, .. } = execute(program, &inputs, limits)
                .map_err(|error| of_class(key.class, &Error::Execute(error)))?;
            let mut bytes = vec![status as u8];
            bytes.extend(rows.to_le_bytes());
            bytes.extend((outputs.len() as u32).to_le_bytes());
            bytes.extend(outputs.iter().chain(&debug).flat_map(|value| value.to_le_bytes()));
            Ok(bytes)
        })
    })
}

/// [`zkwasm::abi::DONE`] if the proof holds for the public values under the key, else [`REFUSED`] and
/// the reason. Image id and status are for the caller to compare.
///
/// # Safety
/// All ranges must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrap_verify(
    class: u32,
    key: *const u8,
    key_len: usize,
    public: *const u8,
    public_len: usize,
    proof: *const u8,
    proof_len: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let [key, public, proof] =
        unsafe { [bytes(key, key_len), bytes(public, public_len), bytes(proof, proof_len)] };
    answer(|| {
        let class = parse_class(class)?;
        let key = ClassKey::read(key, class).map_err(refused)?;
        let instance = instance(public, class)?;
        if !key.verifying.verifies(&instance, proof) {
            return Err(refused("the proof does not hold"));
        }
        Ok(vec![])
    })
}

/// What a circuit makes public of public values.
fn instance(public: &[u8], class: Class) -> Result<Vec<Fr>, (i32, String)> {
    let statement = decode(public).ok_or_else(|| refused("the public values are malformed"))?;
    if statement.inputs.len() + statement.outputs.len() > MAX_IO {
        return Err(refused(format!("more than {MAX_IO} public inputs and outputs")));
    }
    if element(&statement.image_id).is_none() {
        return Err(refused("the image id is none of this profile"));
    }
    Ok(words(&statement, class).map(from_p3).to_vec())
}

fn parse_class(number: u32) -> Result<Class, (i32, String)> {
    let known = u8::try_from(number).ok().and_then(|number| Class::try_from(number).ok());
    known.ok_or_else(|| refused("the class is unknown"))
}

fn refused(why: impl ToString) -> (i32, String) {
    (REFUSED, why.to_string())
}

/// Says of a run that is too long for a class that it is.
fn of_class(class: Class, error: &Error) -> (i32, String) {
    let (code, text) = refuse(error);
    if code != RUN {
        return (code, text);
    }
    let rows = class.log_height();
    (code, format!("{text}; class {class:?} has tables of 2^{rows} rows"))
}

fn with(handle: u32, call: impl FnOnce(&Loaded) -> Answer) -> Answer {
    LOADED.with_borrow(|loaded| match loaded.get(handle as usize) {
        Some(Some(program)) => call(program),
        _ => Err(refused("no program has this handle")),
    })
}

#[cfg(not(target_arch = "wasm32"))]
mod proving {
    use std::path::Path;

    use zkwasm::{
        abi::{INTERNAL, encode},
        prove::Statement,
    };

    use super::*;
    use crate::{keys::ClassProvingKey, solidity};

    thread_local! {
        /// The keys that were prepared last.
        static PREPARED: RefCell<Option<ClassProvingKey>> = const { RefCell::new(None) };
    }

    /// Runs and proves. Gives the length of the public values (32 bits, little-endian), the public
    /// values and the STARK.
    ///
    /// # Safety
    /// `len` bytes, a request, must be readable at `ptr`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn wrap_stark(handle: u32, ptr: *const u8, len: usize) -> i32 {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(ptr, len) };
        answer(|| {
            with(handle, |Loaded { prover, key, .. }| {
                let request = parse_request(request)?;
                let (statement, stark) = prover
                    .prove(&request.inputs, request.binding)
                    .map_err(|error| of_class(key.class, &error))?;
                let public = encode(&statement);
                Ok([&(public.len() as u32).to_le_bytes()[..], &public, &stark].concat())
            })
        })
    }

    /// Makes sure that the keys of a program's class are at hand: those that were prepared last, kept
    /// in a folder, or made, in minutes, and kept there. Gives the verifying key.
    ///
    /// `setup` is the path of a powers-of-tau file, or nothing for the test setup; `public` and
    /// `stark` are a proof of the class, if there is one already: else one is made.
    ///
    /// # Safety
    /// All ranges must be readable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn wrap_prepare(
        handle: u32,
        setup: *const u8,
        setup_len: usize,
        folder: *const u8,
        folder_len: usize,
        public: *const u8,
        public_len: usize,
        stark: *const u8,
        stark_len: usize,
    ) -> i32 {
        // SAFETY: the caller's promise.
        let [setup, folder, public, stark] = unsafe {
            [
                bytes(setup, setup_len),
                bytes(folder, folder_len),
                bytes(public, public_len),
                bytes(stark, stark_len),
            ]
        };
        answer(|| {
            with(handle, |Loaded { key, .. }| {
                let proven = match stark {
                    [] => None,
                    stark => Some((statement(public)?, stark.to_vec())),
                };
                prepare(key.class, Some(key), setup, folder, proven.as_ref())
            })
        })
    }

    /// Imports a ceremony's powers of tau and makes a class's keys. Gives the verifying key.
    ///
    /// # Safety
    /// Both ranges must be readable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn wrap_setup(
        class: u32,
        setup: *const u8,
        setup_len: usize,
        folder: *const u8,
        folder_len: usize,
    ) -> i32 {
        // SAFETY: the caller's promise.
        let [setup, folder] = unsafe { [bytes(setup, setup_len), bytes(folder, folder_len)] };
        answer(|| prepare(parse_class(class)?, None, setup, folder, None))
    }

    fn prepare(
        class: Class,
        wanted: Option<&ClassKey>,
        setup: &[u8],
        folder: &[u8],
        proven: Option<&(Statement, Vec<u8>)>,
    ) -> Answer {
        let [setup, folder] = [path(setup)?, path(folder)?];
        let ready = PREPARED.with_borrow(|prepared| {
            let key = prepared.as_ref().map(|prepared| prepared.key.to_bytes());
            key.filter(|key| wanted.is_some_and(|wanted| wanted.to_bytes() == *key))
        });
        if let Some(key) = ready {
            return Ok(key);
        }
        // Two at once would take twice the memory.
        PREPARED.set(None);
        let made = ClassProvingKey::prepare(
            class,
            wanted,
            folder.unwrap_or(Path::new(".")),
            setup,
            proven,
        )
        .map_err(refused)?;
        let key = made.key.to_bytes();
        PREPARED.set(Some(made));
        Ok(key)
    }

    /// Wraps a STARK, with the keys that were prepared. Gives the proof.
    ///
    /// # Safety
    /// Both ranges must be readable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn wrap_prove(
        handle: u32,
        public: *const u8,
        public_len: usize,
        stark: *const u8,
        stark_len: usize,
    ) -> i32 {
        // SAFETY: the caller's promise.
        let [public, stark] = unsafe { [bytes(public, public_len), bytes(stark, stark_len)] };
        answer(|| {
            with(handle, |Loaded { key, .. }| {
                let statement = statement(public)?;
                PREPARED.with_borrow(|prepared| match prepared {
                    Some(prepared) if prepared.key.to_bytes() == key.to_bytes() => {
                        prepared.prove(&statement, stark).map_err(|why| (INTERNAL, why))
                    }
                    _ => Err(refused("its keys are not prepared")),
                })
            })
        })
    }

    /// The name and, after a line break, the source of the contract that verifies a key's proofs.
    ///
    /// # Safety
    /// Both ranges must be readable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn wrap_contract(
        class: u32,
        key: *const u8,
        key_len: usize,
        name: *const u8,
        name_len: usize,
    ) -> i32 {
        // SAFETY: the caller's promise.
        let [key, name] = unsafe { [bytes(key, key_len), bytes(name, name_len)] };
        answer(|| {
            let key = ClassKey::read(key, parse_class(class)?).map_err(refused)?;
            let name = std::str::from_utf8(name).map_err(refused)?;
            let (name, source) = solidity::contract(&key.verifying, name).map_err(refused)?;
            Ok(format!("{name}\n{source}").into_bytes())
        })
    }

    fn statement(public: &[u8]) -> Result<Statement, (i32, String)> {
        decode(public).ok_or_else(|| refused("the public values are malformed"))
    }

    /// A path in UTF-8, if there is one.
    fn path(bytes: &[u8]) -> Result<Option<&Path>, (i32, String)> {
        let text = std::str::from_utf8(bytes).map_err(refused)?;
        Ok((!text.is_empty()).then(|| Path::new(text)))
    }
}
