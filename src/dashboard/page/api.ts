/** What the page asks its enode, as whoever has signed in. */
const key = "operator token";
let token = sessionStorage.getItem(key) ?? undefined;

export const signedIn = (): boolean => token !== undefined;

export function setToken(given: string | undefined): void {
  token = given;
  if (given === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, given);
}

/** The enode's answer was an error. */
export class Refused extends Error {
  constructor(readonly status: number, text: string) {
    super(text);
  }
}

/** @throws {Refused} with what the enode said; {TypeError} when it can't be reached */
export async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  const response = await fetch(path, {
    ...options,
    headers: {
      ...options.headers as Record<string, string> | undefined,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  if (response.ok) return await response.json() as T;
  const { error } = await response.json().catch(() => ({})) as { error?: string };
  throw new Refused(response.status, error ?? `the enode answered ${response.status}`);
}

export const textOf = (error: unknown): string =>
  error instanceof TypeError ? "the enode can't be reached" : (error as Error).message;
