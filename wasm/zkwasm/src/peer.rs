//! What speed is measured against: the proof engine alone, on tables of the shape of a small virtual
//! machine that are filled with numbers. A step is a row of 80 columns with 12 interactions and 152
//! constraints of degree 3, and two accesses of 20 columns; numbers are looked up in a table of 2^16.

use std::cell::RefCell;
use std::sync::Arc;

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_batch_stark::{ProverData, StarkInstance, prove_batch};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::abi;
use crate::chips::{Cells, Val};
use crate::prove::config;

const ROM_HEIGHT: u32 = 1 << 10;
const ROM_WIDTH: usize = 8;
const RANGE_HEIGHT: usize = 1 << 16;

/// Columns of a step: its instruction, two accesses, numbers, bytes with their conjunctions, flags of
/// which one is set, and results.
const ACCESSES: [usize; 2] = [ROM_WIDTH, ROM_WIDTH + ACCESS];
const ACCESS: usize = 7;
const NUMBERS: usize = ROM_WIDTH + 2 * ACCESS;
const BYTES: usize = NUMBERS + 7;
const FLAGS: usize = BYTES + 6;
const RESULTS: usize = FLAGS + 10;
const STEP_WIDTH: usize = 80;

/// Columns of an access: its tuple, two numbers, whether the next one is later, and results.
const LATER: usize = ACCESS + 2;
const ACCESS_RESULTS: usize = LATER + 1;
const ACCESS_WIDTH: usize = 20;

#[derive(Clone)]
enum Table {
    Steps,
    Accesses,
    Rom(Arc<Cells>),
    Range(Arc<Cells>),
}

/// The operands of a result, of `count` columns from the first accessed one.
fn operands(index: usize, count: usize) -> [usize; 2] {
    [index % count, (5 * index + 1) % count]
}

impl BaseAir<Val> for Table {
    fn width(&self) -> usize {
        match self {
            Self::Steps => STEP_WIDTH,
            Self::Accesses => ACCESS_WIDTH,
            Self::Rom(_) => 1,
            Self::Range(_) => 2,
        }
    }

    fn preprocessed_width(&self) -> usize {
        self.preprocessed_trace().map_or(0, |cells| cells.width)
    }

    fn preprocessed_trace(&self) -> Option<Cells> {
        match self {
            Self::Rom(fixed) | Self::Range(fixed) => Some((**fixed).clone()),
            _ => None,
        }
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        match self {
            Self::Steps => vec![0],
            Self::Accesses => vec![1],
            _ => vec![],
        }
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }
}

impl<AB: AirBuilder<F = Val> + InteractionBuilder> Air<AB> for Table {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (row, next) = (main.current_slice(), main.next_slice());
        let cell = |column: usize| -> AB::Expr { row[column].into() };
        let one = AB::Expr::ONE;
        match self {
            Self::Rom(_) => {
                let tuple = builder.preprocessed().current_slice().to_vec();
                builder.push_interaction("rom", tuple, Count::provided(-cell(0)));
            }
            Self::Range(_) => {
                let tuple = builder.preprocessed().current_slice().to_vec();
                builder.push_interaction("numbers", [tuple[0]], Count::provided(-cell(0)));
                let tuple = tuple[1..].iter().copied();
                builder.push_interaction("bytes", tuple, Count::provided(-cell(1)));
            }
            Self::Steps => {
                builder.push_interaction("rom", (0..ROM_WIDTH).map(cell), 1);
                for first in ACCESSES {
                    builder.push_interaction("memory", (first..first + ACCESS).map(cell), 1);
                }
                (NUMBERS..BYTES).for_each(|at| builder.push_interaction("numbers", [row[at]], 1));
                for first in [BYTES, BYTES + 3] {
                    builder.push_interaction("bytes", (first..first + 3).map(cell), 1);
                }
                let last = AB::Expr::from_u32(ROM_HEIGHT - 1);
                let step = (cell(0) - last.clone()) * (next[0].into() - cell(0) - one.clone());
                builder.when_transition().assert_zero(step);
                (FLAGS..RESULTS).for_each(|flag| builder.assert_bool(row[flag]));
                builder.assert_one((FLAGS..RESULTS).map(cell).sum::<AB::Expr>());
                for result in RESULTS..STEP_WIDTH {
                    let [x, y] = operands(result, 2 * ACCESS).map(|at| cell(ROM_WIDTH + at));
                    results(builder, cell(FLAGS + result % 10), x, y, cell(result));
                }
            }
            Self::Accesses => {
                builder.push_interaction("memory", (0..ACCESS).map(cell), -1);
                for at in [ACCESS, ACCESS + 1] {
                    builder.push_interaction("numbers", [row[at]], 1);
                }
                builder.assert_bool(row[LATER]);
                let step = cell(LATER) * (next[1].into() - cell(1) - one);
                builder.when_transition().assert_zero(step);
                for result in ACCESS_RESULTS..ACCESS_WIDTH {
                    let [x, y] = operands(result, LATER).map(cell);
                    results(builder, cell(LATER), x, y, cell(result));
                }
            }
        }
    }
}

/// `z` is the product where the flag is set, else `x`; said in four ways.
fn results<AB: AirBuilder>(b: &mut AB, flag: AB::Expr, x: AB::Expr, y: AB::Expr, z: AB::Expr) {
    let one = AB::Expr::ONE;
    b.assert_zero(flag.clone() * (x.clone() * y.clone() - z.clone()));
    b.assert_zero((one.clone() - flag.clone()) * (z.clone() - x.clone()));
    b.assert_zero(flag.clone() * (x.clone() * (y.clone() + one) - z.clone() - x.clone()));
    b.assert_zero(flag * (y.clone() * (x + AB::Expr::TWO) - z - y.double()));
}

fn instruction(pc: u32) -> [u32; ROM_WIDTH] {
    let mixed = |k: u32| pc.wrapping_mul(0x9e37_79b1).wrapping_add(k.wrapping_mul(0x85eb)) >> 16;
    std::array::from_fn(|k| if k == 0 { pc } else { mixed(k as u32) })
}

fn cells(width: usize, values: impl IntoIterator<Item = u32>) -> Cells {
    Cells::new(values.into_iter().map(Val::from_u32).collect(), width)
}

/// The filled tables of `2^log_steps` steps.
fn fill(log_steps: usize) -> Vec<(Table, Cells)> {
    let mut random = StdRng::seed_from_u64(1);
    let mut number = || random.random::<u16>();
    let steps = 1usize << log_steps;
    let mut table = Val::zero_vec(steps * STEP_WIDTH);
    let mut accesses = Val::zero_vec(2 * steps * ACCESS_WIDTH);
    let (mut numbers, mut bytes) = (vec![0u32; RANGE_HEIGHT], vec![0u32; RANGE_HEIGHT]);
    let mut count = vec![0u32; ROM_HEIGHT as usize];
    let multiply = |flag: bool, x: Val, y: Val| if flag { x * y } else { x };
    for (step, row) in table.chunks_exact_mut(STEP_WIDTH).enumerate() {
        let pc = step as u32 % ROM_HEIGHT;
        count[pc as usize] += 1;
        row[..ROM_WIDTH].copy_from_slice(&instruction(pc).map(Val::from_u32));
        for (index, first) in ACCESSES.into_iter().enumerate() {
            let access = &mut accesses[(2 * step + index) * ACCESS_WIDTH..][..ACCESS_WIDTH];
            access[..ACCESS].fill_with(|| Val::from_u16(number()));
            access[1] = Val::from_u32((2 * step + index) as u32);
            row[first..first + ACCESS].copy_from_slice(&access[..ACCESS]);
            for at in [ACCESS, ACCESS + 1] {
                let value = number();
                numbers[usize::from(value)] += 1;
                access[at] = Val::from_u16(value);
            }
            access[LATER] = Val::ONE;
            for result in ACCESS_RESULTS..ACCESS_WIDTH {
                let [x, y] = operands(result, LATER).map(|at| access[at]);
                access[result] = multiply(true, x, y);
            }
        }
        for cell in &mut row[NUMBERS..BYTES] {
            let value = number();
            numbers[usize::from(value)] += 1;
            *cell = Val::from_u16(value);
        }
        for first in [BYTES, BYTES + 3] {
            let value = number();
            bytes[usize::from(value)] += 1;
            let [x, y] = value.to_le_bytes();
            row[first..first + 3].copy_from_slice(&[x, y, x & y].map(Val::from_u8));
        }
        let chosen = usize::from(number()) % 10;
        row[FLAGS + chosen] = Val::ONE;
        for result in RESULTS..STEP_WIDTH {
            let [x, y] = operands(result, 2 * ACCESS).map(|at| row[ROM_WIDTH + at]);
            row[result] = multiply(result % 10 == chosen, x, y);
        }
    }
    let rom = cells(ROM_WIDTH, (0..ROM_HEIGHT).flat_map(instruction));
    let range = (0..=u16::MAX).flat_map(|value| {
        let [x, y] = value.to_le_bytes();
        [u32::from(value), x.into(), y.into(), (x & y).into()]
    });
    let looked_up = numbers.iter().zip(&bytes).flat_map(|(one, other)| [*one, *other]);
    vec![
        (Table::Steps, Cells::new(table, STEP_WIDTH)),
        (Table::Accesses, Cells::new(accesses, ACCESS_WIDTH)),
        (Table::Rom(Arc::new(rom)), cells(1, count)),
        (Table::Range(Arc::new(cells(4, range))), cells(2, looked_up)),
    ]
}

/// Tables to be proven.
pub struct Peer {
    tables: Vec<(Table, Cells)>,
}

impl Peer {
    /// Of `2^log_steps` steps.
    pub fn new(log_steps: usize) -> Peer {
        Peer { tables: fill(log_steps) }
    }

    /// Proves them with the parameters of profile `fast`; the preprocessed columns are committed to
    /// as well.
    ///
    /// # Panics
    /// Never, as the tables are right.
    pub fn prove(&self) {
        let config = config::fast(vec![]);
        let tables = self.tables.iter();
        let instances: Vec<_> = tables
            .map(|(air, trace)| StarkInstance { air, trace, public_values: vec![] })
            .collect();
        let data =
            ProverData::from_instances(&config, &instances).expect("heights are powers of 2");
        prove_batch(&config, &instances, &data).expect("the tables hold");
    }
}

thread_local! {
    static FILLED: RefCell<Option<Peer>> = const { RefCell::new(None) };
}

/// Fills the tables, for a host that calls the C ABI of [`crate::abi`].
#[unsafe(no_mangle)]
pub extern "C" fn zk_peer_fill(log_steps: u32) -> i32 {
    FILLED.set(Some(Peer::new(log_steps as usize)));
    abi::DONE
}

/// Proves the tables that were filled last.
#[unsafe(no_mangle)]
pub extern "C" fn zk_peer_prove(_: u32) -> i32 {
    FILLED.with_borrow(|peer| {
        peer.as_ref().map_or(abi::REFUSED, |peer| {
            peer.prove();
            abi::DONE
        })
    })
}
