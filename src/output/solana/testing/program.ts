/**
 * An on-chain program for tests, assembled here: it takes `0x00 ‖ proof`, or `0x01` and what is sent
 * without a proof, counts its calls and keeps what it got in its state account, where it is given
 * one.
 */

const opcodes = {
  ldxb: 0x71,
  ldxdw: 0x79,
  stxb: 0x73,
  stxdw: 0x7b,
  movImm: 0xb7,
  mov: 0xbf,
  addImm: 0x07,
  add: 0x0f,
  subImm: 0x17,
  andImm: 0x57,
  ja: 0x05,
  jeqImm: 0x15,
  jneImm: 0x55,
  jgtImm: 0x25,
  jlt: 0xad,
  exit: 0x95,
} as const;

/** An instruction of sBPF v0; `to` names a label to jump to. */
interface Line {
  readonly op: keyof typeof opcodes;
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  readonly to?: string;
}

/** What the program answers, as custom program errors. */
export const refusals = { noData: 1, notProof: 2, notWritable: 3, tooSmall: 4 } as const;

/** Bytes of the state account before the proof: calls and the proof's length, u64 little endian. */
export const stateHeader = 16;

/** Where an account's fields are, from the input's start (loader's aligned form, one account). */
const account = { isWritable: 10, length: 88, data: 96 } as const;
/** Room behind an account's data, by which it may grow. */
const growth = 10_240;

const answer = (value: number): Line[] => [{ op: "movImm", dst: 0, imm: value }, { op: "exit" }];
const entrypoint: (Line | string)[] = [
  { op: "ldxdw", dst: 2, src: 1 },
  { op: "jneImm", dst: 2, imm: 0, to: "one account" },
  { op: "mov", dst: 5, src: 1 },
  { op: "addImm", dst: 5, imm: 8 },
  { op: "ja", to: "instruction" },
  "one account",
  { op: "ldxdw", dst: 3, src: 1, off: account.length },
  { op: "mov", dst: 4, src: 1 },
  { op: "addImm", dst: 4, imm: account.data },
  // Behind data, room and the rent epoch, each aligned to 8.
  { op: "mov", dst: 5, src: 3 },
  { op: "addImm", dst: 5, imm: growth + 7 },
  { op: "andImm", dst: 5, imm: -8 },
  { op: "add", dst: 5, src: 4 },
  { op: "addImm", dst: 5, imm: 8 },
  "instruction",
  { op: "ldxdw", dst: 6, src: 5 },
  { op: "jeqImm", dst: 6, imm: 0, to: "no data" },
  { op: "addImm", dst: 5, imm: 8 },
  { op: "ldxb", dst: 8, src: 5 },
  { op: "jgtImm", dst: 8, imm: 1, to: "not proof" },
  { op: "jeqImm", dst: 2, imm: 0, to: "done" },
  { op: "ldxb", dst: 8, src: 1, off: account.isWritable },
  { op: "jeqImm", dst: 8, imm: 0, to: "not writable" },
  { op: "subImm", dst: 6, imm: 1 },
  { op: "addImm", dst: 5, imm: 1 },
  { op: "mov", dst: 7, src: 6 },
  { op: "addImm", dst: 7, imm: stateHeader },
  { op: "jlt", dst: 3, src: 7, to: "too small" },
  { op: "ldxdw", dst: 8, src: 4 },
  { op: "addImm", dst: 8, imm: 1 },
  { op: "stxdw", dst: 4, src: 8 },
  { op: "stxdw", dst: 4, src: 6, off: 8 },
  { op: "addImm", dst: 4, imm: stateHeader },
  "copy",
  { op: "jeqImm", dst: 6, imm: 0, to: "done" },
  { op: "ldxb", dst: 8, src: 5 },
  { op: "stxb", dst: 4, src: 8 },
  { op: "addImm", dst: 4, imm: 1 },
  { op: "addImm", dst: 5, imm: 1 },
  { op: "subImm", dst: 6, imm: 1 },
  { op: "ja", to: "copy" },
  "done",
  ...answer(0),
  "no data",
  ...answer(refusals.noData),
  "not proof",
  ...answer(refusals.notProof),
  "not writable",
  ...answer(refusals.notWritable),
  "too small",
  ...answer(refusals.tooSmall),
];

/** The program as its ELF file. */
export function proofKeeper(): Uint8Array {
  return elfOf(assemble(entrypoint));
}

function assemble(source: readonly (Line | string)[]): Uint8Array {
  const labels = new Map<string, number>();
  const lines: Line[] = [];
  for (const item of source) {
    if (typeof item === "string") labels.set(item, lines.length);
    else lines.push(item);
  }
  const code = new DataView(new ArrayBuffer(lines.length * 8));
  for (const [at, { op, dst = 0, src = 0, off = 0, imm = 0, to }] of lines.entries()) {
    const target = to === undefined ? off : (labels.get(to) ?? Number.NaN) - at - 1;
    if (Number.isNaN(target)) throw new Error(`no label ${to}`);
    code.setUint8(at * 8, opcodes[op]);
    code.setUint8(at * 8 + 1, dst | src << 4);
    code.setInt16(at * 8 + 2, target, true);
    code.setInt32(at * 8 + 4, imm, true);
  }
  return new Uint8Array(code.buffer);
}

/** The smallest shared object that the loader takes: one section of code, at its own address. */
function elfOf(text: Uint8Array): Uint8Array {
  const names = "\0.text\0.shstrtab\0";
  const [headerSize, programHeaderSize, sectionHeaderSize] = [64, 56, 64];
  const textAt = headerSize + programHeaderSize;
  const namesAt = textAt + text.length;
  const sectionsAt = Math.ceil((namesAt + names.length) / 8) * 8;
  const file = new Uint8Array(sectionsAt + 3 * sectionHeaderSize);
  const view = new DataView(file.buffer);
  const words = (at: number, ...values: [size: 2 | 4 | 8, value: number][]) => {
    for (const [size, value] of values) {
      if (size === 2) view.setUint16(at, value, true);
      if (size === 4) view.setUint32(at, value, true);
      if (size === 8) view.setBigUint64(at, BigInt(value), true);
      at += size;
    }
  };
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const [sharedObject, bpf] = [3, 247];
  words(16, [2, sharedObject], [2, bpf], [4, 1], [8, textAt], [8, headerSize], [8, sectionsAt]);
  words(52, [2, headerSize], [2, programHeaderSize], [2, 1], [2, sectionHeaderSize], [2, 3], [
    2,
    2,
  ]);
  const [load, readAndRun] = [1, 5];
  words(headerSize, [4, load], [4, readAndRun], [8, textAt], [8, textAt], [8, textAt]);
  words(headerSize + 32, [8, text.length], [8, text.length], [8, 4096]);
  file.set(text, textAt);
  file.set(new TextEncoder().encode(names), namesAt);
  const [progbits, strings, allocAndRun] = [1, 3, 6];
  const textSection = sectionsAt + sectionHeaderSize;
  words(textSection, [4, 1], [4, progbits], [8, allocAndRun], [8, textAt], [8, textAt]);
  words(textSection + 32, [8, text.length], [4, 0], [4, 0], [8, 8], [8, 0]);
  const namesSection = textSection + sectionHeaderSize;
  words(namesSection, [4, 7], [4, strings], [8, 0], [8, 0], [8, namesAt]);
  words(namesSection + 32, [8, names.length], [4, 0], [4, 0], [8, 1], [8, 0]);
  return file;
}
