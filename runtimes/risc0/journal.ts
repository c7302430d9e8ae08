import { ProgramError } from "../runtime.ts";

/** @throws {ProgramError} `trap` when a journal does not begin as it must */
export function checkJournal(journal: Uint8Array, prefix: Uint8Array): void {
  if (prefix.every((byte, i) => journal[i] === byte)) return;
  throw new ProgramError(
    "trap",
    "its journal does not begin with the input's commitment and the binding; a guest that makes " +
      'neither needs codeExpParam "binding":"none"',
  );
}
