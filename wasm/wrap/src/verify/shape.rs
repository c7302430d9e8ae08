//! What is known of a proof before there is one: all that the circuit is made of.

use std::collections::HashMap;

use p3_air::{
    Air, BaseAir,
    symbolic::{AirLayout, SymbolicExpression, SymbolicExpressionExt},
};
use p3_batch_stark::{
    BatchShape, CommonData,
    symbolic::{get_constraint_layout, get_log_num_quotient_chunks, get_symbolic_constraints},
};
use p3_challenger::{
    CanObserve,
    fs::{DomainSeparator, FieldUnit},
};
use p3_fri::{FriShape, PcsShape, fold_schedule};
use p3_koala_bear::KoalaBear;
use p3_lookup::{InteractionSymbolicBuilder, Kind, LogUpGadget, check_multiplicity_height_bound};

use crate::{
    ext::Ext4,
    inner::{Config, Parameters},
};

#[derive(Clone, Debug)]
pub enum Constraint {
    Base(SymbolicExpression<KoalaBear>),
    Ext(SymbolicExpressionExt<KoalaBear, Ext4>),
}

/// What is known of one table.
#[derive(Clone, Debug)]
pub struct Table {
    pub width: usize,
    pub preprocessed: usize,
    pub public_values: usize,
    /// Columns that the verifier is given.
    pub periodic: usize,
    /// Whether the next row is opened as well, of the table and of its preprocessed columns.
    pub next: bool,
    pub preprocessed_next: bool,
    /// The bus of each lookup.
    pub buses: Vec<usize>,
    pub log_chunks: usize,
    /// As the Rust prover states them, in its order.
    pub constraints: Vec<Constraint>,
}

impl Table {
    /// Columns of the extension: one a lookup, and what they add up to.
    pub fn lookup_columns(&self) -> usize {
        if self.buses.is_empty() { 0 } else { self.buses.len() + 1 }
    }
}

/// What is known of a proof: all tables have one height, and given columns repeat nothing.
#[derive(Clone, Debug)]
pub struct Shape {
    pub parameters: Parameters,
    pub log_height: usize,
    pub tables: Vec<Table>,
    /// Which table each preprocessed matrix is of.
    pub preprocessed: Vec<usize>,
    /// Rows at the start of given columns that may be other than zero.
    pub entries: usize,
    /// Greatest width of a lookup's tuple.
    pub message_width: usize,
    pub log_arities: Vec<usize>,
    /// What the transcript is seeded with: by the batch, the openings and FRI.
    pub seeds: [Vec<KoalaBear>; 3],
}

impl Shape {
    /// @throws if the circuit can't be made for such tables
    pub fn new<A>(
        parameters: Parameters,
        airs: &[A],
        common: &CommonData<Config>,
        log_height: usize,
        entries: usize,
    ) -> Result<Self, String>
    where
        A: Air<InteractionSymbolicBuilder<KoalaBear, Ext4>> + BaseAir<KoalaBear>,
    {
        let heights = vec![1 << log_height; airs.len()];
        check_multiplicity_height_bound(&common.lookups, &heights)
            .map_err(|error| format!("lookups: {error:?}"))?;
        let buses = Buses::of(common);
        let tables = airs
            .iter()
            .enumerate()
            .map(|(i, air)| table(air, common, i, log_height, buses.of_tables[i].clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let global = common.preprocessed.as_ref();
        let preprocessed = global.map_or(vec![], |it| it.matrix_to_instance.clone());
        let log_domain = log_height + parameters.log_blowup;
        let log_final = parameters.log_blowup + parameters.log_final_poly_len;
        let log_arities = fold_schedule(&[log_domain], log_final, parameters.max_log_arity);
        let mut shape = Self {
            parameters,
            log_height,
            tables,
            preprocessed,
            entries,
            message_width: buses.message_width,
            log_arities,
            seeds: Default::default(),
        };
        shape.seeds = [
            seed(&shape.batch().domain_separator::<KoalaBear, Ext4>()),
            seed(&shape.openings().domain_separator::<KoalaBear, Ext4>()),
            seed(&shape.folds().domain_separator::<KoalaBear, Ext4>()),
        ];
        Ok(shape)
    }

    pub fn log_domain(&self) -> usize {
        self.log_height + self.parameters.log_blowup
    }

    fn batch(&self) -> BatchShape {
        let of = |what: fn(&Table) -> usize| self.tables.iter().map(what).collect();
        BatchShape {
            trace_widths: of(|it| it.width),
            public_value_counts: of(|it| it.public_values),
            preprocessed_widths: of(|it| it.preprocessed),
            has_preprocessed_commitment: !self.preprocessed.is_empty(),
            num_lookup_instances: self.tables.iter().filter(|it| !it.buses.is_empty()).count(),
            lookup_pow_bits: self.parameters.work,
            has_randomization_commitment: false,
            ood_pow_bits: self.parameters.work,
        }
    }

    pub fn has_lookups(&self) -> bool {
        self.tables.iter().any(|it| !it.buses.is_empty())
    }

    /// Of each commitment, each of its matrices: its width, and whether its next row is opened.
    pub fn commitments(&self) -> Vec<Vec<(usize, bool)>> {
        let chunks = self.tables.iter().flat_map(|it| vec![(4, false); 1 << it.log_chunks]);
        let mut commitments =
            vec![self.tables.iter().map(|it| (it.width, it.next)).collect(), chunks.collect()];
        if !self.preprocessed.is_empty() {
            let tables = self.preprocessed.iter().map(|table| &self.tables[*table]);
            commitments.push(tables.map(|it| (it.preprocessed, it.preprocessed_next)).collect());
        }
        if self.has_lookups() {
            let tables = self.tables.iter().filter(|it| !it.buses.is_empty());
            commitments.push(tables.map(|it| (4 * it.lookup_columns(), true)).collect());
        }
        commitments
    }

    fn openings(&self) -> PcsShape {
        let counts = |(width, next): (usize, bool)| vec![width; 1 + usize::from(next)];
        let commitments = self.commitments().into_iter();
        PcsShape {
            claimed_evaluation_counts: commitments
                .map(|matrices| matrices.into_iter().map(counts).collect())
                .collect(),
            batch_pow_bits: self.parameters.batch_work,
        }
    }

    fn folds(&self) -> FriShape {
        let parameters = self.parameters.fri(());
        FriShape::with_schedule(&parameters, self.log_arities.clone(), self.log_domain())
    }
}

fn table<A>(
    air: &A,
    common: &CommonData<Config>,
    index: usize,
    log_height: usize,
    buses: Vec<usize>,
) -> Result<Table, String>
where
    A: Air<InteractionSymbolicBuilder<KoalaBear, Ext4>> + BaseAir<KoalaBear>,
{
    if air.periodic_columns().iter().any(|column| column.len() != 1 << log_height) {
        return Err(format!("table {index} has given columns of another height"));
    }
    let global = common.preprocessed.as_ref();
    let meta = global.and_then(|global| global.instances[index].as_ref());
    if meta.is_some_and(|meta| meta.degree_bits != log_height) {
        return Err(format!("table {index} has preprocessed columns of another height"));
    }
    let layout = AirLayout {
        preprocessed_width: meta.map_or(0, |meta| meta.width),
        main_width: air.width(),
        num_public_values: air.num_public_values(),
        num_periodic_columns: air.num_periodic_columns(),
        ..Default::default()
    };
    let (lookups, gadget) = (&common.lookups[index], LogUpGadget::new());
    let (base, ext) = get_symbolic_constraints(air, layout, lookups, &gadget);
    let order = get_constraint_layout::<_, Ext4, _, _>(air, layout, lookups, &gadget);
    let base = order.base_indices.iter().zip(base.into_iter().map(Constraint::Base));
    let ext = order.ext_indices.iter().zip(ext.into_iter().map(Constraint::Ext));
    let mut constraints: Vec<_> = base.chain(ext).collect();
    constraints.sort_by_key(|(place, _)| **place);
    Ok(Table {
        width: air.width(),
        preprocessed: layout.preprocessed_width,
        public_values: air.num_public_values(),
        periodic: air.num_periodic_columns(),
        next: !air.main_next_row_columns().is_empty(),
        preprocessed_next: !air.preprocessed_next_row_columns().is_empty(),
        buses,
        log_chunks: get_log_num_quotient_chunks::<_, Ext4, _, _>(
            air,
            layout,
            1 << log_height,
            lookups,
            0,
            &gadget,
        ),
        constraints: constraints.into_iter().map(|(_, constraint)| constraint).collect(),
    })
}

/// The numbers of buses: one a name, one of its own for a lookup within a table.
struct Buses {
    of_tables: Vec<Vec<usize>>,
    message_width: usize,
}

impl Buses {
    fn of(common: &CommonData<Config>) -> Self {
        let (mut named, mut next) = (HashMap::new(), 0);
        let mut fresh = || {
            next += 1;
            next - 1
        };
        let of_tables = common.lookups.iter().map(|lookups| {
            let bus = |kind: &Kind| match kind {
                Kind::Global(name) => *named.entry(name.clone()).or_insert_with(&mut fresh),
                Kind::Local => fresh(),
            };
            lookups.iter().map(|it| &it.kind).map(bus).collect()
        });
        let of_tables = of_tables.collect();
        let tuples = common.lookups.iter().flat_map(|it| it.iter()).flat_map(|it| &it.elements);
        Self { of_tables, message_width: tuples.map(Vec::len).max().unwrap_or(1).max(1) }
    }
}

/// Records what it observes.
struct Observed(Vec<KoalaBear>);

impl CanObserve<KoalaBear> for Observed {
    fn observe(&mut self, value: KoalaBear) {
        self.0.push(value);
    }
}

fn seed(separator: &DomainSeparator<FieldUnit<KoalaBear>>) -> Vec<KoalaBear> {
    let mut observed = Observed(vec![]);
    separator.seed(&mut observed);
    observed.0
}
