//! SHA-256 of private values, 8 bytes each, big-endian; how many there are is the public input. The
//! digest is four outputs.
#![no_std]

use zkwasm_guest::{Hasher, fail, private_input, public_input};

#[unsafe(no_mangle)]
pub extern "C" fn zkmain() {
    let mut hasher = Hasher::default();
    for _ in 0..public_input() {
        hasher.add(private_input());
    }
    hasher.output();
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    fail()
}
