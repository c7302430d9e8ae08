//! One function: the virtual stack, structured control, calls.

use wasmparser::{BlockType, FunctionBody, Operator};

use super::routines::{Routine, Routines};
use super::{host_instr, operators};
use crate::program::isa::{Chip, Instr, Op, Status};
use crate::program::load::{Host, LoadError, Module, Signature};

/// Frames with more slots are refused, so that no slot's address overflows.
const MAX_SLOTS: usize = 1 << 15;

/// Where a stack position's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// In the position's own slot.
    Stack,
    /// In a local that nothing has set since.
    Local(u32),
    Const(u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    Loop(u32),
    /// The branch that skips to `else`, or to the end.
    If(usize),
}

struct Frame {
    kind: Kind,
    /// Stack height without the block's parameters.
    height: usize,
    params: usize,
    results: usize,
    /// Branches to its end.
    patches: Vec<usize>,
    /// Whether its start is reached.
    reached: bool,
}

pub(super) struct Translator<'m, 'a> {
    module: &'m Module<'a>,
    signature: Signature,
    /// First instruction's address.
    origin: u32,
    code: Vec<Instr>,
    /// Locals by slot; parameters are before the link, others after it.
    locals: u32,
    stack: Vec<Value>,
    /// How many stack positions hold each local.
    held: Vec<u32>,
    frames: Vec<Frame>,
    reached: bool,
    /// No instruction before this index may be changed: control joins here.
    barrier: usize,
    highest: usize,
    calls: Calls,
    routines: &'m mut Routines,
}

/// Calls as (index in the code, function).
pub type Calls = Vec<(usize, u32)>;

/// Code of a function and its calls.
pub fn translate(
    module: &Module<'_>,
    signature: Signature,
    body: &FunctionBody<'_>,
    origin: u32,
    routines: &mut Routines,
) -> Result<(Vec<Instr>, Calls), LoadError> {
    let mut locals = signature.params;
    for local in body.get_locals_reader()? {
        locals += local?.0;
    }
    let mut translator = Translator {
        module,
        signature,
        origin,
        code: Vec::new(),
        locals,
        stack: Vec::new(),
        held: vec![0; locals as usize],
        frames: Vec::new(),
        reached: true,
        barrier: 0,
        highest: 0,
        calls: Vec::new(),
        routines,
    };
    for local in signature.params..locals {
        let rd = translator.local(local);
        translator.emit(Op::Copy, rd, None, None, 0);
    }
    let results = signature.results as usize;
    translator.open(Kind::Block, 0, results);
    for operator in body.get_operators_reader()? {
        translator.operator(operator?)?;
    }
    if translator.highest + locals as usize + 1 > MAX_SLOTS {
        return Err(LoadError::Unsupported(format!("a function with over {MAX_SLOTS} slots")));
    }
    Ok((translator.code, translator.calls))
}

impl Translator<'_, '_> {
    fn link(&self) -> u32 {
        self.signature.params.max(self.signature.results)
    }

    fn local(&self, index: u32) -> u32 {
        let params = self.signature.params;
        if index < params { index } else { self.link() + 1 + index - params }
    }

    /// The slot of a stack position.
    fn slot(&self, position: usize) -> u32 {
        self.link() + 1 + self.locals - self.signature.params + position as u32
    }

    fn pc(&self) -> u64 {
        u64::from(self.origin) + self.code.len() as u64
    }

    fn emit(&mut self, op: Op, rd: u32, rs1: Option<u32>, rs2: Option<u32>, imm: u64) {
        self.code.push(Instr { op, rd, rs1, rs2, imm });
    }

    fn push(&mut self, value: Value) {
        if let Value::Local(local) = value {
            self.held[local as usize] += 1;
        }
        self.stack.push(value);
        self.highest = self.highest.max(self.stack.len());
    }

    fn pop(&mut self) -> Value {
        let value = self.stack.pop().expect("validated code does not underflow");
        if let Value::Local(local) = value {
            self.held[local as usize] -= 1;
        }
        value
    }

    /// As operand `b` a value that was at a position.
    fn operand(&self, position: usize, value: Value) -> (Option<u32>, u64) {
        match value {
            Value::Stack => (Some(self.slot(position)), 0),
            Value::Local(local) => (Some(self.local(local)), 0),
            Value::Const(value) => (None, value),
        }
    }

    /// As [`Self::source`], or none for 0, which an absent operand `a` is.
    fn register(&mut self, position: usize, value: Value) -> Option<u32> {
        (value != Value::Const(0)).then(|| self.source(position, value))
    }

    /// The slot of a value that was at a position; a constant is put in the position's slot.
    fn source(&mut self, position: usize, value: Value) -> u32 {
        match self.operand(position, value) {
            (Some(slot), _) => slot,
            (None, imm) => self.load_constant(position, imm),
        }
    }

    fn load_constant(&mut self, position: usize, imm: u64) -> u32 {
        let slot = self.slot(position);
        self.emit(Op::Copy, slot, None, None, imm);
        self.highest = self.highest.max(position + 1);
        slot
    }

    /// Brings the value of a position to its own slot.
    fn settle(&mut self, position: usize) {
        let value = self.stack[position];
        if value == Value::Stack {
            return;
        }
        let (rs2, imm) = self.operand(position, value);
        self.emit(Op::Copy, self.slot(position), None, rs2, imm);
        if let Value::Local(local) = value {
            self.held[local as usize] -= 1;
        }
        self.stack[position] = Value::Stack;
    }

    fn settle_top(&mut self, count: usize) {
        for position in self.stack.len() - count..self.stack.len() {
            self.settle(position);
        }
    }

    /// Brings locals on the stack to slots, so that all paths through a block agree.
    fn settle_locals(&mut self) {
        for position in 0..self.stack.len() {
            if matches!(self.stack[position], Value::Local(_)) {
                self.settle(position);
            }
        }
    }

    fn truncate(&mut self, height: usize) {
        while self.stack.len() > height {
            self.pop();
        }
    }

    /// Whether the last instruction made the value of a popped position and may be changed.
    fn produced(&self, position: usize) -> bool {
        self.code.len() > self.barrier
            && self.code.last().is_some_and(|last| {
                last.op.writes()
                    && last.rd == self.slot(position)
                    && !matches!(last.op, Op::SelNz | Op::SelZ | Op::Call | Op::CallIndirect)
            })
    }

    fn set_local(&mut self, local: u32) {
        let value = self.pop();
        if value == Value::Local(local) {
            return;
        }
        let position = self.stack.len();
        let rd = self.local(local);
        if value == Value::Stack && self.held[local as usize] == 0 && self.produced(position) {
            self.code.last_mut().expect("just made").rd = rd;
            return;
        }
        if self.held[local as usize] > 0 {
            for position in 0..self.stack.len() {
                if self.stack[position] == Value::Local(local) {
                    self.settle(position);
                }
            }
        }
        let (rs2, imm) = self.operand(position, value);
        self.emit(Op::Copy, rd, None, rs2, imm);
    }

    fn open(&mut self, kind: Kind, params: usize, results: usize) {
        let height = self.stack.len() - params;
        self.frames.push(Frame {
            kind,
            height,
            params,
            results,
            patches: Vec::new(),
            reached: self.reached,
        });
    }

    fn shape(&self, block: BlockType) -> (usize, usize) {
        match block {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let signature = self.module.types[index as usize];
                (signature.params as usize, signature.results as usize)
            }
        }
    }

    /// A branch to be taken where the popped condition is not zero (or is, with `negate`); gives
    /// the instruction to patch.
    fn conditional(&mut self, mut negate: bool) -> usize {
        let value = self.pop();
        let position = self.stack.len();
        let mut rs1 = None;
        if value == Value::Stack && self.produced(position) {
            let last = *self.code.last().expect("just made");
            if matches!(last.op, Op::Eq | Op::Ne) && last.rs2.is_none() && last.imm == 0 {
                self.code.pop();
                negate ^= last.op == Op::Eq;
                rs1 = Some(last.rs1);
            }
        }
        let rs1 = rs1.unwrap_or_else(|| self.register(position, value));
        self.emit(if negate { Op::BrZ } else { Op::BrNz }, 0, rs1, None, 0);
        self.code.len() - 1
    }

    fn target(&self, depth: u32) -> (usize, usize, bool) {
        let index = self.frames.len() - 1 - depth as usize;
        let frame = &self.frames[index];
        let count = if let Kind::Loop(_) = frame.kind { frame.params } else { frame.results };
        (index, count, index == 0)
    }

    /// Whether a branch has to move values.
    fn moves(&self, depth: u32) -> bool {
        let (index, count, outermost) = self.target(depth);
        let from = self.stack.len() - count;
        outermost
            || self.stack[from..].iter().any(|value| *value != Value::Stack)
            || (count > 0 && from != self.frames[index].height)
    }

    /// Sends an already emitted branch to a label.
    fn aim(&mut self, instr: usize, depth: u32) {
        let (index, ..) = self.target(depth);
        match self.frames[index].kind {
            Kind::Loop(pc) => self.code[instr].imm = u64::from(pc),
            _ => self.frames[index].patches.push(instr),
        }
    }

    /// Moves a branch's values and jumps; the stack stays as it is.
    fn branch(&mut self, depth: u32) {
        let (index, count, outermost) = self.target(depth);
        if outermost {
            return self.give_back();
        }
        let from = self.stack.len() - count;
        let to = self.frames[index].height;
        for offset in 0..count {
            let rd = self.slot(to + offset);
            let (rs2, imm) = self.operand(from + offset, self.stack[from + offset]);
            if rs2 != Some(rd) {
                self.emit(Op::Copy, rd, None, rs2, imm);
            }
        }
        self.emit(Op::Jump, 0, None, None, 0);
        self.aim(self.code.len() - 1, depth);
    }

    /// Moves the results to the frame's first slots and returns.
    fn give_back(&mut self) {
        let count = self.signature.results as usize;
        let from = self.stack.len() - count;
        let mut sources: Vec<_> =
            (0..count).map(|i| self.operand(from + i, self.stack[from + i])).collect();
        for (index, source) in sources.iter_mut().enumerate() {
            // A parameter whose slot an earlier result takes is saved first.
            if source.0.is_some_and(|slot| (slot as usize) < index) {
                let saved = self.slot(from + index);
                self.emit(Op::Copy, saved, None, source.0, 0);
                *source = (Some(saved), 0);
            }
        }
        for (index, (rs2, imm)) in sources.into_iter().enumerate() {
            if rs2 != Some(index as u32) {
                self.emit(Op::Copy, index as u32, None, rs2, imm);
            }
        }
        self.emit(Op::Return, 0, Some(self.link()), None, 0);
    }

    fn unreachable(&mut self) {
        self.reached = false;
        let height = self.frames.last().map_or(0, |frame| frame.height);
        self.truncate(height);
    }

    fn trap(&mut self, status: Status) {
        self.emit(Op::Trap, 0, None, None, status as u64);
        self.unreachable();
    }

    fn land(&mut self, patches: &[usize]) {
        let here = self.pc();
        for patch in patches {
            self.code[*patch].imm = here;
        }
        self.barrier = self.code.len();
    }

    fn end(&mut self) {
        let outermost = self.frames.len() == 1;
        if outermost {
            if self.reached {
                self.give_back();
            }
            self.frames.pop();
            return;
        }
        let frame = self.frames.pop().expect("validated code is nested");
        let skip = match frame.kind {
            Kind::If(branch) if frame.reached => Some(branch),
            _ => None,
        };
        let joined = !frame.patches.is_empty() || skip.is_some();
        if self.reached && joined {
            self.settle_top(frame.results);
        }
        if joined {
            let mut patches = frame.patches;
            patches.extend(skip);
            self.land(&patches);
        }
        if !self.reached || joined {
            self.truncate(frame.height);
            for _ in 0..frame.results {
                self.push(Value::Stack);
            }
        }
        self.reached |= joined;
    }

    fn alternative(&mut self) {
        let frame = self.frames.last().expect("validated code is nested");
        let (height, params, results) = (frame.height, frame.params, frame.results);
        let (entered, kind) = (frame.reached, frame.kind);
        if self.reached {
            self.settle_top(results);
            self.emit(Op::Jump, 0, None, None, 0);
            self.aim(self.code.len() - 1, 0);
        }
        if let (Kind::If(branch), true) = (kind, entered) {
            self.land(&[branch]);
        }
        self.frames.last_mut().expect("checked above").kind = Kind::Block;
        self.reached = entered;
        self.truncate(height);
        for _ in 0..params {
            self.push(Value::Stack);
        }
    }

    fn place_call(&mut self, op: Op, signature: Signature, rs1: Option<u32>, imm: u64) {
        let params = signature.params as usize;
        self.settle_top(params);
        let base = self.stack.len() - params;
        let delta = self.slot(base);
        let rd = delta + signature.params.max(signature.results);
        self.emit(op, rd, rs1, Some(delta), imm);
        self.truncate(base);
        for _ in 0..signature.results {
            self.push(Value::Stack);
        }
    }

    fn routine(&mut self, routine: Routine) {
        self.routines
            .call(self.origin as usize + self.code.len() + self.unsettled(routine), routine);
        self.place_call(Op::Call, routine.signature(), None, 0);
    }

    /// Copies that come before a call.
    fn unsettled(&self, routine: Routine) -> usize {
        let params = routine.signature().params as usize;
        let arguments = &self.stack[self.stack.len() - params..];
        arguments.iter().filter(|value| **value != Value::Stack).count()
    }

    fn call(&mut self, function: u32) {
        let signature = self.module.signature(function);
        let Some(host) = self.module.hosts.get(function as usize).copied() else {
            self.place_call(Op::Call, signature, None, 0);
            self.calls.push((self.code.len() - 1, function));
            return;
        };
        if matches!(host, Host::Abort | Host::Ignore) {
            for _ in 0..signature.params {
                self.pop();
            }
            if host == Host::Abort {
                self.trap(Status::Aborted);
            }
            return;
        }
        let value = self.pop();
        let position = self.stack.len();
        let rs1 = self.register(position, value);
        self.code.extend(host_instr(host, rs1, self.slot(position)));
        if host == Host::Input {
            self.push(Value::Stack);
        }
    }

    fn call_indirect(&mut self, type_index: u32, table: u32) {
        let value = self.pop();
        let position = self.stack.len();
        let rs1 = self.register(position, value);
        let cell = self.slot(position);
        self.highest = self.highest.max(position + 1);
        let table = self.module.tables[table as usize];
        let imm = u64::from(table.size) | u64::from(table.base) << 32;
        self.emit(Op::TableLoad, cell, rs1, None, imm);
        let signature = self.module.types[type_index as usize];
        self.place_call(Op::CallIndirect, signature, Some(cell), u64::from(signature.id) + 1);
    }

    fn select(&mut self) {
        let condition = self.pop();
        let other = self.pop();
        let first = self.pop();
        let at = self.stack.len();
        let rd = self.slot(at);
        self.highest = self.highest.max(at + 3);
        let rs1 = self.register(at + 2, condition);
        if first == Value::Stack {
            let (rs2, imm) = self.operand(at + 1, other);
            self.emit(Op::SelZ, rd, rs1, rs2, imm);
        } else {
            let (rs2, imm) = self.operand(at + 1, other);
            self.emit(Op::Copy, rd, None, rs2, imm);
            let (rs2, imm) = self.operand(at, first);
            self.emit(Op::SelNz, rd, rs1, rs2, imm);
        }
        self.push(Value::Stack);
    }

    fn binary(&mut self, mut op: Op, mirrored: bool) {
        let mut second = (self.pop(), self.stack.len());
        let mut first = (self.pop(), self.stack.len());
        let at = self.stack.len();
        let constant = |value| matches!(value, Value::Const(_));
        if mirrored || (operators::commutes(op) && constant(first.0) && !constant(second.0)) {
            std::mem::swap(&mut first, &mut second);
        }
        // `c >= x` and `c < x` as compares of `x` with a constant.
        if let (Value::Const(c), Some((turned, limit))) = (first.0, operators::turn(op))
            && !constant(second.0)
            && c != limit
        {
            let mut next = c.wrapping_add(1);
            if matches!(turned, Op::LtS32 | Op::GeS32) {
                next &= u64::from(u32::MAX);
            }
            (op, first, second) = (turned, second, (Value::Const(next), second.1));
        }
        self.highest = self.highest.max(at + 2);
        let rs1 = self.register(first.1, first.0);
        let (rs2, imm) = self.operand(second.1, second.0);
        let rd = self.slot(at);
        self.emit(op, rd, rs1, rs2, imm);
        self.push(Value::Stack);
    }

    fn unary(&mut self, op: Op, imm: u64) {
        let value = self.pop();
        let at = self.stack.len();
        let rs1 = self.register(at, value);
        let rd = self.slot(at);
        self.emit(op, rd, rs1, None, imm);
        self.push(Value::Stack);
    }

    fn load(&mut self, op: Op, mut offset: u64) {
        let value = self.pop();
        let at = self.stack.len();
        let (rs1, constant) = self.operand(at, value);
        offset += constant;
        let rd = self.slot(at);
        self.emit(op, rd, rs1, None, offset);
        self.push(Value::Stack);
    }

    fn store(&mut self, op: Op, mut offset: u64) {
        let value = self.pop();
        let at = self.stack.len();
        let source = self.source(at, value);
        let address = self.pop();
        let (rs1, constant) = self.operand(at - 1, address);
        offset += constant;
        self.emit(op, 0, rs1, Some(source), offset);
    }

    fn branch_table(&mut self, targets: &wasmparser::BrTable<'_>) -> Result<(), LoadError> {
        let value = self.pop();
        let position = self.stack.len();
        let rs1 = self.register(position, value);
        self.emit(Op::BrTable, 0, rs1, None, u64::from(targets.len()));
        let mut depths = targets.targets().collect::<Result<Vec<_>, _>>()?;
        depths.push(targets.default());
        let first = self.code.len();
        for _ in &depths {
            self.emit(Op::Jump, 0, None, None, 0);
        }
        for (index, depth) in depths.into_iter().enumerate() {
            if self.moves(depth) {
                self.code[first + index].imm = self.pc();
                self.branch(depth);
            } else {
                self.aim(first + index, depth);
            }
        }
        self.unreachable();
        Ok(())
    }

    fn operator(&mut self, operator: Operator<'_>) -> Result<(), LoadError> {
        if !self.reached {
            return self.skip(&operator);
        }
        if let Some((op, mirrored)) = operators::binary(&operator) {
            self.binary(op, mirrored);
            return Ok(());
        }
        if let Some(op) = operators::unary(&operator) {
            self.unary(op, 0);
            return Ok(());
        }
        if let Some((op, offset)) = operators::memory(&operator) {
            if op.chip() == Chip::Store {
                self.store(op, offset)
            } else {
                self.load(op, offset)
            }
            return Ok(());
        }
        match operator {
            Operator::Nop => {}
            // A cell holds an i32 zero-extended already.
            Operator::I64ExtendI32U => {}
            Operator::Unreachable => self.trap(Status::Unreachable),
            Operator::Block { blockty } => {
                let (params, results) = self.shape(blockty);
                self.settle_top(params);
                self.settle_locals();
                self.open(Kind::Block, params, results);
            }
            Operator::Loop { blockty } => {
                let (params, results) = self.shape(blockty);
                self.settle_top(params);
                self.settle_locals();
                let pc = self.pc() as u32;
                self.open(Kind::Loop(pc), params, results);
                self.barrier = self.code.len();
            }
            Operator::If { blockty } => {
                let (params, results) = self.shape(blockty);
                let condition = self.pop();
                // Locals are saved between the condition and the branch on it.
                self.push(condition);
                self.conditional(true);
                let branch = self.code.pop().expect("just made");
                self.settle_top(params);
                self.settle_locals();
                self.code.push(branch);
                self.open(Kind::If(self.code.len() - 1), params, results);
            }
            Operator::Else => self.alternative(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                self.branch(relative_depth);
                self.unreachable();
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.pop();
                let moves = self.moves(relative_depth);
                self.push(condition);
                let branch = self.conditional(moves);
                if moves {
                    self.branch(relative_depth);
                    self.land(&[branch]);
                } else {
                    self.aim(branch, relative_depth);
                }
            }
            Operator::BrTable { targets } => self.branch_table(&targets)?,
            Operator::Return => {
                self.give_back();
                self.unreachable();
            }
            Operator::Call { function_index } => self.call(function_index),
            Operator::CallIndirect { type_index, table_index } => {
                self.call_indirect(type_index, table_index);
            }
            Operator::Drop => {
                self.pop();
            }
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            Operator::LocalGet { local_index } => self.push(Value::Local(local_index)),
            Operator::LocalSet { local_index } => self.set_local(local_index),
            Operator::LocalTee { local_index } => {
                self.set_local(local_index);
                self.push(Value::Local(local_index));
            }
            Operator::GlobalGet { global_index } => {
                let global = self.module.globals[global_index as usize];
                if global.mutable {
                    let rd = self.slot(self.stack.len());
                    self.emit(Op::GlobalGet, rd, None, None, u64::from(global_index));
                    self.push(Value::Stack);
                } else {
                    self.push(Value::Const(global.value));
                }
            }
            Operator::GlobalSet { global_index } => {
                let value = self.pop();
                self.set_global(value, u64::from(global_index));
            }
            Operator::I32Const { value } => self.push(Value::Const(u64::from(value as u32))),
            Operator::I64Const { value } => self.push(Value::Const(value as u64)),
            Operator::RefNull { .. } => self.push(Value::Const(0)),
            Operator::MemorySize { .. } => {
                let rd = self.slot(self.stack.len());
                self.emit(Op::MemorySize, rd, None, None, 0);
                self.push(Value::Stack);
            }
            Operator::MemoryGrow { .. } => {
                self.unary(Op::MemoryGrow, u64::from(self.module.max_pages));
            }
            Operator::MemoryFill { .. } => self.routine(Routine::MemoryFill),
            Operator::MemoryCopy { .. } => self.routine(Routine::MemoryCopy),
            Operator::MemoryInit { data_index, .. } => {
                self.push_length(data_index);
                let base = self.module.data_segments[data_index as usize].base;
                self.push(Value::Const(u64::from(base)));
                self.routine(Routine::MemoryInit);
            }
            Operator::TableCopy { dst_table, src_table } => {
                for table in [dst_table, src_table] {
                    let table = self.module.tables[table as usize];
                    self.push(Value::Const(u64::from(table.size)));
                    self.push(Value::Const(u64::from(table.base)));
                }
                self.routine(Routine::TableCopy);
            }
            Operator::TableInit { elem_index, table } => {
                let table = self.module.tables[table as usize];
                self.push(Value::Const(u64::from(table.size)));
                self.push(Value::Const(u64::from(table.base)));
                self.push_length(elem_index + self.module.data_segments.len() as u32);
                let base = self.module.element_segments[elem_index as usize].base;
                self.push(Value::Const(u64::from(base)));
                self.routine(Routine::TableCopy);
            }
            Operator::DataDrop { data_index } => {
                self.set_global(Value::Const(0), self.length_cell(data_index));
            }
            Operator::ElemDrop { elem_index } => {
                let segment = elem_index + self.module.data_segments.len() as u32;
                self.set_global(Value::Const(0), self.length_cell(segment));
            }
            other if operators::is_reference(&other) => {
                return Err(LoadError::Unsupported(format!("instruction {other:?}")));
            }
            // What is left are floats.
            _ => {
                self.emit(Op::Float, 0, None, None, 0);
                self.unreachable();
            }
        }
        Ok(())
    }

    fn set_global(&mut self, value: Value, index: u64) {
        let source = self.source(self.stack.len(), value);
        self.emit(Op::GlobalSet, 0, None, Some(source), index);
    }

    fn length_cell(&self, segment: u32) -> u64 {
        self.module.globals.len() as u64 + u64::from(segment)
    }

    fn push_length(&mut self, segment: u32) {
        let rd = self.slot(self.stack.len());
        self.emit(Op::GlobalGet, rd, None, None, self.length_cell(segment));
        self.push(Value::Stack);
    }

    /// Follows the nesting of code that is never reached.
    fn skip(&mut self, operator: &Operator<'_>) -> Result<(), LoadError> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } => self.open(Kind::Block, 0, 0),
            Operator::If { .. } => self.open(Kind::If(usize::MAX), 0, 0),
            Operator::Else => self.alternative(),
            Operator::End => self.end(),
            other if operators::is_reference(other) => {
                return Err(LoadError::Unsupported(format!("instruction {other:?}")));
            }
            _ => {}
        }
        Ok(())
    }
}
