//! How many WebAssembly instructions a run executes, by a module that counts them itself.

use std::convert::Infallible;
use std::time::Instant;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    Instruction, Module, SectionId, ValType,
};
use wasmi::{Engine, Linker, Store};
use wasmparser::{ExportSectionReader, FunctionBody, GlobalSectionReader, Parser};
use zkwasm::execute::Inputs;

const COUNTER: &str = "instructions";

/// Adds a global that counts, at the end of each straight piece of code, its instructions.
#[derive(Default)]
struct Counting {
    counter: Option<u32>,
}

impl Counting {
    fn add_global(&mut self, globals: &mut GlobalSection) {
        let kind = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        self.counter = Some(globals.len());
        globals.global(kind, &ConstExpr::i64_const(0));
    }
}

impl Reencode for Counting {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_global_section(self, globals, section)?;
        self.add_global(globals);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(COUNTER, ExportKind::Global, self.counter.expect("globals come first"));
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error<Infallible>> {
        if self.counter.is_none() && before == Some(SectionId::Export) {
            let mut globals = GlobalSection::new();
            self.add_global(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let counter = self.counter.expect("globals come first");
        let mut function: Function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        let mut pending = 0;
        while !reader.eof() {
            let instruction = self.parse_instruction(&mut reader)?;
            use Instruction::*;
            let structure = matches!(instruction, Block(_) | Loop(_) | Else | End | Nop);
            pending += i64::from(!structure);
            let ends = structure
                || matches!(
                    instruction,
                    If(_) | Br(_) | BrIf(_) | BrTable(..) | Return | Unreachable
                );
            if ends && pending > 0 {
                for part in [GlobalGet(counter), I64Const(pending), I64Add, GlobalSet(counter)] {
                    function.instruction(&part);
                }
                pending = 0;
            }
            function.instruction(&instruction);
        }
        code.function(&function);
        Ok(())
    }
}

/// Instructions that `zkmain` executes, and the seconds that wasmi takes for it as it is. Blocks,
/// loops and their ends are no instructions.
pub fn count(wasm: &[u8], inputs: &Inputs) -> (u64, f64) {
    let mut module = Module::new();
    let mut counting = Counting::default();
    counting.parse_core_module(&mut module, Parser::new(0), wasm).expect("well formed");
    let (count, _) = run(&module.finish(), inputs);
    (count.expect("is exported"), run(wasm, inputs).1)
}

/// What the module counted, and the seconds that `zkmain` took.
fn run(wasm: &[u8], inputs: &Inputs) -> (Option<u64>, f64) {
    let engine = Engine::default();
    let module = wasmi::Module::new(&engine, wasm).expect("valid");
    let mut store = Store::new(&engine, (inputs.clone(), [0usize; 2]));
    let mut linker = Linker::new(&engine);
    let input = |mut caller: wasmi::Caller<'_, (Inputs, [usize; 2])>, kind: i32| {
        let (inputs, next) = caller.data_mut();
        let list = if kind == 1 { &inputs.public } else { &inputs.private };
        let at = &mut next[kind as usize & 1];
        *at += 1;
        list[*at - 1] as i64
    };
    linker.func_wrap("env", "wasm_input", input).expect("once");
    linker.func_wrap("env", "wasm_output", |_: i64| {}).expect("once");
    linker.func_wrap("env", "require", |_: i32| {}).expect("once");
    linker.func_wrap("env", "abort", |_: i32, _: i32, _: i32, _: i32| {}).expect("once");
    let instance = linker.instantiate_and_start(&mut store, &module).expect("imports are known");
    let entry = instance.get_typed_func::<(), ()>(&store, "zkmain").expect("is exported");
    let start = Instant::now();
    entry.call(&mut store, ()).expect("it ends");
    let seconds = start.elapsed().as_secs_f64();
    let counter = instance.get_global(&store, COUNTER);
    (counter.map(|counter| counter.get(&store).i64().expect("of 64 bits") as u64), seconds)
}
