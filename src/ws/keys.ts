import { writeFile } from "node:fs/promises";
import process from "node:process";
import type { Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { z } from "zod";
import { loadConfig } from "../config.ts";
import { decryptKey, encryptKey, readText } from "../keystore.ts";
import { accountOf } from "../secp256k1.ts";
import { type Io, type Register, UserError } from "./cli.ts";
import { ask, password } from "./prompt.ts";

export const keys: Register = (program, io) => {
  const group = program.command("keys").description("private keys in encrypted files")
    .addHelpText(
      "after",
      "\nThe password is KEYSTORE_PASSWORD, or the first line of KEYSTORE_PASSWORD_FILE, or asked " +
        "for.\nOPERATOR_KEYSTORE and PROVER_KEYSTORE name such files to nodes and ws.",
    );

  group.command("create")
    .description("make a new key")
    .argument("<file>", "is made; a keystore of version 3, as other wallets read it")
    .action(async (file: string) => await store(file, generatePrivateKey(), io()));

  group.command("import")
    .description("encrypt a key that there is: OPERATOR_PRIVATE_KEY, or it is asked for")
    .argument("<file>", "is made")
    .action(async (file: string) => {
      const given = process.env.OPERATOR_PRIVATE_KEY || await ask("private key: ");
      if (!given) throw new UserError("set OPERATOR_PRIVATE_KEY to the key");
      const { OPERATOR_PRIVATE_KEY } = loadConfig("all", {}, { OPERATOR_PRIVATE_KEY: given });
      await store(file, OPERATOR_PRIVATE_KEY as Hex, io());
    });

  group.command("show")
    .description("the address of a key")
    .argument("<file>", "a keystore")
    .option("--check", "whether the password opens it, and the key is that address's", false)
    .action(async (file: string, { check }: { check: boolean }) => {
      const text = await readText(file);
      const said = addressIn(text);
      if (said !== undefined && !check) return io().result({ address: said }, [said]);
      const key = await decryptKey(text, await password(), file);
      const { address } = accountOf(key);
      if (said !== undefined && said.toLowerCase() !== address.toLowerCase()) {
        throw new UserError(`${file} says ${said}, its key is that of ${address}`);
      }
      io().result({ address }, [address]);
    });
};

async function store(file: string, key: Hex, io: Io): Promise<void> {
  const text = await encryptKey(key, await password());
  try {
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "EEXIST" ? `${file} is there already` : `can't write ${file} (${code})`,
    );
  }
  const { address } = accountOf(key);
  io.result({ file, address }, [`${file}: the key of ${address}`]);
}

/** What a keystore says of itself, which it need not. */
function addressIn(text: string): string | undefined {
  try {
    const { address } = z.object({ address: z.string().regex(/^(0x)?[0-9a-fA-F]{40}$/) })
      .parse(JSON.parse(text));
    return `0x${address.replace(/^0x/, "")}`;
  } catch {
    return undefined;
  }
}
