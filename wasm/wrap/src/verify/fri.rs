//! FRI: that what queries give is close to a polynomial of low degree.

use p3_field::{
    BasedVectorSpace as _, Field as _, PrimeCharacteristicRing as _, TwoAdicField as _,
};
use p3_koala_bear::KoalaBear;
use p3_matrix::Dimensions;
use p3_util::reverse_bits_len;

use super::{
    load_cap,
    openings::{Query, assert_opens, index_of},
    shape::Shape,
};
use crate::{
    ext::{Ext, Ext4},
    hash,
    inner::Config,
    koala::{Num, REDUCIBLE_BITS},
    tape::{Cell, Tape},
    transcript::Transcript,
};

/// The part of a proof that opens commitments.
pub type Proof = p3_batch_stark::PcsProof<Config>;

/// What was committed to, and at which indices it is queried.
pub struct Folds {
    caps: Vec<Vec<Cell>>,
    /// Of each round, of each halving of its rows: the challenge's power, halved.
    halves: Vec<Vec<Ext>>,
    last: Vec<Ext>,
    pub queries: Vec<Query>,
}

/// A row of a round's codeword, and where it is.
pub struct Row {
    values: Vec<Ext>,
    native: Vec<Ext4>,
    query: Query,
}

/// Replays the commitments and draws the queries.
///
/// @throws if the proof has another shape
pub fn commit(
    tape: &mut Tape,
    shape: &Shape,
    transcript: &mut Transcript,
    proof: &Proof,
) -> Result<Folds, String> {
    let rounds = shape.log_arities.len();
    if [
        proof.commit_phase_commits.len(),
        proof.commit_pow_witnesses.len(),
        proof.commit_phase_openings.len(),
    ] != [rounds; 3]
        || proof.final_poly.len() != 1 << shape.parameters.log_final_poly_len
    {
        return Err("the proof folds in other rounds".into());
    }
    let queries = shape.parameters.queries;
    if proof.commit_phase_openings.iter().any(|it| it.sibling_values.len() != queries) {
        return Err("the proof opens other rows of a round".into());
    }
    let work = shape.parameters.work;
    transcript.observe_fixed(tape, &shape.seeds[2]);
    let (mut caps, mut halves) = (vec![], vec![]);
    let mut log_height = shape.log_domain();
    for (round, log_arity) in shape.log_arities.iter().enumerate() {
        log_height -= log_arity;
        let cap = load_cap(tape, shape, &proof.commit_phase_commits[round], log_height)?;
        transcript.observe_cap(tape, &cap);
        let witness = tape.load_canonical(proof.commit_pow_witnesses[round]);
        transcript.assert_work(tape, work, &witness);
        let beta = transcript.sample_ext(tape);
        let half = tape.fixed(KoalaBear::ONE.halve());
        let powers = (0..*log_arity).map(|i| {
            let power = tape.ext_square_times(&beta, i);
            let halved = tape.ext_scaled(&power, &half);
            tape.ext_reduced(&halved)
        });
        halves.push(powers.collect());
        caps.push(cap);
    }
    let last: Vec<_> = proof.final_poly.iter().map(|it| tape.load_ext(*it)).collect();
    last.iter().for_each(|it| transcript.observe_ext(tape, it));
    let witness = tape.load_canonical(proof.query_pow_witness);
    transcript.assert_work(tape, work, &witness);
    let queries = (0..shape.parameters.queries)
        .map(|_| {
            let bits = transcript.sample_bits(tape, shape.log_domain());
            Query::new(tape, shape, bits)
        })
        .collect();
    Ok(Folds { caps, halves, last, queries })
}

impl Folds {
    /// Folds what a query gives, down to the last polynomial.
    ///
    /// @return the rows that were gone through, which are yet to be opened
    /// @throws if the proof has another shape
    pub fn fold(
        &self,
        tape: &mut Tape,
        shape: &Shape,
        proof: &Proof,
        query: usize,
        value: Ext,
    ) -> Result<Vec<Row>, String> {
        let query_is = &self.queries[query];
        let mut bits = &query_is.bits[..];
        let mut folded = tape.ext_reduced(&value);
        let mut rows = vec![];
        for (round, &log_arity) in shape.log_arities.iter().enumerate() {
            let opened = &proof.commit_phase_openings[round].sibling_values;
            let siblings = opened.get(query).filter(|it| it.len() + 1 == 1 << log_arity);
            let siblings = siblings.ok_or("the proof opens other rows of a round")?;
            let (within, above) = bits.split_at(log_arity);
            let place = index_of(tape, within);
            let mut native = siblings.clone();
            native.insert(place, tape.residues(&folded));
            let values: Vec<_> = native.iter().map(|it| tape.load_ext(*it)).collect();
            let one_hot = hash::one_hot(tape, within);
            for (i, folded) in folded.iter().enumerate() {
                let cells: Vec<_> = values.iter().map(|value| value[i].cell).collect();
                let own = hash::entry(tape, &cells, &one_hot);
                // As integers, which of an honest proof are both below P.
                tape.assert_equal(own, folded.cell);
            }
            let generator = KoalaBear::two_adic_generator(bits.len());
            let start = power(tape, KoalaBear::ONE, generator.inverse(), above);
            folded = fold_row(tape, &values, &self.halves[round], start);
            let row = query_is.above(tape, shape, query_is.bits.len() - above.len());
            rows.push(Row { values, native, query: row });
            bits = above;
        }
        let below = shape.log_domain() - bits.len();
        let generator = KoalaBear::two_adic_generator(shape.log_domain());
        let x = power(tape, KoalaBear::ONE, generator.exp_power_of_2(below), bits);
        let (first, rest) = self.last.split_last().expect("a polynomial has coefficients");
        let value = rest.iter().rev().fold(first.clone(), |value, coefficient| {
            let value = tape.ext_lazy(&value);
            std::array::from_fn(|i| tape.times_plus(&value[i], &x, &coefficient[i]))
        });
        tape.assert_same_ext(&value, &folded);
        Ok(rows)
    }

    /// That the rows that queries went through are those that were committed to.
    ///
    /// @param folded of each query, of each round
    pub fn assert_opened(
        &self,
        tape: &mut Tape,
        shape: &Shape,
        proof: &Proof,
        folded: &[Vec<Row>],
    ) {
        for (round, cap) in self.caps.iter().enumerate() {
            let rows: Vec<_> = folded.iter().map(|rows| &rows[round]).collect();
            let flat = |row: &&Row| {
                vec![
                    row.native
                        .iter()
                        .flat_map(|it| it.as_basis_coefficients_slice())
                        .copied()
                        .collect(),
                ]
            };
            let opened: Vec<Vec<Vec<KoalaBear>>> = rows.iter().map(flat).collect();
            let indices: Vec<_> = rows.iter().map(|row| row.query.index).collect();
            let height = 1 << rows[0].query.bits.len();
            let dimensions = [Dimensions { width: opened[0][0].len(), height }];
            let opening = &proof.commit_phase_openings[round].opening_proof;
            let mmcs = shape.parameters.mmcs();
            let paths = mmcs.restore_and_recompute_paths(&dimensions, &indices, &opened, opening);
            for (i, row) in rows.iter().enumerate() {
                let cells: Vec<_> = row.values.iter().flatten().map(|it| it.cell).collect();
                let digest = hash::leaf(tape, &cells);
                let path = paths.as_ref().ok().map(|paths| &paths[i]);
                assert_opens(tape, digest, &row.query, path, cap);
            }
        }
    }
}

/// The value of a row's polynomial at the challenge: halves it as often as there are powers.
///
/// Values at x and -x are next to each other, and give (a + b) / 2 + (a - b) β / 2x at x².
///
/// @param start the inverse of the row's first point
fn fold_row(tape: &mut Tape, values: &[Ext], halves: &[Ext], mut start: Num) -> Ext {
    let half = tape.fixed(KoalaBear::ONE.halve());
    let mut values = values.to_vec();
    for (level, halved) in halves.iter().enumerate() {
        let scaled = tape.ext_scaled(halved, &start);
        let first = tape.factor(&scaled);
        let remaining = halves.len() - level;
        let root = KoalaBear::two_adic_generator(remaining).inverse();
        values = values
            .chunks(2)
            .enumerate()
            .map(|(i, pair)| {
                let power = root.exp_u64(reverse_bits_len(i, remaining - 1) as u64);
                let mut difference = tape.ext_minus(&pair[0], &pair[1]);
                if i > 0 {
                    let power = tape.fixed(power);
                    difference = tape.ext_scaled(&difference, &power);
                }
                let halves = [(&pair[0], &half), (&pair[1], &half)];
                tape.ext_dot(&[(&difference, &first)], &halves, &[])
            })
            .collect();
        let square = tape.times(&start, &start);
        start = tape.reduced(&square);
    }
    tape.ext_reduced(&values[0])
}

/// A factor times a generator to the power that bits are when read in reverse; reduced.
pub fn power(tape: &mut Tape, factor: KoalaBear, generator: KoalaBear, bits: &[Cell]) -> Num {
    let mut product = tape.fixed(factor);
    for (i, bit) in bits.iter().enumerate() {
        let term = tape.one_or(*bit, generator.exp_power_of_2(bits.len() - 1 - i));
        if product.bits() + term.bits() > REDUCIBLE_BITS {
            product = tape.reduced(&product);
        }
        product = tape.times(&product, &term);
    }
    tape.reduced(&product)
}
