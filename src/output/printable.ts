/** A stranger's text, short and safe in a log line; URLs, which may hold keys, are left out. */
export function printable(text: string): string {
  const clean = text.replace(/https?:\/\/\S+/g, "<url>").replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
