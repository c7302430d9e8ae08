//! Stack code to register code, function by function.

mod function;
mod operators;
mod routines;

use super::image::Image;
use super::isa::{Instr, Op, Status, table_cell};
use super::load::{Host, LoadError, Module, Signature};
use super::{Function, Program};
use routines::Routines;

/// A call of a function at `entry` whose frame starts `delta` slots up.
pub fn call(entry: u32, signature: Signature, delta: u32) -> Instr {
    let link = delta + signature.params.max(signature.results);
    Instr { op: Op::Call, rd: link, rs1: None, rs2: Some(delta), imm: u64::from(entry) }
}

/// Translates a module; the entry is left at 0.
pub fn translate(module: &Module<'_>) -> Result<Program, LoadError> {
    let mut code = Vec::new();
    let mut entries = Vec::new();
    let mut routines = Routines::default();
    for (index, host) in module.hosts.iter().enumerate() {
        entries.push(code.len() as u32);
        stub(*host, module.signature(index as u32), &mut code);
    }
    let mut calls = Vec::new();
    for (index, body) in module.bodies.iter().enumerate() {
        entries.push(code.len() as u32);
        let signature = module.signature((module.hosts.len() + index) as u32);
        let (mut body, targets) =
            function::translate(module, signature, body, code.len() as u32, &mut routines)?;
        calls.extend(targets.into_iter().map(|(pc, function)| (pc + code.len(), function)));
        code.append(&mut body);
    }
    for (pc, function) in calls {
        code[pc].imm = u64::from(entries[function as usize]);
    }
    routines.emit(&mut code);
    let cell = |index: &Option<u32>| match index {
        Some(index) => table_cell(entries[*index as usize], module.signature(*index).id),
        None => 0,
    };
    let globals = module.globals.iter().map(|global| global.value);
    let lengths = module.data_segments.iter().chain(&module.element_segments);
    Ok(Program {
        entry: 0,
        image: Image {
            pages: module.pages,
            memory: module.memory.clone(),
            globals: globals.chain(lengths.map(|segment| u64::from(segment.length))).collect(),
            tables: module.elements.iter().map(cell).collect(),
            segments: module.segment_bytes.clone(),
        },
        functions: entries
            .iter()
            .enumerate()
            .map(|(index, entry)| Function {
                entry: *entry,
                signature: module.signature(index as u32),
            })
            .collect(),
        start: module.start,
        exported_functions: module.exported_functions.clone(),
        exported_globals: module.exported_globals.clone(),
        code,
    })
}

/// An imported function as code, for tables and exports.
fn stub(host: Host, signature: Signature, code: &mut Vec<Instr>) {
    let link = signature.params.max(signature.results);
    code.extend(host_instr(host, Some(0), 0));
    code.push(Instr { op: Op::Return, rd: 0, rs1: Some(link), rs2: None, imm: 0 });
}

/// What a call of a host function does, given the slots of its argument and result.
fn host_instr(host: Host, argument: Option<u32>, rd: u32) -> Option<Instr> {
    let (op, rs1, rs2, imm) = match host {
        Host::Input => (Op::Input, argument, None, 0),
        Host::Output => (Op::Output, None, argument, 0),
        Host::Require => (Op::Require, argument, None, 0),
        Host::Debug => (Op::Debug, argument, None, 0),
        Host::Abort => (Op::Trap, None, None, Status::Aborted as u64),
        Host::Ignore => return None,
    };
    let rd = if host == Host::Input { rd } else { 0 };
    Some(Instr { op, rd, rs1, rs2, imm })
}
