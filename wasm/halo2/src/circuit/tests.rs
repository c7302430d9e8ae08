//! What the gates accept, and above all what they refuse.

use std::thread;

use halo2_axiom::{dev::MockProver, halo2curves::ff::PrimeField as _};
use proptest::prelude::*;

use super::*;
use crate::input::Reading;

/// What is laid on each column; a test below changes each of these cells.
pub const ROWS: [usize; 2] = [884, 958];

fn honest(readings: &[i16]) -> Witness {
    let readings: Vec<_> = readings.iter().copied().map(Reading).collect();
    Witness::new(&readings, &Salt([7; 32]), &Binding([9; 32]))
}

fn holds(circuit: &WeatherCircuit, public: &[Fr]) -> bool {
    MockProver::run(K, circuit, vec![public.to_vec()]).unwrap().verify().is_ok()
}

/// Whether the gates allow the claims of a witness, with public values that go with them.
fn accepts(witness: &Witness) -> bool {
    holds(&WeatherCircuit::new(witness.clone()), &witness.public_values())
}

#[track_caller]
fn refuses(readings: &[i16], change: impl FnOnce(&mut Witness)) {
    let mut witness = honest(readings);
    assert!(accepts(&witness));
    change(&mut witness);
    assert!(!accepts(&witness));
}

/// A reading as the circuit sees it.
fn offset(reading: i32) -> Fr {
    Fr::from(u64::try_from(reading + 32768).unwrap())
}

#[test]
fn accepts_true_claims() {
    let extremes = [i16::MIN, i16::MAX, 0, -1];
    let many: Vec<i16> = (0..SLOTS).map(|i| extremes[i % 4]).collect();
    for count in 1..=SLOTS {
        for readings in [&many[..count], &[i16::MIN; SLOTS][..count], &[i16::MAX; SLOTS][..count]] {
            assert!(accepts(&honest(readings)), "{readings:?}");
        }
    }
}

#[test]
fn refuses_any_cell_that_is_changed_alone() {
    let witnesses =
        [honest(&[-7, 12, 500]), honest(&std::array::from_fn::<i16, SLOTS, _>(|i| i as i16 * 99))];
    for witness in &witnesses {
        let cells: Vec<_> =
            (0..2).flat_map(|column| (0..ROWS[column]).map(move |row| (column, row))).collect();
        let public = witness.public_values();
        thread::scope(|scope| {
            for share in cells.chunks(cells.len().div_ceil(2)) {
                scope.spawn(move || {
                    for cell in share {
                        let mut circuit = WeatherCircuit::new(witness.clone());
                        circuit.fault = Some(*cell);
                        assert!(!holds(&circuit, &public), "{cell:?}");
                    }
                });
            }
        });
    }
}

#[test]
fn refuses_each_public_value_but_the_true_one() {
    let witness = honest(&[5, 6, 8]);
    let circuit = WeatherCircuit::new(witness.clone());
    for i in 0..PUBLIC_VALUES {
        for change in [Fr::ONE, -Fr::ONE, Fr::from(1 << 16)] {
            let mut public = witness.public_values();
            public[i] += change;
            assert!(!holds(&circuit, &public), "public value {i}");
        }
    }
}

#[test]
fn refuses_another_mean() {
    let readings = [10, 20, 32];
    let count = Fr::from(3);
    refuses(&readings, |claim| claim.mean += Fr::ONE);
    refuses(&readings, |claim| {
        claim.mean += Fr::ONE;
        claim.rest -= count;
    });
    refuses(&readings, |claim| {
        claim.mean -= Fr::ONE;
        claim.rest += count;
    });
    // The quotient in the field, which leaves no rest.
    refuses(&readings, |claim| {
        let sum: Fr = claim.readings.iter().sum();
        claim.mean = sum * count.invert().unwrap();
        claim.rest = Fr::ZERO;
    });
    // A mean below zero, as a field element.
    refuses(&[i16::MIN], |claim| {
        claim.mean = -Fr::ONE;
        claim.rest = Fr::ONE;
    });
}

#[test]
fn refuses_a_minimum_that_is_none() {
    let readings = [10, 20, 32];
    for wrong in [9, 11, 20, 32, 33] {
        refuses(&readings, |claim| claim.min = offset(wrong));
    }
    // An unused slot's zero, which is below all.
    refuses(&readings, |claim| claim.min = Fr::ZERO);
    refuses(&readings, |claim| claim.min = -Fr::ONE);
}

#[test]
fn refuses_a_maximum_that_is_none() {
    let readings = [10, 20, 32];
    for wrong in [9, 10, 20, 31, 33] {
        refuses(&readings, |claim| claim.max = offset(wrong));
    }
    refuses(&readings, |claim| claim.max = Fr::from(1 << 16));
}

#[test]
fn refuses_readings_out_of_range() {
    for wrong in [Fr::from(1 << 16), -Fr::ONE, Fr::from_u128(1 << 127)] {
        // Alone, so that it is mean, minimum and maximum.
        refuses(&[7], |claim| {
            claim.readings[0] = wrong;
            claim.min = wrong;
            claim.max = wrong;
            claim.mean = wrong;
        });
        // Beside another, with extremes that do not cover it.
        refuses(&[7, 7], |claim| claim.readings[1] = wrong);
    }
    // Only the minimum below the range, or only the maximum above it; mean and distances are not.
    let raw = |first: Fr, second: Fr, mean: u64| {
        refuses(&[7, 8], |claim| {
            (claim.readings[0], claim.readings[1]) = (first, second);
            (claim.min, claim.max) = (first, second);
            (claim.mean, claim.rest) = (Fr::from(mean), Fr::ZERO);
        });
    };
    raw(-Fr::ONE, Fr::from(5), 2);
    raw(Fr::from(65530), Fr::from(65536), 65533);
}

#[test]
fn refuses_readings_in_unused_slots() {
    refuses(&[1, 2], |claim| claim.readings[2] = offset(3));
    refuses(&[1, 2], |claim| claim.readings[SLOTS - 1] = Fr::ONE);
    // A reading left out of the statistics, but not of the commitment.
    refuses(&[1, 2, 99], |claim| {
        claim.used[2] = Fr::ZERO;
        claim.max = offset(2);
        claim.mean = offset(1);
        claim.rest = Fr::ONE;
    });
}

#[test]
fn refuses_flags_that_are_not_a_count() {
    // A hole.
    refuses(&[1, 1, 1], |claim| {
        claim.used[1] = Fr::ZERO;
        claim.readings[1] = Fr::ZERO;
    });
    // A slot that counts twice, or backwards.
    for factor in [Fr::from(2), -Fr::ONE] {
        refuses(&[1, 1], |claim| claim.used[1] = factor);
        refuses(&[i16::MIN, i16::MIN], |claim| claim.used[1] = factor);
    }
    // The first, too.
    for factor in [Fr::from(2), -Fr::ONE] {
        refuses(&[i16::MIN, i16::MIN], |claim| claim.used[0] = factor);
    }
    // None at all.
    refuses(&[i16::MIN], |claim| {
        claim.used[0] = Fr::ZERO;
        claim.readings[0] = Fr::ZERO;
    });
}

#[test]
fn refuses_the_commitment_of_other_input() {
    let witness = honest(&[1, 2]);
    let circuit = WeatherCircuit::new(witness.clone());
    let mut public = witness.public_values();
    for other in [honest(&[2, 1]), honest(&[1, 2, i16::MIN])] {
        public[4] = other.public_values()[4];
        assert!(!holds(&circuit, &public));
    }
    let mut salted = witness.clone();
    salted.salt[1] += Fr::ONE;
    public[4] = salted.public_values()[4];
    assert_ne!(public[4], witness.public_values()[4]);
    assert!(!holds(&circuit, &public));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_with_plain_arithmetic(readings in prop::collection::vec(any::<i16>(), 1..=SLOTS)) {
        let witness = honest(&readings);
        let public = witness.public_values();
        let sum: i64 = readings.iter().copied().map(i64::from).sum();
        let mean = sum.div_euclid(readings.len() as i64);
        prop_assert_eq!(public[0], offset(mean as i32));
        prop_assert_eq!(public[1], offset((*readings.iter().min().unwrap()).into()));
        prop_assert_eq!(public[2], offset((*readings.iter().max().unwrap()).into()));
        prop_assert_eq!(public[3], Fr::from(readings.len() as u64));
        prop_assert!(accepts(&witness));
    }
}
