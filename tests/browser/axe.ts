/** What axe-core finds wrong with a page for those who don't see it, or use no mouse. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const script = await readFile(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** What is serious or critical, as text; none is what a page should have. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Evaluated, as the page's own policy admits no script but its own.
  await page.evaluate(script);
  const violations = await page.evaluate("axe.run().then(({ violations }) => violations)");
  return (violations as Violation[])
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes: [first] }) => `${id}: ${first?.html} ${first?.failureSummary}`);
}
