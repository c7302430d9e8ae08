//! The C ABI, the same native and as a module.
//!
//! Every function that can fail returns an object, which `r0_free` ends: a code (0 is success), and
//! bytes that are its result, or the error's text in UTF-8. Objects are the callers': the library
//! has no state of its own. Inputs are an address and a length, and are read before the call ends.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
};

#[cfg(feature = "prove")]
use crate::prove::{self, Limits, Run};
use crate::{Error, program, receipt};

/// What a call gives back.
pub struct Object {
    code: i32,
    bytes: Vec<u8>,
    #[cfg(feature = "prove")]
    run: Option<Run>,
}

impl From<Vec<u8>> for Object {
    fn from(bytes: Vec<u8>) -> Self {
        Object {
            code: 0,
            bytes,
            #[cfg(feature = "prove")]
            run: None,
        }
    }
}

impl From<Error> for Object {
    fn from(error: Error) -> Self {
        let (code, text) = match error {
            Error::Load(text) => (1, text),
            Error::Exit(exit) => (2, exit.to_string()),
            Error::Trap(text) => (3, text),
            Error::Panic(text) => (4, text),
            Error::Internal(text) => (5, text),
        };
        Object { code, ..text.into_bytes().into() }
    }
}

/// Runs `call`; a panic is an error of the library.
fn object<T: Into<Object>>(call: impl FnOnce() -> Result<T, Error>) -> *mut Object {
    let object = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => value.into(),
        Ok(Err(error)) => error.into(),
        Err(panic) => Error::Internal(text_of(panic.as_ref())).into(),
    };
    Box::into_raw(Box::new(object))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "panicked".to_owned())
}

/// # Safety
/// `pointer` has `length` bytes that nobody writes during the call.
unsafe fn input<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    unsafe { slice::from_raw_parts(pointer, length) }
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], Error> {
    let wrong = |_| Error::Load("an image id has 32 bytes".to_owned());
    bytes.try_into().map_err(wrong)
}

/// # Safety
/// `object` is a live object of this library, here and below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_code(object: *const Object) -> i32 {
    unsafe { (*object).code }
}

/// # Safety
/// As [`r0_code`]. The bytes live as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_ptr(object: *const Object) -> *const u8 {
    unsafe { (*object).bytes.as_ptr() }
}

/// # Safety
/// As [`r0_code`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_len(object: *const Object) -> usize {
    unsafe { (*object).bytes.len() }
}

/// # Safety
/// As [`r0_code`]; the object is gone afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_free(object: *mut Object) {
    drop(unsafe { Box::from_raw(object) });
}

/// A program binary of a user ELF and a kernel; with the stock kernel where that is empty.
///
/// # Safety
/// As [`input`], here and below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_combine(
    user: *const u8,
    n: usize,
    kernel: *const u8,
    k: usize,
) -> *mut Object {
    let (user, kernel) = unsafe { (input(user, n), input(kernel, k)) };
    object(|| Ok(program::combine(user, kernel)))
}

/// The image id of a program binary, 32 bytes.
///
/// # Safety
/// As [`input`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_image_id(program: *const u8, n: usize) -> *mut Object {
    let program = unsafe { input(program, n) };
    object(|| Ok(program::image_id(program)?.to_vec()))
}

/// Succeeds, with nothing, if the proof holds for the journal and the image id.
///
/// # Safety
/// As [`input`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_verify(
    proof: *const u8,
    n: usize,
    journal: *const u8,
    j: usize,
    image_id: *const u8,
    i: usize,
) -> *mut Object {
    let (proof, journal, image_id) =
        unsafe { (input(proof, n), input(journal, j), input(image_id, i)) };
    object(|| {
        receipt::verify(proof, journal, hash(image_id)?)?;
        Ok(Vec::new())
    })
}

/// Of a receipt in risc0's own encoding: `u32 LE length of the proof ‖ proof ‖ journal`.
///
/// # Safety
/// As [`input`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_take_apart(receipt: *const u8, n: usize) -> *mut Object {
    let receipt = unsafe { input(receipt, n) };
    object(|| {
        let (proof, journal) = receipt::take_apart(receipt)?;
        Ok(prefixed(&proof, &journal))
    })
}

fn prefixed(first: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(first.len()).expect("what fits in memory here fits in 32 bits");
    [&length.to_le_bytes(), first, rest].concat()
}

/// Runs a program; the object can be given to [`r0_prove`]. Its bytes, integers little-endian:
/// `u64 cycles of the guest ‖ u64 cycles of the proof ‖ u32 n ‖ n bytes, the power of two of rows of
/// each segment ‖ u32 length of the journal ‖ journal ‖ what the guest printed`.
///
/// # Safety
/// As [`input`].
#[cfg(feature = "prove")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_execute(
    program: *const u8,
    n: usize,
    stdin: *const u8,
    s: usize,
    segment_po2: i32,
    cycles: usize,
) -> *mut Object {
    let (program, stdin) = unsafe { (input(program, n), input(stdin, s)) };
    let limits = Limits { segment_po2: segment_po2.unsigned_abs(), cycles: cycles as u64 };
    object(|| {
        let run = prove::execute(program, stdin, &limits)?;
        let (user, total) = run.cycles();
        let segments: Vec<u8> = run.segments()?.iter().map(|po2| *po2 as u8).collect();
        let rest = prefixed(run.journal(), run.output());
        let bytes =
            [&user.to_le_bytes()[..], &total.to_le_bytes(), &prefixed(&segments, &rest)].concat();
        Ok(Object { run: Some(run), ..bytes.into() })
    })
}

/// Proves the next segment of a run; gives one byte, 1 while there are more.
///
/// # Safety
/// As [`r0_code`]; the object is one of [`r0_execute`] that succeeded, here and below.
#[cfg(feature = "prove")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_prove(run: *mut Object) -> *mut Object {
    let run = unsafe { &mut *run };
    object(|| Ok(vec![run_of(&mut run.run)?.prove_segment()?.into()]))
}

/// The composite proof of a run, all of whose segments are proven.
///
/// # Safety
/// As [`r0_prove`].
#[cfg(feature = "prove")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_proof(run: *mut Object) -> *mut Object {
    let run = unsafe { &mut *run };
    object(|| run_of(&mut run.run)?.proof())
}

#[cfg(feature = "prove")]
fn run_of(run: &mut Option<Run>) -> Result<&mut Run, Error> {
    run.as_mut().ok_or_else(|| Error::Internal("not a run".to_owned()))
}

/// Makes a composite proof of one segment succinct.
///
/// # Safety
/// As [`input`].
#[cfg(feature = "prove")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_lift(proof: *const u8, n: usize) -> *mut Object {
    let proof = unsafe { input(proof, n) };
    object(|| prove::lift(proof))
}

/// Room for `length` bytes of an input; a module's host has no other way to give one.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
pub extern "C" fn r0_alloc(length: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; length].into_boxed_slice()).cast()
}

/// # Safety
/// `pointer` and `length` are of [`r0_alloc`].
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn r0_dealloc(pointer: *mut u8, length: usize) {
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) });
}

// Checking draws no randomness, and a module's host gives none.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    _: *mut u8,
    _: usize,
) -> Result<(), getrandom::Error> {
    Err(getrandom::Error::UNSUPPORTED)
}
