/** The Chromium that npm carries. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Page } from "playwright-core";

/** It is of this platform alone. */
export const hasChromium = process.platform === "linux" && process.arch === "x64";

export interface Pages {
  /** A new page; what goes wrong in it is told to `errors`. */
  open(url: string): Promise<Page>;
  /** Errors that pages threw, and what they wrote of errors to their consoles. */
  readonly errors: string[];
  close(): Promise<void>;
}

export async function launchChromium(): Promise<Pages> {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-browser-"));
  // It unpacks itself into the system's folder for temporary files, where another run may be at it.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = directory;
  const executablePath = await chromium.executablePath();
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  const browser = await playwright.launch({ executablePath, args: chromium.args, headless: true });
  const errors: string[] = [];
  return {
    errors,
    async open(url) {
      const page = await browser.newPage();
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    async close() {
      await browser.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
