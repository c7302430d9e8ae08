//! Checks a run against all constraints and buses, without a proof: for tests, where a proof of each
//! run would take too long.

use std::collections::HashMap;

use p3_air::{Air, AirBuilder, BaseAir};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;

use crate::chips::{Cells, Filled, Table, Val};
use crate::execute::trace::Trace;
use crate::execute::{Inputs, Outcome};
use crate::program::Program;
use crate::prove::Profile;
use crate::prove::tables::{fill, fixed_cells};

/// Checks a recorded run.
///
/// # Errors
/// Names what does not hold, or why there are no tables.
pub fn check_run(
    program: &Program,
    inputs: &Inputs,
    outcome: &Outcome,
    trace: &Trace,
) -> Result<(), String> {
    let form = Profile::Fast.form();
    let (filled, _) = fill(program, &fixed_cells(program, form), inputs, outcome, trace, form)
        .map_err(|error| error.to_string())?;
    complaint(&filled).map_or(Ok(()), Err)
}

/// A tuple and its net count.
#[cfg(test)]
pub(crate) type Counted = (Vec<Val>, Val);

/// The net count of each tuple of each bus.
pub(crate) type Balance = HashMap<(String, Vec<Val>), Val>;

/// Takes what a row says, in the order of the table's constraints and interactions.
pub(crate) trait Listener {
    /// The value of a constraint, which should be 0.
    fn constraint(&mut self, value: Val);
    fn interaction(&mut self, bus: &str, tuple: Vec<Val>, count: Val);
}

/// Whether the constraints hold, and the balance of the tuples.
struct Sums<'a> {
    holds: bool,
    balance: &'a mut Balance,
}

impl Listener for Sums<'_> {
    fn constraint(&mut self, value: Val) {
        self.holds &= value.is_zero();
    }

    fn interaction(&mut self, bus: &str, tuple: Vec<Val>, count: Val) {
        *self.balance.entry((bus.into(), tuple)).or_default() += count;
    }
}

struct RowBuilder<'a, L> {
    main: Cells,
    preprocessed: Cells,
    public: &'a [Val],
    periodic: Vec<Val>,
    first: bool,
    last: bool,
    listener: &'a mut L,
}

impl<L: Listener> AirBuilder for RowBuilder<'_, L> {
    type F = Val;
    type Expr = Val;
    type Var = Val;
    type PreprocessedWindow = RowMajorMatrix<Val>;
    type MainWindow = RowMajorMatrix<Val>;
    type PublicVar = Val;
    type PeriodicVar = Val;

    fn main(&self) -> Self::MainWindow {
        self.main.clone()
    }
    fn preprocessed(&self) -> &Self::PreprocessedWindow {
        &self.preprocessed
    }
    fn public_values(&self) -> &[Val] {
        self.public
    }
    fn periodic_values(&self) -> &[Val] {
        &self.periodic
    }
    fn is_first_row(&self) -> Val {
        Val::from_bool(self.first)
    }
    fn is_last_row(&self) -> Val {
        Val::from_bool(self.last)
    }
    fn is_transition(&self) -> Val {
        Val::from_bool(!self.last)
    }
    fn assert_zero<I: Into<Val>>(&mut self, x: I) {
        self.listener.constraint(x.into());
    }
}

impl<L: Listener> InteractionBuilder for RowBuilder<'_, L> {
    fn push_interaction<E: Into<Val>>(
        &mut self,
        bus_name: &str,
        fields: impl IntoIterator<Item = E>,
        count: impl Into<Count<Val>>,
    ) {
        let tuple = fields.into_iter().map(Into::into).collect();
        self.listener.interaction(bus_name, tuple, count.into().into_parts().0);
    }

    fn push_local_interaction(&mut self, _: impl IntoIterator<Item = (Vec<Val>, Count<Val>)>) {
        unreachable!("no table has a bus of its own");
    }
}

/// Tells what one row says, with the next one in view.
pub(crate) fn listen(filled: &Filled, fixed: &Cells, index: usize, listener: &mut impl Listener) {
    let Filled { table, cells, public } = filled;
    let height = cells.height();
    let pair = |matrix: &Cells| {
        let mut rows = vec![];
        if matrix.width > 0 {
            rows.extend(matrix.row(index).unwrap());
            rows.extend(matrix.row((index + 1) % height).unwrap());
        }
        RowMajorMatrix::new(rows, matrix.width)
    };
    table.eval(&mut RowBuilder {
        main: pair(cells),
        preprocessed: pair(fixed),
        public,
        periodic: table.periodic_values(index),
        first: index == 0,
        last: index + 1 == height,
        listener,
    });
}

/// The preprocessed columns of a table; empty where it has none.
pub(crate) fn fixed_columns(table: &Table) -> Cells {
    table.preprocessed_trace().unwrap_or_else(|| Cells::new(vec![], 0))
}

/// Whether the constraints hold on every row; adds to the balance.
pub(crate) fn check(filled: &Filled, balance: &mut Balance) -> bool {
    assert_eq!(filled.cells.width(), filled.table.width());
    let fixed = fixed_columns(&filled.table);
    let mut sums = Sums { holds: true, balance };
    (0..filled.cells.height()).all(|index| {
        listen(filled, &fixed, index, &mut sums);
        sums.holds
    })
}

/// Names a bus that is not balanced, or a table whose constraints fail.
pub(crate) fn complaint(tables: &[Filled]) -> Option<String> {
    let mut balance = Balance::new();
    for filled in tables {
        if !check(filled, &mut balance) {
            return Some(format!("constraints of a table of width {}", filled.cells.width));
        }
    }
    let odd = balance.into_iter().find(|(_, count)| !count.is_zero());
    odd.map(|((bus, tuple), count)| format!("{bus} {tuple:?} {count}"))
}

/// A row of a table that has no fixed columns, as far as constraints see where it is.
#[cfg(test)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Place<'a> {
    pub public: &'a [Val],
    pub first: bool,
    pub last: bool,
}

/// Tells what such a row says; `rows` has the next one too.
#[cfg(test)]
pub(crate) fn listen_to_rows(
    table: &Table,
    rows: Vec<Val>,
    place: Place<'_>,
    listener: &mut impl Listener,
) {
    let Place { public, first, last } = place;
    table.eval(&mut RowBuilder {
        main: RowMajorMatrix::new(rows, table.width()),
        preprocessed: RowMajorMatrix::new(vec![], 0),
        public,
        periodic: vec![],
        first,
        last,
        listener,
    });
}

/// The net counts of a row that does not look at its next; `None` if it does not hold.
#[cfg(test)]
pub(crate) fn row_balance(table: &Table, row: &[Val]) -> Option<Balance> {
    let mut balance = Balance::new();
    let mut sums = Sums { holds: true, balance: &mut balance };
    listen_to_rows(table, [row, row].concat(), Place::default(), &mut sums);
    if !sums.holds {
        return None;
    }
    balance.retain(|_, count| !count.is_zero());
    Some(balance)
}
