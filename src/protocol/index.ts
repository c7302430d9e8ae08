export * from "./assignment.ts";
export { WireError } from "./decode.ts";
export * from "./envelope.ts";
export * from "./evidence.ts";
export * from "./height.ts";
export * from "./merkle.ts";
export * from "./task.ts";
export * from "./task_block.ts";
export * from "./wire.ts";
