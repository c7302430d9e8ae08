/** A znode by script: its answers to each kind of frame can be replaced. */
import { concat, type Hex, hexToBytes } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { Receipt } from "../../../runtimes/runtime.ts";
import type { Link, LinkIdentity } from "../../network/link.ts";
import { linkPair, type LinkSet } from "../../network/local.ts";
import {
  bindingOf,
  type Network,
  type WireBody,
  type WireKind,
  type WireMessage,
} from "../../protocol/index.ts";

export const network: Network = {
  chainId: 31337n,
  router: "0x00000000000000000000000000000000000000AA",
};
export const account = (n: number): PrivateKeyAccount =>
  privateKeyToAccount(`0x${n.toString(16).padStart(64, "0")}`);
export const operator = account(1);
export const imageId = `0x${"1a".repeat(32)}` as const;

type Script = {
  [K in "lease" | "payload" | "grant" | "cancel"]: (body: WireBody<K>) => unknown;
};

export class ScriptedZnode {
  readonly heard: WireMessage[] = [];
  readonly leases = new Map<Hex, WireBody<"lease">>();
  link: Link | undefined;
  #close: (() => void) | undefined;

  constructor(
    readonly account: PrivateKeyAccount,
    readonly links: LinkSet,
    private readonly script: (self: ScriptedZnode) => Partial<Script> = () => ({}),
    private readonly hello: WireBody<"hello"> = { runtimes: ["halo2"], capacity: 2 },
  ) {}

  /** Frames of a kind that arrived. */
  got<K extends WireKind>(kind: K): WireBody<K>[] {
    return this.heard.filter((m) => m.kind === kind).map((m) => m.body as WireBody<K>);
  }

  async connect(): Promise<this> {
    const enode: LinkIdentity = { network, signer: operator };
    const pair = linkPair(enode, { network, signer: this.account });
    this.link = pair.b;
    this.#close = () => {
      this.links.remove(pair.a);
      pair.close();
    };
    this.#read(pair.b).catch(() => undefined);
    this.links.add(pair.a);
    await this.send("hello", this.hello);
    return this;
  }

  disconnect(): void {
    this.#close?.();
    this.link = undefined;
  }

  async send<K extends WireKind>(kind: K, body: WireBody<K>): Promise<void> {
    await this.link?.send(kind, body).catch(() => undefined);
  }

  async accept({ taskId, epoch }: WireBody<"lease">): Promise<void> {
    await this.send("accept", { taskId, epoch, verifier: network.router });
  }

  /** A receipt that holds for the task, but for what is changed. */
  proof(taskId: Hex, change: Partial<Receipt> & { binding?: Hex; commitment?: Hex } = {}): Receipt {
    const lease = this.leases.get(taskId);
    if (!lease) throw new Error("no lease");
    const { binding, commitment, ...rest } = change;
    return {
      vmType: "halo2",
      programId: lease.task.programId,
      imageId,
      bindingKind: "data",
      publicValues: hexToBytes(concat([
        commitment ?? lease.task.inputCommitment,
        binding ?? bindingOf(taskId, this.account.address),
      ])),
      proof: new TextEncoder().encode("good"),
      ...rest,
    };
  }

  async prove(
    { taskId, epoch }: { taskId: Hex; epoch: bigint },
    receipt: Receipt = this.proof(taskId),
  ): Promise<void> {
    await this.send("receipt", { taskId, epoch, receipt });
  }

  async report(
    { taskId, epoch, output }: { taskId: Hex; epoch: bigint; output: number },
    state: WireBody<"report">["state"],
    reference = "",
  ): Promise<void> {
    await this.send("report", { taskId, epoch, output, state, reference, comment: "as scripted" });
  }

  async #read(link: Link): Promise<void> {
    const good: Script = {
      lease: (body) => this.accept(body),
      payload: (body) => this.prove(body),
      grant: (body) => this.report(body, "confirmed", "0xaa"),
      cancel: () => undefined,
    };
    const script: Script = { ...good, ...this.script(this) };
    for await (const message of link.messages()) {
      this.heard.push(message);
      if (message.kind === "lease") {
        this.leases.set(message.body.taskId, message.body);
        void script.lease(message.body);
      } else if (message.kind === "payload") void script.payload(message.body);
      else if (message.kind === "grant") void script.grant(message.body);
      else if (message.kind === "cancel") void script.cancel(message.body);
    }
  }
}

/** A linked znode of the n-th test account. */
export function znodeOn(
  links: LinkSet,
  n: number,
  script?: ConstructorParameters<typeof ScriptedZnode>[2],
  capacity = 2,
): Promise<ScriptedZnode> {
  return new ScriptedZnode(account(n), links, script, { runtimes: ["halo2"], capacity }).connect();
}
