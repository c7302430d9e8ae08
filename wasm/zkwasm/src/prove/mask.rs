//! Masks what a proof says of each table in clear.
//!
//! Columns are committed to with salts and masks, but a proof also has, for each table, the sum of
//! `count / (challenge - tuple)` over all that the table puts on buses. It is a function of the run
//! and of public challenges: who guesses the private inputs could compute it and compare. So each
//! table puts random counts of [`MASKS`] fixed tuples on a bus of their own, which sum to zero over
//! all tables.
//!
//! Why it suffices: the sums of all tables are then random but for their total, which is zero in
//! any case. For let `x` be the bus' challenge less the first field's part. If `x` lies in no
//! proper subfield, then `1 / (x - 0), …, 1 / (x - 3)` are independent over the field of counts, as
//! a dependency would be a polynomial of degree 3 with root `x`; so they span all sums. There are
//! two such `x`, which are independent: both lie in a subfield once in 2^124 proofs.
//!
//! Nothing else is on the bus, so it proves nothing, and is no way to prove what is false.

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;
use rand::RngExt;
use rand::rngs::StdRng;
use std::borrow::Cow;

use super::engine::Instance;
use crate::chips::{Cells, Filled, Table, Val};

const BUS: &str = "mask";
/// Fields of a tuple; the second one is below 4.
const TUPLE: usize = 2;
/// Columns that come after the table's own: tuple and count.
const WIDTH: usize = TUPLE + 1;
/// Tuples, one a row.
pub const MASKS: usize = 8;

/// A table with its masks.
#[derive(Clone, Debug)]
pub struct Masked(pub Table);

impl BaseAir<Val> for Masked {
    fn width(&self) -> usize {
        self.0.width() + WIDTH
    }

    fn preprocessed_width(&self) -> usize {
        self.0.preprocessed_width()
    }

    fn preprocessed_trace(&self) -> Option<Cells> {
        self.0.preprocessed_trace()
    }

    fn num_public_values(&self) -> usize {
        self.0.num_public_values()
    }

    fn num_periodic_columns(&self) -> usize {
        self.0.num_periodic_columns()
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        self.0.periodic_columns()
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        self.0.main_next_row_columns()
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        self.0.preprocessed_next_row_columns()
    }
}

impl<AB: AirBuilder<F = Val> + InteractionBuilder> Air<AB> for Masked {
    fn eval(&self, builder: &mut AB) {
        let width = self.0.width();
        self.0.eval(&mut Own { builder, width });
        let main = builder.main();
        let (tuple, count) = main.current_slice()[width..].split_at(TUPLE);
        let count: AB::Expr = count[0].into();
        builder.push_interaction(BUS, tuple.iter().copied(), Count::provided(count));
    }
}

/// Shows a table its own columns only.
struct Own<'a, AB> {
    builder: &'a mut AB,
    width: usize,
}

#[derive(Clone)]
struct OwnWindow<W> {
    window: W,
    width: usize,
}

impl<T, W: WindowAccess<T>> WindowAccess<T> for OwnWindow<W> {
    fn current_slice(&self) -> &[T] {
        &self.window.current_slice()[..self.width]
    }

    fn next_slice(&self) -> &[T] {
        &self.window.next_slice()[..self.width]
    }
}

impl<AB: AirBuilder> AirBuilder for Own<'_, AB> {
    type F = AB::F;
    type Expr = AB::Expr;
    type Var = AB::Var;
    type PreprocessedWindow = AB::PreprocessedWindow;
    type MainWindow = OwnWindow<AB::MainWindow>;
    type PublicVar = AB::PublicVar;
    type PeriodicVar = AB::PeriodicVar;

    fn main(&self) -> Self::MainWindow {
        OwnWindow { window: self.builder.main(), width: self.width }
    }
    fn preprocessed(&self) -> &Self::PreprocessedWindow {
        self.builder.preprocessed()
    }
    fn public_values(&self) -> &[Self::PublicVar] {
        self.builder.public_values()
    }
    fn periodic_values(&self) -> &[Self::PeriodicVar] {
        self.builder.periodic_values()
    }
    fn is_first_row(&self) -> Self::Expr {
        self.builder.is_first_row()
    }
    fn is_last_row(&self) -> Self::Expr {
        self.builder.is_last_row()
    }
    fn is_transition(&self) -> Self::Expr {
        self.builder.is_transition()
    }
    fn assert_zero<I: Into<Self::Expr>>(&mut self, x: I) {
        self.builder.assert_zero(x);
    }
}

impl<AB: InteractionBuilder> InteractionBuilder for Own<'_, AB> {
    fn push_interaction<E: Into<Self::Expr>>(
        &mut self,
        bus_name: &str,
        fields: impl IntoIterator<Item = E>,
        count: impl Into<Count<Self::Expr>>,
    ) {
        self.builder.push_interaction(bus_name, fields, count);
    }

    fn push_local_interaction(
        &mut self,
        tuples: impl IntoIterator<Item = (Vec<Self::Expr>, Count<Self::Expr>)>,
    ) {
        self.builder.push_local_interaction(tuples);
    }

    fn push_exclusive_interaction(
        &mut self,
        bus_name: &str,
        branches: impl IntoIterator<Item = (Self::Expr, Count<Self::Expr>, Vec<Self::Expr>)>,
    ) {
        self.builder.push_exclusive_interaction(bus_name, branches);
    }
}

/// Adds random masks to filled tables, none of which is lower than [`MASKS`].
pub fn mask(filled: Vec<Filled>, rng: &mut StdRng) -> Vec<Instance<Masked>> {
    let last = filled.len() - 1;
    let mut total = [Val::ZERO; MASKS];
    let masked = filled.into_iter().enumerate().map(|(index, Filled { table, cells, public })| {
        let counts = if index == last {
            total.map(|total| -total)
        } else {
            std::array::from_fn(|_| rng.random())
        };
        for (total, count) in total.iter_mut().zip(counts) {
            *total += count;
        }
        Instance { air: Masked(table), cells: widen(&cells, counts), public }
    });
    masked.collect()
}

/// A table's cells with those of its masks.
fn widen(cells: &Cells, counts: [Val; MASKS]) -> Cells {
    let own = cells.width;
    let mut values = Val::zero_vec(cells.values.len() / own * (own + WIDTH));
    let rows = values.chunks_exact_mut(own + WIDTH).zip(cells.values.chunks_exact(own));
    for (index, (row, cells)) in rows.enumerate() {
        row[..own].copy_from_slice(cells);
        if let Some(count) = counts.get(index) {
            let [high, low] = [index / 4, index % 4].map(Val::from_usize);
            row[own..].copy_from_slice(&[high, low, *count]);
        }
    }
    RowMajorMatrix::new(values, own + WIDTH)
}
