/** Messages that a device signed itself. */
import { Buffer } from "node:buffer";
import { createHash, hash } from "node:crypto";
import { getAddress, isAddress } from "viem";
import { keccak } from "../../keccak.ts";
import type { Rule } from "../../project/auth.ts";
import { recoverAnySigner } from "../../secp256k1.ts";
import type { MessageRequest } from "../message.ts";
import { senderOf, signedText } from "../sender.ts";
import { defaultAudience } from "./bearer.ts";
import { keyOfDidKey, type PublicKey } from "./keys.ts";
import { refused } from "./refused.ts";

/** Seconds between a device's clock and this one's, where the project says nothing. */
const defaultWindow = 300;

export interface Signed {
  readonly clientId: string;
  /** Names what was signed; the same text again is the same message. */
  readonly once: string | undefined;
}

/** What a device signs, as UTF-8; `data` by its SHA-256, so that it need not be held twice. */
export const deviceText = (
  message: { readonly audience: string; readonly version: string } & {
    readonly device: string;
    readonly time: number;
    readonly nonce: string;
    readonly data: Uint8Array;
  },
): string =>
  [
    "w3bstream message",
    `audience: ${message.audience}`,
    `version: ${message.version}`,
    `device: ${message.device}`,
    `time: ${message.time}`,
    `nonce: ${message.nonce}`,
    `data: ${createHash("sha256").update(message.data).digest("hex")}`,
  ].join("\n");

/** Most did:keys of which the key is remembered. */
const maxKnown = 10_000;
const known = new Map<string, Promise<PublicKey>>();

function keyOf(did: string): Promise<PublicKey> {
  let key = known.get(did);
  if (!key) {
    key = keyOfDidKey(did);
    // Whoever makes up DIDs makes up signatures too: only keys are kept.
    key.catch(() => known.delete(did));
    if (known.size >= maxKnown) known.delete(known.keys().next().value as string);
    known.set(did, key);
  }
  return key;
}

/**
 * @param nowMs milliseconds since 1970
 * @throws {RequestError} unless the device that the message names signed it, lately
 */
export async function signedByDevice(
  message: MessageRequest,
  rule: Rule<"device">,
  data: Uint8Array,
  nowMs: number,
): Promise<Signed> {
  const { device = "", time, nonce = "", signature = "" } = message;
  const isDid = device.startsWith("did:key:") && device.length <= 256;
  if (!isDid && !isAddress(device, { strict: false })) {
    throw refused("malformed", "device: must be the address or did:key whose signature this is");
  }
  if (time === undefined) {
    throw refused("malformed", "time: must be the device's clock, whole seconds since 1970");
  }
  if (!/^[\w-]{1,64}$/.test(nonce)) {
    throw refused("malformed", "nonce: must be 1 to 64 letters, digits, - or _, other each time");
  }
  const name = isDid ? device : getAddress(device.toLowerCase());
  if (rule.devices && !listed(rule.devices).has(name)) throw notListed(name);
  const off = time - nowMs / 1000, window = rule.window ?? defaultWindow;
  if (Math.abs(off) > window) {
    const which = off < 0 ? "expired" : "not-yet";
    throw refused(which, `time: is more than ${window} s from the enode's clock; sign again`);
  }
  const audience = rule.audience ?? defaultAudience(message.projectId);
  const text = deviceText({ audience, version: message.version, device, time, nonce, data });
  if (!await isSigner(name, isDid, text, signature)) {
    throw refused("signature", `signature: is not this device's for ${audience} and these fields`);
  }
  return { clientId: name, once: `${hash("sha256", text, "hex")}` };
}

const encoder = new TextEncoder();

async function isSigner(name: string, isDid: boolean, text: string, signature: string) {
  if (!/^(0x)?(?:[0-9a-fA-F]{2}){64,65}$/.test(signature)) return false;
  const bytes = new Uint8Array(Buffer.from(signature.replace(/^0x/, ""), "hex"));
  const signed = encoder.encode(text);
  try {
    if (isDid) return await (await keyOf(name)).verify(signed, bytes);
    // EIP-191, as wallets sign text.
    const prefix = encoder.encode(`\x19Ethereum Signed Message:\n${signed.length}`);
    return recoverAnySigner(keccak(Buffer.concat([prefix, signed])), bytes) === name;
  } catch {
    return false;
  }
}

/** @throws {RequestError} unless a listed device signed it as the successor's do (COMPAT §11) */
export async function signedBySuccessor(
  message: MessageRequest,
  rule: Rule<"successor">,
): Promise<Signed> {
  const { signature = "" } = message;
  const device = await senderOf({ ...message, signature });
  if (!listed(rule.devices).has(device)) throw notListed(device);
  const once = rule.repeats ? undefined : hash("sha256", signedText(message), "hex");
  return { clientId: device, once };
}

const notListed = (device: string) =>
  refused("device", `device: the project does not list ${device}, whose signature this would be`);

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function listed(devices: readonly string[]): ReadonlySet<string> {
  let set = sets.get(devices);
  if (!set) sets.set(devices, set = new Set(devices));
  return set;
}
