//! The sum that FRI folds: of all columns times powers of a challenge, in blocks.
//!
//! A block's sum takes the powers from 1 on, and is multiplied by the one that the block begins
//! with, so that no more powers are computed than the longest block takes.

use halo2_axiom::halo2curves::bn256::Fr;
use p3_field::PrimeCharacteristicRing as _;
use p3_koala_bear::KoalaBear;

use super::{
    openings::{Commitment, Matrix},
    powers::{self, Power, Powers, lane},
};
use crate::{
    element,
    ext::{Ext, Ext4, Factor},
    hash::{DIGIT_BITS, WORD},
    koala::Num,
    tape::{Cell, Slot, Tape},
};

/// Powers of a block, about: shorter blocks cost each query, longer ones powers.
const LENGTH: usize = 390;

/// A column, and by which powers the values are multiplied that are claimed of it.
#[derive(Clone, Copy)]
struct Column {
    commitment: usize,
    /// Within the commitment.
    index: usize,
    here: usize,
    next: Option<usize>,
    /// Of how many digits the word is that it is the last of, if it is.
    ends: Option<usize>,
}

/// Columns that begin a word and end one.
struct Block {
    columns: Vec<Column>,
    /// The power that it begins with; those of columns count from it.
    begin: usize,
}

impl Block {
    /// Its powers are below this one.
    fn end(&self) -> usize {
        let powers = self.columns.iter().map(|it| it.next.unwrap_or(it.here));
        powers.max().map_or(0, |highest| highest + 1)
    }
}

fn columns(commitments: &[Commitment]) -> Vec<Column> {
    let mut columns = vec![];
    let mut power = 0;
    for (commitment, matrices) in commitments.iter().map(|it| &it.matrices).enumerate() {
        let width: usize = matrices.iter().map(|it| it.width).sum();
        let mut index = 0;
        for Matrix { width: own, claims } in matrices {
            let begins = [false, true].map(|next| {
                let claim = claims.iter().position(|it| it.next == next);
                claim.map(|claim| power + claim * own)
            });
            for column in 0..*own {
                let [here, next] = begins.map(|begin| begin.map(|begin| begin + column));
                let here = here.expect("the row is opened");
                let digits = index % WORD + 1;
                let ends = (digits == WORD || index + 1 == width).then_some(digits);
                columns.push(Column { commitment, index, here, next, ends });
                index += 1;
            }
            power += claims.len() * own;
        }
    }
    columns
}

fn cut(columns: Vec<Column>) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    for column in columns {
        let begins_word = column.index % WORD == 0;
        let begins = |block: &Block| begins_word && column.here >= block.begin + LENGTH;
        if blocks.last().is_none_or(begins) {
            blocks.push(Block { columns: vec![], begin: column.here });
        }
        let Block { columns, begin } = blocks.last_mut().expect("there is one");
        let (here, next) = (column.here - *begin, column.next.map(|next| next - *begin));
        columns.push(Column { here, next, ..column });
    }
    blocks
}

/// What each cell of a block's columns is multiplied with, if with anything.
struct Lanes {
    coefficients: Vec<Option<Cell>>,
    /// What is added to the sum.
    start: Cell,
}

impl Lanes {
    /// Of what is left of words, from what digits are multiplied with.
    fn of_rests(tape: &mut Tape, columns: &[Column], of_digits: &[Option<Cell>]) -> Self {
        let radix = Fr::from(1 << DIGIT_BITS);
        let radix_is = tape.constant(radix);
        let zero = tape.zero();
        let mut coefficients = vec![];
        let mut below = None;
        let mut ends = vec![];
        for (column, &own) in columns.iter().zip(of_digits) {
            coefficients.push(match (own, below) {
                (own, None) => own,
                (own, Some(below)) => {
                    let own = own.unwrap_or(zero);
                    let value = Slot::New(tape.value(own) - radix * tape.value(below));
                    let slots = [value, radix_is.into(), below.into(), own.into()];
                    Some(tape.region(slots, &[0])[0])
                }
            });
            below = own;
            if let (Some(digits), Some(last)) = (column.ends, own) {
                ends.push((-radix * element::end_of_word(digits), last));
            }
            if column.ends.is_some() {
                below = None;
            }
        }
        Self { coefficients, start: tape.sum_scaled(zero, &ends) }
    }

    fn sum(&self, tape: &mut Tape, cells: &[Cell]) -> Cell {
        let pairs = self.coefficients.iter().zip(cells);
        let pairs: Vec<_> = pairs.filter_map(|(by, cell)| Some(((*by)?, *cell))).collect();
        tape.sum_products(self.start, &pairs)
    }
}

/// What a block's rests are multiplied with.
struct OfRests {
    here: Lanes,
    /// Where a column's next row is opened.
    next: Option<Lanes>,
    /// The last coefficients, of the next row above those of the row.
    last: Lanes,
}

pub struct Batch {
    blocks: Vec<Block>,
    rests: Vec<OfRests>,
    powers: Powers,
    /// What each block is multiplied with, but for the first.
    factors: Vec<Factor>,
}

impl Batch {
    pub fn new(tape: &mut Tape, alpha: &Ext, commitments: &[Commitment]) -> Self {
        let blocks = cut(columns(commitments));
        let end = blocks.iter().map(Block::end).max().unwrap_or(0);
        let powers = Powers::new(tape, alpha, end);
        let mut factors = vec![];
        let mut begin = tape.fixed_ext(Ext4::ONE);
        for pair in blocks.windows(2) {
            let product = tape.ext_times(&begin, &powers.elements[pair[1].begin - pair[0].begin]);
            begin = tape.ext_reduced(&product);
            factors.push(tape.factor(&begin));
        }
        let rests = blocks.iter().map(|block| of_rests(tape, block, &powers)).collect();
        Self { blocks, rests, powers, factors }
    }

    /// The sum of claimed values of the row, or of the next, if there are any; reduced.
    ///
    /// @param values of each commitment's columns
    pub fn claimed(
        &self,
        tape: &mut Tape,
        values: &[Vec<Option<&Ext>>],
        next: bool,
    ) -> Option<Ext> {
        let sums: Vec<_> = self
            .blocks
            .iter()
            .map(|block| {
                let terms: Vec<_> = block
                    .columns
                    .iter()
                    .filter_map(|it| {
                        let power = if next { it.next } else { Some(it.here) };
                        let power = self.powers.cells[power?];
                        Some((power, values[it.commitment][it.index]?))
                    })
                    .collect();
                (!terms.is_empty()).then(|| self.claimed_of(tape, &terms))
            })
            .collect();
        self.together(tape, &sums)
    }

    fn claimed_of(&self, tape: &mut Tape, terms: &[(Power, &Ext)]) -> Ext {
        let greatest = self.powers.greatest_sum(terms.len());
        let zero = tape.zero();
        // By coefficient: each is of the base field.
        let sums: Vec<_> = (0..4)
            .map(|j| {
                let pairs = |of: fn(&Power) -> Cell| -> Vec<_> {
                    terms.iter().map(|(power, value)| (of(power), value[j].cell)).collect()
                };
                let three = tape.sum_products(zero, &pairs(|it| it.three));
                let last = tape.sum_products(zero, &pairs(|it| it.last));
                let [a, b, c] = tape.split_reduced(three, powers::LANE_BITS, &greatest);
                [a, b, c, tape.reduced(&powers::number(last, &greatest))]
            })
            .collect();
        let sum = tape.ext_recomposed(&sums);
        tape.ext_reduced(&sum)
    }

    /// The sums of what a query opens, for the values of the row and for those of the next.
    ///
    /// @param rests of each commitment's words
    pub fn opened(&self, tape: &mut Tape, rests: &[Vec<Cell>]) -> [Option<Ext>; 2] {
        let mut sums = [vec![], vec![]];
        for (block, by) in self.blocks.iter().zip(&self.rests) {
            let cells: Vec<_> =
                block.columns.iter().map(|it| rests[it.commitment][it.index]).collect();
            let greatest = self.powers.greatest_sum(cells.len());
            let split = |tape: &mut Tape, lanes: &Lanes| -> [Num; 3] {
                let sum = lanes.sum(tape, &cells);
                tape.split_reduced(sum, powers::LANE_BITS, &greatest)
            };
            let [a, b, c] = split(tape, &by.here);
            let last = by.last.sum(tape, &cells);
            if let Some(next) = &by.next {
                let [x, y, z] = split(tape, next);
                let [d, last] = tape.split_reduced(last, powers::LANE_BITS, &greatest);
                sums[0].push(Some([a, b, c, d]));
                sums[1].push(Some([x, y, z, last]));
            } else {
                let d = tape.reduced(&powers::number(last, &greatest));
                sums[0].push(Some([a, b, c, d]));
                sums[1].push(None);
            }
        }
        sums.map(|it| self.together(tape, &it))
    }

    /// The sum of blocks' sums, times what each begins with; reduced.
    fn together(&self, tape: &mut Tape, sums: &[Option<Ext>]) -> Option<Ext> {
        let (first, others) = sums.split_first()?;
        let one = tape.fixed(KoalaBear::ONE);
        let first: Vec<_> = first.iter().map(|sum| (sum, &one)).collect();
        let others: Vec<_> = others
            .iter()
            .zip(&self.factors)
            .filter_map(|(sum, by)| Some((sum.as_ref()?, by)))
            .collect();
        if first.is_empty() && others.is_empty() {
            return None;
        }
        let sum = tape.ext_dot(&others, &first, &[]);
        Some(tape.ext_reduced(&sum))
    }
}

fn of_rests(tape: &mut Tape, block: &Block, powers: &Powers) -> OfRests {
    let columns = &block.columns;
    let here: Vec<_> = columns.iter().map(|it| powers.cells[it.here]).collect();
    let next: Vec<_> = columns.iter().map(|it| it.next.map(|next| powers.cells[next])).collect();
    let above = lane(tape, 1);
    let last: Vec<_> = here
        .iter()
        .zip(&next)
        .map(|(here, next)| {
            Some(match next {
                Some(next) => tape.mul_add(here.last, above, next.last),
                None => here.last,
            })
        })
        .collect();
    let has_next = next.iter().any(Option::is_some);
    let threes =
        |of: &[Option<Power>]| of.iter().map(|it| it.map(|it| it.three)).collect::<Vec<_>>();
    let here: Vec<_> = here.into_iter().map(Some).collect();
    OfRests {
        here: Lanes::of_rests(tape, columns, &threes(&here)),
        next: has_next.then(|| Lanes::of_rests(tape, columns, &threes(&next))),
        last: Lanes::of_rests(tape, columns, &last),
    }
}
