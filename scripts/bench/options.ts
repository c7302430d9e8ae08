/** What benchmarks are told on their command lines. */
import process from "node:process";
import { parseArgs } from "node:util";

type Default = string | boolean | undefined;
type Flags<T> = {
  readonly [K in keyof T]: T[K] extends boolean ? boolean
    : T[K] extends undefined ? string | undefined
    : string;
};

/**
 * The options, each of the kind of its default, text where that is undefined; `--json` as well.
 * Shows the help, and ends, where that is asked for.
 */
export function flagsOf<T extends Readonly<Record<string, Default>>>(
  help: string,
  defaults: T,
): Flags<T> & { readonly json: boolean } {
  const kinds = Object.entries({ ...defaults, json: false, help: false }).map(([name, value]) => {
    const type = typeof value === "boolean" ? "boolean" as const : "string" as const;
    return [name, { type, ...(value === undefined ? {} : { default: value }) }] as const;
  });
  const { values } = parseArgs({ options: Object.fromEntries(kinds) });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  return values as unknown as Flags<T> & { readonly json: boolean };
}

/** Ends with a text on what is wrong. */
export function wrong(text: string): never {
  console.error(text);
  process.exit(2);
}

/** A whole number from 1 to `most`. */
export function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  return wrong(`--${name} must be a whole number from 1 to ${most}`);
}
