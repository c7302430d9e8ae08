/** Checks one receipt away from the page, which can end it. */
import { type Asked, examine } from "./examine.ts";
import { errorText } from "./log.ts";
import type { Answer } from "./verify.ts";

addEventListener("message", async ({ data }: MessageEvent<Asked>) => {
  let answer: Answer;
  try {
    answer = await examine(data);
  } catch (error) {
    answer = { refused: errorText(error), facts: [] };
  }
  postMessage(answer);
});
// What is sent before this module has loaded would be lost.
postMessage("ready");
