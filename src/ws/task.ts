import { enodeOption, request, type State, stateLines } from "./api.ts";
import type { Register } from "./cli.ts";
import { aProjectId } from "./values.ts";

export const task: Register = (program, io) => {
  const group = program.command("task").description("look at tasks");
  enodeOption(group.command("show"))
    .description("the states a task has gone through")
    .argument("<project>", "project id", aProjectId)
    .argument("<task>", "the enode's number of the task, or its 32-byte id")
    .action(async (projectId, id, flags) => {
      const path = `/task/${projectId}/${encodeURIComponent(id)}`;
      const status = await request<{ states: State[] | null }>(flags.enode, path);
      io().result(status, stateLines(status.states));
    });
};
