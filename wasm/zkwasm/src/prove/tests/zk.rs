//! Proofs that hide.

use std::sync::LazyLock;

use p3_air::BaseAir;
use p3_batch_stark::BatchProof;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_lookup::{Kind, LogUpGadget, Lookup, LookupProtocol, Lookups};
use p3_matrix::Matrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{prover, public};
use crate::check::complaint;
use crate::chips::{Filled, Val};
use crate::execute::{Inputs, Limits, record};
use crate::program::isa::Status;
use crate::prove::config::{Challenge, DIMENSION, PUBLIC_ENTROPY, Zk};
use crate::prove::engine::Instance;
use crate::prove::mask::{MASKS, Masked, mask};
use crate::prove::{Error, Header, Profile, Prover, Statement, tables, verify};

type Proven = (Statement, Vec<u8>);

fn proven(entropy: u8) -> Proven {
    let prover = prover(include_str!("../../../tests/everything.wat"), Profile::Zk);
    let inputs = Inputs { public: vec![1000], private: vec![0x1234_5678_9abc_def0, 77] };
    prover.prove(&inputs, [7; 32], [entropy; 32]).unwrap()
}

/// A run of every table, proven once for all tests.
static PROVEN: LazyLock<Proven> = LazyLock::new(|| proven(1));

/// The engine's proof, and what comes before it.
fn parsed(proof: &[u8]) -> (&[u8], BatchProof<Zk>) {
    let (_, rest) = postcard::take_from_bytes::<Header>(&proof[1..]).unwrap();
    (&proof[..proof.len() - rest.len()], postcard::from_bytes(rest).unwrap())
}

#[test]
fn a_run_of_every_table_is_proven_and_verified() {
    let (statement, proof) = &*PROVEN;
    assert_eq!(verify(statement, proof, Profile::Zk), Ok(()));
    assert_eq!(statement.status, Status::IntegerOverflow);
    assert!(proof.len() < 3 << 20, "nodes take no proof of {} bytes", proof.len());
    let wrong = |change: &dyn Fn(&mut Statement)| {
        let mut other = statement.clone();
        change(&mut other);
        assert!(verify(&other, proof, Profile::Zk).is_err(), "{other:?}");
    };
    wrong(&|s| s.inputs[0] = 21);
    wrong(&|s| s.outputs[0] ^= 1);
    wrong(&|s| s.status = Status::DivisionByZero);
    wrong(&|s| s.binding[31] = 6);
    wrong(&|s| s.image_id[0] ^= 1);
    for at in (0..16).chain((16..proof.len()).step_by(proof.len() / 40)) {
        let mut bad = proof.clone();
        bad[at] ^= 1;
        assert!(verify(statement, &bad, Profile::Zk).is_err(), "byte {at}");
    }
}

#[test]
fn a_proof_is_refused_where_another_profile_is_wanted() {
    let (hiding, hides) = &*PROVEN;
    assert_eq!(verify(hiding, hides, Profile::Fast), Err(Error::Profile));
    let fast = prover(include_str!("../../../tests/fibonacci.wat"), Profile::Fast);
    let (statement, mut proof) = fast.prove(&public(&[20]), [7; 32], [0; 32]).unwrap();
    assert_eq!(verify(&statement, &proof, Profile::Zk), Err(Error::Profile));
    let zk = prover(include_str!("../../../tests/fibonacci.wat"), Profile::Zk);
    assert_ne!(zk.image_id(), fast.image_id());
    // Nor does it help to say so.
    proof[1] = Profile::Zk as u8;
    assert!(verify(&statement, &proof, Profile::Zk).is_err());
    let other = Statement { image_id: zk.image_id(), ..statement };
    assert!(verify(&other, &proof, Profile::Zk).is_err());
    for unknown in [0, 3, 255] {
        proof[1] = unknown;
        assert_eq!(verify(&other, &proof, Profile::Zk), Err(Error::Profile));
    }
}

#[test]
fn two_proofs_of_a_run_have_only_its_statement_and_shape_in_common() {
    let (statement, first) = &*PROVEN;
    let (same, second) = proven(2);
    assert_eq!(statement, &same);
    assert_eq!(verify(&same, &second, Profile::Zk), Ok(()));
    let ((head, one), (other_head, two)) = (parsed(first), parsed(&second));
    assert_eq!(head, other_head);
    assert_eq!(one.degree_bits, two.degree_bits);
    assert_ne!(one.commitments.main, two.commitments.main);
    assert_ne!(one.commitments.permutation, two.commitments.permutation);
    assert_ne!(one.commitments.quotient_chunks, two.commitments.quotient_chunks);
    let tables = one.opened_values.instances.iter().zip(&two.opened_values.instances);
    for (one, two) in tables {
        let pairs =
            one.base_opened_values.trace_local.iter().zip(&two.base_opened_values.trace_local);
        assert!(pairs.into_iter().all(|(one, two)| one != two));
    }
}

/// What a proof says in clear of each table, under challenges that depend on the bus alone.
fn sums(instances: &[Instance<Masked>]) -> Vec<Challenge> {
    let beta = Challenge::from_basis_coefficients_fn(|i| Val::from_usize(7 * i + 5));
    let alpha = |lookup: &Lookup<Val>| {
        let Kind::Global(bus) = &lookup.kind else { unreachable!("all buses are between tables") };
        let hash = bus.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
        Challenge::from_basis_coefficients_fn(|i| Val::from_u32(hash >> (3 * i) & 0xffff))
    };
    let sum = |Instance { air, cells, public }: &Instance<Masked>| {
        let lookups = Lookups::<Val>::from_air::<Challenge, _>(air);
        let challenges: Vec<_> = lookups.iter().flat_map(|l| [alpha(l), beta]).collect();
        let fixed = air.preprocessed_trace();
        let gadget = LogUpGadget::new();
        let (_, sum) = gadget.generate_permutation(cells, &fixed, public, &lookups, &challenges);
        sum.unwrap().0
    };
    instances.iter().map(sum).collect()
}

/// Of one run, under the same challenges: without masks, all sums would be the same.
#[test]
fn the_sum_of_each_table_is_masked() {
    let masked = |seed: u8| {
        let filled = filled(include_str!("../../../tests/everything.wat"), vec![1000]);
        sums(&mask(filled, &mut StdRng::from_seed([seed; 32])))
    };
    let (first, second) = (masked(1), masked(2));
    assert_eq!(first, masked(1));
    assert!(first.iter().zip(&second).all(|(first, second)| first != second));
    assert_eq!(second.into_iter().sum::<Challenge>(), Challenge::ZERO);
}

fn filled(text: &str, public: Vec<u64>) -> Vec<Filled> {
    let Prover { program, fixed, .. } = prover(text, Profile::Zk);
    let inputs = Inputs { public, private: vec![0x1234_5678_9abc_def0, 77] };
    let (outcome, trace) = record(&program, &inputs, Limits::default()).unwrap();
    tables::fill(&program, &fixed, &inputs, &outcome, &trace, Profile::Zk.form()).unwrap().0
}

/// Each table is high enough for its masks, and what fills it up satisfies all constraints: also
/// where the rows of the run would fill a lower table without a row to spare.
#[test]
fn tables_are_filled_up_to_what_hides() {
    let least = 1 << Profile::Zk.min_log_height();
    assert!(least >= 2 * (Profile::Zk.fri(()).num_queries + 2 * DIMENSION) && least >= MASKS);
    let additions = |count: usize| {
        let body = "(local.set $x (i64.add (local.get $x) (i64.const 1)))".repeat(count);
        format!(r#"(module (func (export "zkmain") (local $x i64) {body}))"#)
    };
    let mut texts: Vec<String> = (0..20).map(additions).collect();
    texts.push(include_str!("../../../tests/everything.wat").to_owned());
    let mut full = false;
    for text in texts {
        let rows = {
            let program = prover(&text, Profile::Fast).program;
            let inputs =
                Inputs { public: vec![1000; 20], private: vec![0x1234_5678_9abc_def0, 77] };
            record(&program, &inputs, Limits::default()).unwrap().1.rows.len()
        };
        full |= rows.is_power_of_two() && rows >= 16;
        let filled = filled(&text, vec![1000; 20]);
        assert_eq!(complaint(&filled), None);
        assert!(filled.iter().all(|filled| filled.cells.height() >= least));
    }
    assert!(full, "no run filled its table");
}

#[test]
fn a_table_too_low_to_hide_is_refused() {
    let (statement, proof) = &*PROVEN;
    let (head, good) = parsed(proof);
    let lowest = good.degree_bits.iter().min().unwrap();
    assert_eq!(*lowest, Profile::Zk.min_log_height() + 1);
    for table in 0..good.degree_bits.len() {
        for height in [0, 1, 5, *lowest - 1, 22, 64] {
            let (_, mut low) = parsed(proof);
            low.degree_bits[table] = height;
            let bytes = [head, &postcard::to_allocvec(&low).unwrap()].concat();
            assert_eq!(verify(statement, &bytes, Profile::Zk), Err(Error::Height), "{table}");
        }
    }
}

#[test]
fn entropy_must_be_given() {
    let prover = prover(include_str!("../../../tests/fibonacci.wat"), Profile::Zk);
    assert_eq!(prover.prove(&public(&[20]), [7; 32], PUBLIC_ENTROPY).err(), Some(Error::Entropy));
}
