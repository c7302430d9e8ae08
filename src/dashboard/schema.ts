/** What the dashboard's API answers. Numbers that may be larger than JavaScript's are text. */
import { z } from "zod";
import { vmTypes } from "../../runtimes/runtime.ts";
import { taskStates } from "../da/da.ts";

const decimal = z.string().meta({ examples: ["1"] });
const time = z.iso.datetime();
const count = z.int().min(0);
/** Of a thing a second; null while it is not known. */
const rate = z.number().nullable();
const state = z.enum(taskStates);

/** What happened a second, at this enode. */
export const ratesSchema = z.object({
  received: rate,
  refused: rate,
  packed: rate,
  dispatched: rate,
  proved: rate,
  outputted: rate,
  failed: rate,
});
export type Rates = z.output<typeof ratesSchema>;

export const overviewSchema = z.object({
  time,
  /** Of all enodes of the database, since it was made. */
  messages: z.object({
    received: count,
    waiting: count.meta({ description: "in no task yet; at most 4096 of a group are counted" }),
  }),
  tasks: z.object({
    packed: count,
    dispatched: count,
    proved: count,
    outputted: count,
    failed: count,
  }).meta({ description: "by the state that they are in" }),
  rates: ratesSchema.meta({ description: "a second, at this enode, over the last ten" }),
  znodes: z.object({
    linked: count.meta({ description: "to this enode" }),
    leases: count.meta({ description: "of this enode's tasks" }),
  }),
  missing: z.record(z.string(), z.string()).meta({ description: "what /ready says is missing" }),
  degraded: z.record(z.string(), z.string()).meta({
    description: "what it says keeps the enode from some of its work",
  }),
  operator: z.enum(["off", "asked", "shown"]).meta({
    description: "whether the enode has an OPERATOR_TOKEN, and this request showed it",
  }),
});
export type Overview = z.output<typeof overviewSchema>;

export const listedTaskSchema = z.object({
  serial: decimal.meta({ description: "its number at this enode's database" }),
  taskId: z.string(),
  projectId: decimal,
  version: z.string(),
  state,
  messages: count,
  packedAt: time,
  endedAt: time.nullable(),
});
export type ListedTask = z.output<typeof listedTaskSchema>;

export const tasksSchema = z.object({
  tasks: z.array(listedTaskSchema),
  before: decimal.nullable().meta({ description: "for the next page; null: there is none" }),
});
export type Tasks = z.output<typeof tasksSchema>;

export const taskSchema = listedTaskSchema.extend({
  programId: z.string(),
  purgedAt: time.nullable().meta({ description: "when its messages' data was deleted" }),
  waits: z.string().nullable().meta({ description: "what holds it up here, if that is known" }),
  states: z.array(z.object({
    state: z.string(),
    time,
    comment: z.string(),
    result: z.string(),
    by: z.string().optional().meta({ description: "to the operator" }),
  })),
  leases: z.array(z.object({ epoch: count, prover: z.string(), rank: count, time })),
  proofs: z.array(z.object({
    prover: z.string(),
    vmType: z.enum(vmTypes),
    verdict: z.enum(["valid", "unverifiable"]),
    bindingKind: z.string(),
    time,
  })),
  outputs: z.array(z.object({
    index: count,
    attempt: count,
    state: z.string(),
    reference: z.string(),
    by: z.string(),
    comment: z.string(),
    time,
  })),
  messageList: z.array(z.object({ id: z.string(), clientId: z.string(), bytes: count, time }))
    .optional().meta({ description: "the first 100, to the operator" }),
});
export type Task = z.output<typeof taskSchema>;

export const failuresSchema = z.object({
  failures: z.array(z.object({
    time,
    by: z.string(),
    reason: z.string(),
    task: listedTaskSchema,
  })),
  before: decimal.nullable(),
});
export type Failures = z.output<typeof failuresSchema>;

export const projectsSchema = z.object({
  projects: z.array(z.object({
    projectId: decimal,
    source: z.enum(["chain", "directory", "none"]).meta({
      description: "none: there are tasks of it, and it is not served here now",
    }),
    paused: z.boolean(),
    problem: z.string().nullable(),
    versions: z.array(z.object({ version: z.string(), vmType: z.enum(vmTypes) })),
    tasks: overviewSchema.shape.tasks,
    messages: count.meta({ description: "in tasks" }),
    waiting: count.meta({ description: "messages in no task yet" }),
  })),
  more: count.meta({ description: "projects that are not listed: there are too many" }),
});
export type Projects = z.output<typeof projectsSchema>;

export const znodesSchema = z.object({
  znodes: z.array(z.object({
    prover: z.string(),
    stake: decimal.nullable().meta({ description: "wei; null: the chain has none of it" }),
    standing: z.enum(["free", "busy", "barred", "resting", "greeting", "ineligible", "away"]),
    reason: z.string().nullable(),
    runtimes: z.array(z.string()),
    leases: count,
    capacity: count,
    proofs: count.meta({ description: "of the newest 2000 of the last day" }),
    medianSeconds: z.number().nullable(),
    lastProof: time.nullable(),
    score: z.number().optional().meta({ description: "what is held against it; to the operator" }),
  })),
  more: count.meta({ description: "znodes that are not listed: there are too many" }),
});
export type Znodes = z.output<typeof znodesSchema>;

export const proofTimesSchema = z.object({
  bounds: z.array(z.number()).meta({ description: "upper ends of the buckets, seconds" }),
  runtimes: z.array(z.object({
    vmType: z.enum(vmTypes),
    proofs: count,
    medianSeconds: z.number(),
    p95Seconds: z.number(),
    buckets: z.array(count).meta({ description: "one more than there are bounds" }),
  })),
}).meta({ description: "from lease to checked receipt: the newest 2000 of the last day" });
export type ProofTimes = z.output<typeof proofTimesSchema>;

export const foundSchema = z.object({
  kind: z.enum(["task", "message", "nothing"]),
  task: listedTaskSchema.nullable().meta({ description: "of the message, once it is packed" }),
});
export type Found = z.output<typeof foundSchema>;
