/** Waits for a condition. @throws when it does not come about in a minute */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`did not come about: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
