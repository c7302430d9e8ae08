/**
 * Private signed readings of a meter. Public are, after the commitment to them, how many are normal,
 * the sum of those, and which are not: bit i for reading i.
 */
import { readCommitted } from "../committed";
import { output, require } from "../host";

/** Says that the first four outputs commit to the input. */
export const zkcommit: i32 = 1;

/** What the meter can give at all; anything else refuses the task. */
const LEAST: i64 = -100_000;
const GREATEST: i64 = 100_000;
/** What is normal. */
const LOW: i64 = -500;
const HIGH: i64 = 1_500;

export function zkmain(): void {
  const readings = readCommitted().privates;
  require(readings.length > 0 && readings.length <= 64);
  let normal: u64 = 0, flags: u64 = 0;
  let sum: i64 = 0;
  for (let i = 0; i < readings.length; i++) {
    const reading = readings[i] as i64;
    require(reading >= LEAST && reading <= GREATEST);
    if (reading < LOW || reading > HIGH) {
      flags |= (1 as u64) << (i as u64);
    } else {
      normal++;
      sum += reading;
    }
  }
  output(normal);
  output(sum as u64);
  output(flags);
}
