//! What the module exports: a plain C ABI, the same from WebAssembly and from a native library.
//!
//! A call returns 0, or 1 for an error; its result, or the error's text, is then found by
//! [`ws_out_ptr`] and [`ws_out_len`] (on the thread that made the call). In WebAssembly a panic
//! traps; the text is in the same place, and the instance must not be used again.

use std::{cell::RefCell, slice};

use serde_json::json;

use crate::{
    circuit::SLOTS,
    input::Input,
    keys,
    prover::{self, PROOF_BYTES, PUBLIC_NAMES},
};

const DONE: i32 = 0;
const FAILED: i32 = 1;

thread_local! {
    static OUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[cfg(target_arch = "wasm32")]
mod host {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn host_random(ptr: *mut u8, len: usize);
        fn host_log(ptr: *const u8, len: usize);
        fn host_progress(done: u32, total: u32);
    }

    pub fn progress(done: u32, total: u32) {
        // SAFETY: takes no memory.
        unsafe { host_progress(done, total) }
    }

    pub fn log(text: &str) {
        // SAFETY: the host reads these bytes before it returns.
        unsafe { host_log(text.as_ptr(), text.len()) }
    }

    fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        // SAFETY: the host writes `len` bytes, all of them ours.
        unsafe { host_random(bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }
    getrandom::register_custom_getrandom!(random);
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub fn progress(_done: u32, _total: u32) {}
    pub fn log(_text: &str) {}
}

/// A buffer of `len` bytes for the host to fill; to be given back by [`ws_free`].
#[unsafe(no_mangle)]
pub extern "C" fn ws_alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; len].into_boxed_slice()).cast()
}

/// # Safety
/// `ptr` must come from [`ws_alloc`] with the same `len`, and not be used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ws_free(ptr: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(ptr, len)) });
}

/// Where the last call's result or error text is; valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn ws_out_ptr() -> *const u8 {
    OUT.with_borrow(|out| out.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn ws_out_len() -> usize {
    OUT.with_borrow(Vec::len)
}

/// What this program is, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn ws_describe() -> i32 {
    answer(|| Ok(describe().to_string().into_bytes()))
}

/// Input JSON to the 32 bytes of its commitment.
///
/// # Safety
/// `len` bytes must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ws_commit(ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let json = unsafe { bytes(ptr, len) };
    answer(|| Ok(prover::commit(&Input::parse(json)?).to_vec()))
}

/// Input JSON to the public values' length (32 bits, little-endian), the public values and the
/// proof, which has been verified.
///
/// # Safety
/// `len` bytes must be readable at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ws_prove(ptr: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let json = unsafe { bytes(ptr, len) };
    answer(|| {
        let proven = prover::prove(&Input::parse(json)?, host::progress)?;
        let length = proven.public_values.len() as u32;
        Ok([&length.to_le_bytes()[..], &proven.public_values, &proven.proof].concat())
    })
}

/// 0 if the proof holds for the public values, else 1 and the reason.
///
/// # Safety
/// Both ranges must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ws_verify(
    public_ptr: *const u8,
    public_len: usize,
    proof_ptr: *const u8,
    proof_len: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (public, proof) = unsafe { (bytes(public_ptr, public_len), bytes(proof_ptr, proof_len)) };
    answer(|| prover::verify(public, proof).map(|()| Vec::new()))
}

fn describe() -> serde_json::Value {
    let kinds = ["int16", "int16", "int16", "uint8", "bytes32", "uint128", "uint128"];
    let public: Vec<_> = PUBLIC_NAMES
        .iter()
        .zip(kinds)
        .map(|(name, kind)| {
            // A signed number travels as its value plus 32768.
            let offset = if kind == "int16" { 1 << 15 } else { 0 };
            json!({ "name": name, "type": kind, "offset": offset })
        })
        .collect();
    let image_id: String = keys::image_id().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "name": "weather",
        "runtime": "halo2",
        "maxMessages": SLOTS,
        "binding": "data",
        "unsafeTestSetup": keys::is_unsafe_test_setup(),
        "proofBytes": PROOF_BYTES,
        "publicValues": public,
        "imageId": format!("0x{image_id}"),
    })
}

/// # Safety
/// `len` bytes must be readable at `ptr`, unless `len` is zero.
unsafe fn bytes<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(ptr, len) }
}

fn answer(call: impl FnOnce() -> Result<Vec<u8>, String>) -> i32 {
    // A panic's own text may hold private values: its place must do.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = format!("internal error at {place}");
        host::log(&text);
        OUT.with(|out| out.replace(text.into_bytes()));
    }));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    let (code, bytes) = match result {
        Ok(Ok(bytes)) => (DONE, bytes),
        Ok(Err(text)) => (FAILED, text.into_bytes()),
        // The hook has left the text.
        Err(_) => return FAILED,
    };
    OUT.with(|out| out.replace(bytes));
    code
}
