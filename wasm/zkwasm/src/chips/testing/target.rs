//! What a row says, and the rows that an attack on a table starts from.

use std::collections::HashSet;

use p3_air::BaseAir;
use p3_field::PrimeField32;
use p3_matrix::Matrix;

use crate::buses::{AND4, GAPS, MEMORY, ONES, RANGE8, RANGE16, RANGE24, RESULTS, ROM};
use crate::check::{Listener, Place, fixed_columns, listen, listen_to_rows};
use crate::chips::{Filled, Table, Val};

const BUSES: [&str; 9] = [RESULTS, RANGE24, RANGE16, RANGE8, ONES, AND4, ROM, GAPS, MEMORY];

/// No tuple can be provided as often.
const MOST: u32 = 1 << 24;

/// A tuple on a bus.
#[derive(Clone, Debug)]
pub struct Tuple {
    pub bus: &'static str,
    pub fields: Vec<Val>,
    pub count: Val,
}

impl Tuple {
    /// Whether the row asks for it, rather than provides it.
    pub fn is_request(&self) -> bool {
        self.count.as_canonical_u32() < MOST
    }
}

/// What a row says.
#[derive(Clone, Default)]
pub struct Said {
    pub constraints: Vec<Val>,
    pub tuples: Vec<Tuple>,
}

impl Listener for Said {
    fn constraint(&mut self, value: Val) {
        self.constraints.push(value);
    }

    fn interaction(&mut self, bus: &str, fields: Vec<Val>, count: Val) {
        let bus = BUSES.iter().find(|known| **known == bus).expect("a bus");
        self.tuples.push(Tuple { bus, fields, count });
    }
}

/// An honest row, with the next one where the table looks at it.
pub struct Start<'a> {
    pub cells: Vec<Val>,
    pub place: Place<'a>,
}

/// A table without fixed columns, its honest rows, and what other tables provide to them.
pub struct Target<'a> {
    pub table: &'a Table,
    pub rows: Vec<Start<'a>>,
    pub granted: HashSet<(&'static str, Vec<Val>)>,
}

impl<'a> Target<'a> {
    /// A table in some runs.
    pub fn of(runs: &'a [Vec<Filled>], wanted: &'a Table) -> Target<'a> {
        let kind = std::mem::discriminant(wanted);
        let mut target = Target { table: wanted, rows: vec![], granted: HashSet::new() };
        for filled in runs.iter().flatten() {
            let fixed = fixed_columns(&filled.table);
            for index in 0..filled.cells.height() {
                let mut said = Said::default();
                listen(filled, &fixed, index, &mut said);
                let own = said.tuples.into_iter().map(|Tuple { bus, fields, .. }| (bus, fields));
                target.granted.extend(own.filter(|(bus, _)| by_run(bus)));
            }
            if std::mem::discriminant(&filled.table) == kind {
                target.add(filled);
            }
        }
        // One row of padding is enough.
        let mut seen = HashSet::new();
        target.rows.retain(|row| row.place.last || seen.insert(row.cells.clone()));
        target
    }

    fn add(&mut self, Filled { table, cells, public }: &'a Filled) {
        let height = cells.height();
        let row = |index: usize| {
            let index = index % height * cells.width;
            &cells.values[index..index + cells.width]
        };
        let next = !table.main_next_row_columns().is_empty();
        self.rows.extend((0..height).map(|index| {
            let place = Place { public, first: index == 0, last: index + 1 == height };
            let next = if next { row(index + 1) } else { &[] };
            Start { cells: [row(index), next].concat(), place }
        }));
    }

    pub fn say(&self, cells: &[Val], place: Place<'_>) -> Said {
        let mut rows = cells.to_vec();
        if cells.len() == self.table.width() {
            rows.extend_from_slice(cells);
        }
        let mut said = Said::default();
        listen_to_rows(self.table, rows, place, &mut said);
        said
    }
}

/// Whether what a bus grants is what the run's other tables have.
pub fn by_run(bus: &str) -> bool {
    [ROM, GAPS, RESULTS].contains(&bus)
}
