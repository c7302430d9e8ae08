/** Stands in for `node:fs/promises` in a page: what is read below `wasm/dist` is fetched. */
export async function readFile(url: URL): Promise<Uint8Array> {
  const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const response = await fetch(`/verifier/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
