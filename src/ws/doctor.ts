import type { Register } from "./cli.ts";
export const doctor: Register = (program) => {
  program.command("doctor");
};
