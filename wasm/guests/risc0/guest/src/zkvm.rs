//! A program's start and end inside the zkVM, under RISC Zero's `v1compat` kernel.

use alloc::string::String;
use alloc::vec;
use core::arch::global_asm;
use core::panic::PanicInfo;

use risc0_zkvm_platform::fileno::{JOURNAL, STDIN};
use risc0_zkvm_platform::heap;
use risc0_zkvm_platform::memory::STACK_TOP;
use risc0_zkvm_platform::syscall::{sys_halt, sys_panic, sys_read, sys_write};

use crate::input::{HEAD, split_head};
use crate::program::{Program, Refusal, run};
use crate::sha256::{HASH, Hash, sha256};

global_asm!(
    ".section .text._start",
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "li sp, {stack}",
    "call w3bstream_guest_main",
    stack = const STACK_TOP,
);

/// SHA-256 of `risc0.Output`.
const OUTPUT_TAG: Hash = [
    0x77, 0xea, 0xfe, 0xb3, 0x66, 0xa7, 0x8b, 0x47, 0x74, 0x7d, 0xe0, 0xd7, 0xbb, 0x17, 0x62, 0x84,
    0x08, 0x5f, 0xf5, 0x56, 0x48, 0x87, 0x00, 0x9a, 0x5b, 0xe6, 0x3d, 0xa3, 0x2d, 0x35, 0x59, 0xd4,
];

/// Runs the program, then ends the machine.
pub fn start(program: Program) -> ! {
    unsafe { heap::init() };
    match run_on_stdin(program) {
        Ok(output) => halt(0, output),
        // No output means no journal.
        Err(refusal) => halt(refusal.code(), Output([0; HASH])),
    }
}

/// Gives the digest of the machine's output: of the journal, and of no assumptions.
fn run_on_stdin(program: Program) -> Result<Output, Refusal> {
    let mut head = [0; HEAD];
    read(&mut head)?;
    let (length, binding) = split_head(&head)?;
    // What is read stays in memory, so that the salt hides the memory that the proof commits to.
    let mut input = vec![0; length];
    read(&mut input)?;
    let journal = run(binding, &input, program)?;
    unsafe { sys_write(JOURNAL, journal.as_ptr(), journal.len()) };
    let parts: [&[u8]; 4] = [&OUTPUT_TAG, &sha256(&[&journal]), &[0; HASH], &2u16.to_le_bytes()];
    Ok(Output(sha256(&parts)))
}

fn read(bytes: &mut [u8]) -> Result<(), Refusal> {
    // The kernel returns fewer only at the end.
    let count = unsafe { sys_read(STDIN, bytes.as_mut_ptr(), bytes.len()) };
    if count == bytes.len() { Ok(()) } else { Err(Refusal::MALFORMED) }
}

#[repr(align(4))]
struct Output(Hash);

fn halt(code: u8, output: Output) -> ! {
    sys_halt(code, (&raw const output.0).cast())
}

#[panic_handler]
fn panicked(info: &PanicInfo) -> ! {
    // Without `core::fmt`, which is larger than most programs.
    let mut text = String::from("panicked");
    if let Some(at) = info.location() {
        text += " at ";
        text += at.file();
        text += ":";
        let mut digits = 1;
        while at.line() / digits >= 10 {
            digits *= 10;
        }
        while digits > 0 {
            text.push((b'0' + (at.line() / digits % 10) as u8) as char);
            digits /= 10;
        }
    }
    unsafe { sys_panic(text.as_ptr(), text.len()) }
}
