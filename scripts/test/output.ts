/** What the tools print about their tests. */

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const sum = (output: string, pattern: RegExp) =>
  [...output.matchAll(pattern)].reduce((n, m) => n + Number(m[1]), 0);

export const bunCounts = (output: string): Counts => ({
  passed: sum(output, /^ *(\d+) pass$/gm),
  failed: sum(output, /^ *(\d+) fail$/gm),
  skipped: sum(output, /^ *(\d+) (?:skip|todo)$/gm),
});
export const forgeCounts = (output: string): Counts => ({
  passed: sum(output, /: (\d+) tests? passed, \d+ failed, \d+ skipped \(/g),
  failed: sum(output, /: \d+ tests? passed, (\d+) failed, \d+ skipped \(/g),
  skipped: sum(output, /: \d+ tests? passed, \d+ failed, (\d+) skipped \(/g),
});
export const cargoCounts = (output: string): Counts => ({
  passed: sum(output, /^test result: \w+\. (\d+) passed/gm),
  failed: sum(output, /^test result: .*?(\d+) failed/gm),
  skipped: sum(output, /^test result: .*?(\d+) ignored/gm),
});

/** What the tools print for a test that failed. */
const failure = /^\(fail\) |^test .* FAILED$|^\[FAIL|panicked at|^error(\[|:)/;

/** The lines of failures with some before them, so that the end of a long log says what is wrong. */
export function excerpt(output: string, before = 25, most = 150): string {
  const lines = output.split("\n");
  const kept = new Set<number>();
  lines.forEach((line, index) => {
    if (!failure.test(line)) return;
    for (let at = Math.max(0, index - before); at <= index + 2; at++) kept.add(at);
  });
  const shown = kept.size > 0 ? lines.filter((_, index) => kept.has(index)) : lines;
  return shown.slice(-most).join("\n");
}

/** The files of which bun says that a test failed. */
export function failedFiles(output: string): string[] {
  const files = new Set<string>();
  let file: string | undefined;
  for (const line of output.split("\n")) {
    // What follows names the failures again, without their files.
    if (/^\d+ tests? (failed|skipped):$/.test(line)) break;
    file = /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? file;
    if (file && line.startsWith("(fail) ")) files.add(file);
  }
  return [...files];
}
