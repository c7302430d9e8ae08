/** The dashboard of a node, in a headless Chromium, as people and strangers see it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { Aedes } from "aedes";
import type { Page } from "playwright-core";
import { freePort } from "../../scripts/free_port.ts";
import { migrate } from "../../src/da/migrate.ts";
import { openPostgres } from "../../src/da/postgres.ts";
import { silent } from "../../src/da/testing/databases.ts";
import { fillTasks } from "../../src/da/testing/fill.ts";
import { weatherModule, workspace, writeProject } from "../e2e/files.ts";
import { type NodeProcess, post, reaches, startNode } from "../e2e/node.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { seriousFaults } from "./axe.ts";
import { hasChromium, launchChromium, type Pages } from "./chromium.ts";

setDefaultTimeout(600_000);

const place = workspace();
const at = (name: string) => join(place.directory, name);
const token = "the-operators-own-token";
/** What a test waits for comes sooner by far, ms. */
const patience = { timeout: 300_000 };
/** Kept, for people to look at. */
const screenshots = join(import.meta.dirname, "../../.cache/screenshots");

const [desk, phone] = [{ width: 1280, height: 900 }, { width: 360, height: 740 }];
const sights = [
  ["light", "light", desk],
  ["dark", "dark", desk],
  ["phone", "light", phone],
] as const;

if (!hasChromium) {
  test.skip(`the dashboard: no Chromium for ${process.platform}-${process.arch}`, () => {});
} else {
  let node: NodeProcess, many: NodeProcess;
  let server: TestPostgres;
  let chromium: Pages;
  let page: Page;
  /** The message of a task that was output, and of one that failed. */
  let sent: string, refused: string;

  /** Takes results of project 2 only once it is told to. */
  let takes = false;
  const receiver = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(null, { status: takes ? 204 : 410 }),
  });

  const start = (port?: number) =>
    startNode({
      ...place.env,
      PROJECT_FILE_DIRECTORY: at("projects"),
      OPERATOR_TOKEN: token,
      WEBHOOK_SECRETS: `2=whsec_${Buffer.alloc(32, 7).toString("base64")}`,
      WEBHOOK_PRIVATE_HOSTS: `127.0.0.1:${receiver.port}`,
    }, port === undefined ? {} : { port });

  beforeAll(async () => {
    await mkdir(screenshots, { recursive: true });
    await mkdir(at("projects"));
    const version = { code: await weatherModule(), packing: { count: 1, window: 1 } };
    await writeProject(at("projects"), 1, version);
    await writeProject(at("projects"), 2, {
      ...version,
      output: { type: "webhook", webhook: { url: `http://127.0.0.1:${receiver.port}/` } },
    });
    node = await start();
    server = await startPostgres();
    const database = await openPostgres({ dsn: server.dsn, log: silent });
    await migrate(database, silent);
    await fillTasks(database, 100_000);
    await database.close();
    many = await startNode({
      DATABASE_DSN: server.dsn,
      DATA_DIRECTORY: at("many"),
      PROJECT_FILE_DIRECTORY: at("projects"),
    }, { role: "enode" });
    chromium = await launchChromium();
    page = await chromium.open(node.url);
  });

  afterAll(async () => {
    await chromium?.close();
    for (const one of [node, many]) await one?.kill();
    await server?.stop();
    await receiver.stop(true);
    await place.remove();
  });

  const isLive = (of: Page) => of.locator("#live[data-live=live]").waitFor(patience);
  const headed = (of: Page, title: string) =>
    of.getByRole("heading", { level: 1, name: title, exact: true }).waitFor(patience);
  /** Follows a link within the page, and waits for its heading. */
  const visit = async (of: Page, hash: string, title: string) => {
    await of.evaluate((to) => location.hash = to, hash);
    await headed(of, title);
    await of.getByText("Loading…").filter({ visible: true }).first().waitFor({
      ...patience,
      state: "detached",
    });
  };
  const countOf = (of: Page, stage: string) =>
    of.locator(".stage").filter({ has: of.getByRole("heading", { name: stage, exact: true }) })
      .locator(".count");

  test("a message is seen to go through all stages", async () => {
    await isLive(page);
    await page.getByText("No task was packed yet.").waitFor(patience);
    sent = await post(node.url, 1, '{"value":21.5}');
    await reaches(node.url, sent, "outputted");
    await page.locator("main .badge[data-state=outputted]").first().waitFor(patience);
    await page.waitForFunction(
      () => {
        const counts = [...document.querySelectorAll(".count")].map((e) => e.textContent);
        return counts.join() === "1,0,1,0,0,0";
      },
      null,
      patience,
    );
    await page.locator(".legend a[data-state=outputted] strong").getByText("1").waitFor(patience);
    expect(await countOf(page, "Ingest").textContent()).toBe("1");
    // Its life, found by what was answered to who sent it.
    await page.getByRole("searchbox").fill(sent);
    await page.keyboard.press("Enter");
    await headed(page, "Message");
    await page.locator(".timeline li[data-state=outputted]").waitFor(patience);
    expect(
      await page.locator(".timeline li").evaluateAll((items) =>
        items.map((item) => item.getAttribute("data-state"))
      ),
    ).toEqual(["received", "packed", "dispatched", "proved", "outputted"]);
    refused = await post(node.url, 1, '{"value":"no number"}');
    await reaches(node.url, refused, "failed");
    await visit(page, "#/failures", "Failures");
    await page.locator("main .badge[data-state=failed]").waitFor(patience);
  });

  test("its receipt is verified by the page itself, and a forged message is not", async () => {
    await visit(page, `#/message/${sent}`, "Message");
    const ask = async (data: string): Promise<string> => {
      await page.getByLabel("What was sent").fill(data);
      await page.getByRole("button", { name: "Check the receipt" }).click();
      await page.locator(".verdict").getByText(/^(Valid|Refused|Not checked)/).waitFor(patience);
      return (await page.locator(".verdict").innerText()).replace(/\s+/g, " ");
    };
    const answer = await ask('{"value":21.5}');
    expect(answer).toStartWith("Valid");
    expect(answer).toContain("is of the message given yes");
    expect(await ask('{"value":99}')).toContain("it is of another message than the one given");
    expect(await seriousFaults(page)).toEqual([]);
    // The task's, from its page.
    await page.locator("main").getByRole("link", { name: /^Task/ }).click();
    await headed(page, "Task 1");
    await page.getByRole("button", { name: "Check the receipt" }).click();
    await page.locator(".verdict").getByText("Valid").waitFor(patience);
    // A file, which is not what it was.
    const receipt = await (await fetch(`${node.url}/message/${sent}/receipt`)).json();
    await visit(page, "#/receipts", "Receipts");
    const forged = { ...receipt, leaf: { ...receipt.leaf, hash: receipt.taskId } };
    await page.getByLabel("Or a receipt file").setInputFiles({
      name: "receipt.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(forged)),
    });
    await page.locator(".verdict").getByText(/^Refused/).waitFor(patience);
  });

  test("strangers are told nothing private, and the operator's token shows more", async () => {
    const { task } = await (await fetch(`${node.url}/overview/find?q=${sent}`)).json();
    const stranger = await (await fetch(`${node.url}/overview/tasks/${task.taskId}`)).text();
    expect(stranger).not.toContain(sent);
    await visit(page, `#/task/${task.taskId}`, "Task 1");
    expect(await page.getByRole("heading", { name: "Messages" }).isVisible()).toBe(false);
    const sign = async (text: string) => {
      await page.getByLabel("Token", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    const failed = chromium.errors.length;
    await page.getByRole("button", { name: "Operator" }).click();
    await sign("not-the-operators-token");
    await page.getByText("That is not this enode's token.").waitFor(patience);
    // The browser itself logs that an answer was 401.
    expect(chromium.errors.splice(failed)).toEqual([expect.stringContaining("401")]);
    await sign(token);
    await page.getByRole("link", { name: sent }).waitFor(patience);
    expect(await page.getByRole("heading", { name: "Messages" }).isVisible()).toBe(true);
    await page.reload();
    await page.getByRole("link", { name: sent }).waitFor(patience);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: sent }).waitFor({ ...patience, state: "hidden" });
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(node.log()).not.toContain(token);
  });

  test("the keyboard alone gets everywhere", async () => {
    await page.goto(`${node.url}/#/tasks`);
    await page.reload();
    await page.locator("tbody tr").nth(1).waitFor(patience);
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const visible = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
        return [element.ariaLabel ?? (element.textContent?.trim() || element.id), visible] as const;
      });
    const walked: string[] = [];
    while (!walked.includes("Task 1")) {
      await page.keyboard.press("Tab");
      const [name, visible] = await focused();
      walked.push(name);
      // No trap, and nothing has the focus unseen.
      expect([name, visible, walked.length < 60]).toEqual([name, true, true]);
    }
    const places = ["Skip to content", "Find", "Overview", "Failures", "all", "Show", "Task 1"]
      .map((name) => walked.indexOf(name));
    expect([walked, places.includes(-1)]).toEqual([walked, false]);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // The rows of a list by arrows.
    await page.getByRole("link", { name: "Task 2" }).focus();
    await page.keyboard.press("ArrowDown");
    expect((await focused())[0]).toBe("Task 1");
    await page.keyboard.press("Home");
    expect((await focused())[0]).toBe("Task 2");
    // What is opened has the focus, so that it is read, and going on begins there.
    await page.keyboard.press("Enter");
    await headed(page, "Task 2");
    expect((await focused())[0]).toBe("Task 2");
    await page.getByRole("link", { name: "Skip to content" }).focus();
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    // Nothing moves for who asked for that.
    await page.emulateMedia({ reducedMotion: "reduce" });
    await visit(page, "#/", "Overview");
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: null });
    // A dialog keeps the focus, and gives it back.
    await page.getByRole("button", { name: "Operator" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor(patience);
    expect(await seriousFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("token");
    await page.keyboard.press("Escape");
    expect((await focused())[0]).toBe("Operator");
  });

  test("a node that starts again is seen to", async () => {
    await page.goto(`${node.url}/`);
    await isLive(page);
    const failed = chromium.errors.length;
    const port = Number(new URL(node.url).port);
    expect(await node.stop()).toBe(0);
    await page.locator("#live").getByText("reconnecting").waitFor(patience);
    node = await start(port);
    await isLive(page);
    // The browser itself logs that nothing listened meanwhile.
    for (const error of chromium.errors.splice(failed)) expect(error).toContain("ERR_");
    const id = await post(node.url, 1, '{"value":20}');
    await reaches(node.url, id, "outputted");
    await page.locator(".legend a[data-state=outputted] strong").getByText("2").waitFor(patience);
  });

  test("the operator has a dead output tried again", async () => {
    const id = await post(node.url, 2, '{"value":20}');
    await reaches(node.url, id, "failed");
    const { task } = await (await fetch(`${node.url}/overview/find?q=${id}`)).json();
    await visit(page, `#/task/${task.taskId}`, `Task ${task.serial}`);
    const retry = page.getByRole("button", { name: "Try output 0 again" });
    await page.getByText("it wants no more of them").first().waitFor(patience);
    expect(await retry.count()).toBe(0);
    await page.getByRole("button", { name: "Operator" }).click();
    await page.getByLabel("Token", { exact: true }).fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await retry.waitFor(patience);
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: join(screenshots, "dashboard-operator.png"), fullPage: true });
    takes = true;
    await retry.click();
    await page.locator(".head .badge[data-state=outputted]").waitFor(patience);
    await retry.waitFor({ ...patience, state: "detached" });
    await page.getByRole("button", { name: "Sign out" }).click();
  });

  test("programs that ask for / get what they always got", async () => {
    for (const accept of ["application/json", "*/*"]) {
      const answer = await fetch(node.url, { headers: { accept } });
      expect([answer.status, await answer.text()]).toEqual([404, "404 page not found"]);
    }
    expect((await fetch(`${node.url}/dashboard/none.js`)).status).toBe(404);
  });

  for (const [sight, colorScheme, size] of sights) {
    test(`100,000 tasks are readable, ${sight}`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      await page.goto(many.url);
      await isLive(page);
      await page.locator("tbody tr").first().waitFor(patience);
      await page.waitForFunction(
        () => document.querySelectorAll(".count")[2]?.textContent === "100,000",
        null,
        patience,
      );
      const looks = [
        ["#/", "Overview"],
        ["#/tasks", "Tasks"],
        ["#/tasks?project=3&state=failed", "Tasks"],
        ["#/task/50000", "Task 50000"],
        ["#/projects", "Projects"],
        ["#/znodes", "Znodes"],
        ["#/failures", "Failures"],
        ["#/receipts", "Receipts"],
      ] as const;
      for (const [i, [hash, title]] of looks.entries()) {
        await visit(page, hash, title);
        const path = join(
          screenshots,
          `dashboard-${sight}-${i}-${title.toLowerCase().replace(" ", "-")}.png`,
        );
        await page.screenshot({ path, fullPage: true });
        expect([hash, await seriousFaults(page)]).toEqual([hash, []]);
        const wide = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth
        );
        expect([hash, wide]).toEqual([hash, 0]);
      }
      await visit(page, "#/tasks?state=dispatched", "Tasks");
      expect(await page.locator("tbody tr").count()).toBe(50);
      await page.getByRole("link", { name: "Older" }).click();
      await page.getByRole("link", { name: "Newest" }).waitFor(patience);
      await page.locator("tbody tr").first().waitFor(patience);
    });
  }

  test("what a node does without is told to its operator, until it has it", async () => {
    const port = await freePort();
    const enode = await startNode({
      DATA_DIRECTORY: at("degraded"),
      PROJECT_FILE_DIRECTORY: at("projects"),
      MQTT_ENDPOINT: `mqtt://127.0.0.1:${port}`,
    }, { role: "enode" });
    const broker = await Aedes.createBroker();
    const listener = createServer(broker.handle);
    try {
      const view = await chromium.open(enode.url);
      await isLive(view);
      const notice = view.locator("#notices").getByText("Some of its work is not done");
      await notice.waitFor(patience);
      expect(await notice.textContent()).toBe(
        "Some of its work is not done: MQTT: no subscription at the MQTT broker.",
      );
      expect(await seriousFaults(view)).toEqual([]);
      listener.listen(port, "127.0.0.1");
      await notice.waitFor({ ...patience, state: "hidden" });
      // This Chromium is one process, which ends with a page.
      await view.goto("about:blank");
      expect(await enode.stop()).toBe(0);
    } finally {
      await enode.kill();
      await new Promise<void>((resolve) => broker.close(resolve));
      listener.close();
    }
  });

  test("a receipt without a proof is not said to be valid", async () => {
    const id = await post(many.url, 1, '{"value":20}');
    await reaches(many.url, id, "packed");
    await page.goto(`${many.url}/#/message/${id}`);
    await headed(page, "Message");
    await page.getByRole("button", { name: "Check the receipt" }).click();
    await page.getByText("Not checked to the end: there is no proof yet").waitFor(patience);
  });

  test("what it asks of strangers' data, of very many, is none", async () => {
    const paths = [
      ...["/overview", "/overview/tasks", "/overview/tasks/50000", "/overview/failures"],
      ...["/overview/projects", "/overview/znodes", "/overview/proofs", "/overview/find?q=50000"],
    ];
    for (const path of paths) {
      const text = await (await fetch(`${many.url}${path}`)).text();
      expect([path, text.length > 20]).toEqual([path, true]);
      for (const hidden of ["private", "did:example"]) {
        expect([path, hidden, text.includes(hidden)]).toEqual([path, hidden, false]);
      }
    }
  });

  test("nothing went wrong, and the page is light", async () => {
    expect(chromium.errors).toEqual([]);
    let bytes = 0;
    const html = await (await fetch(node.url, { headers: { accept: "text/html" } })).text();
    const parts = [...html.matchAll(/"\/(dashboard\/[^"]+)"/g)].map(([, name]) => name);
    expect(parts.length).toBe(4);
    for (const name of ["", ...parts]) {
      const answer = await fetch(`${node.url}/${name}`, { headers: { accept: "text/html" } });
      expect([name, answer.status]).toEqual([name, 200]);
      expect(answer.headers.get("content-security-policy")).toContain("script-src 'self'");
      bytes += (await answer.arrayBuffer()).byteLength;
    }
    expect(bytes).toBeGreaterThan(10_000);
    // Before it is compressed.
    expect(bytes).toBeLessThan(200_000);
    for (const one of [node, many]) expect(await one.stop()).toBe(0);
  });
}
