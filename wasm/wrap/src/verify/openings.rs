//! That committed polynomials have the claimed values: queries, and the sum that FRI folds.

use halo2_axiom::halo2curves::bn256::Fr;
use p3_bn254::Bn254;
use p3_field::{Field as _, PrimeCharacteristicRing as _, TwoAdicField as _};
use p3_koala_bear::KoalaBear;
use p3_matrix::Dimensions;
use p3_merkle_tree::MerkleAuthPath;

use super::{Point, batch::Batch, fri, shape::Shape};
use crate::{
    ext::{Ext, Ext4},
    field::from_p3,
    hash::{self, WORD},
    inner::Proof,
    koala::Num,
    tape::{Cell, Tape},
    transcript::Transcript,
};

/// Values of a matrix's columns at a point.
pub struct Claim {
    /// Whether the point is the next row's.
    pub next: bool,
    pub values: Vec<Ext>,
}

pub struct Matrix {
    pub width: usize,
    pub claims: Vec<Claim>,
}

pub struct Commitment {
    pub cap: Vec<Cell>,
    pub matrices: Vec<Matrix>,
}

/// A query: the bits of its index, the least first, and the number that they are.
pub struct Query {
    pub bits: Vec<Cell>,
    pub index: usize,
    /// Of each node of a cap, whether the query is below it.
    pub top: Vec<Cell>,
}

impl Query {
    pub fn new(tape: &mut Tape, shape: &Shape, bits: Vec<Cell>) -> Self {
        let index = index_of(tape, &bits);
        let top = top(tape, shape, &bits);
        Self { bits, index, top }
    }

    /// Of the rows of a round, of which each is of 2^`log_arity`.
    pub fn above(&self, tape: &mut Tape, shape: &Shape, log_arity: usize) -> Self {
        let bits = self.bits[log_arity..].to_vec();
        let below_top = bits.len() >= shape.parameters.cap_height;
        let top = if below_top { self.top.clone() } else { top(tape, shape, &bits) };
        Self { bits, index: self.index >> log_arity, top }
    }
}

/// The number that bits are, the least first.
pub fn index_of(tape: &Tape, bits: &[Cell]) -> usize {
    let bits = bits.iter().rev().map(|bit| usize::from(tape.value(*bit) == Fr::one()));
    bits.fold(0, |index, bit| 2 * index + bit)
}

fn top(tape: &mut Tape, shape: &Shape, bits: &[Cell]) -> Vec<Cell> {
    let below = bits.len().saturating_sub(shape.parameters.cap_height);
    hash::one_hot(tape, &bits[below..])
}

/// @throws if the proof has another shape
pub fn verify(
    tape: &mut Tape,
    shape: &Shape,
    transcript: &mut Transcript,
    point: &Point,
    commitments: &[Commitment],
    proof: &Proof,
) -> Result<(), String> {
    let claims = || commitments.iter().flat_map(|it| &it.matrices).flat_map(|it| &it.claims);
    transcript.observe_fixed(tape, &shape.seeds[1]);
    for value in claims().flat_map(|it| &it.values) {
        transcript.observe_ext(tape, value);
    }
    let witness = tape.load_canonical(proof.opening_proof.batch_pow_witness);
    transcript.assert_work(tape, shape.parameters.batch_work, &witness);
    let alpha = transcript.sample_ext(tape);
    let folds = fri::commit(tape, shape, transcript, &proof.opening_proof)?;
    let queries = &folds.queries;

    let batch = Batch::new(tape, &alpha, commitments);
    let claimed = [false, true].map(|next| batch.claimed(tape, &values(commitments, next), next));
    let rows = rows(tape, shape, commitments, proof, queries)?;
    let mut folded = vec![];
    for (i, (query, rows)) in queries.iter().zip(rows).enumerate() {
        let x = query_point(tape, shape, query);
        let opened = batch.opened(tape, &rows);
        let mut reduced = tape.fixed_ext(Ext4::ZERO);
        for ((claimed, opened), at) in claimed.iter().zip(&opened).zip([&point.zeta, &point.next]) {
            let (Some(claimed), Some(opened)) = (claimed, opened) else { continue };
            let difference = tape.ext_minus(claimed, opened);
            let apart = tape.ext_minus_base(at, &x);
            let quotient = tape.ext_quotient(&difference, &apart);
            reduced = tape.ext_plus(&reduced, &quotient);
        }
        folded.push(folds.fold(tape, shape, &proof.opening_proof, i, reduced)?);
    }
    folds.assert_opened(tape, shape, &proof.opening_proof, &folded);
    Ok(())
}

/// What is claimed of each commitment's columns in the row, or in the next.
fn values(commitments: &[Commitment], next: bool) -> Vec<Vec<Option<&Ext>>> {
    let mut all = vec![];
    for commitment in commitments {
        let mut values = vec![];
        for matrix in &commitment.matrices {
            let claim = matrix.claims.iter().find(|it| it.next == next);
            values.extend((0..matrix.width).map(|column| claim.map(|it| &it.values[column])));
        }
        all.push(values);
    }
    all
}

/// The rows that are opened at each query: of each commitment, what is left of words of all of its
/// elements.
fn rows(
    tape: &mut Tape,
    shape: &Shape,
    commitments: &[Commitment],
    proof: &Proof,
    queries: &[Query],
) -> Result<Vec<Vec<Vec<Cell>>>, String> {
    let openings = &proof.opening_proof.input_openings;
    if openings.len() != commitments.len() {
        return Err("the proof opens other commitments".into());
    }
    let indices: Vec<_> = queries.iter().map(|it| it.index).collect();
    let mut rows: Vec<_> = queries.iter().map(|_| vec![]).collect();
    for (commitment, opening) in commitments.iter().zip(openings) {
        let height = 1 << shape.log_domain();
        let dimensions =
            commitment.matrices.iter().map(|it| Dimensions { width: it.width, height });
        let dimensions: Vec<_> = dimensions.collect();
        let fits = |rows: &Vec<Vec<KoalaBear>>| {
            rows.iter().map(Vec::len).eq(dimensions.iter().map(|it| it.width))
        };
        let opened = &opening.opened_values;
        if opened.len() != queries.len() || !opened.iter().all(fits) {
            return Err("the proof opens rows of another width".into());
        }
        let mmcs = shape.parameters.mmcs();
        let paths =
            mmcs.restore_and_recompute_paths(&dimensions, &indices, opened, &opening.opening_proof);
        for (i, query) in queries.iter().enumerate() {
            let words: Vec<_> =
                opened[i].concat().chunks(WORD).map(|digits| tape.load_word(digits)).collect();
            let digest =
                hash::leaf_of_words(tape, &words.iter().map(|it| it[0]).collect::<Vec<_>>());
            let path = paths.as_ref().ok().map(|paths| &paths[i]);
            assert_opens(tape, digest, query, path, &commitment.cap);
            rows[i].push(words.concat());
        }
    }
    Ok(rows)
}

/// That a leaf is under a cap, by a path of the proof.
///
/// A path that could not be restored opens nothing, and then neither do zeros.
pub fn assert_opens(
    tape: &mut Tape,
    digest: Cell,
    query: &Query,
    path: Option<&MerkleAuthPath<Bn254, 1>>,
    cap: &[Cell],
) {
    let depth = query.bits.len() - cap.len().ilog2() as usize;
    let siblings: Vec<_> = (0..depth)
        .map(|level| {
            let node = path.and_then(|path| path.siblings.get(level));
            tape.witness(node.map_or_else(Fr::zero, |node| from_p3(node[0])))
        })
        .collect();
    hash::assert_opens(tape, digest, &query.bits, &siblings, (cap, &query.top));
}

/// The point of the domain at a query's index; reduced.
fn query_point(tape: &mut Tape, shape: &Shape, query: &Query) -> Num {
    let generator = KoalaBear::two_adic_generator(shape.log_domain());
    fri::power(tape, KoalaBear::GENERATOR, generator, &query.bits)
}
