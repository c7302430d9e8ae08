//! The whole verification, of proofs of a small machine, against Plonky3's.

mod common;

use common::{
    holds,
    toy::{self, Run},
};
use halo2_axiom::halo2curves::{bn256::Fr, ff::Field as _};
use p3_bn254::Bn254;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;
use p3_lookup::LookupTerminal;
use p3_merkle_tree::MerkleCap;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use wrap::{ext::Ext4, inner::Parameters, verify::Shape};

const TABLE_BITS: usize = 12;

fn run() -> Run {
    toy::prove(toy::PARAMETERS, 1, 1)
}

/// Whether the circuit accepts.
fn accepts(run: &Run, shape: &Shape) -> bool {
    run.tape(shape, TABLE_BITS).is_ok_and(|tape| tape.fault().is_none())
}

#[test]
fn accepts_what_plonky3_accepts() {
    let run = run();
    let tape = run.tape(&run.shape(), TABLE_BITS).expect("the proof has the shape");
    assert!(run.verifies());
    assert_eq!(tape.fault(), None);
    assert!(holds(&tape));
}

#[test]
fn its_shape_does_not_hang_on_the_proof() {
    let (one, other) = (run(), toy::prove(toy::PARAMETERS, 6, 1000));
    let [a, b] = [&one, &other].map(|it| it.tape(&one.shape(), TABLE_BITS).expect("of the shape"));
    assert_eq!(a.regions, b.regions);
    assert_eq!(a.gates, b.gates);
    assert_eq!(a.copies, b.copies);
    assert_eq!(a.constants, b.constants);
    assert_eq!(a.instances, b.instances);
    assert!(a.lookups.iter().map(|it| it.0).eq(b.lookups.iter().map(|it| it.0)));
}

#[test]
fn other_parameters_have_other_circuits() {
    let all = [
        Parameters { log_blowup: 3, max_log_arity: 3, log_final_poly_len: 0, ..toy::PARAMETERS },
        Parameters {
            queries: 1,
            max_log_arity: 1,
            cap_height: 0,
            work: 0,
            batch_work: 0,
            ..toy::PARAMETERS
        },
        Parameters { cap_height: 9, work: 5, ..toy::PARAMETERS },
    ];
    for parameters in all {
        let run = toy::prove(parameters, 2, 3);
        assert!(run.verifies());
        let tape = run.tape(&run.shape(), TABLE_BITS).expect("the proof has the shape");
        assert_eq!(tape.fault(), None, "{parameters:?}");
    }
}

fn node(value: &mut MerkleCap<KoalaBear, [Bn254; 1]>, index: usize) {
    let mut roots = value.roots().to_vec();
    roots[index][0] += Bn254::ONE;
    *value = MerkleCap::new(roots);
}

type Tampering = (&'static str, fn(&mut Run));

/// Ways to tamper with each part of a proof.
fn tamperings() -> Vec<Tampering> {
    vec![
        ("the first public value", |it| it.public_values[0][0] += KoalaBear::ONE),
        ("the last public value", |it| it.public_values[0][2] += KoalaBear::ONE),
        ("a number that was given", |it| give(it, 1, 7)),
        ("a number where none may be given", |it| give(it, toy::ENTRIES, 1)),
        ("main commitment", |it| node(&mut it.proof.commitments.main, 0)),
        ("quotient commitment", |it| node(&mut it.proof.commitments.quotient_chunks, 1)),
        ("lookup commitment", |it| {
            node(it.proof.commitments.permutation.as_mut().expect("there are lookups"), 0);
        }),
        ("preprocessed commitment", |it| {
            let common = it.data.common.preprocessed.as_mut();
            node(&mut common.expect("there are preprocessed columns").commitment, 1);
        }),
        ("a row", |it| opened(it, 0).trace_local[1] += Ext4::ONE),
        ("the next row", |it| {
            opened(it, 0).trace_next.as_mut().expect("it is opened")[0] += Ext4::ONE;
        }),
        ("a column that no constraint reads of the next row", |it| {
            opened(it, 0).trace_next.as_mut().expect("it is opened")[3] += Ext4::ONE;
        }),
        ("a preprocessed row", |it| {
            opened(it, 1).preprocessed.as_mut().expect("it is opened").local[0] += Ext4::ONE;
        }),
        ("a chunk of the quotient", |it| opened(it, 0).quotient_chunks[1][2] += Ext4::ONE),
        ("a lookup's row", |it| {
            it.proof.opened_values.instances[1].permutation_local[5] += Ext4::ONE;
        }),
        ("a lookup's next row", |it| {
            it.proof.opened_values.instances[0].permutation_next[0] += Ext4::ONE;
        }),
        ("a terminal", |it| terminal(it, 0, Ext4::ONE)),
        ("two terminals with the same sum", |it| {
            terminal(it, 0, Ext4::ONE);
            terminal(it, 1, -Ext4::ONE);
        }),
        ("lookup work", |it| {
            *it.proof.lookup_pow_witness.as_mut().expect("it is worked for") += KoalaBear::ONE;
        }),
        ("work before ζ", |it| it.proof.ood_pow_witness += KoalaBear::ONE),
        ("work before openings", |it| it.proof.opening_proof.batch_pow_witness += KoalaBear::ONE),
        ("work of a round", |it| {
            it.proof.opening_proof.commit_pow_witnesses[0] += KoalaBear::ONE;
        }),
        ("work before queries", |it| it.proof.opening_proof.query_pow_witness += KoalaBear::ONE),
        ("a round's commitment", |it| node(&mut it.proof.opening_proof.commit_phase_commits[0], 0)),
        ("the last polynomial", |it| it.proof.opening_proof.final_poly[1] += Ext4::ONE),
        ("a queried row", |it| {
            it.proof.opening_proof.input_openings[0].opened_values[1][0][2] += KoalaBear::ONE;
        }),
        ("a queried chunk", |it| {
            it.proof.opening_proof.input_openings[1].opened_values[0][1][3] += KoalaBear::ONE;
        }),
        ("a preprocessed queried row", |it| {
            it.proof.opening_proof.input_openings[2].opened_values[0][0][1] += KoalaBear::ONE;
        }),
        ("a round's row", |it| {
            it.proof.opening_proof.commit_phase_openings[0].sibling_values[0][1] += Ext4::ONE;
        }),
        ("rows of two queries, exchanged", |it| {
            it.proof.opening_proof.input_openings[0].opened_values.swap(0, 1);
        }),
        ("another height", |it| it.proof.degree_bits[0] += 1),
        ("a query less", |it| {
            it.proof.opening_proof.input_openings[0].opened_values.pop();
        }),
        ("a round less", |it| {
            it.proof.opening_proof.commit_phase_commits.pop();
        }),
        ("no terminal", |it| it.proof.lookup_terminals[0] = None),
    ]
}

fn opened(run: &mut Run, table: usize) -> &mut p3_batch_stark::OpenedValues<Ext4> {
    &mut run.proof.opened_values.instances[table].base_opened_values
}

/// Gives another number in a row, to both verifiers.
fn give(run: &mut Run, row: usize, number: u32) {
    let toy::Toy::Fibonacci(numbers) = &mut run.airs[0] else { unreachable!("it is the first") };
    numbers.resize(1 << toy::LOG_HEIGHT, 0);
    numbers[row] = number;
    run.given[0][0][row] = KoalaBear::from_u32(number);
    run.config = run.parameters.config(toy::words(&run.given));
}

fn terminal(run: &mut Run, table: usize, change: Ext4) {
    let LookupTerminal(value) = run.proof.lookup_terminals[table].as_mut().expect("it looks up");
    *value += change;
}

#[test]
fn rejects_each_tampering() {
    let honest = run();
    let shape = honest.shape();
    for (what, tamper) in tamperings() {
        let mut run = run();
        tamper(&mut run);
        assert!(!run.verifies(), "Plonky3 accepts {what}");
        assert!(!accepts(&run, &shape), "the circuit accepts {what}");
    }
    assert!(accepts(&honest, &shape));
}

/// Compares both verifiers on proofs of which some were tampered with.
fn differential(seed: u64, proofs: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    let shape = run().shape();
    let mut accepted = 0;
    for i in 0..proofs {
        let (a, b) = (rng.random_range(0..100), rng.random_range(0..1 << 30));
        let mut run = toy::prove(toy::PARAMETERS, a, b);
        let tampered = rng.random_range(0..4) > 0;
        if tampered {
            let mut bytes = postcard::to_allocvec(&run.proof).expect("proofs can be written");
            let place = rng.random_range(0..bytes.len());
            bytes[place] ^= 1 << rng.random_range(0..8);
            let Ok(proof) = postcard::from_bytes(&bytes) else { continue };
            run.proof = proof;
        }
        let verifies = run.verifies();
        assert_eq!(accepts(&run, &shape), verifies, "proof {i} of seed {seed}");
        assert!(tampered || verifies);
        accepted += usize::from(verifies);
    }
    assert!(accepted > 0 && accepted < proofs);
}

#[test]
fn agrees_with_plonky3() {
    differential(1, 40);
}

#[test]
#[ignore = "takes minutes"]
fn agrees_with_plonky3_on_many() {
    differential(2, 1000);
}

/// Puts other values into cells, `step` apart.
fn mutate(step: usize) {
    let run = run();
    let tape = run.tape(&run.shape(), TABLE_BITS).expect("the proof has the shape");
    assert_eq!(tape.fault(), None);
    let mut changed = tape.clone();
    for cell in (0..tape.base.len()).step_by(step) {
        changed.base[cell] += Fr::ONE;
        assert!(changed.fault().is_some(), "cell {cell}");
        changed.base[cell] = tape.base[cell];
    }
    for lookup in (0..tape.lookups.len()).step_by(step) {
        changed.lookups[lookup].1 += Fr::ONE;
        assert!(changed.fault().is_some(), "lookup {lookup}");
        changed.lookups[lookup].1 = tape.lookups[lookup].1;
    }
    for index in 0..tape.permutations.len() {
        for place in 0..3 {
            changed.permutations[index].0[place] += Fr::ONE;
            assert!(changed.fault().is_some(), "input {place} of permutation {index}");
            changed.permutations[index] = tape.permutations[index];
            changed.permutations[index].1[place] += Fr::ONE;
            assert!(changed.fault().is_some(), "output {place} of permutation {index}");
            changed.permutations[index] = tape.permutations[index];
        }
    }
    assert_eq!(changed.fault(), None);
}

#[test]
fn cells_are_bound() {
    mutate(97);
}

#[test]
#[ignore = "takes minutes"]
fn every_cell_is_bound() {
    mutate(1);
}
