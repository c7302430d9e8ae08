//! That committed polynomials have the claimed values: queries, and the sum that FRI folds.

use halo2_axiom::halo2curves::bn256::Fr;
use p3_bn254::Bn254;
use p3_field::{Field as _, PrimeCharacteristicRing as _, TwoAdicField as _};
use p3_koala_bear::KoalaBear;
use p3_matrix::Dimensions;
use p3_merkle_tree::MerkleAuthPath;

use super::{Point, fri, powers::Powers, shape::Shape};
use crate::{
    ext::{Ext, Ext4},
    field::from_p3,
    hash,
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
}

impl Query {
    pub fn new(tape: &Tape, bits: Vec<Cell>) -> Self {
        let index = bits
            .iter()
            .rev()
            .fold(0, |index, bit| 2 * index + usize::from(tape.value(*bit) == Fr::one()));
        Self { bits, index }
    }
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

    let powers = Powers::new(tape, &alpha, claims().map(|it| it.values.len()).sum());
    let claimed = [false, true].map(|next| claimed(tape, &powers, commitments, next));
    let rows = rows(tape, shape, commitments, proof, queries)?;
    let mut folded = vec![];
    for (i, (query, rows)) in queries.iter().zip(rows).enumerate() {
        let x = query_point(tape, shape, query);
        let mut reduced = tape.fixed_ext(Ext4::ZERO);
        for (next, at) in [(false, &point.zeta), (true, &point.next)] {
            let Some(claimed) = &claimed[usize::from(next)] else { continue };
            let mut terms = vec![];
            walk(commitments, |power, (commitment, matrix, column), claim| {
                if claim == next {
                    terms.push((power, &rows[commitment][matrix][column]));
                }
            });
            let opened = powers.dot(tape, &terms);
            let difference = tape.ext_minus(claimed, &opened);
            let apart = tape.ext_minus_base(at, &x);
            let quotient = tape.ext_quotient(&difference, &apart);
            reduced = tape.ext_plus(&reduced, &quotient);
        }
        folded.push(folds.fold(tape, shape, &proof.opening_proof, i, reduced)?);
    }
    folds.assert_opened(tape, shape, &proof.opening_proof, &folded);
    Ok(())
}

/// Visits each claimed value: its power of the challenge, its column, whether it is the next row's.
fn walk(commitments: &[Commitment], mut visit: impl FnMut(usize, (usize, usize, usize), bool)) {
    let mut power = 0;
    for (i, commitment) in commitments.iter().enumerate() {
        for (j, matrix) in commitment.matrices.iter().enumerate() {
            for claim in &matrix.claims {
                for column in 0..claim.values.len() {
                    visit(power, (i, j, column), claim.next);
                    power += 1;
                }
            }
        }
    }
}

/// The sum of claimed values at a point times powers, if there are any; reduced.
fn claimed(
    tape: &mut Tape,
    powers: &Powers,
    commitments: &[Commitment],
    next: bool,
) -> Option<Ext> {
    let claims = commitments.iter().flat_map(|it| &it.matrices).flat_map(|it| &it.claims);
    let values: Vec<_> = claims
        .flat_map(|claim| claim.values.iter().map(|value| (claim.next, value)))
        .enumerate()
        .filter(|(_, (of_next, _))| *of_next == next)
        .map(|(power, (_, value))| (power, value))
        .collect();
    if values.is_empty() {
        return None;
    }
    // By coefficient: each is of the base field.
    let sums: Vec<_> = (0..4)
        .map(|j| {
            let terms: Vec<_> = values.iter().map(|(power, value)| (*power, &value[j])).collect();
            powers.dot(tape, &terms)
        })
        .collect();
    let sum = tape.ext_recomposed(&sums);
    Some(tape.ext_reduced(&sum))
}

/// The rows that are opened at each query: of each commitment, of each matrix.
fn rows(
    tape: &mut Tape,
    shape: &Shape,
    commitments: &[Commitment],
    proof: &Proof,
    queries: &[Query],
) -> Result<Vec<Vec<Vec<Vec<Num>>>>, String> {
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
            let opened: Vec<Vec<_>> = opened[i]
                .iter()
                .map(|row| row.iter().map(|value| tape.load(*value)).collect())
                .collect();
            let cells: Vec<_> = opened.iter().flatten().map(|it: &Num| it.cell).collect();
            let digest = hash::leaf(tape, &cells);
            let path = paths.as_ref().ok().map(|paths| &paths[i]);
            assert_opens(tape, digest, &query.bits, path, &commitment.cap);
            rows[i].push(opened);
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
    bits: &[Cell],
    path: Option<&MerkleAuthPath<Bn254, 1>>,
    cap: &[Cell],
) {
    let depth = bits.len() - cap.len().ilog2() as usize;
    let siblings: Vec<_> = (0..depth)
        .map(|level| {
            let node = path.and_then(|path| path.siblings.get(level));
            tape.witness(node.map_or_else(Fr::zero, |node| from_p3(node[0])))
        })
        .collect();
    hash::assert_opens(tape, digest, bits, &siblings, cap);
}

/// The point of the domain at a query's index; reduced.
fn query_point(tape: &mut Tape, shape: &Shape, query: &Query) -> Num {
    let generator = KoalaBear::two_adic_generator(shape.log_domain());
    fri::power(tape, KoalaBear::GENERATOR, generator, &query.bits)
}
