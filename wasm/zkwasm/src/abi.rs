//! What the module exports: a plain C ABI, the same from WebAssembly and from a native library.
//!
//! A call returns [`DONE`] or one of the codes after it; its result, or the error's text, is then
//! found by [`zk_out_ptr`] and [`zk_out_len`] (on the thread that made the call). After [`INTERNAL`],
//! and after a trap in WebAssembly, the instance must not be used again. No text holds private
//! inputs.
//!
//! **Request** of a run: the binding (32 bytes), entropy (32), the number of public inputs (32 bits),
//! the public inputs, the private inputs; integers are little-endian, inputs have 64 bits. The
//! entropy is random bytes, fresh for each proof: who knows them can undo what profile `zk` hides.
//! Other profiles have no use for them.
//!
//! **Profiles** are numbered as [`Profile`] numbers them; the second byte of a proof is its profile.
//!
//! **Public values** of a receipt, integers big-endian as contracts have them: version of this form
//! ([`FORM`], a byte), status (a byte, as [`Status`] numbers them), image id (32), binding (32),
//! numbers of public inputs and of outputs (32 bits each), public inputs, outputs (64 bits each).

use std::cell::RefCell;
use std::{ptr, slice};

use crate::execute::{ExecuteError, Inputs, Limits, Outcome, execute};
use crate::program::Program;
use crate::program::isa::Status;
use crate::prove::config::MAX_LOG_HEIGHT;
use crate::prove::{Error, Profile, Prover, Statement, verify};

pub const DONE: i32 = 0;
/// The module, the request or the receipt is not what it should be.
pub const REFUSED: i32 = 1;
/// The inputs do not suffice.
pub const INPUT: i32 = 2;
/// The run has no outcome, or none that is proven.
pub const RUN: i32 = 3;
/// A fault of this library.
pub const INTERNAL: i32 = 4;

/// Version of the form of public values.
pub const FORM: u8 = 1;

/// Export by which a guest says that its first four outputs commit to its input.
pub const COMMITS: &str = "zkcommit";

/// Bytes of public values before the inputs.
const HEAD: usize = 2 + 32 + 32 + 4 + 4;

pub type Answer = Result<Vec<u8>, (i32, String)>;

/// A program, and its prover.
struct Loaded {
    program: Program,
    prover: Prover,
}

thread_local! {
    static OUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static LOADED: RefCell<Vec<Option<Loaded>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of `len` bytes for the host to fill; to be given back by [`zk_free`].
#[unsafe(no_mangle)]
pub extern "C" fn zk_alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; len].into_boxed_slice()).cast()
}

/// # Safety
/// `ptr` must come from [`zk_alloc`] with the same `len`, and not be used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_free(ptr: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(ptr, len)) });
}

/// Where the last call's result or error text is; valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn zk_out_ptr() -> *const u8 {
    OUT.with_borrow(|out| out.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn zk_out_len() -> usize {
    OUT.with_borrow(Vec::len)
}

/// Loads a WebAssembly module, to be proven with a profile. Gives its handle (32 bits, little-endian), whether it says that it
/// commits to its input (a byte), and its image id.
///
/// # Safety
/// `len` bytes must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_load(profile: u32, ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let wasm = unsafe { bytes(ptr, len) };
    answer(|| {
        let profile = parse_profile(profile)?;
        let program = Program::from_wasm(wasm).map_err(|error| (REFUSED, error.to_string()))?;
        let commits = program.exported_functions.contains_key(COMMITS)
            || program.exported_globals.contains_key(COMMITS);
        let prover =
            Prover::new(program.clone(), profile).map_err(|error| (REFUSED, error.to_string()))?;
        let image_id = prover.image_id();
        let handle = LOADED.with_borrow_mut(|loaded| {
            let free = loaded.iter().position(Option::is_none).unwrap_or(loaded.len());
            loaded.resize_with(loaded.len().max(free + 1), || None);
            loaded[free] = Some(Loaded { program, prover });
            free as u32
        });
        Ok([&handle.to_le_bytes()[..], &[commits.into()], &image_id].concat())
    })
}

/// Forgets a program. Its handle may be given to another one.
#[unsafe(no_mangle)]
pub extern "C" fn zk_unload(handle: u32) -> i32 {
    answer(|| {
        LOADED.with_borrow_mut(|loaded| {
            if let Some(slot) = loaded.get_mut(handle as usize) {
                *slot = None;
            }
        });
        Ok(vec![])
    })
}

/// Runs without proving. Gives the status (a byte), the steps taken (64 bits), the number of
/// outputs (32 bits), the outputs and what was given to `wasm_dbg`, all little-endian.
///
/// # Safety
/// `len` bytes, a request, must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_execute(handle: u32, ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let request = unsafe { bytes(ptr, len) };
    answer(|| {
        with(handle, |Loaded { program, .. }| {
            let Request { inputs, .. } = parse_request(request)?;
            let limits = Limits { rows: 1 << MAX_LOG_HEIGHT, ..Limits::default() };
            let Outcome { status, rows, outputs, debug, .. } = execute(program, &inputs, limits)
                .map_err(|error| refuse(&Error::Execute(error)))?;
            let mut bytes = vec![status as u8];
            bytes.extend(rows.to_le_bytes());
            bytes.extend((outputs.len() as u32).to_le_bytes());
            bytes.extend(outputs.iter().chain(&debug).flat_map(|value| value.to_le_bytes()));
            Ok(bytes)
        })
    })
}

/// Runs and proves. Gives the length of the public values (32 bits, little-endian), the public
/// values and the proof.
///
/// # Safety
/// `len` bytes, a request, must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_prove(handle: u32, ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let request = unsafe { bytes(ptr, len) };
    answer(|| {
        with(handle, |Loaded { prover, .. }| {
            let Request { binding, entropy, inputs } = parse_request(request)?;
            let (statement, proof) =
                prover.prove(&inputs, binding, entropy).map_err(|error| refuse(&error))?;
            let public = encode(&statement);
            Ok([&(public.len() as u32).to_le_bytes()[..], &public, &proof].concat())
        })
    })
}

/// [`DONE`] if the proof is of this profile and holds for the public values, else [`REFUSED`] and
/// the reason. Whether the
/// image id is that of the program in question, and the status the wanted one, is for the caller
/// to compare.
///
/// # Safety
/// Both ranges must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_verify(
    profile: u32,
    public_ptr: *const u8,
    public_len: usize,
    proof_ptr: *const u8,
    proof_len: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (public, proof) = unsafe { (bytes(public_ptr, public_len), bytes(proof_ptr, proof_len)) };
    answer(|| {
        let profile = parse_profile(profile)?;
        let statement =
            decode(public).ok_or((REFUSED, "the public values are malformed".to_owned()))?;
        verify(&statement, proof, profile).map_err(|error| (REFUSED, error.to_string()))?;
        Ok(vec![])
    })
}

/// The public values of a statement.
pub fn encode(statement: &Statement) -> Vec<u8> {
    let Statement { image_id, status, inputs, outputs, binding } = statement;
    let mut bytes = vec![FORM, *status as u8];
    bytes.extend(image_id);
    bytes.extend(binding);
    bytes.extend((inputs.len() as u32).to_be_bytes());
    bytes.extend((outputs.len() as u32).to_be_bytes());
    bytes.extend(inputs.iter().chain(outputs).flat_map(|value| value.to_be_bytes()));
    bytes
}

/// The statement of public values; one form only is accepted.
pub fn decode(bytes: &[u8]) -> Option<Statement> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let word = |at: usize| <[u8; 32]>::try_from(&head[at..at + 32]).expect("32 bytes");
    let count =
        |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().expect("4 bytes")) as usize;
    let status = *Status::ALL.iter().find(|status| **status as u8 == head[1])?;
    let (inputs, outputs) = (count(66), count(70));
    if head[0] != FORM || Some(body.len()) != inputs.checked_add(outputs)?.checked_mul(8) {
        return None;
    }
    let values: Vec<u64> = body
        .chunks_exact(8)
        .map(|value| u64::from_be_bytes(value.try_into().expect("8 bytes")))
        .collect();
    Some(Statement {
        image_id: word(2),
        status,
        inputs: values[..inputs].to_vec(),
        outputs: values[inputs..].to_vec(),
        binding: word(34),
    })
}

fn parse_profile(number: u32) -> Result<Profile, (i32, String)> {
    let known = u8::try_from(number).ok().and_then(|number| Profile::try_from(number).ok());
    known.ok_or((REFUSED, "the profile is unknown".to_owned()))
}

pub struct Request {
    pub binding: [u8; 32],
    pub entropy: [u8; 32],
    pub inputs: Inputs,
}

pub fn parse_request(bytes: &[u8]) -> Result<Request, (i32, String)> {
    let parse = || {
        let (binding, rest) = bytes.split_first_chunk::<32>()?;
        let (entropy, rest) = rest.split_first_chunk::<32>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (values, []) = rest.as_chunks::<8>() else { return None };
        let values: Vec<u64> = values.iter().map(|value| u64::from_le_bytes(*value)).collect();
        let (public, private) = values.split_at_checked(u32::from_le_bytes(*count) as usize)?;
        let inputs = Inputs { public: public.to_vec(), private: private.to_vec() };
        Some(Request { binding: *binding, entropy: *entropy, inputs })
    };
    parse().ok_or((REFUSED, "the request is malformed".to_owned()))
}

pub fn refuse(error: &Error) -> (i32, String) {
    let code = match error {
        Error::Io
        | Error::Execute(ExecuteError::InputMissing { .. } | ExecuteError::InputKind(_)) => INPUT,
        Error::Unprovable(_) => INTERNAL,
        Error::Entropy => REFUSED,
        _ => RUN,
    };
    (code, error.to_string())
}

fn with(handle: u32, call: impl FnOnce(&Loaded) -> Answer) -> Answer {
    LOADED.with_borrow(|loaded| match loaded.get(handle as usize) {
        Some(Some(program)) => call(program),
        _ => Err((REFUSED, "no program has this handle".to_owned())),
    })
}

/// # Safety
/// `len` bytes must be readable at `ptr`, unless `len` is zero.
pub unsafe fn bytes<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(ptr, len) }
}

pub fn answer(call: impl FnOnce() -> Answer) -> i32 {
    // A panic's own text may hold private values: its place must do.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        OUT.with(|out| out.replace(format!("internal error at {place}").into_bytes()));
    }));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    let (code, bytes) = match result {
        Ok(Ok(bytes)) => (DONE, bytes),
        Ok(Err((code, text))) => (code, text.into_bytes()),
        // The hook has left the text.
        Err(_) => return INTERNAL,
    };
    OUT.with(|out| out.replace(bytes));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a call answered.
    fn out(code: i32) -> (i32, Vec<u8>) {
        // SAFETY: the range is that of the last result.
        (code, unsafe { bytes(zk_out_ptr(), zk_out_len()) }.to_vec())
    }

    const FAST: u32 = Profile::Fast as u32;
    const ZK: u32 = Profile::Zk as u32;

    fn load_bytes(profile: u32, wasm: &[u8]) -> (i32, Vec<u8>) {
        // SAFETY: the range is that of a slice.
        out(unsafe { zk_load(profile, wasm.as_ptr(), wasm.len()) })
    }

    fn request(public: &[u64], private: &[u64]) -> Vec<u8> {
        let mut bytes = vec![7; 64];
        bytes.extend((public.len() as u32).to_le_bytes());
        bytes.extend(public.iter().chain(private).flat_map(|value| value.to_le_bytes()));
        bytes
    }

    fn load(profile: u32, wat: &str) -> (u32, bool) {
        let (code, loaded) = load_bytes(profile, &wat::parse_str(wat).unwrap());
        assert_eq!((code, loaded.len()), (DONE, 37));
        (u32::from_le_bytes(loaded[..4].try_into().unwrap()), loaded[4] == 1)
    }

    #[test]
    fn a_run_is_executed_proven_and_verified() {
        let (handle, commits) = load(FAST, include_str!("../tests/fibonacci.wat"));
        assert!(!commits);
        let input = request(&[20], &[]);
        // SAFETY: the ranges are those of slices, here and below.
        let run = |run: unsafe extern "C" fn(u32, *const u8, usize) -> i32, input: &[u8]| {
            out(unsafe { run(handle, input.as_ptr(), input.len()) })
        };
        let (code, done) = run(zk_execute, &input);
        assert_eq!(
            (code, done[0], &done[9..]),
            (DONE, 0, &*[&[1, 0, 0, 0][..], &6765u64.to_le_bytes()].concat())
        );

        let (code, proven) = run(zk_prove, &input);
        assert_eq!(code, DONE);
        let (length, rest) = proven.split_first_chunk::<4>().unwrap();
        let (public, proof) = rest.split_at(u32::from_le_bytes(*length) as usize);
        let check_as = |profile: u32, public: &[u8], proof: &[u8]| {
            let (a, b) = (public.as_ptr(), proof.as_ptr());
            out(unsafe { zk_verify(profile, a, public.len(), b, proof.len()) })
        };
        let check = |public: &[u8], proof: &[u8]| check_as(FAST, public, proof);
        assert_eq!(proof[1], FAST as u8);
        assert_eq!(check(public, proof), (DONE, vec![]));
        for other in [0, ZK, 3, 257] {
            assert_eq!(check_as(other, public, proof).0, REFUSED);
        }
        assert_eq!(encode(&decode(public).unwrap()), public);
        for at in 0..public.len() {
            let mut other = public.to_vec();
            other[at] ^= 1;
            assert_eq!(check(&other, proof).0, REFUSED, "byte {at}");
        }
        assert_eq!(check(&public[1..], proof).0, REFUSED);
        assert_eq!(check(public, &proof[1..]).0, REFUSED);

        assert_eq!(run(zk_prove, &request(&[], &[])), (INPUT, b"no public input is left".to_vec()));
        assert_eq!(run(zk_prove, &input[..67]).0, REFUSED);
        assert_eq!(run(zk_prove, &input[..69]).0, REFUSED);
        assert_eq!(zk_unload(handle), DONE);
        assert_eq!(run(zk_execute, &input).0, REFUSED);
        assert_eq!(load(ZK, include_str!("../tests/fibonacci.wat")).0, handle);
        let no_entropy = [&input[..32], &[0; 32], &input[64..]].concat();
        assert_eq!(run(zk_prove, &no_entropy).0, REFUSED);
    }

    #[test]
    fn a_module_is_refused_by_reason_or_says_that_it_commits() {
        assert_eq!(load_bytes(FAST, b"no module").0, REFUSED);
        let wat = r#"(module (import "env" "time" (func)) (func (export "zkmain")))"#;
        let module = wat::parse_str(wat).unwrap();
        let (code, text) = load_bytes(FAST, &module);
        assert_eq!((code, &*text), (REFUSED, &b"unknown import env.time"[..]));
        assert_eq!(load_bytes(3, &module), (REFUSED, b"the profile is unknown".to_vec()));
        let marked =
            r#"(module (global (export "zkcommit") i32 (i32.const 1)) (func (export "zkmain")))"#;
        assert!(load(FAST, marked).1);
    }

    #[test]
    fn a_buffer_is_given_and_taken_back() {
        for len in [0, 1, 1000] {
            let ptr = zk_alloc(len);
            // SAFETY: just given.
            unsafe {
                ptr.write_bytes(1, len);
                zk_free(ptr, len);
            }
        }
    }
}
