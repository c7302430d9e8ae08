/**
 * The little of UnixFS that a project file needs: what `ipfs add --raw-leaves` makes of a file
 * larger than one chunk, and what other tools do. dag-pb nodes and UnixFS's `Data` are protobuf messages (IPLD's dag-pb and the UnixFS
 * specification).
 */
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";

const dagPb = 0x70;
const raw = 0x55;
const maxDepth = 8;
const maxNodes = 4096;
/** As `ipfs add` has it; more would need a tree. */
const maxLinks = 174;
const fileTypes = [0, 2];

/** The blocks below are verified, but what they say is a stranger's. */
export class UnixFsError extends Error {
  override readonly name = "UnixFsError";
}

/**
 * Reads the file that a dag-pb CID names.
 * @param load gives a block's verified bytes
 * @throws {UnixFsError}, and whatever `load` throws
 */
export async function readUnixFs(
  root: CID,
  load: (cid: CID) => Promise<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let nodes = 0;
  const visit = async (cid: CID, depth: number): Promise<void> => {
    if (++nodes > maxNodes || depth > maxDepth) throw new UnixFsError("has too many blocks");
    const block = await load(cid);
    const { data, links } = cid.code === raw ? { data: block, links: [] } : fileNode(cid, block);
    size += data.length;
    if (size > maxBytes) throw new UnixFsError(`has more than ${maxBytes} bytes`);
    parts.push(data);
    for (const link of links) await visit(link, depth + 1);
  };
  await visit(root, 0);
  return new Uint8Array(Buffer.concat(parts));
}

/** A file of at most `maxLinks` chunks as blocks: the chunks, then the root that links them. */
export async function writeUnixFs(
  bytes: Uint8Array,
  chunkBytes: number,
): Promise<{ cid: CID; bytes: Uint8Array }[]> {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(await blockOf(raw, bytes.subarray(at, at + chunkBytes)));
  }
  if (chunks.length > maxLinks) throw new UnixFsError(`has more than ${maxLinks} chunks`);
  const data = [varintField(1, 2), varintField(3, bytes.length)];
  const links = [];
  for (const { cid, bytes: { length } } of chunks) {
    links.push(bytesField(2, bytesField(1, cid.bytes), bytesField(2), varintField(3, length)));
    data.push(varintField(4, length));
  }
  // dag-pb's one order: links before data.
  return [...chunks, await blockOf(dagPb, joined([...links, bytesField(1, ...data)]))];
}

async function blockOf(codec: number, bytes: Uint8Array) {
  return { cid: CID.createV1(codec, await sha256.digest(bytes)), bytes };
}

const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function varint(value: number): Uint8Array {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push(value % 0x80 | 0x80);
  return Uint8Array.from([...bytes, value]);
}

const varintField = (field: number, value: number) => joined([varint(field * 8), varint(value)]);

function bytesField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = joined(parts);
  return joined([varint(field * 8 + 2), varint(content.length), content]);
}

function fileNode(cid: CID, block: Uint8Array): { data: Uint8Array; links: CID[] } {
  if (cid.code !== dagPb) throw new UnixFsError(`links ${cid}, which is no part of a file`);
  let unixFs: Uint8Array | undefined;
  const links: CID[] = [];
  for (const [field, value] of fields(block)) {
    if (field === 1 && value instanceof Uint8Array) unixFs = value;
    if (field === 2 && value instanceof Uint8Array) links.push(linkOf(value));
  }
  let type = -1;
  let data = new Uint8Array();
  for (const [field, value] of fields(unixFs ?? new Uint8Array())) {
    if (field === 1 && typeof value === "number") type = value;
    if (field === 2 && value instanceof Uint8Array) data = new Uint8Array(value);
  }
  if (!fileTypes.includes(type)) throw new UnixFsError("is no file; link the project file itself");
  return { data, links };
}

function linkOf(link: Uint8Array): CID {
  for (const [field, value] of fields(link)) {
    if (field !== 1 || !(value instanceof Uint8Array)) continue;
    try {
      return CID.decode(value);
    } catch (error) {
      throw new UnixFsError("has a link that is no CID", { cause: error });
    }
  }
  throw new UnixFsError("has a link without a CID");
}

/** A protobuf message's fields in order: varints as numbers, length-delimited ones as bytes. */
function* fields(message: Uint8Array): Generator<[field: number, value: number | Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 53; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new UnixFsError("is malformed");
  };
  while (at < message.length) {
    const key = varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (wire === 0) {
      yield [field, varint()];
    } else if (wire === 2) {
      const length = varint();
      if (length > message.length - at) throw new UnixFsError("is malformed");
      yield [field, message.subarray(at, at += length)];
    } else throw new UnixFsError("is malformed");
  }
}
