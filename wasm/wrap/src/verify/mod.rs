//! Verifies a batch STARK of Plonky3 whose tables have one height, as `verify_batch` does.

mod batch;
mod constraints;
mod fri;
mod openings;
mod powers;
mod shape;

use p3_field::{
    BasedVectorSpace as _, Field as _, PrimeCharacteristicRing as _, TwoAdicField as _,
};
use p3_koala_bear::KoalaBear;

use crate::{
    ext::{Ext, Ext4},
    field::from_p3,
    inner::Proof,
    koala::Num,
    tape::{Cell, Tape},
    transcript::Transcript,
};
use constraints::Row;
use openings::{Claim, Commitment, Matrix};
pub use shape::{Shape, Table};

/// What a proof is of.
pub struct Statement {
    /// Of each table.
    pub public_values: Vec<Vec<Num>>,
    /// Of each table, of each of its given columns, the rows that may be other than zero.
    pub given: Vec<Vec<Vec<Num>>>,
    /// The commitment to the preprocessed columns; empty where there are none.
    pub preprocessed: Vec<Cell>,
}

/// A commitment.
pub type Cap = <crate::inner::Mmcs as p3_commit::Mmcs<KoalaBear>>::Commitment;

/// The nodes of a commitment to 2^`log_height` rows.
///
/// @throws if it has not as many
fn load_cap(
    tape: &mut Tape,
    shape: &Shape,
    cap: &Cap,
    log_height: usize,
) -> Result<Vec<Cell>, String> {
    let nodes = 1 << shape.parameters.cap_height.min(log_height);
    if cap.num_roots() != nodes {
        return Err(format!("a commitment has {} nodes instead of {nodes}", cap.num_roots()));
    }
    Ok(cap.roots().iter().map(|node| tape.witness(from_p3(node[0]))).collect())
}

/// What a table has opened at ζ.
struct Opened {
    main: [Vec<Ext>; 2],
    preprocessed: [Vec<Ext>; 2],
    /// Four coefficients of each element, each an element of the extension itself.
    permutation: [Vec<Ext>; 2],
    chunks: Vec<Vec<Ext>>,
    terminal: Option<Ext>,
}

fn load_row(tape: &mut Tape, values: &[Ext4]) -> Vec<Ext> {
    values.iter().map(|value| tape.load_ext(*value)).collect()
}

impl Opened {
    /// @throws if the proof has not the shape
    fn load(tape: &mut Tape, table: &Table, proof: &Proof, index: usize) -> Result<Self, String> {
        let opened = &proof.opened_values.instances[index];
        let base = &opened.base_opened_values;
        let mut row = |name: &str, values: &[Ext4], width: usize| {
            if values.len() != width {
                return Err(format!("{name} of table {index} is {} wide", values.len()));
            }
            Ok(load_row(tape, values))
        };
        let next = |is: bool, width: usize| if is { width } else { 0 };
        let empty = Vec::new();
        let preprocessed = base.preprocessed.as_ref();
        let next_preprocessed = preprocessed.and_then(|it| it.next.as_ref());
        let has = [base.trace_next.is_some(), preprocessed.is_some(), next_preprocessed.is_some()];
        if has != [table.next, table.preprocessed > 0, table.preprocessed_next]
            || base.random.is_some()
        {
            return Err(format!("table {index} has other rows opened"));
        }
        let lookups = 4 * table.lookup_columns();
        let wide = next(table.next, table.width);
        let preprocessed_wide = next(table.preprocessed_next, table.preprocessed);
        let main = [
            row("the row", &base.trace_local, table.width)?,
            row("the next row", base.trace_next.as_ref().unwrap_or(&empty), wide)?,
        ];
        let local = preprocessed.map_or(&empty, |it| &it.local);
        let preprocessed = [
            row("the preprocessed row", local, table.preprocessed)?,
            row("the next", next_preprocessed.unwrap_or(&empty), preprocessed_wide)?,
        ];
        let permutation = [
            row("the lookups' row", &opened.permutation_local, lookups)?,
            row("the lookups' next row", &opened.permutation_next, lookups)?,
        ];
        if base.quotient_chunks.len() != 1 << table.log_chunks {
            return Err(format!("the quotient of table {index} has not its chunks"));
        }
        let chunks = base.quotient_chunks.iter().map(|chunk| row("a chunk", chunk, 4));
        let chunks = chunks.collect::<Result<_, _>>()?;
        let terminal = proof.lookup_terminals[index].as_ref().map(|it| it.0);
        if terminal.is_some() == table.buses.is_empty() {
            return Err(format!("table {index} has a terminal, or none, as it may not"));
        }
        let terminal = terminal.map(|value| tape.load_ext(value));
        Ok(Self { main, preprocessed, permutation, chunks, terminal })
    }
}

/// Lays the verification of a proof.
///
/// A proof that does not verify gives a tape whose constraints do not hold.
///
/// @param words what the transcript starts with, which must determine the given columns: Plonky3
/// observes none of them
/// @param given of each table, its given columns
/// @throws if the proof has another shape
pub fn verify(
    tape: &mut Tape,
    shape: &Shape,
    words: &[Cell],
    proof: &Proof,
    preprocessed: Option<&Cap>,
    public_values: &[Vec<KoalaBear>],
    given: &[Vec<Vec<KoalaBear>>],
) -> Result<Statement, String> {
    let tables = shape.tables.len();
    if [
        proof.opened_values.instances.len(),
        proof.lookup_terminals.len(),
        proof.degree_bits.len(),
        public_values.len(),
        given.len(),
    ] != [tables; 5]
        || proof.degree_bits.iter().any(|bits| *bits != shape.log_height)
        || proof.commitments.permutation.is_some() != shape.has_lookups()
        || proof.commitments.random.is_some()
        || preprocessed.is_some() == shape.preprocessed.is_empty()
    {
        return Err("the proof is not of these tables".into());
    }
    let work = shape.parameters.work;
    let mut transcript = Transcript::new(tape);
    let given = load_given(tape, shape, given)?;
    transcript.observe_words(tape, words);
    transcript.observe_fixed(tape, &shape.seeds[0]);
    for _ in 0..tables {
        let bits = KoalaBear::from_usize(shape.log_height);
        transcript.observe_fixed(tape, Ext4::from(bits).as_basis_coefficients_slice());
    }
    let main = load_cap(tape, shape, &proof.commitments.main, shape.log_domain())?;
    transcript.observe_cap(tape, &main);
    let public_values: Vec<Vec<_>> = public_values
        .iter()
        .zip(&shape.tables)
        .map(|(values, table)| {
            if values.len() != table.public_values {
                return Err(format!("a table has {} public values", values.len()));
            }
            Ok(values.iter().map(|value| tape.load_canonical(*value)).collect())
        })
        .collect::<Result<_, _>>()?;
    public_values.iter().flatten().for_each(|value| transcript.observe(tape, value));
    let preprocessed = match preprocessed {
        Some(cap) => load_cap(tape, shape, cap, shape.log_domain())?,
        None => vec![],
    };
    transcript.observe_cap(tape, &preprocessed);

    let opened = shape.tables.iter().enumerate();
    let opened: Vec<_> =
        opened.map(|(i, table)| Opened::load(tape, table, proof, i)).collect::<Result<_, _>>()?;
    let mut permutation = vec![];
    let mut challenges = None;
    if let Some(cap) = &proof.commitments.permutation {
        let witness = proof.lookup_pow_witness.ok_or("the proof has no work before lookups")?;
        let witness = tape.load_canonical(witness);
        transcript.assert_work(tape, work, &witness);
        challenges = Some((transcript.sample_ext(tape), transcript.sample_ext(tape)));
        permutation = load_cap(tape, shape, cap, shape.log_domain())?;
        transcript.observe_cap(tape, &permutation);
        for terminal in opened.iter().filter_map(|it| it.terminal.as_ref()) {
            transcript.observe_ext(tape, terminal);
        }
    }
    let alpha = transcript.sample_ext(tape);
    let quotient = load_cap(tape, shape, &proof.commitments.quotient_chunks, shape.log_domain())?;
    transcript.observe_cap(tape, &quotient);
    let witness = tape.load_canonical(proof.ood_pow_witness);
    transcript.assert_work(tape, work, &witness);
    let zeta = transcript.sample_ext(tape);

    let point = Point::new(tape, shape, zeta);
    let challenges = challenges.map(|(alpha, beta)| bus_challenges(tape, shape, &alpha, &beta));
    for (i, (table, opened)) in shape.tables.iter().zip(&opened).enumerate() {
        let of_buses = |bus: &usize| {
            let (prefixes, beta) = challenges.as_ref().expect("a table has lookups");
            [prefixes[*bus].clone(), beta.clone()]
        };
        let challenges = table.buses.iter().flat_map(of_buses).collect();
        let mut row = point.row(tape, table, opened, challenges, public_values[i].clone());
        row.periodic = given[i].iter().map(|column| point.given(tape, column)).collect();
        let folded = constraints::fold(tape, &table.constraints, &row, &alpha);
        let quotient = point.quotient(tape, shape, table, &opened.chunks);
        let product = tape.ext_times(&quotient, &point.vanishing);
        tape.assert_same_ext(&folded, &product);
    }
    let terminals: Vec<_> = opened.iter().filter_map(|it| it.terminal.clone()).collect();
    let zero = tape.fixed_ext(Ext4::ZERO);
    let sum = terminals.iter().fold(zero, |sum, it| tape.ext_plus(&sum, it));
    sum.iter().for_each(|it| tape.assert_zero(it));

    let claims = claims(shape, opened);
    let caps = [Some(main), Some(quotient), Some(preprocessed.clone()), Some(permutation)];
    let caps = caps.into_iter().flatten().filter(|cap| !cap.is_empty());
    let commitments: Vec<_> = caps
        .zip(shape.commitments())
        .zip(claims)
        .map(|((cap, matrices), claims)| Commitment {
            cap,
            matrices: matrices
                .into_iter()
                .zip(claims)
                .map(|((width, _), claims)| Matrix { width, claims })
                .collect(),
        })
        .collect();
    openings::verify(tape, shape, &mut transcript, &point, &commitments, proof)?;
    Ok(Statement { public_values, given, preprocessed })
}

/// @throws if there are others than the shape has, or they are other than zero below its entries
fn load_given(
    tape: &mut Tape,
    shape: &Shape,
    given: &[Vec<Vec<KoalaBear>>],
) -> Result<Vec<Vec<Vec<Num>>>, String> {
    let mut load = |column: &Vec<KoalaBear>| {
        let (entries, rest) = column.split_at_checked(shape.entries)?;
        let fits = column.len() == 1 << shape.log_height && rest.iter().all(|it| it.is_zero());
        fits.then(|| entries.iter().map(|value| tape.load_canonical(*value)).collect())
    };
    let mut all = vec![];
    for (table, columns) in shape.tables.iter().zip(given) {
        if columns.len() != table.periodic {
            return Err("a table is given other columns".into());
        }
        let columns: Option<Vec<_>> = columns.iter().map(&mut load).collect();
        all.push(columns.ok_or("a given column is other than zero below its entries")?);
    }
    Ok(all)
}

/// What is claimed of each matrix of each commitment, in the order of `Shape::commitments`.
fn claims(shape: &Shape, opened: Vec<Opened>) -> Vec<Vec<Vec<Claim>>> {
    let of = |rows: &[Vec<Ext>; 2]| -> Vec<Claim> {
        let [row, next] = rows.clone();
        let claim = |next: bool, values: Vec<Ext>| Claim { next, values };
        let both = [claim(false, row), claim(true, next)];
        both.into_iter().filter(|it| !it.values.is_empty()).collect()
    };
    let mut all = vec![
        opened.iter().map(|it| of(&it.main)).collect(),
        opened
            .iter()
            .flat_map(|it| &it.chunks)
            .map(|chunk| vec![Claim { next: false, values: chunk.clone() }])
            .collect(),
    ];
    if !shape.preprocessed.is_empty() {
        all.push(shape.preprocessed.iter().map(|i| of(&opened[*i].preprocessed)).collect());
    }
    if shape.has_lookups() {
        let rows = opened.iter().filter(|it| !it.permutation[0].is_empty());
        all.push(rows.map(|it| of(&it.permutation)).collect());
    }
    all
}

/// What a bus's tuples are taken from, of each bus, and by what their elements are combined.
fn bus_challenges(tape: &mut Tape, shape: &Shape, alpha: &Ext, beta: &Ext) -> (Vec<Ext>, Ext) {
    let mut step = beta.clone();
    for _ in 1..shape.message_width {
        let next = tape.ext_times(&step, beta);
        step = tape.ext_reduced(&next);
    }
    let buses = shape.tables.iter().flat_map(|it| &it.buses).max().map_or(0, |last| last + 1);
    let mut prefix = alpha.clone();
    let prefixes = (0..buses).map(|_| {
        let next = tape.ext_plus(&prefix, &step);
        prefix = tape.ext_small(&next);
        prefix.clone()
    });
    (prefixes.collect(), beta.clone())
}

/// ζ and what follows from it.
pub(crate) struct Point {
    pub zeta: Ext,
    /// ζ times the generator of the rows.
    pub next: Ext,
    /// ζ^height
    power: Ext,
    /// ζ^height - 1
    vanishing: Ext,
    is_first: Ext,
    is_last: Ext,
    is_transition: Ext,
    /// Of each entry of given columns, the polynomial that is 1 there and 0 in other rows.
    entries: Vec<Ext>,
}

impl Point {
    fn new(tape: &mut Tape, shape: &Shape, zeta: Ext) -> Self {
        let height = shape.log_height;
        let one = tape.fixed(KoalaBear::ONE);
        let power = tape.ext_square_times(&zeta, height);
        let vanishing = tape.ext_minus_base(&power, &one);
        // Divisors of it, and with them ζ - 1 and the like, are other than zero.
        tape.ext_inverse(&vanishing);
        // ζ is none of the points that are queried, so that differences have inverses.
        let domain = tape.ext_square_times(&power, shape.log_domain() - height);
        let queried = KoalaBear::GENERATOR.exp_power_of_2(shape.log_domain());
        let queried = tape.fixed(queried);
        let apart = tape.ext_minus_base(&domain, &queried);
        tape.ext_inverse(&apart);
        let generator = KoalaBear::two_adic_generator(height);
        // (ζ^height - 1) g^i / height / (ζ - g^i)
        let entries = generator.powers().take(shape.entries).collect();
        let has_given = shape.tables.iter().any(|it| it.periodic > 0);
        let entries: Vec<KoalaBear> = if has_given { entries } else { vec![] };
        let height = KoalaBear::from_usize(1 << height);
        let entries = entries
            .into_iter()
            .map(|row| {
                let (weight, row) = (tape.fixed(row / height), tape.fixed(row));
                let scaled = tape.ext_scaled(&vanishing, &weight);
                let apart = tape.ext_minus_base(&zeta, &row);
                tape.ext_quotient(&scaled, &apart)
            })
            .collect();
        let last = tape.fixed(generator.inverse());
        let generator = tape.fixed(generator);
        let from_first = tape.ext_minus_base(&zeta, &one);
        let from_last = tape.ext_minus_base(&zeta, &last);
        let next = tape.ext_scaled(&zeta, &generator);
        Self {
            next: tape.ext_reduced(&next),
            is_first: tape.ext_quotient(&vanishing, &from_first),
            is_last: tape.ext_quotient(&vanishing, &from_last),
            is_transition: from_last,
            entries,
            zeta,
            power,
            vanishing,
        }
    }

    fn row(
        &self,
        tape: &mut Tape,
        table: &Table,
        opened: &Opened,
        challenges: Vec<Ext>,
        public_values: Vec<Num>,
    ) -> Row {
        // What is not opened is not spoken of, but for p3's zeros.
        let zero = tape.fixed_ext(Ext4::ZERO);
        let or_zeros = |rows: &[Vec<Ext>; 2], width: usize| {
            let [row, next] = rows.clone();
            [row, if next.is_empty() { vec![zero.clone(); width] } else { next }]
        };
        let permutation = opened.permutation.each_ref().map(|row| {
            row.chunks(4).map(|coefficients| tape.ext_recomposed(coefficients)).collect::<Vec<_>>()
        });
        Row {
            main: or_zeros(&opened.main, table.width),
            preprocessed: or_zeros(&opened.preprocessed, table.preprocessed),
            permutation,
            challenges,
            terminal: opened.terminal.iter().cloned().collect(),
            public_values,
            periodic: vec![],
            is_first: self.is_first.clone(),
            is_last: self.is_last.clone(),
            is_transition: self.is_transition.clone(),
        }
    }

    /// A given column at ζ; not reduced.
    fn given(&self, tape: &mut Tape, column: &[Num]) -> Ext {
        let terms: Vec<_> = self.entries.iter().zip(column).collect();
        tape.ext_dot(&[], &terms, &[])
    }

    /// The quotient at ζ from its chunks; not reduced.
    fn quotient(&self, tape: &mut Tape, shape: &Shape, table: &Table, chunks: &[Vec<Ext>]) -> Ext {
        let count = chunks.len();
        let generator = KoalaBear::two_adic_generator(shape.log_height + table.log_chunks);
        let shifts: Vec<_> = (0..count)
            .map(|i| KoalaBear::GENERATOR * generator.exp_u64(i as u64))
            .map(|shift| shift.exp_power_of_2(shape.log_height))
            .collect();
        // Of each chunk's coset, what vanishes on it: (x / shift)^height - 1.
        let vanishing: Vec<_> = shifts
            .iter()
            .map(|shift| {
                let inverse = tape.fixed(shift.inverse());
                let scaled = tape.ext_scaled(&self.power, &inverse);
                let one = tape.fixed(KoalaBear::ONE);
                let difference = tape.ext_minus_base(&scaled, &one);
                tape.ext_reduced(&difference)
            })
            .collect();
        let mut terms = vec![];
        for (i, chunk) in chunks.iter().enumerate() {
            let others = || (0..count).filter(|j| *j != i);
            let at_chunk = |j: usize| shifts[i] * shifts[j].inverse() - KoalaBear::ONE;
            let factor = others().map(at_chunk).product::<KoalaBear>().inverse();
            let mut weight = tape.fixed_ext(Ext4::from(factor));
            for j in others() {
                let product = tape.ext_times(&weight, &vanishing[j]);
                weight = tape.ext_reduced(&product);
            }
            let value = tape.ext_recomposed(chunk);
            terms.push((value, tape.factor(&weight)));
        }
        let terms: Vec<_> = terms.iter().map(|(value, weight)| (value, weight)).collect();
        tape.ext_dot(&terms, &[], &[])
    }
}
