//! The C ABI by which `src/pack/program` calls this module.

use std::cell::RefCell;
use std::ptr;

use crate::run::{Limits, PackerError, check, run};

thread_local! {
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn answer(result: Result<Vec<u8>, PackerError>) -> i32 {
    let (status, bytes) = match result {
        Ok(bytes) => (0, bytes),
        Err(error) => (1, error.to_string().into_bytes()),
    };
    ANSWER.set(bytes);
    status
}

/// Room for `len` bytes, which `packer_run` and `packer_check` take back.
#[unsafe(no_mangle)]
pub extern "C" fn packer_alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; len].into_boxed_slice()).cast()
}

/// # Safety
/// The pointer is one of `packer_alloc` with this length.
unsafe fn taken(at: *mut u8, len: usize) -> Box<[u8]> {
    // SAFETY: made by `packer_alloc` of a box of this length.
    unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(at, len)) }
}

/// 0: it has a packer's form; 1: the answer says why it hasn't.
///
/// # Safety
/// The pointer is one of `packer_alloc` with this length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn packer_check(
    code: *mut u8,
    code_len: usize,
    fuel: u64,
    memory: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let code = unsafe { taken(code, code_len) };
    answer(check(&code, Limits { fuel, memory, answer: 0 }).map(|()| Vec::new()))
}

/// 0: the answer is the packer's; 1: it says why there is none.
///
/// # Safety
/// Both pointers are of `packer_alloc`, with these lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn packer_run(
    code: *mut u8,
    code_len: usize,
    input: *mut u8,
    input_len: usize,
    fuel: u64,
    memory: usize,
    most: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (code, input) = unsafe { (taken(code, code_len), taken(input, input_len)) };
    let limits = Limits { fuel, memory, answer: most };
    answer(run(&code, &input, limits).map(|(bytes, _)| bytes))
}

/// Where the last answer is, until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn packer_answer() -> *const u8 {
    ANSWER.with_borrow(|answer| answer.as_ptr())
}

#[unsafe(no_mangle)]
pub extern "C" fn packer_answer_len() -> usize {
    ANSWER.with_borrow(Vec::len)
}
