import { html, raw } from "hono/html";
import { type Operation, operations } from "./operations.ts";
import { openApi } from "./openapi.ts";

const style = raw(`
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  code, pre { font: 0.875rem/1.5 ui-monospace, monospace; }
  pre { overflow-x: auto; padding: 0.75rem; background: color-mix(in srgb, currentColor 8%, transparent); }
  h2 { margin-top: 2.5rem; font-size: 1.1rem; }
  table { border-collapse: collapse; } td, th { text-align: left; padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; }
`);

/** The API's reference as a page without scripts, from what the OpenAPI document says. */
export function referencePage(): string {
  const { components } = openApi();
  return `${html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>W3bstream enode: HTTP API</title>
    <style>${style}</style>
  </head>
  <body>
    <h1>HTTP API of an enode</h1>
    <p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
    ${operations.map(section)}
    <h1>Bodies</h1>
    ${
    Object.entries(components.schemas).map(([name, schema]) =>
      html`
        <h2 id="${name}">${name}</h2>
        <pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre>
      `
    )
  }
  </body>
</html>`}`;
}

const link = (name: string) => html`<a href="#${name}">${name}</a>`;

function section({ id, method, path, summary, description, parameters = [], ...rest }: Operation) {
  const { body = {}, answer, errors, also = {} } = rest;
  const statuses = [...new Set([...errors, ...Object.keys(also).map(Number)])].sort();
  return html`
    <h2 id="${id}"><code>${method.toUpperCase()} ${path}</code></h2>
    <p>${summary}. ${description ?? ""}</p>
    <table>
          ${parameters.map((p) =>
            html`
              <tr>
                <th scope="row"><code>${p.name}</code></th>
                <td>${p.in}</td>
                <td>${p.description}</td>
              </tr>
            `
          )}
          ${Object.entries(body).map(([type, { of, many }]) =>
            html`
              <tr>
                <th scope="row">body</th>
                <td>${type}</td>
                <td>${many ? "list of " : ""}${link(of)}</td>
              </tr>
            `
          )}
          <tr><th scope="row">answer</th><td>200</td><td>${typeof answer === "string"
            ? link(answer)
            : answer.type}</td></tr>
          ${statuses.length === 0 ? "" : html`
            <tr>
              <th scope="row">else</th>
              <td>${statuses.join(", ")}</td>
              <td></td>
            </tr>
          `}
        </table>
  `;
}
