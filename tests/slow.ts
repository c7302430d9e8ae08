import process from "node:process";

/** Whether tests run that take minutes each: `SLOW=1 npm test`. */
export const slow = process.env.SLOW === "1";
