import { describe, expect, test } from "bun:test";
import { type Hex, zeroHash } from "viem";
import { LinkSet } from "../network/local.ts";
import {
  direct,
  options,
  router,
  sleep,
  testProgram,
  text,
  until,
  useBenches,
} from "./testing/bench.ts";
import type { WireBody } from "../protocol/index.ts";
import { type ScriptedZnode, znodeOn } from "./testing/znode.ts";

const bench = useBenches();

describe("unverifiable results", () => {
  test("are kept as such, shown as text, and go to stdout but not to a vault", async () => {
    const vault = { type: "textile" as const, vaultId: "v", publicInputs: false };
    const b = bench({
      version: { outputs: [{ type: "stdout" }, vault] },
      program: testProgram({ bindingKind: "none", verifiable: false }, {
        verify: () => Promise.resolve({ verdict: "unverifiable" }),
        statement: () => undefined,
      }),
    });
    b.start();
    await znodeOn(b.links, 2, (self) => ({
      payload: (payload) =>
        self.prove(payload, {
          ...self.proof(payload.taskId),
          bindingKind: "none",
          publicValues: new Uint8Array(),
          proof: text('{"proof":"…"}'),
        }),
    }));
    const id = await b.task(["m"], zeroHash);
    await b.ends(id, "failed");
    await until(() => b.memory.row(id).outputs.some((o) => o.state === "confirmed"));
    const { log, outputs } = b.memory.row(id);
    expect(log.map((l) => l.state)).toEqual(["dispatched", "proved", "failed"]);
    expect(log[1]).toMatchObject({ result: '{"proof":"…"}' });
    expect(log[1]?.comment).toContain("unverifiable");
    expect(outputs.filter((o) => o.index === 0).at(-1)?.state).toBe("confirmed");
    expect(outputs.filter((o) => o.index === 1).map((o) => o.state)).toEqual(["dead"]);
  });
});

describe("outputs", () => {
  test("go to another znode when their holder dies, with the first's receipt", async () => {
    const b = bench();
    b.start();
    const dying = await znodeOn(b.links, 2, (self) => ({ grant: () => self.disconnect() }));
    const id = await b.task();
    await b.ends(id, "proved");
    const heir = await znodeOn(b.links, 3);
    await b.ends(id, "outputted");
    const [grant] = heir.got("grant");
    expect(grant?.receiptProver).toBe(dying.account.address);
    expect(grant?.receipt.proof).toEqual(text("good"));
    expect(grant?.epoch).toBe(3n);
    expect(b.memory.row(id).outputs.map((o) => [o.attempt, o.state])).toEqual([
      [1, "granted"],
      [2, "granted"],
      [2, "confirmed"],
    ]);
  });

  test("that a late holder confirms count, and end the new holder's grant", async () => {
    const b = bench();
    b.start();
    const first = await znodeOn(
      b.links,
      2,
      (self) => ({ grant: (g) => self.report(g, "sent", "0x01") }),
    );
    const id = await b.task();
    await until(() => b.memory.row(id).outputs.at(-1)?.state === "sent");
    const second = await znodeOn(b.links, 3, () => ({ grant: () => undefined }));
    await until(() => second.got("grant").length === 1);
    const [grant] = first.got("grant");
    if (!grant) throw new Error("no grant");
    await first.report(grant, "dead");
    await first.report(grant, "confirmed", "0x01");
    await b.ends(id, "outputted");
    expect(b.memory.row(id).log.at(-1)?.result).toBe("0x01");
    await until(() => second.got("cancel").length === 1);
  });

  test("return to sent when the chain reorganises, and are confirmed again", async () => {
    const b = bench();
    const dispatch = b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    await until(() => dispatch.status().held === 0);
    const [grant] = z.got("grant");
    if (!grant) throw new Error("no grant");
    await z.report(grant, "sent", "0xaa");
    await b.ends(id, "proved");
    await z.report(grant, "confirmed", "0xab");
    await b.ends(id, "outputted");
    expect(b.memory.row(id).outputs.map((o) => o.state)).toEqual([
      "granted",
      "confirmed",
      "sent",
      "confirmed",
    ]);
  });

  test("that pause are due when the pause is over, whoever drives them then", async () => {
    const b = bench({ version: { outputs: [router] } });
    const slow = { options: { ...options, backoffMs: 3_000, outputBackoffCapMs: 3_000 } };
    const first = b.start(slow);
    await znodeOn(b.links, 2, (self) => ({ grant: (grant) => self.report(grant, "retry") }));
    const id = await b.task();
    const row = b.memory.row(id);
    await until(() => row.outputs.length === 1 && (row.wakeAt ?? 0) > Date.now() + 500);
    const due = row.wakeAt ?? 0;
    expect(first.heldUpBy(id))
      .toMatch(/^output 0 \(ethereumContract\) is tried again in [123] s, after 0x.*as scripted$/);
    await first.stop();
    b.start(slow);
    await znodeOn(b.links, 3);
    await until(() => row.outputs.length > 1);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });

  test("that end dead say why, and don't hold up the others", async () => {
    const b = bench({ version: { outputs: [{ type: "stdout" }, router] } });
    b.start();
    await znodeOn(b.links, 2, (self) => ({
      grant: (grant) => self.report(grant, grant.output === 1 ? "dead" : "confirmed"),
    }));
    const id = await b.task();
    await until(() => b.memory.row(id).outputs.length === 4);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved", "failed"]);
    expect(b.comment(id)).toMatch(/^output 1 \(ethereumContract\): .*as scripted$/);
    expect(b.memory.row(id).record.phase).toBe("proved");
  });

  test("that only the operator's key may do go to the enode's own channel", async () => {
    const b = bench({ version: { outputs: [direct, { type: "stdout" }] } });
    b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task(["first", "second"]);
    const job = (await b.jobs.receive()).value;
    expect(job?.config).toEqual(direct);
    expect(job?.firstMessage).toEqual(text("first"));
    expect(job?.prover).toBe(z.account.address);
    const report = { taskId: id, epoch: job?.epoch ?? 0n, output: 0, comment: "" };
    await b.reports.send({ ...report, state: "sent", reference: "0x01" });
    await b.reports.send({ ...report, state: "confirmed", reference: "0x01" });
    await b.ends(id, "outputted");
    expect(z.got("grant").map((g) => g.output)).toEqual([1]);
    expect(b.memory.row(id).log.at(-1)?.result).toBe("0x01, 0xaa");
  });

  test("of the enode's wait for a place of their kind, which costs no attempt", async () => {
    const b = bench({ version: { outputs: [direct] } });
    b.start({ options: { ownOutputs: 1, grantMs: 60_000 } });
    await znodeOn(b.links, 2);
    const ids = new Set<Hex>();
    for (let i = 0; i < 4; i++) ids.add(await b.task());
    for (let i = 0; i < 4; i++) {
      const job = (await b.jobs.receive()).value;
      const taskId = job?.taskId ?? zeroHash;
      expect(ids.delete(taskId)).toBe(true);
      if (i === 0) {
        await until(() => [...ids].every((id) => b.memory.row(id).record.phase === "proved"));
      }
      expect(b.jobs.size).toBe(0);
      expect([...ids].flatMap((id) => b.memory.row(id).outputs)).toEqual([]);
      const report = { taskId, epoch: job?.epoch ?? 0n, output: 0, comment: "" };
      await b.reports.send({ ...report, state: "confirmed", reference: "0x01" });
      await b.ends(taskId, "outputted");
    }
  });

  test("of the enode's to one chain take no places of those to another", async () => {
    const to = (chainId: bigint) => ({ ...direct, chainId });
    const b = bench({ version: { outputs: [to(1n), to(2n)] } });
    b.start({ options: { ownOutputs: 1, grantMs: 60_000 } });
    await znodeOn(b.links, 2);
    await b.task();
    const jobs = [(await b.jobs.receive()).value, (await b.jobs.receive()).value];
    expect(jobs.map((job) => job?.output).sort()).toEqual([0, 1]);
  });

  test("of a znode that says it did the enode's are not believed", async () => {
    const b = bench({ version: { outputs: [direct] } });
    b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task();
    await b.ends(id, "proved");
    for (const epoch of [1n, 2n, 3n]) {
      await z.report({ taskId: id, epoch, output: 0 }, "confirmed", "0xff");
    }
    await sleep(100);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved"]);
  });

  test("on the router are believed when the router has them", async () => {
    const accepted = new Set<Hex>();
    const b = bench({
      version: { outputs: [router] },
      deps: { isAccepted: (id) => Promise.resolve(accepted.has(id)) },
    });
    b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task();
    await until(() => z.got("grant").length === 1);
    await sleep(200);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved"]);
    accepted.add(id);
    await b.ends(id, "outputted");
  });
});

describe("what goes out after the router's output", () => {
  const light = { ...direct, chainId: 2n, light: true as const };

  test("is not tried before, says what it waits for, and ends and goes on with it", async () => {
    const b = bench({ version: { outputs: [light, router] } });
    const dispatch = b.start();
    const z = await znodeOn(b.links, 2, () => ({ grant: () => undefined }));
    const id = await b.task();
    const of = (index: number) => b.memory.row(id).outputs.filter((o) => o.index === index);
    for (let n = 1; n <= 2; n++) {
      await until(() => z.got("grant").length === n);
      expect(of(0).map((o) => [o.attempt, o.state, o.comment])).toEqual([
        [0, "waiting", "waits for the router to accept the task"],
      ]);
      const grant = z.got("grant")[n - 1];
      if (grant) await z.report(grant, n === 1 ? "retry" : "dead");
    }
    await until(() => of(0).length === 2);
    expect(of(0)[1]).toMatchObject({ attempt: 0, state: "dead", by: "dispatch" });
    expect(await dispatch.retry(id, 1, "me")).toEqual({ outputs: [0, 1] });
    await until(() => z.got("grant").length === 3);
    const grant = z.got("grant")[2];
    if (grant) await z.report(grant, "confirmed");
    const job = (await b.jobs.receive()).value;
    expect(job?.output).toBe(0);
    const report = { taskId: id, epoch: job?.epoch ?? 0n, output: 0, comment: "" };
    await b.reports.send({ ...report, state: "confirmed", reference: "0x02" });
    await b.ends(id, "outputted");
    expect(of(0).map((o) => [o.attempt, o.state])).toEqual([
      [0, "waiting"],
      [0, "dead"],
      [0, "waiting"],
      [1, "granted"],
      [1, "confirmed"],
    ]);
  });
});

describe("a dead output", () => {
  /** A znode that says these of its grants, and then that they are confirmed. */
  const dies = (words: ("dead" | "confirmed")[]) => (self: ScriptedZnode) => ({
    grant: (grant: WireBody<"grant">) => self.report(grant, words.shift() ?? "confirmed"),
  });

  test("is tried again when a person wants it, and says who", async () => {
    const b = bench({ version: { outputs: [{ type: "stdout" }, router] } });
    const dispatch = b.start();
    await znodeOn(b.links, 2, dies(["dead", "confirmed"]));
    const id = await b.task();
    await until(() => b.memory.row(id).outputs.length === 4);
    expect(await dispatch.retry(id, 5, "me")).toEqual({ refused: "it has no output 5" });
    const dead = b.memory.row(id).outputs.find((o) => o.state === "dead")?.index as number;
    const refused = "it is not dead: only what has ended so can be tried again";
    expect(await dispatch.retry(id, 1 - dead, "me")).toEqual({ refused });
    expect(await dispatch.retry(id, undefined, "me")).toEqual({ outputs: [dead] });
    await b.ends(id, "outputted");
    const { log, outputs } = b.memory.row(id);
    expect(log.map((l) => [l.state, l.by === "me"])).toEqual([
      ["dispatched", false],
      ["proved", false],
      ["failed", false],
      ["proved", true],
      ["outputted", false],
    ]);
    expect(outputs.filter((o) => o.index === dead).map((o) => [o.attempt, o.state])).toEqual([
      [1, "granted"],
      [1, "dead"],
      [2, "granted"],
      [2, "confirmed"],
    ]);
    expect(outputs.filter((o) => o.index === dead)[2]?.comment).toBe("again, after a retry by me");
    expect(await dispatch.retry(id, undefined, "me")).toEqual({ refused });
  });

  test("is tried again by whichever enode is asked, and after all were restarted", async () => {
    const b = bench({ version: { outputs: [router] } });
    const working = b.start();
    await znodeOn(b.links, 2, dies(["dead", "dead"]));
    const id = await b.task();
    const states = () => b.memory.row(id).outputs.map((o) => o.state);
    await until(() => states().at(-1) === "dead");
    const other = b.start({ links: new LinkSet() });
    expect(await other.retry(id, 0, "me")).toEqual({ outputs: [0] });
    await until(() => states().length === 4);
    await working.stop();
    expect(await other.retry(id, 0, "me")).toEqual({ outputs: [0] });
    await other.stop();
    b.start();
    await znodeOn(b.links, 3, dies([]));
    await b.ends(id, "outputted");
    expect(states()).toEqual(["granted", "dead", "granted", "dead", "granted", "confirmed"]);
  });

  test("is tried again although its messages were purged, which only calls take", async () => {
    const url = "https://app.example/hook";
    const hook = { type: "webhook" as const, url, light: false, publicInputs: false };
    const b = bench({ version: { outputs: [hook] } });
    const dispatch = b.start();
    await znodeOn(b.links, 2);
    const id = await b.task();
    const first = (await b.jobs.receive()).value;
    await b.reports.send({
      ...{ taskId: id, epoch: first?.epoch ?? 0n, output: 0 },
      ...{ state: "dead", reference: "", comment: "no secret" },
    });
    await b.ends(id, "failed");
    b.memory.messages = () => Promise.reject(new Error("the messages were purged"));
    expect(await dispatch.retry(id, 0, "me")).toEqual({ outputs: [0] });
    expect((await b.jobs.receive()).value).toMatchObject({ taskId: id, firstMessage: undefined });
  });

  test("whose proof failed, or that nobody proved yet, is not", async () => {
    const b = bench();
    const dispatch = b.start();
    const id = await b.task();
    expect(await dispatch.retry(id, undefined, "me")).toEqual({ refused: "it is not proved yet" });
  });
});
