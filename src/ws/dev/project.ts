/** A project's folder, brought to the local chain and to the node's IPFS store. */
import type { Crate } from "../../../runtimes/crate.ts";
import { crateFor } from "../../native_build.ts";
import { dirname, join } from "node:path";
import type { Hex } from "viem";
import { type EncodedProject, encodeProject, type ProjectDraft } from "../../project/encode.ts";
import { openIpfs } from "../../project/ipfs.ts";
import type { ProjectVersion } from "../../project/types.ts";
import { buildPrograms } from "../build.ts";
import { UserError } from "../cli.ts";
import { readDraft, readSource } from "../draft.ts";
import type { Dapp, DevChain } from "./chain.ts";
import { type CompiledContract, Solidity } from "./solidity.ts";

export interface Published {
  /** Which computes messages that name none. */
  readonly version: string;
  readonly hash: Hex;
  readonly dapp: Dapp | undefined;
  /** Whether its proofs need a native library that is built here. */
  /** The native prover that is to be built for it, if one is. */
  readonly needsProver: Crate | undefined;
  /** Whether something is another than at the last time. */
  readonly changed: boolean;
}

export class DevProject {
  readonly #solidity = new Solidity();
  #last = "";

  /** @param data the node's data directory */
  constructor(
    private readonly file: string,
    private readonly chain: DevChain,
    private readonly data: string,
  ) {}

  /** Builds, deploys and publishes what has changed since the last time. @throws {UserError} */
  async publish(): Promise<Published> {
    await buildPrograms(this.file);
    const { contracts } = await readSource(this.file);
    const draft = await readDraft(this.file);
    const paths = [contracts?.dapp, contracts?.verifier].filter((path) => path !== undefined);
    const [dappCode, verifier] = await this.#solidity.compile(dirname(this.file), paths);
    const preliminary = await encodeProject(withDapp(draft, placeholder));
    const first = defaultVersion(preliminary);
    const dapp = dappCode && await this.chain.dapp(dappCode, first.program.programId);
    const encoded = dapp ? await encodeProject(withDapp(draft, dapp)) : preliminary;
    const ipfs = openIpfs({ directory: join(this.data, "ipfs") });
    await ipfs.put(encoded.blocks).finally(() => ipfs.close());
    // Routes are of a project that there is; later ones are there before the config that needs them.
    const created = await this.chain.create(encoded);
    for (const version of encoded.file.versions.values()) {
      await this.#connect(version, dapp, verifier);
    }
    const updated = created || await this.chain.update(encoded);
    const changed = updated || this.#last !== dapp?.address;
    this.#last = dapp?.address ?? "";
    const needsProver = [...encoded.file.versions.values()]
      .map(({ program, provers }) => provers.remote ? undefined : crateFor(program))
      .find((crate) => crate !== undefined);
    return { version: first.version, hash: encoded.hash, dapp, needsProver, changed };
  }

  async #connect(
    { program, outputs }: ProjectVersion,
    dapp: Dapp | undefined,
    verifier: CompiledContract | undefined,
  ): Promise<void> {
    const calls = outputs.filter((output) => output.type === "ethereumContract");
    if (calls.length === 0) return;
    if (!dapp) {
      throw new UserError(`${this.file}: contracts.dapp: is missing; name the contract for output`);
    }
    if (calls.some(({ mode }) => mode === "router")) {
      await this.chain.route(program, verifier, dapp.address);
    }
  }
}

const placeholder: Dapp = { address: "0x0000000000000000000000000000000000000001", abi: [] };

function defaultVersion({ file }: EncodedProject): ProjectVersion {
  const version = file.versions.get(file.defaultVersion);
  if (!version) throw new UserError("the project has no version");
  return version;
}

/** With the dApp's address and ABI in outputs that name a `contractMethod` but no contract. */
function withDapp(draft: ProjectDraft, dapp: Dapp): ProjectDraft {
  const fill = (output: unknown): unknown => {
    const { ethereum } = (output ?? {}) as { ethereum?: Record<string, unknown> };
    if (!ethereum?.contractMethod || ethereum.contractAddress) return output;
    const abi = dapp === placeholder
      ? [{ type: "function", name: ethereum.contractMethod, inputs: [], outputs: [] }]
      : dapp.abi;
    return {
      ...output as object,
      ethereum: {
        ...ethereum,
        contractAddress: dapp.address,
        contractAbiJSON: JSON.stringify(abi),
      },
    };
  };
  const versions = draft.versions.map((version) => ({
    ...version,
    output: Array.isArray(version.output) ? version.output.map(fill) : fill(version.output),
  }));
  return { ...draft, versions };
}
