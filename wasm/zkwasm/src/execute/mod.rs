//! Runs a register program, with or without a trace.

mod arithmetic;
mod machine;
pub mod trace;

use std::fmt;

#[cfg(test)]
pub(crate) use arithmetic::extend;
pub(crate) use arithmetic::{compute, width};

use crate::program::isa::Status;
use crate::program::{Image, Program};
use trace::Trace;

/// What a run reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    pub public: Vec<u64>,
    pub private: Vec<u64>,
}

/// What a run may use; to go beyond is an error, not an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions.
    pub rows: u64,
    /// Pages of linear memory.
    pub pages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rows: 1 << 30, pages: 1 << 12 }
    }
}

/// How a run ended and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: Status,
    pub outputs: Vec<u64>,
    pub debug: Vec<u64>,
    pub rows: u64,
    pub image: Image,
    /// The first slots of the bottom frame, for the results of [`Program::call`].
    pub slots: Vec<u64>,
}

/// A run that has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecuteError {
    /// More instructions than the limit.
    Rows(u64),
    /// More pages than the limit.
    Pages(u32),
    /// `wasm_input` was asked for more than there is; whether of the public inputs.
    InputMissing { public: bool },
    /// `wasm_input` was called with something else than 0 or 1.
    InputKind(u64),
    /// A float instruction was reached, at this address.
    Float(u32),
}

impl fmt::Display for ExecuteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecuteError::Rows(limit) => write!(f, "the run takes more than {limit} instructions"),
            ExecuteError::Pages(limit) => write!(f, "the run takes more than {limit} memory pages"),
            ExecuteError::InputMissing { public: true } => write!(f, "no public input is left"),
            ExecuteError::InputMissing { public: false } => write!(f, "no private input is left"),
            ExecuteError::InputKind(_) => {
                write!(f, "wasm_input takes 1 for a public, 0 for a private input")
            }
            ExecuteError::Float(pc) => write!(f, "a float instruction was reached at {pc}"),
        }
    }
}

impl std::error::Error for ExecuteError {}

/// Runs a program for its outcome alone.
pub fn execute(
    program: &Program,
    inputs: &Inputs,
    limits: Limits,
) -> Result<Outcome, ExecuteError> {
    machine::run(program, inputs, limits, &mut ())
}

/// Runs a program and records each step.
pub fn record(
    program: &Program,
    inputs: &Inputs,
    limits: Limits,
) -> Result<(Outcome, Trace), ExecuteError> {
    let mut trace = Trace::default();
    let outcome = machine::run(program, inputs, limits, &mut trace)?;
    trace.status = Some(outcome.status);
    Ok((outcome, trace))
}
