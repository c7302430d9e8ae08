import type { ChainView } from "./stores/chain.ts";
import type { EvidenceStore, ReportStore } from "./stores/evidence.ts";
import type { FundingStore } from "./stores/funding.ts";
import type { MessageStore } from "./stores/messages.ts";
import type { Intents, Journal } from "./stores/outputs.ts";
import type { PackStore } from "./stores/packing.ts";
import type { SignedTaskStore } from "./stores/signed.ts";
import type { TaskStore } from "./stores/tasks.ts";
import type { ViewStore } from "./stores/views.ts";

export * from "./stores/chain.ts";
export * from "./stores/evidence.ts";
export * from "./stores/funding.ts";
export * from "./stores/messages.ts";
export * from "./stores/outputs.ts";
export * from "./stores/packing.ts";
export * from "./stores/signed.ts";
export * from "./stores/tasks.ts";
export * from "./stores/views.ts";

/** The data-availability stage: one durable store, on PostgreSQL or embedded. */
export interface Da {
  readonly kind: "postgres" | "pglite";
  readonly messages: MessageStore;
  readonly packing: PackStore;
  readonly funding: FundingStore;
  readonly tasks: TaskStore;
  readonly signed: SignedTaskStore;
  readonly journal: Journal;
  readonly intents: Intents;
  readonly evidence: EvidenceStore;
  readonly reports: ReportStore;
  readonly chain: ChainView;
  readonly views: ViewStore;
  /** The database's clock, ms since 1970. */
  now(): Promise<number>;
  close(): Promise<void>;
}
