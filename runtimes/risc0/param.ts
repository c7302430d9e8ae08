/** What a program's `codeExpParam` says of it. */
import { z } from "zod";
import { describeIssue } from "../../src/protocol/schema.ts";
import { type BindingKind, ProgramError } from "../runtime.ts";
import type { MethodNames } from "./methods.ts";

/** `json`: the original's one text of all messages; `bytes`: the messages as they are. */
export const inputForms = ["bytes", "json"] as const;
export type InputForm = typeof inputForms[number];

/** `Snark` is a Groth16 proof over the Stark. */
export const receiptTypes = ["Stark", "Snark"] as const;
export type ReceiptType = typeof receiptTypes[number];

/** A Stark as its segments' seals, or as one seal of fixed size. */
export const receiptForms = ["composite", "succinct"] as const;
export type ReceiptForm = typeof receiptForms[number];

/** What runs beneath a bare ELF: `sprout` for those built with risc0 0.20 to 1.2. */
export const kernels = ["v1compat", "sprout"] as const;
export type Kernel = typeof kernels[number];

export interface Risc0Param {
  /** The constants that a `methods.rs` gives the program by; undefined where none are named. */
  readonly names: MethodNames | undefined;
  readonly input: InputForm;
  readonly binding: Extract<BindingKind, "data" | "none">;
  readonly receiptType: ReceiptType;
  readonly receipt: ReceiptForm;
  /** Undefined: by the form of the code. */
  readonly kernel: Kernel | undefined;
}

const choice = <T extends string>(values: readonly T[]) =>
  z.enum(values, { error: `must be ${values.map((value) => `"${value}"`).join(" or ")}` });

const constant = z.string({ error: "must be the name of a constant" })
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, "must be the name of a constant");

const paramSchema = z.object({
  image_id: constant.optional(),
  elf: constant.optional(),
  input: choice(inputForms).optional(),
  binding: choice(["data", "none"]).optional(),
  receipt_type: choice(receiptTypes).default("Stark"),
  receipt: choice(receiptForms).default("composite"),
  kernel: choice(kernels).optional(),
}, { error: "must be a JSON object" });

/**
 * Reads a `codeExpParam`: the original's `{"image_id":"RANGE_ID","elf":"RANGE_ELF"}`, or ours, such
 * as `{"input":"bytes","binding":"data","receipt_type":"Stark","receipt":"succinct"}`, every key
 * of which may be left out, as may the whole. Other keys are ignored.
 * @throws {ProgramError} `load`
 */
export function parseParam(text: string): Risc0Param {
  const refuse = (why: string) => new ProgramError("load", `its codeExpParam ${why}`);
  let json: unknown;
  try {
    json = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw refuse('must be JSON, like {"image_id":"RANGE_ID","elf":"RANGE_ELF"}');
  }
  const parsed = paramSchema.safeParse(json);
  if (!parsed.success) throw refuse(`is refused: ${describeIssue(parsed.error)}`);
  const { image_id: imageId, elf, receipt_type: receiptType, receipt, kernel } = parsed.data;
  const original = imageId !== undefined || elf !== undefined;
  if (original && (imageId === undefined || elf === undefined)) {
    throw refuse(`must name both elf and image_id, names only ${elf ? "elf" : "image_id"}`);
  }
  if (elf !== undefined && elf === imageId) {
    throw refuse("must name two constants, names one as both elf and image_id");
  }
  const input = parsed.data.input ?? (original ? "json" : "bytes");
  if (input === "json" && parsed.data.binding === "data") {
    throw refuse(
      'asks for binding "data" with input "json", which can carry none; must be input "bytes"',
    );
  }
  const binding = parsed.data.binding ?? (original || input === "json" ? "none" : "data");
  const names = elf !== undefined && imageId !== undefined ? { elf, imageId } : undefined;
  return { names, input, binding, receiptType, receipt, kernel };
}
