/** Has receipts checked in a worker, one each: a project's verifier may not end. */
import type { Asked } from "./examine.ts";
import type { Answer } from "./verify.ts";

/** Longest that a check may take, ms: zkwasm's class medium takes a minute or two. */
const mostMs = 300_000;

export function checkAway(asked: Asked): Promise<Answer> {
  const worker = new Worker("/verifier/worker.js", { type: "module" });
  return new Promise<Answer>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the check took too long")), mostMs);
    worker.addEventListener("message", ({ data }: MessageEvent<"ready" | Answer>) => {
      if (data === "ready") return worker.postMessage(asked);
      clearTimeout(timer);
      resolve(data);
    });
    worker.addEventListener("error", ({ message }) => {
      clearTimeout(timer);
      reject(new Error(message || "the check could not be started"));
    });
  }).finally(() => worker.terminate());
}
