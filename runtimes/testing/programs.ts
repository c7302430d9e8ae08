/** Programs of our form that must fail, each with its reason. */
import { assemble, i32, op } from "./assemble.ts";
import { answer, description, encode, hostImports, tiny, type Variant } from "./tiny.ts";

export const loop = [...op.forever([]), ...op.unreachable];
/** Grows by 1 MiB and writes to all of it, for ever; goes on writing when it can't grow. */
const memoryBomb = [
  ...op.forever([
    ...[...op.const(16), ...op.grow, ...op.drop],
    ...[...op.size, ...op.const(16), ...op.sub, ...op.const(65536), ...op.mul],
    ...[...op.const(1), ...op.const(1 << 20), ...op.fill],
  ]),
  ...op.unreachable,
];

const inProve = (body: readonly number[], rest: Variant = {}) =>
  tiny({ ...rest, bodies: { ws_prove: body } });

export interface Hostile {
  readonly code: Uint8Array;
  /** What fails: loading it, or proving with it. */
  readonly at: "load" | "prove";
  readonly kind: string;
  readonly message: RegExp;
}

export const hostile: Readonly<Record<string, () => Hostile>> = {
  "a loop without end in prove": () => ({
    code: inProve(loop),
    at: "prove",
    kind: "timeout",
    message: /took longer than 1 s/,
  }),
  "a start function that never ends": () => ({
    code: tiny({ start: op.forever([]) }),
    at: "load",
    kind: "timeout",
    message: /took longer than 1 s/,
  }),
  "a loop without end in describe": () => ({
    code: tiny({ bodies: { ws_describe: loop } }),
    at: "load",
    kind: "timeout",
    message: /took longer/,
  }),
  "a memory bomb in prove": () => ({
    code: inProve(memoryBomb),
    at: "prove",
    kind: "memory",
    message: /used \d+ MiB, at most 256 MiB/,
  }),
  "a memory bomb in the start function": () => ({
    code: tiny({ start: memoryBomb }),
    at: "load",
    kind: "memory",
    message: /used \d+ MiB/,
  }),
  "a trap because memory can't grow": () => ({
    // Touches one byte of each MiB, so that the cap is met before the resident limit.
    code: inProve([
      ...op.forever([
        ...[...op.const(16), ...op.grow, ...op.const(65536), ...op.mul],
        ...[...op.const(1), ...op.store8],
      ]),
      ...op.unreachable,
    ]),
    at: "prove",
    kind: "memory",
    message: /memory nearly full/,
  }),
  "4 GiB of memory from the start": () => ({
    code: tiny({ memory: [65536] }),
    at: "load",
    kind: "memory",
    message: /asks for 4096 MiB, at most 256 MiB/,
  }),
  "a shared memory": () => ({
    code: tiny({ memory: [0x03, 1, 2] }),
    at: "load",
    kind: "load",
    message: /shared or 64-bit memory/,
  }),
  "an imported memory": () => ({
    code: tiny({ rawImport: [3, ...encode("env"), 1, ...encode("m"), 0x02, 0x00, 1], memory: [] }),
    at: "load",
    kind: "load",
    message: /lacks the exported memory/,
  }),
  "a trap": () => ({
    code: inProve(op.unreachable),
    at: "prove",
    kind: "trap",
    message: /^RuntimeError/,
  }),
  "recursion without end": () => ({
    code: inProve([...op.get(0), ...op.get(1), ...op.call(6)]),
    at: "prove",
    kind: "trap",
    message: /stack/i,
  }),
  "a result of 4 GiB": () => ({
    code: inProve(answer(0, -1)),
    at: "prove",
    kind: "trap",
    message: /gave 4294967295 bytes/,
  }),
  "a result outside its memory": () => ({
    code: inProve(answer(-16, 1024)),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a result above the limit": () => ({
    code: inProve(answer(0, 17 << 20), { memory: [512] }),
    at: "prove",
    kind: "trap",
    message: /gave 17825792 bytes, at most 16777216/,
  }),
  "a proof that is cut off": () => ({
    code: inProve(answer(512, 8)),
    at: "prove",
    kind: "trap",
    message: /cut off/,
  }),
  "a buffer outside its memory": () => ({
    code: tiny({ bodies: { ws_alloc: op.const(-64) } }),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a proof that its own verifier refuses": () => ({
    code: tiny({ bodies: { ws_verify: op.const(1) } }),
    at: "prove",
    kind: "trap",
    message: /its own verifier refuses/,
  }),
  "a commitment of the wrong size": () => ({
    code: tiny({ bodies: { ws_commit: answer(512, 31) } }),
    at: "prove",
    kind: "trap",
    message: /not 32 bytes/,
  }),
  "a refused input": () => ({
    code: tiny({ bodies: { ws_prove: op.const(1) } }),
    at: "prove",
    kind: "input",
    message: /./,
  }),
  "an import that is not allowed": () => ({
    code: tiny({ imports: [{ from: "env", name: "host_open", params: [i32] }] }),
    at: "load",
    kind: "load",
    message: /imports env\.host_open, which is not allowed/,
  }),
  "an import from WASI": () => ({
    code: tiny({ imports: [{ from: "wasi_snapshot_preview1", name: "fd_write" }] }),
    at: "load",
    kind: "load",
    message: /imports wasi_snapshot_preview1\.fd_write/,
  }),
  "an import of the wrong type": () => ({
    code: tiny({
      rawImport: [3, ...encode("env"), 8, ...encode("host_log"), 0x01, 0x70, 0x00, 0x00],
    }),
    at: "load",
    kind: "load",
    message: /imports env\.host_log/,
  }),
  "a flood of logs": () => ({
    code: inProve(
      [
        ...op.forever([...op.const(0), ...op.const(65536), ...op.call(0)]),
        ...op.unreachable,
      ],
      { imports: hostImports },
    ),
    at: "prove",
    kind: "timeout",
    message: /took longer/,
  }),
  "a flood of progress": () => ({
    code: inProve(
      [...op.forever([...op.const(-1), ...op.const(-1), ...op.call(1)]), ...op.unreachable],
      { imports: hostImports },
    ),
    at: "prove",
    kind: "timeout",
    message: /took longer/,
  }),
  "a log outside its memory": () => ({
    code: inProve([...op.const(-1), ...op.const(-1), ...op.call(0), ...op.const(0)], {
      imports: hostImports,
    }),
    at: "prove",
    kind: "trap",
    message: /outside its memory/,
  }),
  "a call of the host from the start function": () => ({
    code: tiny({
      imports: hostImports,
      start: [...op.const(0), ...op.const(1), ...op.call(0)],
    }),
    at: "load",
    kind: "trap",
    message: /./,
  }),
  "a missing export": () => ({
    code: tiny({ without: "ws_verify" }),
    at: "load",
    kind: "load",
    message: /lacks the exports ws_verify/,
  }),
  "no Halo2 program": () => ({
    code: assemble({ functions: [{ name: "main", body: [] }] }),
    at: "load",
    kind: "load",
    message: /neither ws_prove nor prove/,
  }),
  "no WebAssembly": () => ({
    code: encode("{}"),
    at: "load",
    kind: "load",
    message: /no WebAssembly module/,
  }),
  "a description that is no JSON": () => ({
    code: tiny({ description: "tiny" }),
    at: "load",
    kind: "load",
    message: /ws_describe is not valid: not JSON/,
  }),
  "a description without its commitment": () => ({
    code: tiny({ description: JSON.stringify({ ...description, binding: "data" }) }),
    at: "load",
    kind: "load",
    message: /publicValues lacks inputCommitment/,
  }),
};
