//! Random modules, run here and by wasmi; and whether a recorded trace replays.

use std::collections::{BTreeMap, HashMap};

use arbitrary::Unstructured;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use wasm_smith::{Config, MemoryOffsetChoices, Module};
use wasmi::{Engine, Extern, Linker, Store, TrapCode, Val};
use zkwasm::check::check_run;
use zkwasm::execute::trace::{Space, Trace};
use zkwasm::execute::{ExecuteError, Inputs, Limits, Outcome, execute, record};
use zkwasm::program::isa::{Op, Status};
use zkwasm::program::load::{Embedding, LoadError};
use zkwasm::program::{Image, Program};

const LIMITS: Limits = Limits { rows: 1_000_000, pages: 4 };

fn config() -> Config {
    Config {
        allow_floats: false,
        exceptions_enabled: false,
        export_everything: true,
        extended_const_enabled: false,
        gc_enabled: false,
        compact_imports_enabled: false,
        max_imports: 0,
        max_memories: 1,
        max_memory32_bytes: u64::from(LIMITS.pages) << 16,
        max_instructions: 300,
        max_tables: 3,
        max_table_elements: 1000,
        memory64_enabled: false,
        memory_max_size_required: true,
        min_exports: 1,
        memory_offset_choices: MemoryOffsetChoices(90, 9, 1),
        min_funcs: 8,
        min_memories: 1,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

fn module(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20_000];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    let mut module = Module::new(config(), &mut Unstructured::new(&bytes)).expect("bytes suffice");
    module.ensure_termination(5000).expect("made without invalid code");
    module.to_bytes()
}

/// The kinds of traps that both tell apart.
fn code(status: Status) -> Option<TrapCode> {
    Some(match status {
        Status::Unreachable => TrapCode::UnreachableCodeReached,
        Status::MemoryOutOfBounds => TrapCode::MemoryOutOfBounds,
        Status::DivisionByZero => TrapCode::IntegerDivisionByZero,
        Status::IntegerOverflow => TrapCode::IntegerOverflow,
        Status::UndefinedElement | Status::TableOutOfBounds => TrapCode::TableOutOfBounds,
        Status::NullElement => TrapCode::IndirectCallToNull,
        Status::SignatureMismatch => TrapCode::BadSignature,
        Status::StackExhausted => TrapCode::StackOverflow,
        _ => return None,
    })
}

fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => u64::from(*value as u32),
        Val::I64(value) => *value as u64,
        other => panic!("{other:?} in a module without floats"),
    }
}

/// What a run of a trace leaves, given that each read sees the last write.
fn replay(program: &Program, trace: &Trace, outcome: &Outcome) {
    let mut cells: HashMap<(Space, u32), u64> = HashMap::new();
    let image = &program.image;
    for (index, bytes) in image.memory.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        cells.insert((Space::Linear, index as u32), u64::from_le_bytes(word));
    }
    for (space, values) in [(Space::Globals, &image.globals), (Space::Tables, &image.tables)] {
        cells.extend(values.iter().enumerate().map(|(i, value)| ((space, i as u32), *value)));
    }
    for (index, byte) in image.segments.iter().enumerate() {
        cells.insert((Space::Segments, index as u32), u64::from(*byte));
    }
    let read = |cells: &HashMap<_, u64>, space, cell| cells.get(&(space, cell)).copied();
    let (mut pc, mut fp, mut pages) = (program.entry, 0, image.pages);
    for row in &trace.rows {
        let instr = &program.code[row.pc as usize];
        assert_eq!((row.pc, row.fp, row.pages), (pc, fp, pages));
        let slot = |slot: Option<u32>, absent: u64| match slot {
            Some(slot) => read(&cells, Space::Slots, row.fp + slot).unwrap_or(0),
            None => absent,
        };
        assert_eq!(row.a, slot(instr.slot_a(), 0), "{instr} at {pc}");
        assert_eq!(row.b, slot(instr.slot_b(), instr.imm), "{instr} at {pc}");
        assert_eq!(row.old, slot(instr.slot_d(), 0), "{instr} at {pc}");
        if let Some(slot) = instr.slot_d() {
            cells.insert((Space::Slots, row.fp + slot), row.new);
        } else {
            assert_eq!(row.new, row.old);
        }
        for access in trace.accesses_of(row) {
            let stored = read(&cells, access.space, access.cell).unwrap_or(0);
            assert_eq!(access.old, stored, "{instr} at {pc}: {access:?}");
            cells.insert((access.space, access.cell), access.new);
        }
        (pc, fp) = (row.next_pc, row.next_fp);
        if instr.op == Op::MemoryGrow && row.new != u64::from(u32::MAX) {
            pages += row.a as u32;
        }
    }
    for ((space, cell), value) in cells {
        let at = cell as usize;
        let left = match space {
            Space::Slots => outcome.slots.get(at).copied().unwrap_or(value),
            Space::Linear => {
                let bytes = &outcome.image.memory[at * 8..][..8];
                u64::from_le_bytes(bytes.try_into().expect("8 bytes"))
            }
            Space::Globals => outcome.image.globals[at],
            Space::Tables => outcome.image.tables[at],
            Space::Segments => u64::from(outcome.image.segments[at]),
        };
        assert_eq!(left, value, "{space:?} {cell}");
    }
}

/// How deep calls may go is each one's own.
fn is_exhausted(ours: Status, theirs: Option<TrapCode>) -> bool {
    ours == Status::StackExhausted || theirs == Some(TrapCode::StackOverflow)
}

#[derive(Default, Debug)]
struct Tally {
    calls: u32,
    traps: BTreeMap<Status, u32>,
    exhausted: u32,
    unloaded: u32,
    rows: usize,
    checked: u32,
}

/// Runs a program, and checks what it records.
fn run(program: &Program, tally: &mut Tally) -> Option<Outcome> {
    let inputs = Inputs::default();
    let recorded = match record(program, &inputs, LIMITS) {
        Err(ExecuteError::Rows(_)) => return None,
        other => other.expect("no inputs, no floats"),
    };
    let (outcome, trace) = recorded;
    replay(program, &trace, &outcome);
    // Long runs would take most of the time, and say no more.
    if trace.rows.len() <= 3000 {
        check_run(program, &inputs, &outcome, &trace).unwrap_or_else(|why| panic!("{why}"));
        tally.checked += 1;
    }
    assert_eq!(execute(program, &inputs, LIMITS).as_ref(), Ok(&outcome));
    tally.rows += trace.rows.len();
    Some(outcome)
}

fn compare_state(program: &Program, image: &Image, store: &Store<()>, instance: &wasmi::Instance) {
    for export in instance.exports(store) {
        let name = export.name().to_owned();
        match export.into_extern() {
            Extern::Global(global) => {
                let index = program.exported_globals[&name];
                assert_eq!(image.globals[index as usize], bits(&global.get(store)), "{name}");
            }
            Extern::Memory(memory) => assert!(image.memory == memory.data(store), "{name}"),
            _ => {}
        }
    }
}

fn differential(seed: u64, tally: &mut Tally) {
    let bytes = module(seed);
    let engine = Engine::default();
    let theirs = wasmi::Module::new(&engine, &bytes).expect("wasm-smith makes valid modules");
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &theirs);
    let program = match Program::from_module(&bytes, &Embedding::new()) {
        Ok(program) => program,
        Err(LoadError::Segment) => {
            assert!(instance.is_err(), "seed {seed}: a segment does not fit");
            tally.unloaded += 1;
            return;
        }
        Err(error) => panic!("seed {seed}: {error}"),
    };
    let mut image = program.image.clone();
    image.memory.resize((image.pages as usize) << 16, 0);
    if let Some(start) = program.start {
        let Some(outcome) = run(&program.call(start, &[], image), tally) else { return };
        image = outcome.image;
        let trap = instance.as_ref().err().and_then(|error| error.as_trap_code());
        if is_exhausted(outcome.status, trap) {
            tally.exhausted += 1;
            return;
        }
        assert_eq!(code(outcome.status), trap, "seed {seed}: the start function");
        if trap.is_some() {
            *tally.traps.entry(outcome.status).or_default() += 1;
            return;
        }
    }
    let instance = instance.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    compare_state(&program, &image, &store, &instance);
    let mut random = StdRng::seed_from_u64(!seed);
    for (name, function) in &program.exported_functions {
        let func = instance.get_func(&store, name).expect("exported");
        let shape = func.ty(&store);
        let arguments: Vec<Val> = shape
            .params()
            .iter()
            .map(|kind| {
                let value = random.random::<u64>() >> (random.random::<u32>() % 64);
                match kind {
                    wasmi::ValType::I32 => Val::I32(value as i32),
                    _ => Val::I64(value as i64),
                }
            })
            .collect();
        let mut results = vec![Val::I32(0); shape.results().len()];
        let theirs = func.call(&mut store, &arguments, &mut results);
        let trap = theirs.as_ref().err().map(|error| error.as_trap_code().expect("a trap"));
        let values: Vec<u64> = arguments.iter().map(bits).collect();
        let Some(outcome) = run(&program.call(*function, &values, image), tally) else { return };
        tally.calls += 1;
        if is_exhausted(outcome.status, trap) {
            tally.exhausted += 1;
            return;
        }
        assert_eq!(code(outcome.status), trap, "seed {seed}: {name}{arguments:?}");
        image = outcome.image;
        if trap.is_none() {
            let expected: Vec<u64> = results.iter().map(bits).collect();
            assert_eq!(outcome.slots[..expected.len()], expected, "seed {seed}: {name}");
        } else {
            *tally.traps.entry(outcome.status).or_default() += 1;
        }
        compare_state(&program, &image, &store, &instance);
    }
}

fn differential_all(seeds: std::ops::Range<u64>) {
    let count = (seeds.end - seeds.start) as u32;
    let work = || {
        let mut tally = Tally::default();
        seeds.for_each(|seed| differential(seed, &mut tally));
        tally
    };
    // Where the compiler keeps wasmi's tail calls as calls, they grow the stack.
    let thread = std::thread::Builder::new().stack_size(1 << 30);
    let tally = std::thread::scope(|scope| {
        let handle = thread.spawn_scoped(scope, work).expect("a thread");
        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    println!("{tally:?}");
    assert!(tally.calls > 2 * count && tally.unloaded < count / 2 && tally.traps.len() >= 5);
}

#[test]
fn random_modules_agree_with_wasmi() {
    differential_all(0..300);
}

#[test]
#[ignore = "takes minutes"]
fn many_random_modules_agree_with_wasmi() {
    differential_all(300..10_300);
}
