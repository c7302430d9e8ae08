/**
 * Proves of private readings of a meter that they add up to what the message claims in public:
 * `{"public_input":[63],"private_input":[20,21,22]}`.
 */
import { readCommitted } from "./committed";
import { output, require } from "./host";

/** Says that the first four outputs commit to the input. */
export const zkcommit: i32 = 1;

/** What the meter can give at all; anything else refuses the task. */
const LEAST: i64 = -100_000;
const GREATEST: i64 = 100_000;

export function zkmain(): void {
  const input = readCommitted();
  const readings = input.privates;
  require(input.publics.length == 1);
  require(readings.length > 0 && readings.length <= 64);
  let sum: i64 = 0;
  for (let i = 0; i < readings.length; i++) {
    const reading = readings[i] as i64;
    require(reading >= LEAST && reading <= GREATEST);
    sum += reading;
  }
  require(sum == (input.publics[0] as i64));
  output(readings.length);
}
