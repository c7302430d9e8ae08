/** A worker for tests. */
import { checkCancelled, serveWork } from "../worker.ts";
import { ProgramError } from "../runtime.ts";

// As modules do that await something before they serve.
await new Promise((resolve) => setTimeout(resolve, 50));
serveWork((method, args, job) => {
  switch (method) {
    case "echo":
      return args;
    case "spin":
      job.report({ phase: "prove", done: 0, total: 1 });
      for (;;) checkCancelled(job);
    case "deaf": {
      const end = performance.now() + 3000;
      while (performance.now() < end);
      return "late";
    }
    case "refuse":
      throw new ProgramError("input", "refused");
    case "throw":
      throw new Error("thrown");
    case "die":
      setTimeout(() => {
        throw new Error("died");
      });
      return new Promise(() => {});
  }
});
