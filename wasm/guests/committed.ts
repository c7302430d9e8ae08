/** For guests that commit to their input: those that export `zkcommit`. */
import { output, privateInput, publicInput } from "./host";
import { sha256 } from "./sha256";

export class Input {
  constructor(
    readonly publics: StaticArray<u64>,
    readonly privates: StaticArray<u64>,
  ) {}
}

/** Values before the inputs: a salt of four, the numbers of public and of private inputs. */
const HEAD = 6;

/**
 * Reads all inputs, and gives as the first four outputs SHA-256 of the salt, the numbers of inputs,
 * the public inputs and the private inputs, each as 8 bytes, big-endian.
 */
export function readCommitted(): Input {
  const head = new StaticArray<u64>(HEAD);
  for (let i = 0; i < HEAD; i++) head[i] = privateInput();
  const publics = head[4] as i32;
  const privates = head[5] as i32;
  const input = new Input(new StaticArray<u64>(publics), new StaticArray<u64>(privates));
  for (let i = 0; i < publics; i++) input.publics[i] = publicInput();
  for (let i = 0; i < privates; i++) input.privates[i] = privateInput();

  const hashed = new StaticArray<u64>(HEAD + publics + privates);
  for (let i = 0; i < HEAD; i++) hashed[i] = head[i];
  for (let i = 0; i < publics; i++) hashed[HEAD + i] = input.publics[i];
  for (let i = 0; i < privates; i++) hashed[HEAD + publics + i] = input.privates[i];
  const digest = sha256(hashed);
  for (let i = 0; i < 4; i++) output(digest[i]);
  return input;
}
