/**
 * Proofs by a machine of the operator's that runs Bento, RISC Zero's self-hosted prover service.
 * Whoever runs it sees each program's input, and Bento keeps inputs and receipts until its operator
 * empties its store: only for projects and operators that allow it (DESIGN R8).
 */
import { abortable, Backoff, sleep } from "../../src/abort.ts";
import { ProgramError, type Progress } from "../runtime.ts";
import { BentoApi, type JobStatus, Lost } from "./bento-api.ts";
import type { Session, SessionStore } from "./sessions.ts";

export interface RemoteProof {
  /** 32 bytes, of `binary`. */
  readonly imageId: Uint8Array;
  /** A program binary (`R0BF…`); Bento takes no bare ELF. */
  readonly binary: Uint8Array;
  /** Private: the service sees it. */
  readonly stdin: Uint8Array;
  /** Whether a Groth16 receipt is wanted, rather than a succinct one. */
  readonly snark: boolean;
  /** Names this request for good, for example a hash of task and prover. */
  readonly key: string;
}

export interface RemoteProver {
  /**
   * Proves a run; goes on with the session of an earlier call with the same key, of this process or
   * another, where there is one. What comes back is not verified, and may be of anything.
   *
   * When the signal aborts, this rejects with its reason at once, and the service is asked to stop.
   *
   * @returns bincode of risc0's `Receipt`
   * @throws {ProgramError} `trap`: the guest failed, or refused its input. `crash`: the service
   *   failed. `unsupported`: it can't be reached or used. `timeout`
   */
  prove(
    request: RemoteProof,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ readonly receipt: Uint8Array }>;
}

export interface BentoOptions {
  /** Below which the routes are, for example http://10.0.0.7:8081. Plain http: private addresses. */
  readonly url: string;
  /** Sent as `x-api-key`, to `url`'s origin only. Bento tells its users apart by it. */
  readonly apiKey?: string | undefined;
  readonly sessions: SessionStore;
  /** Where else the service may have bodies put and got, such as an object store. */
  readonly origins?: readonly string[];
  /** Longest wait between two looks at a session. Default 5. */
  readonly pollSeconds?: number;
  /** How long a request that fails is tried again. Default 60. */
  readonly retrySeconds?: number;
  /** For one answer; more for large bodies. Default 30. */
  readonly requestSeconds?: number;
  /** For one call of `prove`. Default 3600. */
  readonly timeoutSeconds?: number;
  /** Default 16 MiB. */
  readonly maxReceiptBytes?: number;
}

/** @throws {TypeError} when the options can't be used; its text has none of them */
export function bentoProver(options: BentoOptions): RemoteProver {
  return new BentoProver(options);
}

/** A session that came to its end without a proof. */
class Ended extends ProgramError {}

class BentoProver implements RemoteProver {
  readonly #api: BentoApi;
  readonly #pollMs: number;
  readonly #timeoutSeconds: number;
  /** Requests to stop that are under way, by key. */
  readonly #stopping = new Map<string, Promise<void>>();

  constructor(private readonly options: BentoOptions) {
    const { url, apiKey, origins, pollSeconds = 5, retrySeconds = 60 } = options;
    const { requestSeconds = 30, timeoutSeconds = 3600, maxReceiptBytes = 16 << 20 } = options;
    this.#pollMs = pollSeconds * 1000;
    this.#timeoutSeconds = timeoutSeconds;
    this.#api = new BentoApi({
      url,
      apiKey,
      origins,
      maxReceiptBytes,
      requestMs: requestSeconds * 1000,
      retryMs: retrySeconds * 1000,
      firstRetryMs: this.#pollMs / 10,
    });
  }

  async prove(
    request: RemoteProof,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<{ readonly receipt: Uint8Array }> {
    // Another service knows nothing of this one's sessions.
    const key = JSON.stringify([this.options.url, request.key, request.snark]);
    const timeout = new AbortController();
    const seconds = this.#timeoutSeconds;
    const timer = setTimeout(
      () => timeout.abort(new ProgramError("timeout", `not proved remotely within ${seconds} s`)),
      seconds * 1000,
    );
    const either = AbortSignal.any([signal, timeout.signal]);
    try {
      // A session that is being stopped is not to be resumed.
      await abortable(this.#stopping.get(key) ?? Promise.resolve(), either);
      const run = new Run(key, request, either, onProgress);
      return { receipt: await this.#prove(run) };
    } catch (error) {
      if (!either.aborted) throw error;
      this.#stop(key);
      throw either.reason;
    } finally {
      clearTimeout(timer);
    }
  }

  async #prove(run: Run): Promise<Uint8Array> {
    const { sessions } = this.options;
    let session = await sessions.get(run.key);
    for (let losses = 0;; losses++) {
      session ??= await this.#create(run);
      try {
        const receipt = await this.#finish(run, session);
        await sessions.remove(run.key);
        return receipt;
      } catch (error) {
        if (error instanceof Ended) await sessions.remove(run.key);
        if (!(error instanceof Lost)) throw error;
        if (losses > 0) {
          throw new ProgramError("unsupported", "the remote prover lost the session again");
        }
        session = undefined;
      }
    }
  }

  async #create({ key, request, signal, show }: Run): Promise<Session> {
    show("upload");
    const imageId = request.imageId.toHex();
    await this.#api.provideImage(imageId, request.binary, signal);
    const inputId = await this.#api.uploadInput(request.stdin, signal);
    const sessionId = await this.#api.createSession(imageId, inputId, signal);
    return await this.#keep(key, { sessionId, createdAt: Date.now() });
  }

  async #finish(run: Run, session: Session): Promise<Uint8Array> {
    const { request, signal, show } = run;
    const { sessionId } = session;
    let url = await this.#await(run, "prove", () => this.#api.sessionStatus(sessionId, signal));
    if (request.snark) {
      const snarkId = session.snarkId ?? await this.#api.createSnark(sessionId, signal);
      if (!session.snarkId) await this.#keep(run.key, { ...session, snarkId });
      url = await this.#await(run, "snark", () => this.#api.snarkStatus(snarkId, signal));
    }
    show("download");
    return await this.#api.download(url, signal);
  }

  async #keep(key: string, session: Session): Promise<Session> {
    await this.options.sessions.put(key, session);
    return session;
  }

  /** @throws {Lost}, {Ended} */
  async #await(run: Run, phase: string, look: () => Promise<JobStatus>): Promise<URL> {
    const backoff = new Backoff(this.#pollMs / 8, this.#pollMs);
    for (;;) {
      const job = await look();
      switch (job.status) {
        case "SUCCEEDED":
          return job.receipt;
        case "RUNNING":
          run.show(phase, job.done, job.total);
          await sleep(backoff.next(), run.signal);
          run.signal.throwIfAborted();
          break;
        case "FAILED":
          // The service's text may have what the guest printed.
          if (job.guest) throw new Ended("trap", "the guest failed at the remote prover");
          throw new Ended("crash", "the remote prover failed: see its own log");
        case "TIMED_OUT":
          throw new Ended("timeout", "the remote prover gave up: it took too long");
        case "ABORTED":
          // By an earlier call, whose end this node didn't live to note.
          throw new Lost();
      }
    }
  }

  /** A service that has no way to stop goes on, and a later call with the same key finds it. */
  #stop(key: string): void {
    const { sessions } = this.options;
    const stop = (async () => {
      const session = await sessions.get(key);
      if (session && await this.#api.stop(session.sessionId)) await sessions.remove(key);
    })().catch(() => {
      // The store can't be read or written: the next call of `prove` says so.
    }).finally(() => {
      if (this.#stopping.get(key) === stop) this.#stopping.delete(key);
    });
    this.#stopping.set(key, stop);
  }
}

/** One call of `prove`. */
class Run {
  constructor(
    readonly key: string,
    readonly request: RemoteProof,
    readonly signal: AbortSignal,
    private readonly onProgress: (progress: Progress) => void,
  ) {}

  readonly show = (phase: string, done = 0, total = 0): void =>
    this.onProgress({ phase, done, total });
}
