//! The guest `meter` in Rust: private signed readings. Public are, after the commitment to them, how
//! many are normal, the sum of those, and which are not: bit i for reading i.
#![no_std]

use core::ops::RangeInclusive;

use zkwasm_guest::{fail, output, read_committed, require};

/// What the meter can give at all; anything else refuses the task.
const POSSIBLE: RangeInclusive<i64> = -100_000..=100_000;
const NORMAL: RangeInclusive<i64> = -500..=1_500;

/// Its presence says that the first four outputs commit to the input.
#[unsafe(no_mangle)]
pub extern "C" fn zkcommit() {}

#[unsafe(no_mangle)]
pub extern "C" fn zkmain() {
    let (mut public, mut private) = ([0; 64], [0; 64]);
    let (_, readings) = read_committed(&mut public, &mut private);
    require(!readings.is_empty());
    let (mut normal, mut sum, mut flags) = (0, 0, 0);
    for (i, reading) in readings.iter().enumerate() {
        let reading = reading.cast_signed();
        require(POSSIBLE.contains(&reading));
        if NORMAL.contains(&reading) {
            normal += 1;
            sum += reading;
        } else {
            flags |= 1 << i;
        }
    }
    output(normal);
    output(sum.cast_unsigned());
    output(flags);
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    fail()
}
