//! A program on the developer's machine: as a command, and in tests.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use crate::input::{HEAD, split_head};
use crate::program::{Program, Refusal, run};
use crate::sha256::HASH;

/// What the host writes to stdin for these messages, with a salt and a binding of zeros.
pub fn stdin(messages: &[&[u8]]) -> Vec<u8> {
    let mut input = vec![0; HASH];
    input.extend((messages.len() as u32).to_le_bytes());
    for message in messages {
        input.extend((message.len() as u32).to_le_bytes());
        input.extend(*message);
    }
    [&(input.len() as u32).to_le_bytes(), &[0; HASH][..], &input].concat()
}

/// The journal of a run, given what the host would write to stdin.
pub fn execute(given: &[u8], program: Program) -> Result<Vec<u8>, Refusal> {
    let (head, input) = given.split_first_chunk::<HEAD>().ok_or(Refusal::MALFORMED)?;
    let (length, binding) = split_head(head)?;
    if length != input.len() {
        return Err(Refusal::MALFORMED);
    }
    run(binding, input, program)
}

/// Runs on stdin; exits with a refusal's code.
pub fn main(program: Program) -> ExitCode {
    let mut given = Vec::new();
    if let Err(error) = io::stdin().read_to_end(&mut given) {
        eprintln!("can't read stdin: {error}");
        return ExitCode::FAILURE;
    }
    match execute(&given, program) {
        Ok(journal) => match io::stdout().write_all(&journal) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(refusal) => {
            eprintln!("the program refused its input: {}", refusal.code());
            ExitCode::from(refusal.code())
        }
    }
}
