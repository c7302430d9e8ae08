//! Validates a module and reads what translation needs of it.

use std::collections::BTreeMap;
use std::fmt;

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FuncType, FunctionBody, Operator,
    Parser, Payload, TypeRef, ValType, Validator, WasmFeatures,
};

use super::isa::PAGE;

/// Why a module is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Not valid WebAssembly, or of a proposal that is not in the feature set; the validator's text.
    Invalid(String),
    /// Valid, but not supported; names what.
    Unsupported(String),
    /// An import that the embedding does not offer, as `module.name`.
    Import(String),
    /// The function to run is missing or takes arguments.
    Entry(String),
    /// An active segment does not fit its memory or table.
    Segment,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Invalid(text) => write!(f, "invalid module: {text}"),
            LoadError::Unsupported(what) => write!(f, "not supported: {what}"),
            LoadError::Import(name) => write!(f, "unknown import {name}"),
            LoadError::Entry(name) => {
                write!(f, "the module must export a function {name} without parameters")
            }
            LoadError::Segment => write!(f, "an active segment does not fit"),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<wasmparser::Error> for LoadError {
    fn from(error: wasmparser::Error) -> Self {
        LoadError::Invalid(error.to_string())
    }
}

/// A function that the embedding offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Input,
    Output,
    Require,
    Debug,
    Abort,
    /// Takes its arguments and does nothing.
    Ignore,
}

/// What a module may import.
#[derive(Clone, Debug)]
pub enum Import {
    Function(Host, FuncType),
    Global(u64),
    /// Minimum and maximum size in pages.
    Memory(u32, u32),
    /// Size in elements.
    Table(u32),
}

/// Imports by module and name.
pub type Embedding = BTreeMap<(&'static str, &'static str), Import>;

/// The host functions of zkWasm guests, as the original names them, and AssemblyScript's `abort`.
pub fn guest_embedding() -> Embedding {
    use ValType::{I32, I64};
    let function = |host, params: &[ValType], results: &[ValType]| {
        Import::Function(host, FuncType::new(params.iter().copied(), results.iter().copied()))
    };
    BTreeMap::from([
        (("env", "wasm_input"), function(Host::Input, &[I32], &[I64])),
        (("env", "wasm_output"), function(Host::Output, &[I64], &[])),
        (("env", "require"), function(Host::Require, &[I32], &[])),
        (("env", "wasm_dbg"), function(Host::Debug, &[I64], &[])),
        (("env", "abort"), function(Host::Abort, &[I32; 4], &[])),
    ])
}

/// A shape of functions; equal shapes have equal `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    pub id: u32,
    pub params: u32,
    pub results: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Global {
    pub value: u64,
    pub mutable: bool,
}

/// Elements of a table within all tables' cells.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub base: u32,
    pub size: u32,
}

/// A segment for `memory.init` or `table.init`; empty where it was active or only declared.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub base: u32,
    pub length: u32,
}

/// A validated module.
pub struct Module<'a> {
    pub types: Vec<Signature>,
    /// Type of each function, imported ones first.
    pub functions: Vec<u32>,
    pub hosts: Vec<Host>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub globals: Vec<Global>,
    pub tables: Vec<Table>,
    /// Functions in all tables, then in the element segments.
    pub elements: Vec<Option<u32>>,
    pub element_segments: Vec<Segment>,
    pub data_segments: Vec<Segment>,
    /// Bytes of the passive data segments.
    pub segment_bytes: Vec<u8>,
    pub pages: u32,
    pub max_pages: u32,
    /// Memory's first bytes; the others are zero.
    pub memory: Vec<u8>,
    pub start: Option<u32>,
    pub exported_functions: BTreeMap<String, u32>,
    pub exported_globals: BTreeMap<String, u32>,
}

const MAX_PAGES: u32 = 1 << 16;
const MAX_ELEMENTS: u64 = 1 << 20;
/// Numbers of types, and one more, fit a limb.
const MAX_TYPES: usize = (1 << 16) - 1;

/// All that may occur in a module; floats only in code that is never reached.
pub fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::GC_TYPES
        | WasmFeatures::FLOATS
        | WasmFeatures::SATURATING_FLOAT_TO_INT
}

/// Reads and validates a module.
pub fn load<'a>(bytes: &'a [u8], embedding: &Embedding) -> Result<Module<'a>, LoadError> {
    Validator::new_with_features(features()).validate_all(bytes)?;
    let mut module = Module {
        types: Vec::new(),
        functions: Vec::new(),
        hosts: Vec::new(),
        bodies: Vec::new(),
        globals: Vec::new(),
        tables: Vec::new(),
        elements: Vec::new(),
        element_segments: Vec::new(),
        data_segments: Vec::new(),
        segment_bytes: Vec::new(),
        pages: 0,
        max_pages: 0,
        memory: Vec::new(),
        start: None,
        exported_functions: BTreeMap::new(),
        exported_globals: BTreeMap::new(),
    };
    let mut shapes: Vec<FuncType> = Vec::new();
    let mut exact: Vec<FuncType> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => {
                for shape in section.into_iter_err_on_gc_types() {
                    let shape = shape?;
                    let id = shapes.iter().position(|known| *known == shape).unwrap_or_else(|| {
                        shapes.push(shape.clone());
                        shapes.len() - 1
                    });
                    module.types.push(Signature {
                        id: id as u32,
                        params: shape.params().len() as u32,
                        results: shape.results().len() as u32,
                    });
                    exact.push(shape);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let name = format!("{}.{}", import.module, import.name);
                    let offered = embedding
                        .iter()
                        .find(|((from, name), _)| *from == import.module && *name == import.name)
                        .map(|(_, offered)| offered);
                    module.import(import.ty, offered, &exact).ok_or(LoadError::Import(name))?;
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    module.functions.push(index?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    module.table(table?.ty.initial)?;
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    module.pages = memory.initial as u32;
                    module.max_pages =
                        memory.maximum.unwrap_or(u64::MAX).min(u64::from(MAX_PAGES)) as u32;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    let value = module.constant(&global.init_expr)?;
                    module.globals.push(Global { value, mutable: global.ty.mutable });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let list = match export.kind {
                        ExternalKind::Func => &mut module.exported_functions,
                        ExternalKind::Global => &mut module.exported_globals,
                        _ => continue,
                    };
                    list.insert(export.name.to_owned(), export.index);
                }
            }
            Payload::StartSection { func, .. } => module.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element?;
                    module.element(element.kind, element.items)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    module.data(data.kind, data.data)?;
                }
            }
            Payload::CodeSectionEntry(body) => module.bodies.push(body),
            _ => {}
        }
    }
    if module.types.len() > MAX_TYPES {
        return Err(LoadError::Unsupported(format!("more than {MAX_TYPES} types")));
    }
    Ok(module)
}

impl Module<'_> {
    /// The signature of a function by its index.
    pub fn signature(&self, function: u32) -> Signature {
        self.types[self.functions[function as usize] as usize]
    }

    fn import(
        &mut self,
        wanted: TypeRef,
        offered: Option<&Import>,
        types: &[FuncType],
    ) -> Option<()> {
        match (wanted, offered?) {
            (TypeRef::Func(index), Import::Function(host, shape))
                if types[index as usize] == *shape =>
            {
                self.functions.push(index);
                self.hosts.push(*host);
            }
            (TypeRef::Global(global), Import::Global(value)) if !global.mutable => {
                self.globals.push(Global { value: *value, mutable: false });
            }
            (TypeRef::Memory(memory), Import::Memory(pages, max))
                if memory.initial <= u64::from(*pages)
                    && memory.maximum.is_none_or(|wanted| wanted >= u64::from(*max)) =>
            {
                self.pages = *pages;
                self.max_pages = *max;
            }
            (TypeRef::Table(table), Import::Table(size)) if table.initial <= u64::from(*size) => {
                self.table(u64::from(*size)).ok()?;
            }
            _ => return None,
        }
        Some(())
    }

    fn table(&mut self, size: u64) -> Result<(), LoadError> {
        let base = self.elements.len();
        if base as u64 + size > MAX_ELEMENTS {
            return Err(LoadError::Unsupported(format!("more than {MAX_ELEMENTS} table elements")));
        }
        self.elements.resize(base + size as usize, None);
        self.tables.push(Table { base: base as u32, size: size as u32 });
        Ok(())
    }

    fn constant(&self, expression: &ConstExpr<'_>) -> Result<u64, LoadError> {
        match expression.get_operators_reader().read()? {
            Operator::I32Const { value } => Ok(u64::from(value as u32)),
            Operator::I64Const { value } => Ok(value as u64),
            Operator::F32Const { value } => Ok(u64::from(value.bits())),
            Operator::F64Const { value } => Ok(value.bits()),
            Operator::GlobalGet { global_index } => Ok(self.globals[global_index as usize].value),
            Operator::RefNull { .. } => Ok(0),
            other => Err(LoadError::Unsupported(format!("constant {other:?}"))),
        }
    }

    fn element(&mut self, kind: ElementKind<'_>, items: ElementItems<'_>) -> Result<(), LoadError> {
        let mut functions = Vec::new();
        match items {
            ElementItems::Functions(section) => {
                for index in section {
                    functions.push(Some(index?));
                }
            }
            ElementItems::Expressions(_, section) => {
                for expression in section {
                    match expression?.get_operators_reader().read()? {
                        Operator::RefFunc { function_index } => {
                            functions.push(Some(function_index));
                        }
                        Operator::RefNull { .. } => functions.push(None),
                        other => {
                            return Err(LoadError::Unsupported(format!("element {other:?}")));
                        }
                    }
                }
            }
        }
        let mut segment = Segment { base: 0, length: 0 };
        match kind {
            ElementKind::Passive => {
                segment =
                    Segment { base: self.elements.len() as u32, length: functions.len() as u32 };
                self.elements.extend(functions);
            }
            ElementKind::Active { table_index, offset_expr } => {
                let table = self.tables[table_index.unwrap_or(0) as usize];
                let offset = self.constant(&offset_expr)?;
                if offset + functions.len() as u64 > u64::from(table.size) {
                    return Err(LoadError::Segment);
                }
                let start = table.base as usize + offset as usize;
                self.elements[start..start + functions.len()].copy_from_slice(&functions);
            }
            ElementKind::Declared => {}
        }
        self.element_segments.push(segment);
        Ok(())
    }

    fn data(&mut self, kind: DataKind<'_>, bytes: &[u8]) -> Result<(), LoadError> {
        let mut segment = Segment { base: 0, length: 0 };
        match kind {
            DataKind::Passive => {
                let base = self.segment_bytes.len() as u32;
                segment = Segment { base, length: bytes.len() as u32 };
                self.segment_bytes.extend_from_slice(bytes);
            }
            DataKind::Active { offset_expr, .. } => {
                let offset = self.constant(&offset_expr)?;
                let end = offset + bytes.len() as u64;
                if end > u64::from(self.pages) * PAGE {
                    return Err(LoadError::Segment);
                }
                if self.memory.len() < end as usize {
                    self.memory.resize(end as usize, 0);
                }
                self.memory[offset as usize..end as usize].copy_from_slice(bytes);
            }
        }
        self.data_segments.push(segment);
        Ok(())
    }
}
