/** A node's own ports; what can't be listened on names the setting that says so. */
import { type Config, ConfigError, type SettingName } from "./config.ts";
import { errorText } from "./log.ts";
import { type HttpServer, serveHttp } from "./platform.ts";

const reasons: Record<string, string> = {
  EADDRINUSE: "address already in use: stop what has it, or name another",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "not permitted",
};

/** @param told the error's own code, or the text that has it */
export function cantListen(setting: SettingName, where: string, told: string): ConfigError {
  const code = /E[A-Z]{4,}/.exec(told)?.[0] ?? "";
  return new ConfigError(`${setting}: can't listen on ${where}: ${reasons[code] ?? told}`);
}

/** Serves where HTTP_SERVICE_ENDPOINT says. @throws {ConfigError} */
export function listenHttp(
  handler: (request: Request) => Response | Promise<Response>,
  { httpHost: hostname, httpPort: port }: Pick<Config, "httpHost" | "httpPort">,
  maxBodyBytes: number,
): HttpServer {
  try {
    return serveHttp(handler, { hostname, port, maxBodyBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw cantListen("HTTP_SERVICE_ENDPOINT", `${hostname}:${port}`, code ?? errorText(error));
  }
}
