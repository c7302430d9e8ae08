/** Outputs that enodes granted to this znode. */
import { errorText } from "../log.ts";
import type { Link } from "../network/link.ts";
import type { OutputReport } from "../output/types.ts";
import { limits, taskIdOf, type WireBody } from "../protocol/index.ts";
import { Grant } from "./grant.ts";
import type { ProverDeps } from "./index.ts";

export class Grants {
  readonly #grants = new Map<string, Grant>();

  constructor(private readonly deps: ProverDeps, private readonly signal: AbortSignal) {}

  /** Has an output made, whose receipt is checked first. */
  async take(link: Link, grant: WireBody<"grant">): Promise<void> {
    const { identity, projects, runtimes, metrics } = this.deps;
    const { task, taskId, epoch, output, receipt } = grant;
    const report = (state: "retry" | "dead", comment: string) =>
      link.send("report", { taskId, epoch, output, state, reference: "", comment });
    const valid = taskIdOf(task) === taskId &&
      receipt.programId === task.programId &&
      await this.deps.mayAssign(link.remote, task.projectId);
    if (!valid) return void metrics.refused.inc({ kind: "grant" });
    // An output is granted when the receipt is stored.
    if (grant.receiptProver === identity.signer.address) {
      await this.deps.receipts.forget(taskId, link.remote);
    }
    const { signal } = this;
    let config;
    try {
      const version = await projects.forTask(task.projectId, task.version, task.programId, signal);
      config = version.outputs[output];
      // Another znode's proof is not taken on trust (R3).
      if (grant.receiptProver !== identity.signer.address) {
        const program = await runtimes.load(version.program, signal);
        const verdict = await program.verify(receipt, signal);
        if (verdict.verdict === "invalid") return await report("dead", "the proof is not valid");
      }
    } catch (error) {
      return await report("retry", errorText(error).slice(0, limits.text));
    }
    if (!config) return await report("dead", `the project has no output ${output}`);
    const key = grantKey(grant);
    const held = this.#grants.get(key) ?? new Grant(link, grant.grantMs);
    held.renew(link, grant.grantMs);
    this.#grants.set(key, held);
    await this.deps.outputs.jobs.send({
      taskId,
      task,
      signature: grant.signature,
      serial: grant.serial,
      epoch,
      output,
      config,
      prover: grant.receiptProver,
      receipt,
      firstMessage: undefined,
      live: () => held.live,
    }, signal);
  }

  cancel(link: Link, of: Pick<WireBody<"cancel">, "taskId" | "epoch">): void {
    const grant = this.#grants.get(grantKey(of));
    if (grant?.link.remote === link.remote) grant.cancel();
  }

  /** Tells enodes what becomes of their grants, until there is nothing more to tell. */
  async forwardReports(): Promise<void> {
    for await (const report of this.deps.outputs.reports) {
      const key = grantKey(report);
      const link = this.#grants.get(key)?.link;
      if (report.state !== "sent") this.#grants.delete(key);
      const comment = report.comment.slice(0, limits.text);
      // In order, but not awaited: what is said at once shares a frame.
      // Only an enode waits for the router.
      const state = report.state === "early" ? "retry" : report.state;
      link?.send("report", { ...report, state, comment }).catch((error) =>
        this.deps.log.warn({ task: report.taskId }, `report not delivered: ${errorText(error)}`)
      );
    }
  }
}

/** A task's leases and grants share one count of epochs. */
const grantKey = ({ taskId, epoch }: Pick<OutputReport, "taskId" | "epoch">): string =>
  `${taskId}/${epoch}`;
