export * from "../src/chain/anvil.ts";
