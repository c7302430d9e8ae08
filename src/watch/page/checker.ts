/** Has receipts checked in a worker, one each: a project's verifier may not end. */
import type { Answer, Question } from "./verify.ts";

/** Longest that a check may take, ms. */
const mostMs = 120_000;

export function checkAway(question: Question): Promise<Answer> {
  const worker = new Worker("/watch/worker.js", { type: "module" });
  return new Promise<Answer>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the check took too long")), mostMs);
    worker.addEventListener("message", ({ data }: MessageEvent<"ready" | Answer>) => {
      if (data === "ready") return worker.postMessage(question);
      clearTimeout(timer);
      resolve(data);
    });
    worker.addEventListener("error", ({ message }) => {
      clearTimeout(timer);
      reject(new Error(message || "the check could not be started"));
    });
  }).finally(() => worker.terminate());
}
