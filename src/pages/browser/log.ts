/** Stands in for `src/log.ts` in a page. */
export const errorText = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
