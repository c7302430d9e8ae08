import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startAnvil } from "./anvil.ts";

const root = join(import.meta.dirname, "../..");

/** Runs in Deno with the permissions that talking to one chain needs. */
async function inDeno(url: string, script: string): Promise<string> {
  const grants = [`--allow-net=${new URL(url).host}`, "--allow-read", "--allow-env"];
  const args = ["run", "--no-prompt", "--quiet", ...grants, "--ext=ts", "-"];
  const child = spawn(join(root, "node_modules/.bin/deno"), args, { cwd: root });
  child.stdin.end(script);
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  await once(child, "close");
  return output;
}

test("deploys and registers from Deno too", async () => {
  const anvil = await startAnvil();
  try {
    const output = await inDeno(
      anvil.url,
      `
      import { connectChain } from "./src/chain/clients.ts";
      import { deployCore } from "./src/chain/deploy.ts";
      import { isEligible, registerZNode } from "./src/chain/registrars.ts";
      import { anvilAccount } from "./src/chain/anvil.ts";
      const sender = (await connectChain("${anvil.url}")).sender(anvilAccount(0));
      const core = await deployCore(sender);
      const prover = anvilAccount(1).address;
      const znode = { did: "did:key:deno", operators: [prover], amount: core.minStake };
      await registerZNode(sender, core.znodeRegistrar, znode);
      const eligible = await isEligible(sender.reader, core.znodeRegistrar, prover);
      console.log("eligible " + eligible);
    `,
    );
    expect(output).toBe("eligible true\n");
  } finally {
    await anvil.stop();
  }
});
