use packer::{Limits, check, run};

const LIMITS: Limits = Limits { fuel: 1_000_000, memory: 1 << 20, answer: 1 << 16 };

fn module(body: &str) -> Vec<u8> {
    wat::parse_str(format!("(module (memory (export \"memory\") 1) {body})")).expect("text")
}

const ALLOC: &str = "(func (export \"ws_alloc\") (param i32) (result i32) i32.const 64)";

fn packing(instructions: &str) -> Vec<u8> {
    module(&format!(
        "{ALLOC} (func (export \"ws_pack\") (param i32 i32) (result i64) {instructions})"
    ))
}

/// Its input is its answer.
const ECHO: &str = "local.get 0 i64.extend_i32_u i64.const 32 i64.shl \
                    local.get 1 i64.extend_i32_u i64.or";

#[test]
fn gives_input_and_takes_the_answer() {
    let (answer, fuel) = run(&packing(ECHO), b"abc", LIMITS).expect("an answer");
    assert_eq!(answer, b"abc");
    assert!(fuel > 0 && fuel < 1_000);
    assert_eq!(check(&packing(ECHO), LIMITS), Ok(()));
}

#[test]
fn uses_the_same_fuel_each_time_and_no_more_than_it_has() {
    let work = packing(&format!(
        "(local i32) (loop (br_if 0 (i32.lt_u (local.tee 2 \
        (i32.add (local.get 2) (i32.const 1))) (i32.const 1000)))) {ECHO}"
    ));
    let (_, fuel) = run(&work, b"", LIMITS).expect("an answer");
    assert_eq!(run(&work, b"", LIMITS).expect("an answer").1, fuel);
    assert!(run(&work, b"", Limits { fuel, ..LIMITS }).is_ok());
    let short = run(&work, b"", Limits { fuel: fuel - 1, ..LIMITS }).expect_err("no answer");
    assert_eq!(short.0, "ran too long");
}

#[test]
fn nans_are_one_nan() {
    let nan =
        packing("(f32.store (i32.const 0) (f32.div (f32.const 0) (f32.const 0))) i64.const 4");
    let (answer, _) = run(&nan, b"", LIMITS).expect("an answer");
    assert_eq!(answer, 0x7fc0_0000u32.to_le_bytes());
}

#[test]
fn bounds_what_starts() {
    let refused = |code: &[u8], reason: &str| {
        let error = run(code, b"abc", LIMITS).expect_err(reason);
        assert!(error.0.contains(reason), "{error}");
    };
    refused(b"\0asm", "is no module");
    refused(&module("(func $f (loop (br 0))) (start $f)"), "ran too long");
    refused(&module("(func $f unreachable) (start $f)"), "does not start");
    refused(&module(""), "exports no ws_alloc");
    refused(&module(ALLOC), "exports no ws_pack");
    let memories = "(module (memory 1) (memory 1))";
    refused(&wat::parse_str(memories).expect("text"), "is no module");
    let table = "(module (memory (export \"memory\") 1) (table 200000 funcref))";
    refused(&wat::parse_str(table).expect("text"), "does not start");
    let segment = "(module (memory (export \"memory\") 1) (data (i32.const 70000) \"x\"))";
    refused(&wat::parse_str(segment).expect("text"), "does not start");
    let float = "(func (export \"ws_alloc\") (param i32) (result f32) f32.const 0)";
    refused(&module(float), "exports no ws_alloc");
}
