use std::fmt;

use wasmi::{
    Config, Engine, Instance, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder,
    TrapCode, TypedFunc,
};

/// Bounds on one run.
#[derive(Clone, Copy)]
pub struct Limits {
    /// About an instruction each.
    pub fuel: u64,
    /// Bytes of its memory.
    pub memory: usize,
    /// Bytes of its answer.
    pub answer: usize,
}

/// Why there is no answer, as the project's owner may read it.
#[derive(Debug, PartialEq, Eq)]
pub struct PackerError(pub String);

impl fmt::Display for PackerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, PackerError> {
    Err(PackerError(reason.into()))
}

struct Packer {
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    pack: TypedFunc<(u32, u32), u64>,
}

fn load(code: &[u8]) -> Result<(Engine, Module), PackerError> {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .ignore_custom_sections(true)
        .set_max_recursion_depth(1_000)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, code)
        .map_err(|error| PackerError(format!("is no module: {error}")))?;
    if let Some(import) = module.imports().next() {
        return refuse(format!(
            "imports {}.{}; there is nothing to import",
            import.module(),
            import.name()
        ));
    }
    Ok((engine, module))
}

fn start(
    engine: &Engine,
    module: &Module,
    limits: Limits,
) -> Result<(Store<StoreLimits>, Packer), PackerError> {
    let bounds = StoreLimitsBuilder::new()
        .memory_size(limits.memory)
        .table_elements(100_000)
        .instances(1)
        .memories(1)
        .tables(4)
        .trap_on_grow_failure(false)
        .build();
    let mut store = Store::new(engine, bounds);
    store.limiter(|bounds| bounds);
    store.set_fuel(limits.fuel).expect("fuel is on");
    let instance = Linker::new(engine)
        .instantiate_and_start(&mut store, module)
        .map_err(|error| PackerError(format!("does not start: {}", reason(&error))))?;
    let packer = exports(&store, &instance)?;
    Ok((store, packer))
}

fn exports(store: &Store<StoreLimits>, instance: &Instance) -> Result<Packer, PackerError> {
    let Some(memory) = instance.get_memory(store, "memory") else {
        return refuse("exports no memory");
    };
    let Ok(alloc) = instance.get_typed_func(store, "ws_alloc") else {
        return refuse("exports no ws_alloc(i32) -> i32");
    };
    let Ok(pack) = instance.get_typed_func(store, "ws_pack") else {
        return refuse("exports no ws_pack(i32, i32) -> i64");
    };
    Ok(Packer { memory, alloc, pack })
}

/// Whether the module has a packer's form, without running more of it than its start.
pub fn check(code: &[u8], limits: Limits) -> Result<(), PackerError> {
    let (engine, module) = load(code)?;
    start(&engine, &module, limits).map(drop)
}

/// Gives a packer its input, and answers its answer and the fuel that it used.
pub fn run(code: &[u8], input: &[u8], limits: Limits) -> Result<(Vec<u8>, u64), PackerError> {
    let (engine, module) = load(code)?;
    let (mut store, packer) = start(&engine, &module, limits)?;
    let length = u32::try_from(input.len()).map_err(|_| PackerError("gets too much".into()))?;
    let at = packer
        .alloc
        .call(&mut store, length)
        .map_err(|error| PackerError(format!("has no room for its input: {}", reason(&error))))?;
    if packer.memory.write(&mut store, at as usize, input).is_err() {
        return refuse("gave room for its input outside of its memory");
    }
    let packed =
        packer.pack.call(&mut store, (at, length)).map_err(|error| PackerError(reason(&error)))?;
    let (at, length) = ((packed >> 32) as usize, (packed & 0xffff_ffff) as usize);
    if length > limits.answer {
        return refuse(format!("answered {length} bytes, at most {} are read", limits.answer));
    }
    let mut answer = vec![0; length];
    if packer.memory.read(&store, at, &mut answer).is_err() {
        return refuse("answered with what is outside of its memory");
    }
    let left = store.get_fuel().expect("fuel is on");
    Ok((answer, limits.fuel - left))
}

fn reason(error: &wasmi::Error) -> String {
    match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => "ran too long".into(),
        Some(trap) => format!("trapped: {trap}"),
        None => format!("failed: {error}"),
    }
}
