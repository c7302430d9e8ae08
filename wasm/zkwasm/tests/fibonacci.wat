(module
  (import "env" "wasm_input" (func $input (param i32) (result i64)))
  (import "env" "wasm_output" (func $output (param i64)))
  (func (export "zkmain") (local $n i64) (local $a i64) (local $b i64) (local $t i64)
    (local.set $n (call $input (i32.const 1)))
    (local.set $b (i64.const 1))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $n)))
        (local.set $t (i64.add (local.get $a) (local.get $b)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $t))
        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
        (br $next)))
    (call $output (local.get $a))))
