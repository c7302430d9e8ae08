//! Lays a tape in columns.

use halo2_axiom::{
    circuit::{self, Layouter, Region, SimpleFloorPlanner, Value},
    halo2curves::bn256::Fr,
    plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Fixed, Instance, TableColumn},
    poly::Rotation,
};

use crate::{
    poseidon2::chip,
    tape::{Cell, Tape},
};

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
        size.base = tape_places(tape, rows).last().map_or(1, |(column, _)| column + 1);
        size.lookups = tape.lookups.len().div_ceil(rows).max(1);
        Ok(size)
    }
}

/// Column and row of each base cell.
fn tape_places(tape: &Tape, rows: usize) -> Vec<(usize, usize)> {
    let (mut column, mut row) = (0, 0);
    let mut places = Vec::with_capacity(tape.base.len());
    let ends = tape.regions.iter().skip(1).copied().chain([tape.base.len() as u32]);
    for (start, end) in tape.regions.iter().zip(ends) {
        let length = (end - start) as usize;
        if row + length > rows {
            (column, row) = (column + 1, 0);
        }
        places.extend((row..row + length).map(|row| (column, row)));
        row += length;
    }
    places
}

#[derive(Clone, Debug)]
pub struct Columns {
    /// Each with the selector of its gate.
    base: Vec<(Column<Advice>, Column<Fixed>)>,
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
            base: (0..size.base).map(|_| (equal(meta), meta.fixed_column())).collect(),
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
        for &(column, on) in &columns.base {
            meta.create_gate("a + b c = d", |cells| {
                let on = cells.query_fixed(on, Rotation::cur());
                let [a, b, c, d] =
                    [0, 1, 2, 3].map(|row| cells.query_advice(column, Rotation(row)));
                vec![on * (a + b * c - d)]
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
        let places = tape_places(tape, rows);
        let base: Vec<_> = places
            .iter()
            .zip(&tape.base)
            .map(|(&(column, row), &value)| {
                region.assign_advice(columns.base[column].0, row, Value::known(value)).cell()
            })
            .collect();
        for &gate in &tape.gates {
            let (column, row) = places[gate as usize];
            region.assign_fixed(columns.base[column].1, row, Fr::one());
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
