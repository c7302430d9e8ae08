/** The value below which the fraction of the values lies; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/**
 * How unevenly work is spread over who should have some: the Gini coefficient of what each got a
 * unit of what was expected of it, those weighted by what was expected. 0: all in proportion.
 */
export function gini(got: readonly number[], expected: readonly number[]): number {
  const shares = got.map((work, i) => ({ work, due: expected[i] ?? 0 }))
    .filter(({ due }) => due > 0)
    .sort((a, b) => a.work / a.due - b.work / b.due);
  const work = shares.reduce((sum, s) => sum + s.work, 0);
  const due = shares.reduce((sum, s) => sum + s.due, 0);
  if (work === 0 || due === 0) return 0;
  let under = 0, reached = 0;
  for (const s of shares) {
    under += (s.due / due) * (2 * reached + s.work) / work;
    reached += s.work;
  }
  return 1 - under;
}
