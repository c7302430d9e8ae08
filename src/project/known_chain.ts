import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errorText, type Log } from "../log.ts";

const schema = z.object({ contract: z.string(), chainId: z.string().regex(/^\d{1,78}$/) });

/** The chain of the last run: what was known of it serves while it is out of reach. */
export class KnownChain {
  constructor(
    private readonly path: string,
    private readonly contract: string,
    private readonly log: Log,
  ) {}

  async read(): Promise<bigint | undefined> {
    try {
      const { contract, chainId } = schema.parse(JSON.parse(await readFile(this.path, "utf8")));
      return contract === this.contract ? BigInt(chainId) : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.log.warn({ path: this.path, reason: errorText(error) }, "the file is not usable");
      }
      return undefined;
    }
  }

  async write(chainId: bigint): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(this.path, JSON.stringify({ contract: this.contract, chainId: `${chainId}` }));
  }
}
