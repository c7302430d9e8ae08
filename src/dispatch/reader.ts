/** Hears znodes: gives each task what is said of it, and holds against them what is none. */
import type { Address, Hex } from "viem";
import { errorText } from "../log.ts";
import type { Link } from "../network/link.ts";
import type { WireBody } from "../protocol/index.ts";
import type { Brought, Desk } from "./desk.ts";
import { hear } from "./hear.ts";
import { Peer } from "./peers.ts";
import type { EventBody } from "./state.ts";

/** Messages of one link that are dealt with at once; a large proof counts as several. */
const messagesAtOnce = 512;
/** Bytes of a proof that count as one more message. */
const proofUnit = 64 * 1024;

/** Who gets what was heard. */
export interface Listener {
  /** Resolves when the task has dealt with it. */
  said(taskId: Hex, event: EventBody, brought: Brought): Promise<void>;
  /** A znode said what it offers. */
  greeted(prover: Address, first: boolean): void;
  /** A znode's last link ended. */
  gone(prover: Address): void;
}

export class LinkReader {
  constructor(private readonly desk: Desk, private readonly listener: Listener) {}

  /** Reads one link until it ends. */
  async read(link: Link): Promise<void> {
    const { deps, options, peers, signal, standing } = this.desk;
    const silent = () => standing.charge(link.remote, "a link that takes or says nothing");
    const peer = new Peer(link, deps.isEligible, deps.log, options.sendMs, silent);
    peers.add(peer);
    const greeting = setTimeout(() => peer.open && !peer.hello && silent(), options.helloMs);
    let charged = 0;
    const chargeRefused = () => {
      const times = link.refused - charged;
      charged = link.refused;
      if (times > 0) standing.charge(link.remote, "a frame that is refused", times);
    };
    let pending = 0, wake = () => {};
    try {
      await peer.refresh();
      for await (const message of link.messages()) {
        if (signal.aborted || !peer.open) break;
        chargeRefused();
        if (message.kind === "hello") {
          this.#greet(peer, message.body);
          continue;
        }
        if (message.kind === "refuse") {
          const { taskId: task, reason, retryable } = message.body;
          if (retryable) peer.rest(reason);
          else deps.log.warn({ prover: peer.prover, task }, `a znode refuses a task: ${reason}`);
        }
        const heard = peer.eligible ? hear(message, peer.prover) : { refused: "ineligible" };
        if ("refused" in heard) {
          deps.metrics?.refused.inc({ kind: heard.refused });
          if (peer.eligible) standing.charge(peer.prover, "a frame that is refused");
          continue;
        }
        const weight = 1 + Math.floor((heard.brought.receipt?.proof.length ?? 0) / proofUnit);
        pending += weight;
        void this.listener.said(heard.taskId, heard.event, heard.brought).finally(() => {
          pending -= weight;
          wake();
        });
        while (pending >= messagesAtOnce) await new Promise<void>((resolve) => wake = resolve);
      }
    } catch (error) {
      deps.log.debug({ prover: peer.prover }, `link ended: ${errorText(error)}`);
    }
    clearTimeout(greeting);
    chargeRefused();
    peer.close("it ended");
    if (peers.remove(peer)) this.listener.gone(peer.prover);
  }

  #greet(peer: Peer, hello: WireBody<"hello">): void {
    const first = peer.hello === undefined;
    peer.greet(hello);
    this.listener.greeted(peer.prover, first);
  }
}
