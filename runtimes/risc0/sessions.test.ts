import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSessions, type Session } from "./sessions.ts";

let directory: string;
let now = 1_000_000;
const open = () => openSessions(directory, { now: () => now });
const session = (change: Partial<Session> = {}): Session => ({
  sessionId: crypto.randomUUID(),
  createdAt: now,
  ...change,
});

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "sessions-")), "risc0");
});
afterEach(() => rm(join(directory, ".."), { recursive: true }));

test("a session is found again by another process, until it is removed", async () => {
  const store = await open();
  const first = session();
  const second = session({ snarkId: crypto.randomUUID() });
  await store.put("a/../b", first);
  await store.put("c", session());
  await store.put("c", second);
  const later = await open();
  expect(await later.get("a/../b")).toEqual(first);
  expect(await later.get("c")).toEqual(second);
  expect(await later.get("d")).toBeUndefined();
  await later.remove("c");
  await later.remove("c");
  expect(await store.get("c")).toBeUndefined();
  expect(await readdir(directory)).toHaveLength(1);
});

test("only this node's user may read them, and names of requests are not in names of files", async () => {
  const store = await open();
  await store.put("key", session());
  const [name = ""] = await readdir(directory);
  expect(name).toMatch(/^[0-9a-f]{64}\.json$/);
  expect((await stat(join(directory, name))).mode & 0o077).toBe(0);
  expect((await stat(directory)).mode & 0o077).toBe(0);
});

test("a session of 7 days ago is none; its file goes when the store is opened or written to", async () => {
  const store = await open();
  await store.put("old", session());
  now += 7 * 86_400_000 - 1;
  expect(await store.get("old")).toBeDefined();
  now++;
  await store.put("new", session());
  expect(await readdir(directory)).toHaveLength(1);
  expect(await store.get("old")).toBeUndefined();
  now += 8 * 86_400_000;
  await open();
  expect(await readdir(directory)).toHaveLength(0);
});

test("what a crash left, or nobody can read, is none and goes", async () => {
  const store = await open();
  await store.put("cut", session());
  const [name = ""] = await readdir(directory);
  const path = join(directory, name);
  for (const text of ["", "{", "[]", `{"sessionId":"x","createdAt":${now}}`, " ".repeat(5000)]) {
    await store.put("cut", session());
    await writeFile(path, text);
    expect(await store.get("cut")).toBeUndefined();
    expect(await readdir(directory)).toHaveLength(0);
  }
  const draft = `${path}.${crypto.randomUUID()}`;
  await writeFile(draft, "{");
  await writeFile(join(directory, "other"), "");
  await open();
  expect(await readdir(directory)).toEqual([draft.slice(directory.length + 1)]);
  await utimes(draft, 0, 0);
  await open();
  expect(await readdir(directory)).toHaveLength(0);
});

test("what is no session is not kept", async () => {
  const store = await open();
  const bad = session({ sessionId: "../../sessions/stop" });
  expect(await store.put("key", bad).catch((error) => error)).toBeInstanceOf(Error);
  expect(await store.get("key")).toBeUndefined();
});
