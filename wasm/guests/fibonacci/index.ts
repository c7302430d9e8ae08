/** The public input's Fibonacci number, modulo 2^64. */
import { output, publicInput } from "../host";

export function zkmain(): void {
  let a: u64 = 0, b: u64 = 1;
  for (let n = publicInput(); n > 0; n--) {
    const next = a + b;
    a = b;
    b = next;
  }
  output(a);
}
