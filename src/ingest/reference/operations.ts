/** The routes of the HTTP API, as OpenAPI tells them. */
import type { z } from "zod";
import { taskStates } from "../../da/da.ts";
import { assignmentsSchema } from "../../protocol/assignment.ts";
import { storedFaultSchema } from "../../protocol/fault.ts";
import { messageReceiptSchema } from "../../protocol/message_receipt.ts";
import { receiptSchema } from "../../protocol/receipt_file.ts";
import * as views from "../../dashboard/schema.ts";
import { credentialRequestSchema } from "../auth/issue.ts";
import * as s from "../schema.ts";

/** Bodies by their names in the document. */
export const schemas = {
  Message: s.messageSchema,
  CborMessage: s.cborMessageSchema,
  Error: s.errorSchema,
  Stored: s.messageAnswerSchema,
  StoredMany: s.messagesAnswerSchema,
  State: s.stateSchema,
  MessageStatus: s.messageStatusSchema,
  TaskStatus: s.taskStatusSchema,
  EnodeConfig: s.enodeConfigSchema,
  MayOperate: s.mayOperateSchema,
  CredentialRequest: credentialRequestSchema,
  Credential: s.credentialAnswerSchema,
  Assignments: assignmentsSchema,
  Receipt: receiptSchema,
  MessageReceipt: messageReceiptSchema,
  Retry: s.retrySchema,
  Retried: s.retriedSchema,
  DeadOutputs: s.deadOutputsSchema,
  Faults: s.faultsSchema,
  Fault: storedFaultSchema,
  Overview: views.overviewSchema,
  Tasks: views.tasksSchema,
  Task: views.taskSchema,
  Failures: views.failuresSchema,
  Projects: views.projectsSchema,
  Znodes: views.znodesSchema,
  ProofTimes: views.proofTimesSchema,
  Found: views.foundSchema,
  Live: s.liveSchema,
  Ready: s.readySchema,
} satisfies Record<string, z.ZodType>;
export type SchemaName = keyof typeof schemas;

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  /** JSON Schema. */
  readonly schema: object;
}

export interface Operation {
  readonly id: string;
  readonly method: "get" | "post";
  /** With `{name}` for its parameters. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  /** By content type; a list of the schema where `many`. */
  readonly body?: Readonly<Record<string, { readonly of: SchemaName; readonly many?: true }>>;
  /** What a good answer is: of a schema, or of another content type. */
  readonly answer: SchemaName | { readonly type: string };
  /** Other statuses with an answer that is good in its way. */
  readonly also?: Readonly<Record<number, { readonly text: string; readonly of?: SchemaName }>>;
  /** Statuses whose body is an `Error`. */
  readonly errors: readonly number[];
  /** Whether a token can be shown. */
  readonly bearer?: true;
}

const uint = { type: "string", pattern: "^[0-9]{1,20}$" };
const path = (name: string, description: string, schema: object): Parameter => ({
  ...{ name, in: "path", description, schema },
});
const messageId = path("id", "what POST /message answered", { type: "string" });
const faultId = path("id", "its number at this enode", {
  type: "string",
  pattern: "^[0-9]{1,19}$",
});
const hash = { type: "string", pattern: "^0x[0-9a-fA-F]{64}$" };
const addressText = { type: "string", pattern: "^0x[0-9a-fA-F]{40}$" };
const task: readonly [Parameter, Parameter] = [
  path("project_id", "the project's number", uint),
  path("task_id", "the task's number at this enode, or its 32-byte id", {
    type: "string",
    pattern: "^([0-9]{1,20}|0x[0-9a-fA-F]{64})$",
  }),
];
const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description: "posted again with the same key, a message is one message",
  schema: { type: "string", minLength: 1, maxLength: 200 },
};
const sending = [400, 401, 403, 404, 408, 409, 413, 415, 429, 503];

const query = (name: string, description: string, schema: object): Parameter => ({
  ...{ name, in: "query", description, schema },
});
/** Of who looks: each takes the operator's token, and tells everybody what is not private. */
const looking = { method: "get", bearer: true } as const;

const overviewOperations: readonly Operation[] = [
  {
    ...looking,
    id: "getOverview",
    path: "/overview",
    summary: "Counts and rates of each stage",
    answer: "Overview",
    errors: [401, 503],
  },
  {
    id: "watchOverview",
    method: "get",
    path: "/overview/events",
    summary: "The same as it changes",
    description: "Server-sent events `summary`, at most one a second, without `operator`.",
    answer: { type: "text/event-stream" },
    errors: [503],
  },
  {
    ...looking,
    id: "listTasks",
    path: "/overview/tasks",
    summary: "Tasks, newest first, 50 at once",
    parameters: [
      query("project", "only this one's", uint),
      query("state", "only those in it", { type: "string", enum: taskStates }),
      query("before", "from before this task's number", uint),
    ],
    answer: "Tasks",
    errors: [400, 401, 503],
  },
  {
    ...looking,
    id: "lookAtTask",
    path: "/overview/tasks/{task_id}",
    summary: "A task with all that became of it",
    parameters: [task[1]],
    answer: "Task",
    errors: [400, 401, 404, 503],
  },
  {
    ...looking,
    id: "listFailures",
    path: "/overview/failures",
    summary: "Tasks that failed, and outputs that will not be done, newest first, 50 at once",
    parameters: [query("before", "what the last page said", uint)],
    answer: "Failures",
    errors: [400, 401, 503],
  },
  {
    ...looking,
    id: "listProjects",
    path: "/overview/projects",
    summary: "Projects that are served here or have tasks, and their tasks by state",
    answer: "Projects",
    errors: [401, 503],
  },
  {
    ...looking,
    id: "listZnodes",
    path: "/overview/znodes",
    summary: "Znodes that this enode knows of: stake, leases, proofs",
    answer: "Znodes",
    errors: [401, 503],
  },
  {
    ...looking,
    id: "getProofTimes",
    path: "/overview/proofs",
    summary: "How long proofs take, by machine",
    answer: "ProofTimes",
    errors: [401, 503],
  },
  {
    ...looking,
    id: "find",
    path: "/overview/find",
    summary: "What a task's id or number, or a message's id, names",
    parameters: [query("q", "the id or number", { type: "string" })],
    answer: "Found",
    errors: [400, 401, 503],
  },
];

export const operations: readonly Operation[] = [
  {
    id: "sendMessage",
    method: "post",
    path: "/message",
    summary: "Send a message",
    description: "Answers once it is durable. Bodies may have Content-Encoding: gzip.",
    parameters: [idempotencyKey],
    body: { "application/json": { of: "Message" }, "application/cbor": { of: "CborMessage" } },
    answer: "Stored",
    errors: sending,
    bearer: true,
  },
  {
    id: "sendMessages",
    method: "post",
    path: "/messages",
    summary: "Send many messages",
    description:
      "One answer a message, in their order; the bad ones do not keep the good ones out.",
    parameters: [idempotencyKey],
    body: {
      "application/json": { of: "Message", many: true },
      "application/x-ndjson": { of: "Message" },
      "application/cbor": { of: "CborMessage", many: true },
    },
    answer: "StoredMany",
    also: {
      207: { text: "some were not stored, and say why", of: "StoredMany" },
      400: { text: "none was stored, or the body can't be read", of: "StoredMany" },
    },
    errors: sending,
    bearer: true,
  },
  {
    id: "getMessage",
    method: "get",
    path: "/message/{id}",
    summary: "A message's life",
    parameters: [messageId],
    answer: "MessageStatus",
    errors: [503],
  },
  {
    id: "watchMessage",
    method: "get",
    path: "/message/{id}/events",
    summary: "A message's life as it happens",
    description: "Server-sent events `state`, each with a State as data, until the last.",
    parameters: [messageId, {
      name: "Last-Event-ID",
      in: "header",
      description: "how many states the client knows",
      schema: { type: "string", pattern: "^[0-9]{1,6}$" },
    }],
    answer: { type: "text/event-stream" },
    also: { 204: { text: "all was told" } },
    errors: [404, 503],
  },
  {
    id: "getMessageReceipt",
    method: "get",
    path: "/message/{id}/receipt",
    summary: "What anyone can check of a message: its task, the proof, what the chain has",
    parameters: [messageId],
    answer: "MessageReceipt",
    errors: [404, 409, 503],
  },
  {
    id: "getTask",
    method: "get",
    path: "/task/{project_id}/{task_id}",
    summary: "A task's life",
    description: "A token is not needed; one that is shown must be good.",
    parameters: [...task, {
      name: "authorization",
      in: "query",
      description: "a token, as the original takes it here too",
      schema: { type: "string" },
    }],
    answer: "TaskStatus",
    errors: [400, 401, 403, 503],
    bearer: true,
  },
  {
    id: "getAssignments",
    method: "get",
    path: "/task/{project_id}/{task_id}/assignments",
    summary: "Who got a task's leases, signed",
    parameters: task,
    answer: "Assignments",
    errors: [400, 404, 503],
  },
  {
    id: "getReceipt",
    method: "get",
    path: "/task/{project_id}/{task_id}/receipt",
    summary: "A task's proof, where it hides the private input",
    parameters: task,
    answer: "Receipt",
    errors: [400, 403, 404, 503],
  },
  {
    id: "retryTask",
    method: "post",
    path: "/task/{project_id}/{task_id}/retry",
    summary: "Try outputs again that ended dead",
    description:
      "By the enode's OPERATOR_TOKEN as bearer, or signed by an operator of the project.",
    parameters: task,
    body: { "application/json": { of: "Retry" } },
    answer: "Retried",
    errors: [400, 401, 403, 404, 408, 409, 413, 503],
    bearer: true,
  },
  {
    id: "listDeadOutputs",
    method: "get",
    path: "/dead_outputs",
    summary: "Outputs that ended dead, newest first, and why",
    parameters: [
      { name: "project", in: "query", description: "only this one's", schema: uint },
      { name: "before", in: "query", description: "from before this id", schema: uint },
    ],
    answer: "DeadOutputs",
    errors: [400, 503],
  },
  {
    id: "listFaults",
    method: "get",
    path: "/faults",
    summary: "Faults of znodes that can be proved, newest first",
    parameters: [
      { name: "prover", in: "query", description: "only this one's", schema: { type: "string" } },
      { name: "before", in: "query", description: "from before this fault", schema: uint },
    ],
    answer: "Faults",
    errors: [400, 503],
  },
  {
    id: "getFault",
    method: "get",
    path: "/faults/{id}",
    summary: "One fault with what proves it",
    parameters: [faultId],
    answer: "Fault",
    errors: [400, 404, 503],
  },
  {
    id: "mayOperate",
    method: "get",
    path: "/operator/{project_id}/{address}",
    summary: "Whether an address may operate a project, as this enode knows the chain",
    parameters: [task[0], path("address", "of a task's signer", addressText)],
    answer: "MayOperate",
    errors: [400, 429, 503],
  },
  {
    id: "getProgram",
    method: "get",
    path: "/program/{id}",
    summary:
      "A program that a project has here: a line of JSON with vmType and param, then its code",
    parameters: [path("id", "the program's id", hash)],
    answer: { type: "application/octet-stream" },
    also: { 204: { text: "no project has it" } },
    errors: [400],
  },
  ...overviewOperations,
  {
    id: "signCredential",
    method: "post",
    path: "/sign_credential",
    summary: "A credential for a client of this enode",
    body: { "application/json": { of: "CredentialRequest" } },
    answer: "Credential",
    errors: [400, 401, 403, 404, 408, 413, 503],
    bearer: true,
  },
  {
    id: "getConfig",
    method: "get",
    path: "/enode_config",
    summary: "The project contract and the enode's addresses",
    answer: "EnodeConfig",
    errors: [],
  },
  {
    id: "isLive",
    method: "get",
    path: "/live",
    summary: "Whether it takes messages",
    answer: "Live",
    also: { 503: { text: "it is about to stop", of: "Live" } },
    errors: [],
  },
  {
    id: "isReady",
    method: "get",
    path: "/ready",
    summary: "Whether it has what it needs to work on messages",
    answer: "Ready",
    also: { 503: { text: "something is missing", of: "Ready" } },
    errors: [],
  },
  {
    id: "getMetrics",
    method: "get",
    path: "/metrics",
    summary: "Metrics in Prometheus' text format",
    answer: { type: "text/plain" },
    errors: [],
  },
];
