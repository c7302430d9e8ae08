//! A guided attack on a table, and whether it succeeds if one constraint or interaction is dropped.
//!
//! The attack starts from an honest row with a cell changed. Of what is broken, one after the other
//! is mended by a cell that was not changed yet: the constraint is solved for it, a number is brought
//! into its range with the carry left to others, a result is made the true one.

use std::collections::BTreeSet;

use p3_field::{Field, PrimeCharacteristicRing, PrimeField32};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::target::{Said, Start, Target, Tuple, by_run};
use super::truth::{is_fixed, true_result};
use crate::buses::{AND4, MEMORY, ONES, RANGE8, RANGE16, RANGE24, RESULTS};
use crate::check::Place;
use crate::chips::Val;

/// Rows that are looked at from each first change, and ways to mend each that are tried.
const BUDGET: u32 = 16;
const WAYS: usize = 3;

/// Honest rows that attacks start from, and those by each cell that a dropped item looks at.
const ROWS: usize = 12;
const STARTS: usize = 60;

/// Whether all that is provided is true, given that the rest is granted.
pub type Truth = fn(&Said) -> bool;

/// Tables of arithmetic: whether the results are right.
pub fn results_are_true(said: &Said) -> bool {
    let provided = said.tuples.iter().filter(|tuple| !tuple.count.is_zero() && !tuple.is_request());
    provided.into_iter().all(|Tuple { bus, fields, .. }| {
        *bus != RESULTS || true_result(fields).is_none_or(|result| fields[9..] == result)
    })
}

/// A value that must be 0 for a row to hold: a constraint, the count of a request, or the difference
/// of a tuple's field from a number.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Constraint(usize),
    Count(usize),
    Field { tuple: usize, field: usize, wanted: Val },
}

impl Goal {
    fn value(self, said: &Said) -> Val {
        match self {
            Goal::Constraint(at) => said.constraints[at],
            Goal::Count(at) => said.tuples[at].count,
            Goal::Field { tuple, field, wanted } => said.tuples[tuple].fields[field] - wanted,
        }
    }
}

/// Which cells each constraint, and each count and field of a tuple, looks at.
struct Views {
    constraints: Vec<Vec<usize>>,
    counts: Vec<Vec<usize>>,
    fields: Vec<Vec<Vec<usize>>>,
}

impl Views {
    fn of(target: &Target<'_>) -> Views {
        let mut random = StdRng::seed_from_u64(3);
        let width = target.rows[0].cells.len();
        let places = [target.rows[0].place, target.rows[target.rows.len() - 1].place];
        let mut views = None;
        for place in [places[0], places[1], places[0], places[1]] {
            let cells: Vec<Val> = (0..width).map(|_| Val::from_u32(random.random())).collect();
            let base = target.say(&cells, place);
            let views = views.get_or_insert_with(|| Views {
                constraints: vec![vec![]; base.constraints.len()],
                counts: vec![vec![]; base.tuples.len()],
                fields: base.tuples.iter().map(|tuple| vec![vec![]; tuple.fields.len()]).collect(),
            });
            for column in 0..width {
                let mut cells = cells.clone();
                cells[column] += Val::from_u32(random.random());
                views.compare(column, &base, &target.say(&cells, place));
            }
        }
        views.expect("rows were compared")
    }

    /// Notes what a change of a column changed.
    fn compare(&mut self, column: usize, base: &Said, other: &Said) {
        let add = |list: &mut Vec<usize>, differs| {
            if differs && !list.contains(&column) {
                list.push(column);
            }
        };
        for (at, list) in self.constraints.iter_mut().enumerate() {
            add(list, base.constraints[at] != other.constraints[at]);
        }
        for (at, (old, new)) in base.tuples.iter().zip(&other.tuples).enumerate() {
            add(&mut self.counts[at], old.count != new.count);
            for (field, list) in self.fields[at].iter_mut().enumerate() {
                add(list, old.fields[field] != new.fields[field]);
            }
        }
    }

    fn of_goal(&self, goal: Goal) -> &[usize] {
        match goal {
            Goal::Constraint(at) => &self.constraints[at],
            Goal::Count(at) => &self.counts[at],
            Goal::Field { tuple, field, .. } => &self.fields[tuple][field],
        }
    }

    /// Cells that an item looks at.
    fn of_item(&self, item: usize) -> Vec<usize> {
        let Some(tuple) = item.checked_sub(self.constraints.len()) else {
            return self.constraints[item].clone();
        };
        let own = self.counts[tuple].iter().chain(self.fields[tuple].iter().flatten());
        own.copied().collect::<BTreeSet<usize>>().into_iter().collect()
    }
}

/// An attack on a table without one of its items, its constraints and then its interactions.
struct Attack<'a> {
    target: &'a Target<'a>,
    truth: Truth,
    views: &'a Views,
    item: Option<usize>,
    place: Place<'a>,
    /// What the honest row says.
    honest: Said,
    /// Rows that may still be looked at.
    budget: u32,
}

/// A row that was accepted.
enum Found {
    /// It breaks only the item.
    Noticed,
    /// It provides what is false.
    Forged(Vec<Val>),
}

impl Attack<'_> {
    /// What must be mended of a row, and the ways for each.
    fn broken(&self, said: &Said) -> Vec<Vec<Goal>> {
        let mut broken = vec![];
        for (at, value) in said.constraints.iter().enumerate() {
            if !value.is_zero() && Some(at) != self.item {
                broken.push(vec![Goal::Constraint(at)]);
            }
        }
        for (tuple, Tuple { bus, fields, count }) in said.tuples.iter().enumerate() {
            let dropped = Some(said.constraints.len() + tuple) == self.item;
            if count.is_zero() || dropped || !said.tuples[tuple].is_request() {
                continue;
            }
            let mut ways = vec![];
            let mut mend = |at: usize, wanted: Vec<Val>| {
                for (field, wanted) in (at..).zip(wanted) {
                    if fields[field] != wanted {
                        ways.push(Goal::Field { tuple, field, wanted });
                    }
                }
            };
            let number = fields[0].as_canonical_u32();
            // A negative number wraps around the field.
            let lower = |bits: u32| {
                let signed = if number < Val::ORDER_U32 / 2 { 0 } else { Val::ORDER_U32 };
                vec![Val::from_u32(number.wrapping_sub(signed) & ((1 << bits) - 1))]
            };
            if self.is_granted(&said.tuples[tuple]) {
                continue;
            }
            match *bus {
                RESULTS => match true_result(fields) {
                    Some(result) => mend(9, result),
                    None => mend(0, self.honest.tuples[tuple].fields.clone()),
                },
                RANGE24 => mend(0, lower(24)),
                RANGE16 => mend(0, lower(16)),
                RANGE8 => mend(0, lower(8)),
                ONES if number < 1 << 8 => mend(1, vec![Val::from_u32(number.count_ones())]),
                ONES => mend(0, lower(8)),
                _ => mend(0, self.honest.tuples[tuple].fields.clone()),
            }
            ways.push(Goal::Count(tuple));
            broken.push(ways);
        }
        broken
    }

    /// Whether other tables can provide what is requested.
    fn is_granted(&self, Tuple { bus, fields, .. }: &Tuple) -> bool {
        match *bus {
            RESULTS if let Some(result) = true_result(fields) => fields[9..] == result,
            bus if by_run(bus) => self.target.granted.contains(&(bus, fields.clone())),
            MEMORY => true,
            bus => is_fixed(bus, fields),
        }
    }

    /// The values of a cell that reach a goal.
    fn solve(&self, row: &mut [Val], column: usize, goal: Goal, said: &Said) -> Vec<Val> {
        let now = row[column];
        let mut at = |value: Val| {
            row[column] = value;
            let reached = goal.value(&self.target.say(row, self.place));
            row[column] = now;
            reached
        };
        let first = goal.value(said);
        let (second, third) = (at(now + Val::ONE), at(now + Val::TWO));
        if third - second == second - first {
            let slope = (second - first).try_inverse();
            return slope.map(|inverse| now - first * inverse).into_iter().collect();
        }
        [Val::ZERO, Val::ONE].into_iter().filter(|value| at(*value).is_zero()).collect()
    }

    /// Mends a row until it holds, but for the item.
    fn mend(&mut self, row: &mut [Val], changed: &mut Vec<usize>) -> Option<Found> {
        if self.budget == 0 || changed.len() > 12 {
            return None;
        }
        self.budget -= 1;
        let said = self.target.say(row, self.place);
        let broken = self.broken(&said);
        if broken.is_empty() {
            let false_range = |Tuple { bus, fields, .. }: &Tuple| {
                [RANGE24, RANGE16, RANGE8, ONES, AND4].contains(bus) && !is_fixed(bus, fields)
            };
            let mut provided =
                said.tuples.iter().filter(|tuple| !tuple.count.is_zero() && !tuple.is_request());
            if !(self.truth)(&said) || provided.any(false_range) {
                return Some(Found::Forged(row.to_vec()));
            }
            return self.breaks_item(&said).then_some(Found::Noticed);
        }
        // The one that the fewest cells can mend, in the way that leaves the fewest broken.
        let cells = |ways: &Vec<Goal>| -> Vec<(Goal, usize)> {
            let own = ways.iter().flat_map(|goal| {
                self.views.of_goal(*goal).iter().map(move |column| (*goal, *column))
            });
            own.filter(|(_, column)| !changed.contains(column)).collect()
        };
        let cells = broken.iter().map(cells).min_by_key(Vec::len).expect("something is broken");
        let mut ways = vec![];
        for (goal, column) in cells {
            for value in self.solve(row, column, goal, &said) {
                let before = std::mem::replace(&mut row[column], value);
                if before != value {
                    let left = self.broken(&self.target.say(row, self.place)).len();
                    ways.push((left, column, value));
                }
                row[column] = before;
            }
        }
        ways.sort_by_key(|(left, ..)| *left);
        for (_, column, value) in ways.into_iter().take(WAYS) {
            let before = std::mem::replace(&mut row[column], value);
            changed.push(column);
            let found = self.mend(row, changed);
            if found.is_some() {
                return found;
            }
            changed.pop();
            row[column] = before;
        }
        None
    }

    fn breaks_item(&self, said: &Said) -> bool {
        let Some(item) = self.item else { return false };
        match item.checked_sub(said.constraints.len()) {
            None => !said.constraints[item].is_zero(),
            Some(at) => {
                let tuple = &said.tuples[at];
                !tuple.count.is_zero() && !self.is_granted(tuple)
            }
        }
    }

    /// Starts with a change of each of some columns.
    fn start(&mut self, good: &[Val], columns: &[usize], random: &mut StdRng) -> Option<Found> {
        // Fractions that look like carries: 4, 8, 32, 256 or 65536 times them is -1.
        let fractions =
            [2, 3, 5, 8, 16].map(|bits| Val::NEG_ONE * Val::from_u32(1 << bits).inverse());
        for column in columns {
            let some: [i32; 2] = std::array::from_fn(|_| random.random_range(-255..256));
            let deltas = [1, -1, 1 << 8, -(1 << 8), 1 << 16, -(1 << 16)];
            let deltas = deltas.into_iter().chain(some).map(Val::from_i32);
            let deltas = deltas.chain(fractions).chain(fractions.map(|fraction| -fraction));
            for delta in deltas {
                let mut row = good.to_vec();
                row[*column] += delta;
                self.budget = BUDGET;
                let found = self.mend(&mut row, &mut vec![*column]);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

/// Asserts that no attack on a table makes it provide what is false, and gives the items without
/// which no attack succeeds: the cells that each looks at.
pub fn not_needed(target: &Target<'_>, truth: Truth) -> BTreeSet<String> {
    let views = Views::of(target);
    let said: Vec<Said> = target.rows.iter().map(|row| target.say(&row.cells, row.place)).collect();
    let constraints = said[0].constraints.len();
    let mut random = StdRng::seed_from_u64(4);
    let mut attack = |item: Option<usize>, index: usize, columns: &[usize]| {
        let Start { cells, place } = &target.rows[index];
        let (honest, views) = (said[index].clone(), &views);
        let mut attack = Attack { target, truth, views, item, place: *place, honest, budget: 0 };
        attack.start(cells, columns, &mut random)
    };
    // Some of the rows in which a cell matters to an item.
    let starts = |item: usize, column: usize| -> Vec<usize> {
        let matters = |index: &usize| {
            let Start { cells, place } = &target.rows[*index];
            let mut cells = cells.clone();
            cells[column] += Val::from_u32(12345);
            let other = target.say(&cells, *place);
            match item.checked_sub(constraints) {
                None => other.constraints[item] != said[*index].constraints[item],
                Some(at) => !other.tuples[at].count.is_zero(),
            }
        };
        let mut rows: Vec<usize> = (0..target.rows.len()).filter(matters).collect();
        // Rows of different kinds first.
        rows.sort_by_key(|index| index * 7 % target.rows.len());
        rows.truncate(STARTS);
        rows
    };
    let all: Vec<usize> = (0..target.rows[0].cells.len()).collect();
    for index in (0..target.rows.len()).step_by(target.rows.len().div_ceil(ROWS)) {
        if let Some(Found::Forged(row)) = attack(None, index, &all) {
            panic!("{:?} provides what is false: {row:?}", target.table);
        }
    }
    let mut found = BTreeSet::new();
    for item in 0..constraints + said[0].tuples.len() {
        let tuple = item.checked_sub(constraints);
        // Memory, and what is provided, others answer for.
        let own = |said: &Said| {
            tuple.is_none_or(|at| said.tuples[at].bus != MEMORY && said.tuples[at].is_request())
        };
        let columns = views.of_item(item);
        let mut tries = columns.iter().flat_map(|column| {
            starts(item, *column).into_iter().map(move |index| (index, *column))
        });
        if !said.iter().all(own)
            || tries.any(|(index, column)| attack(Some(item), index, &[column]).is_some())
        {
            continue;
        }
        let kind = tuple.map_or("constraint", |at| said[0].tuples[at].bus);
        found.insert(format!("{kind} {item} on {columns:?}"));
    }
    found
}
