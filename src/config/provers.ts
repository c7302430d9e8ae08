/** Settings about how proofs are made. */
import { availableParallelism } from "node:os";
import type { Hex } from "viem";
import { z } from "zod";
import { integer, onOff, serviceUrl, type Settings } from "./values.ts";

/** `programId=path#sha256` entries, separated by commas. */
const nativeLibraries = z.string().transform((text, ctx) => {
  const map: Record<string, { path: string; sha256: Hex }> = {};
  for (const entry of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(0x[0-9a-f]{64}|zkwasm|risc0|wrap)=(.+)#((?:0x)?[0-9a-f]{64})$/.exec(entry);
    if (!match?.[1] || !match[2] || !match[3]) {
      ctx.addIssue({
        code: "custom",
        message: "must be programId=path#sha256 entries, or zkwasm=…, risc0=… or wrap=…",
      });
      return z.NEVER;
    }
    map[match[1]] = { path: match[2], sha256: `0x${match[3].replace(/^0x/, "")}` };
  }
  return map;
});

export const proverSettings = {
  WORKERS: {
    help: "proofs made at once",
    placeholder: "n",
    schema: integer(1, 1024),
    fallback: String(availableParallelism()),
  },
  PROVER_MEMORY_MB: {
    help: "most memory of one prover process",
    placeholder: "MB",
    schema: integer(64, 1_048_576),
    fallback: "4096",
  },
  NATIVE_LIBRARIES: {
    help: "native builds of Halo2 programs, or of our provers, installed by the operator",
    placeholder: "program=path#sha256,…",
    schema: nativeLibraries,
    fallback: "",
  },
  BUILD_NATIVE: {
    help:
      "on: build native provers once a project needs them, if Rust is there (and C++, for risc0)",
    placeholder: "on|off",
    schema: onOff,
    fallback: "on",
  },
  WRAP_SETUP: {
    help:
      "powers of tau (.ptau) for zkwasm proofs on chains; the test setup's, which proves nothing, " +
      "where it is left out",
    placeholder: "path",
    schema: z.string().max(4096),
    fallback: "",
  },
  RISC0_PROVER_ENDPOINT: {
    help: "Bento that may prove risc0 projects that allow it; whoever runs it sees their inputs",
    placeholder: "url",
    schema: serviceUrl,
    secret: true,
  },
  RISC0_PROVER_API_KEY: {
    help: "sent to RISC0_PROVER_ENDPOINT as x-api-key",
    placeholder: "key",
    schema: z.string().max(512, "must have at most 512 characters")
      .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces"),
    secret: true,
  },
} as const satisfies Settings;
