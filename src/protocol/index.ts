export * from "./evidence.ts";
export * from "./merkle.ts";
export * from "./task.ts";
export * from "./wire.ts";
