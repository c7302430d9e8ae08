//! The transcript against Plonky3's, over random runs.

mod common;

use common::holds;
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_bn254::Bn254;
use p3_challenger::{CanObserve as _, CanSample as _, CanSampleBits as _, GrindingChallenger as _};
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;
use p3_symmetric::Hash;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use wrap::{field::to_p3, inner, koala::P, tape::Tape, transcript::Transcript};

/// Runs both through the same random steps, comparing all that they give.
fn run(rng: &mut StdRng, steps: usize, work: usize) -> Tape {
    let mut tape = Tape::new(8);
    let mut native = inner::challenger();
    let mut ours = Transcript::new(&mut tape);
    for _ in 0..steps {
        match rng.random_range(0..5) {
            0 | 1 => {
                for _ in 0..rng.random_range(1..40) {
                    let value = KoalaBear::from_u32(rng.random_range(0..P));
                    native.observe(value);
                    let value = tape.load_canonical(value);
                    ours.observe(&mut tape, &value);
                }
            }
            2 => {
                let digest = Fr::from(rng.random::<u64>()).square();
                native.observe(Hash::<KoalaBear, Bn254, 1>::from([to_p3(digest)]));
                let digest = tape.witness(digest);
                ours.observe_cap(&mut tape, &[digest]);
            }
            3 => {
                for _ in 0..rng.random_range(1..18) {
                    let want: KoalaBear = native.sample();
                    let got = ours.sample(&mut tape);
                    assert_eq!(tape.residue(&got), want);
                }
            }
            _ => {
                let bits = rng.random_range(1..20);
                let want = native.sample_bits(bits);
                let got = ours.sample_bits(&mut tape, bits);
                let got = got
                    .iter()
                    .rev()
                    .fold(0, |sum, bit| 2 * sum + usize::from(tape.value(*bit) == Fr::ONE));
                assert_eq!(got, want);
            }
        }
    }
    let witness = native.grind(work);
    let witness = tape.load_canonical(witness);
    ours.assert_work(&mut tape, work, &witness);
    let want: KoalaBear = native.sample();
    let got = ours.sample(&mut tape);
    assert_eq!(tape.residue(&got), want);
    tape
}

#[test]
fn gives_what_plonky3s_gives() {
    let mut rng = StdRng::seed_from_u64(1);
    for steps in [0, 1, 2, 5, 9, 14] {
        assert!(holds(&run(&mut rng, steps, steps.min(7))), "{steps} steps");
    }
}

#[test]
fn work_must_have_been_done() {
    let mut accepted = 0;
    for candidate in 0..16 {
        let mut tape = Tape::new(8);
        let mut ours = Transcript::new(&mut tape);
        let witness = KoalaBear::from_u32(candidate);
        let accepts = inner::challenger().check_witness(2, witness);
        let witness = tape.load_canonical(witness);
        ours.assert_work(&mut tape, 2, &witness);
        assert_eq!(holds(&tape), accepts);
        accepted += usize::from(accepts);
    }
    assert!((1..16).contains(&accepted));
}

#[test]
fn every_cell_of_a_sample_is_bound() {
    let mut tape = Tape::new(8);
    let mut ours = Transcript::new(&mut tape);
    let value = tape.load_canonical(KoalaBear::from_u32(7));
    ours.observe(&mut tape, &value);
    ours.sample(&mut tape);
    assert!(holds(&tape));
    for cell in 0..tape.base.len() {
        let mut changed = tape.clone();
        changed.base[cell] += Fr::ONE;
        assert!(!holds(&changed), "cell {cell}");
    }
}
