//! A program as a command of the developer's machine.

use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;

use crate::input::{HEAD, split_head};
use crate::program::{Program, Refusal, run};

/// The journal of a run, given what the host would write to stdin.
pub fn execute(stdin: &[u8], program: Program) -> Result<Vec<u8>, Refusal> {
    let (head, input) = stdin.split_first_chunk::<HEAD>().ok_or(Refusal::MALFORMED)?;
    let (length, binding) = split_head(head)?;
    if length != input.len() {
        return Err(Refusal::MALFORMED);
    }
    run(binding, input, program)
}

/// Runs on stdin; exits with a refusal's code.
pub fn main(program: Program) -> ExitCode {
    let mut given = Vec::new();
    if let Err(error) = stdin().read_to_end(&mut given) {
        eprintln!("can't read stdin: {error}");
        return ExitCode::FAILURE;
    }
    match execute(&given, program) {
        Ok(journal) => match stdout().write_all(&journal) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(refusal) => {
            eprintln!("the program refused its input: {}", refusal.code());
            ExitCode::from(refusal.code())
        }
    }
}
