/** What a prover offers to guests. */

// @ts-ignore: decorator
@external("env", "wasm_input")
declare function wasm_input(kind: i32): i64;
// @ts-ignore: decorator
@external("env", "wasm_output")
declare function wasm_output(value: i64): void;
// @ts-ignore: decorator
@external("env", "require")
declare function env_require(holds: i32): void;

/** The next public input. */
export function publicInput(): u64 {
  return wasm_input(1) as u64;
}

/** The next private input. */
export function privateInput(): u64 {
  return wasm_input(0) as u64;
}

/** Adds to the public outputs. */
export function output(value: u64): void {
  wasm_output(value as i64);
}

/** Ends the run, refusing its input, unless the condition holds. */
export function require(holds: bool): void {
  env_require(holds as i32);
}
