//! The circuit: statistics of private readings, and the commitment to them.
//!
//! A slot `i` holds a reading `x[i]` and a flag `used[i]`; the used slots are the first `count`.
//! Readings are signed 16-bit numbers in offset binary (`value + 32768`), so all are in
//! `[0, 2^16)` and the order is kept. What makes each public value sound:
//!
//! - **count**: flags are boolean, the first is one, and none follows a zero; `count` is their
//!   sum, so it is in `1..=SLOTS`.
//! - **min, max** are in `[0, 2^16)`, and so are the distances `x - used·min` and `used·max - x`
//!   of each slot. In a used one that means `min ≤ x ≤ max` as integers, which also bounds `x`.
//!   The product of `x - min` over the used slots is zero, so `min` is one of them; likewise `max`.
//! - **unused slots** have the distances `x` and `-x`, both in `[0, 2^16)`, so they hold zero: they
//!   add nothing to the sum, and one list of readings has one commitment.
//! - **mean**: `sum = mean·count + rest` with `mean < 2^16`, `rest < 16` and
//!   `count - 1 - rest < 16`. Nothing wraps around the field's modulus, so `mean` is the floor of
//!   the quotient. Offset binary moves it by exactly 32768: it is the floor of the signed mean.
//! - **commitment**: Poseidon of both halves of the salt, the count and the readings, packed eight
//!   to an element of 128 bits (see [`commitment`]).
//! - **binding**: bare public values, copied into the witness; they are part of the transcript, so
//!   a proof holds for one binding only.

mod gates;
mod strip;
#[cfg(test)]
mod tests;

use halo2_axiom::{
    circuit::{Layouter, SimpleFloorPlanner, Value},
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Circuit, ConstraintSystem, Error},
};

use self::{
    gates::{DIGIT_BITS, Gates},
    strip::{Strip, Wire},
};
use crate::{
    input::{Binding, Reading, Salt},
    poseidon,
};

/// Readings in one proof at most.
pub const SLOTS: usize = 16;
/// The circuit has `2^K` rows.
pub const K: u32 = 10;
pub const PUBLIC_VALUES: usize = 7;

const READING_DIGITS: usize = u16::BITS as usize / DIGIT_BITS;
const COUNT_DIGITS: usize = SLOTS.ilog2() as usize / DIGIT_BITS;
const PACKED: usize = 8;

/// All that the prover claims, each a free choice of his; the gates allow only true ones.
#[derive(Clone, Debug)]
pub struct Witness {
    pub salt: [Fr; 2],
    pub used: [Fr; SLOTS],
    pub readings: [Fr; SLOTS],
    pub mean: Fr,
    pub rest: Fr,
    pub min: Fr,
    pub max: Fr,
    pub binding: [Fr; 2],
}

impl Witness {
    /// # Panics
    /// If there are no readings, or more than [`SLOTS`].
    pub fn new(readings: &[Reading], salt: &Salt, binding: &Binding) -> Self {
        let offset: Vec<u32> = readings.iter().map(|reading| u32::from(reading.offset())).collect();
        let count = offset.len() as u32;
        let sum: u32 = offset.iter().sum();
        let extreme = |value: Option<&u32>| Fr::from(u64::from(*value.expect("a reading")));
        let slot = |i: usize| offset.get(i).copied();
        assert!(offset.len() <= SLOTS, "too many readings");
        Self {
            salt: salt.limbs(),
            used: std::array::from_fn(|i| Fr::from(u64::from(slot(i).is_some()))),
            readings: std::array::from_fn(|i| Fr::from(u64::from(slot(i).unwrap_or(0)))),
            mean: Fr::from(u64::from(sum / count)),
            rest: Fr::from(u64::from(sum % count)),
            min: extreme(offset.iter().min()),
            max: extreme(offset.iter().max()),
            binding: binding.limbs(),
        }
    }

    /// Mean, min, max, count, commitment, binding's high and low half.
    pub fn public_values(&self) -> [Fr; PUBLIC_VALUES] {
        let count = self.used.iter().sum();
        let commitment = commitment(self.salt, count, &self.readings);
        let [high, low] = self.binding;
        [self.mean, self.min, self.max, count, commitment, high, low]
    }
}

/// Poseidon of the salt's halves (high, low), the count, and all slots, eight to an element, the
/// first the most significant. Slots are below `2^16`, so nothing else packs to the same elements.
pub fn commitment(salt: [Fr; 2], count: Fr, readings: &[Fr; SLOTS]) -> Fr {
    let mut inputs = vec![salt[0], salt[1], count];
    inputs.extend(
        readings
            .chunks_exact(PACKED)
            .map(|chunk| chunk.iter().fold(Fr::ZERO, |packed, reading| packed * radix() + reading)),
    );
    poseidon::hash(&inputs)
}

fn radix() -> Fr {
    Fr::from(1 << u16::BITS)
}

#[derive(Clone)]
pub struct WeatherCircuit {
    witness: Value<Witness>,
    #[cfg(test)]
    fault: Option<(usize, usize)>,
}

impl WeatherCircuit {
    pub fn new(witness: Witness) -> Self {
        Self {
            witness: Value::known(witness),
            #[cfg(test)]
            fault: None,
        }
    }

    /// Its shape alone, for making keys.
    pub fn empty() -> Self {
        Self {
            witness: Value::unknown(),
            #[cfg(test)]
            fault: None,
        }
    }

    fn claim(&self, of: impl Fn(&Witness) -> Fr) -> Value<Fr> {
        self.witness.as_ref().map(of)
    }

    /// The wires of the public values, in order.
    fn lay(&self, strip: &mut Strip) -> Result<[Wire; PUBLIC_VALUES], Error> {
        let zero = strip.constant(Fr::ZERO)?;
        let one = strip.constant(Fr::ONE)?;
        let radix = strip.constant(radix())?;
        let [min, max, mean] = [
            self.claim(|claim| claim.min),
            self.claim(|claim| claim.max),
            self.claim(|claim| claim.mean),
        ]
        .map(|value| strip.witness(value));
        for value in [min, max, mean] {
            strip.range(value, READING_DIGITS, zero)?;
        }

        let (mut count, mut sum) = (zero, zero);
        let (mut above_product, mut below_product) = (one, one);
        let mut before = one;
        let mut packed: Vec<Wire> = Vec::with_capacity(SLOTS / PACKED);
        for i in 0..SLOTS {
            let reading = strip.witness(self.claim(|claim| claim.readings[i]));
            let used = if i == 0 { one } else { strip.witness(self.claim(|claim| claim.used[i])) };
            if i > 0 {
                strip.assert_product(used, used, used, zero)?;
                strip.assert_product(used, before, used, zero)?;
                before = used;
            }

            count = strip.combine(count, used, one)?;
            sum = strip.combine(sum, reading, one)?;
            match packed.last_mut() {
                Some(last) if i % PACKED > 0 => *last = strip.combine(reading, *last, radix)?,
                _ => packed.push(reading),
            }

            // These also hold an unused slot to zero.
            let floor = strip.combine(zero, used, min)?;
            let above = strip.subtract(reading, floor, one)?;
            let ceiling = strip.combine(zero, used, max)?;
            let below = strip.subtract(ceiling, reading, one)?;
            let unused = strip.subtract(one, used, one)?;
            for (product, distance) in [(&mut above_product, above), (&mut below_product, below)] {
                strip.range(distance, READING_DIGITS, zero)?;
                // The product, times the distance in a used slot.
                let kept = strip.combine(zero, *product, unused)?;
                *product = strip.combine(kept, *product, distance)?;
            }
        }
        strip.equal(above_product, zero);
        strip.equal(below_product, zero);

        let rest = strip.witness(self.claim(|claim| claim.rest));
        strip.range(rest, COUNT_DIGITS, zero)?;
        let divided = strip.combine(rest, mean, count)?;
        strip.equal(divided, sum);
        let last = strip.subtract(count, one, one)?;
        let slack = strip.subtract(last, rest, one)?;
        strip.range(slack, COUNT_DIGITS, zero)?;

        let salt = [0, 1].map(|i| strip.witness(self.claim(|claim| claim.salt[i])));
        let mut state = [strip.constant(poseidon::capacity())?, zero, zero];
        let inputs = [salt[0], salt[1], count, packed[0], packed[1]];
        for block in poseidon::blocks(&inputs, one, zero) {
            for (element, input) in state[1..].iter_mut().zip(block) {
                *element = strip.combine(*element, input, one)?;
            }
            state = strip.permute(state)?;
        }

        let binding = [0, 1].map(|i| strip.witness(self.claim(|claim| claim.binding[i])));
        Ok([mean, min, max, count, state[1], binding[0], binding[1]])
    }
}

impl Circuit<Fr> for WeatherCircuit {
    type Config = Gates;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self::empty()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Gates {
        Gates::new(meta)
    }

    fn synthesize(&self, gates: Gates, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let public = layouter.assign_region(
            || "weather",
            |region| {
                let mut strip = Strip::new(&gates, region);
                #[cfg(test)]
                {
                    strip.fault = self.fault;
                }
                let public = self.lay(&mut strip)?;
                #[cfg(test)]
                assert_eq!(strip.rows(), tests::ROWS);
                Ok(public)
            },
        )?;
        for (row, wire) in public.into_iter().enumerate() {
            layouter.constrain_instance(wire.cell, gates.public, row);
        }
        Ok(())
    }
}
