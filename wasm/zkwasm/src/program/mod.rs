//! From the bytes of a module to the register program that is proven.

pub mod image;
pub mod isa;
pub mod load;
mod translate;

use std::collections::BTreeMap;
use std::fmt::Write;

pub use image::Image;
use isa::{Instr, Op};
use load::{Embedding, LoadError, Signature};

/// Name of the function that a guest exports to be run.
pub const ENTRY: &str = "zkmain";

/// Code of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub entry: u32,
    pub signature: Signature,
}

/// A translated module: where execution starts, its code, and the state it starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub entry: u32,
    pub code: Vec<Instr>,
    pub image: Image,
    /// By index in the module, imported ones first.
    pub functions: Vec<Function>,
    pub start: Option<u32>,
    pub exported_functions: BTreeMap<String, u32>,
    pub exported_globals: BTreeMap<String, u32>,
}

impl Program {
    /// Translates a guest: runs its start function, if any, then [`ENTRY`].
    ///
    /// # Errors
    /// Where the module is invalid, uses what is not supported or imports, or lacks [`ENTRY`].
    pub fn from_wasm(bytes: &[u8]) -> Result<Program, LoadError> {
        let mut program = Program::from_module(bytes, &load::guest_embedding())?;
        let entry = program
            .exported_functions
            .get(ENTRY)
            .copied()
            .filter(|index| program.functions[*index as usize].signature.params == 0)
            .ok_or_else(|| LoadError::Entry(ENTRY.to_owned()))?;
        program.entry = program.code.len() as u32;
        if let Some(start) = program.start {
            program.push_call(start);
        }
        program.push_call(entry);
        program.code.push(Instr { op: Op::Halt, rd: 0, rs1: None, rs2: None, imm: 0 });
        Ok(program)
    }

    /// Translates any module; [`Program::call`] gives the programs that run it.
    pub fn from_module(bytes: &[u8], embedding: &Embedding) -> Result<Program, LoadError> {
        translate::translate(&load::load(bytes, embedding)?)
    }

    /// The program that calls one function from a state; its results are left from slot 0 on.
    pub fn call(&self, function: u32, arguments: &[u64], image: Image) -> Program {
        let mut program = Program { entry: self.code.len() as u32, image, ..self.clone() };
        for (slot, value) in arguments.iter().enumerate() {
            program.code.push(Instr {
                op: Op::Copy,
                rd: slot as u32,
                rs1: None,
                rs2: None,
                imm: *value,
            });
        }
        program.push_call(function);
        program.code.push(Instr { op: Op::Halt, rd: 0, rs1: None, rs2: None, imm: 0 });
        program
    }

    fn push_call(&mut self, function: u32) {
        let Function { entry, signature } = self.functions[function as usize];
        self.code.push(translate::call(entry, signature, 0));
    }

    /// The code as text, an instruction a line.
    pub fn disassembly(&self) -> String {
        let mut text = String::new();
        for (pc, instr) in self.code.iter().enumerate() {
            let mark = if pc == self.entry as usize { '>' } else { ' ' };
            writeln!(text, "{mark}{pc:5} {instr}").expect("a String takes all");
        }
        text
    }
}
