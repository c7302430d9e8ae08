/** Checks one receipt away from the page, which can end it. */
import { errorText } from "./log.ts";
import { type Answer, check, type Question } from "./verify.ts";

addEventListener("message", async ({ data }: MessageEvent<Question>) => {
  let answer: Answer;
  try {
    answer = await check(data);
  } catch (error) {
    answer = { refused: errorText(error), facts: [] };
  }
  postMessage(answer);
});
// What is sent before this module has loaded would be lost.
postMessage("ready");
