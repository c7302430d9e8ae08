/** Two private numbers add up to a public one. */
// @ts-ignore: decorator
@external("env", "wasm_input")
declare function wasm_input(kind: i32): i64;
// @ts-ignore: decorator
@external("env", "require")
declare function require(holds: i32): void;

export function zkmain(): void {
  const sum = wasm_input(0) + wasm_input(0);
  require((sum == wasm_input(1)) as i32);
}
