//! Lays a tape in columns.

use std::collections::BTreeMap;

use halo2_axiom::{
    circuit::{self, Layouter, Region, SimpleFloorPlanner, Value},
    halo2curves::bn256::Fr,
    plonk::{
        Advice, Circuit, Column, ConstraintSystem, Error, Expression, Fixed, Instance, TableColumn,
    },
    poly::Rotation,
};

use crate::{
    element::WEIGHT,
    hash::DIGIT_BITS,
    poseidon2::chip,
    tape::{Cell, Tape},
};

/// Selectors of a + b c = d, and of 2^31 a + b + `WEIGHT` c = d.
const PRODUCT: u64 = 1;
const DIGIT: u64 = 2;

/// Rows at the end that blinding takes, and some to spare.
const UNUSABLE: usize = 16;

/// How large a circuit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// 2^k rows.
    pub k: u32,
    /// Columns of arithmetic.
    pub base: usize,
    /// Columns of lookups.
    pub lookups: usize,
}

impl Size {
    const fn rows(&self) -> usize {
        (1 << self.k) - UNUSABLE
    }

    /// The size that a tape takes at 2^k rows.
    ///
    /// @throws if permutations or constants take more rows than there are
    pub fn of(tape: &Tape, k: u32) -> Result<Self, String> {
        let mut size = Self { k, base: 0, lookups: 0 };
        let rows = size.rows();
        let needs = |what: &str, rows_needed: usize| {
            if rows_needed <= rows {
                return Ok(());
            }
            Err(format!("{what} take {rows_needed} rows, and 2^{k} have {rows}"))
        };
        needs("permutations", tape.permutations.len() * chip::ROWS + chip::CLOSING)?;
        needs("constants", tape.constants.len())?;
        needs("the lookup table", 1 << tape.table_bits)?;
        let groups = groups(tape);
        let fits = |base: &usize| height(&groups, *base) <= rows;
        size.base = (1..).find(fits).expect("a region takes fewer rows");
        size.lookups = tape.lookups.len().div_ceil(rows).max(1);
        Ok(size)
    }
}

/// What all regions of a group have in common: how many rows they take, and where their selector is
/// what.
type Pattern = (usize, Vec<(usize, u64)>);

/// Where regions of each pattern begin in the tape.
type Groups = BTreeMap<Pattern, Vec<usize>>;

fn groups(tape: &Tape) -> Groups {
    let mut groups = Groups::new();
    let gates = tape.gates.iter().map(|at| (*at as usize, PRODUCT));
    let digits = tape.digits.iter().map(|at| (*at as usize, DIGIT));
    let mut selectors: Vec<_> = gates.chain(digits).collect();
    selectors.sort_unstable();
    let mut selectors = selectors.into_iter().peekable();
    let starts = tape.regions.iter().map(|start| *start as usize);
    let ends = starts.clone().skip(1).chain([tape.base.len()]);
    for (start, end) in starts.zip(ends) {
        let own = std::iter::from_fn(|| selectors.next_if(|(at, _)| *at < end));
        let pattern = (end - start, own.map(|(at, selector)| (at - start, selector)).collect());
        groups.entry(pattern).or_default().push(start);
    }
    groups
}

/// Rows that groups take in so many columns.
fn height(groups: &Groups, columns: usize) -> usize {
    groups.iter().map(|((rows, _), starts)| rows * starts.len().div_ceil(columns)).sum()
}

/// Where a tape's cells are. Regions of one pattern are side by side: columns share a selector.
struct Places {
    /// Column and row of each base cell.
    cells: Vec<(usize, usize)>,
    /// Rows where the selector is not zero.
    selectors: Vec<(usize, u64)>,
}

impl Places {
    fn of(tape: &Tape, columns: usize) -> Self {
        let (mut cells, mut selectors) = (vec![(0, 0); tape.base.len()], vec![]);
        let mut row = 0;
        for ((rows, own), starts) in groups(tape) {
            for starts in starts.chunks(columns) {
                selectors.extend(own.iter().map(|(at, selector)| (row + at, *selector)));
                for (column, start) in starts.iter().enumerate() {
                    for i in 0..rows {
                        cells[start + i] = (column, row + i);
                    }
                }
                row += rows;
            }
        }
        Self { cells, selectors }
    }
}

#[derive(Clone, Debug)]
pub struct Columns {
    base: Vec<Column<Advice>>,
    /// Of the gates of all columns.
    selector: Column<Fixed>,
    lookups: Vec<Column<Advice>>,
    table: TableColumn,
    constants: Column<Fixed>,
    instance: Column<Instance>,
    poseidon2: chip::Columns,
}

/// A tape, laid out.
#[derive(Clone, Debug)]
pub struct Laid<'a> {
    pub tape: &'a Tape,
    pub size: Size,
    /// For tests: puts other values into a permutation's cells, by permutation, row and column: four
    /// of advice, then five that are fixed.
    pub changed: Option<Vec<(usize, usize, usize, Fr)>>,
}

impl Circuit<Fr> for Laid<'_> {
    type Config = Columns;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Size;

    fn params(&self) -> Size {
        self.size
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Columns {
        unreachable!("the size is always given")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, size: Size) -> Columns {
        let equal = |meta: &mut ConstraintSystem<Fr>| {
            let column = meta.advice_column();
            meta.enable_equality(column);
            column
        };
        let columns = Columns {
            base: (0..size.base).map(|_| equal(meta)).collect(),
            selector: meta.fixed_column(),
            lookups: (0..size.lookups).map(|_| equal(meta)).collect(),
            table: meta.lookup_table_column(),
            constants: meta.fixed_column(),
            instance: meta.instance_column(),
            poseidon2: chip::Columns::configure(meta),
        };
        meta.enable_equality(columns.constants);
        meta.enable_equality(columns.instance);
        // More columns to a product of the permutation argument, in the domain that there is anyway.
        meta.set_minimum_degree(5);
        for &column in &columns.base {
            meta.create_gate("a + b c = d, or 2^31 a + b + WEIGHT c = d", |cells| {
                let on = cells.query_fixed(columns.selector, Rotation::cur());
                let [a, b, c, d] =
                    [0, 1, 2, 3].map(|row| cells.query_advice(column, Rotation(row)));
                let [is_product, is_digit, radix, weight] =
                    [PRODUCT, DIGIT, 1 << DIGIT_BITS, WEIGHT.into()]
                        .map(|it| Expression::Constant(Fr::from(it)));
                let product = a.clone() + b.clone() * c.clone() - d.clone();
                let digit = radix * a + b + weight * c - d;
                vec![on.clone() * ((is_digit - on.clone()) * product + (on - is_product) * digit)]
            });
        }
        for &column in &columns.lookups {
            meta.lookup("below 2^table_bits", |cells| {
                vec![(cells.query_advice(column, Rotation::cur()), columns.table)]
            });
        }
        columns
    }

    fn synthesize(&self, columns: Columns, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_table(
            || "table",
            |mut table| {
                for row in 0..1 << self.tape.table_bits {
                    let value = || Value::known(Fr::from(row as u64));
                    table.assign_cell(|| "value", columns.table, row, value)?;
                }
                Ok(())
            },
        )?;
        let instances = layouter
            .assign_region(|| "tape", |mut region| Ok(self.assign(&columns, &mut region)))?;
        for (row, cell) in instances.into_iter().enumerate() {
            layouter.constrain_instance(cell, columns.instance, row);
        }
        Ok(())
    }
}

impl Laid<'_> {
    /// @return the cells of the instance
    fn assign(&self, columns: &Columns, region: &mut Region<'_, Fr>) -> Vec<circuit::Cell> {
        let (tape, rows) = (self.tape, self.size.rows());
        let places = Places::of(tape, self.size.base);
        let base: Vec<_> = places
            .cells
            .iter()
            .zip(&tape.base)
            .map(|(&(column, row), &value)| {
                region.assign_advice(columns.base[column], row, Value::known(value)).cell()
            })
            .collect();
        for &(row, selector) in &places.selectors {
            region.assign_fixed(columns.selector, row, Fr::from(selector));
        }
        let constants: Vec<_> = (tape.constants.iter().enumerate())
            .map(|(row, value)| region.assign_fixed(columns.constants, row, *value))
            .collect();
        let chip: Vec<_> = (tape.permutations.iter().enumerate())
            .map(|(i, (input, _))| columns.poseidon2.assign(region, i * chip::ROWS, *input))
            .collect();
        columns.poseidon2.close(region, chip.len() * chip::ROWS);
        for &(permutation, row, column, value) in self.changed.iter().flatten() {
            let row = permutation * chip::ROWS + row;
            let chip::Columns { advice, fixed } = &columns.poseidon2;
            if let Some(column) = column.checked_sub(advice.len()) {
                region.assign_fixed(fixed[column], row, value);
            } else {
                region.assign_advice(advice[column], row, Value::known(value));
            }
        }
        let place = |cell: Cell| match cell {
            Cell::Base(index) => base[index as usize],
            Cell::Constant(index) => constants[index as usize],
            Cell::Chip(permutation, slot) => chip[permutation as usize][slot as usize],
        };
        for (i, &(cell, value)) in tape.lookups.iter().enumerate() {
            let column = columns.lookups[i / rows];
            let copy = region.assign_advice(column, i % rows, Value::known(value)).cell();
            region.constrain_equal(place(cell), copy);
        }
        for &(a, b) in &tape.copies {
            region.constrain_equal(place(a), place(b));
        }
        tape.instances.iter().map(|cell| place(*cell)).collect()
    }
}
