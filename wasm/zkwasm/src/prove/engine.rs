//! Calls of the proof engine, for any profile.

use std::fmt;
use std::ops::RangeInclusive;

use p3_air::{Air, BaseAir, DebugConstraintBuilder};
use p3_batch_stark::common::{GlobalPreprocessed, PreprocessedInstanceMeta};
use p3_batch_stark::folder::{
    ProverConstraintFolderWithLookups, VerifierConstraintFolderWithLookups,
};
use p3_batch_stark::{BatchProof, ProverData, StarkInstance, prove_batch, verify_batch};
use p3_lookup::InteractionSymbolicBuilder;
use p3_uni_stark::Com;

use super::Error;
use super::config::{Challenge, Config};
use crate::chips::{Cells, Val};

/// Tables as the engine takes them.
pub trait TableAir<C: Config>:
    Clone
    + Air<InteractionSymbolicBuilder<Val, Challenge>>
    + for<'a> Air<DebugConstraintBuilder<'a, Val, Challenge>>
    + for<'a> Air<ProverConstraintFolderWithLookups<'a, C>>
    + for<'a> Air<VerifierConstraintFolderWithLookups<'a, C>>
{
}
impl<C: Config, A> TableAir<C> for A where
    A: Clone
        + Air<InteractionSymbolicBuilder<Val, Challenge>>
        + for<'a> Air<DebugConstraintBuilder<'a, Val, Challenge>>
        + for<'a> Air<ProverConstraintFolderWithLookups<'a, C>>
        + for<'a> Air<VerifierConstraintFolderWithLookups<'a, C>>
{
}

/// A table to be proven.
pub struct Instance<A> {
    pub air: A,
    pub cells: Cells,
    pub public: Vec<Val>,
}

/// The commitment to the preprocessed columns of tables of these heights, as logarithms.
pub fn commit<C: Config, A: TableAir<C>>(config: &C, airs: &[A], logs: &[usize]) -> Com<C> {
    let logs: Vec<usize> = logs.iter().map(|log| log + config.is_zk()).collect();
    let data = ProverData::from_airs_and_degrees(config, airs, &logs)
        .expect("heights are powers of two, and suffice");
    data.common.preprocessed.expect("there are such columns").commitment
}

/// The engine's proof, as bytes. `setup` commits to the preprocessed columns as [`commit`] did.
pub fn prove<C: Config, A: TableAir<C>>(
    setup: &C,
    config: &C,
    instances: &[Instance<A>],
) -> Result<Vec<u8>, Error> {
    let refused = |error: &dyn fmt::Debug| Error::Unprovable(format!("{error:?}"));
    let instances: Vec<_> = instances
        .iter()
        .map(|Instance { air, cells, public }| StarkInstance {
            air,
            trace: cells,
            public_values: public.clone(),
        })
        .collect();
    let data = ProverData::from_instances(setup, &instances).map_err(|e| refused(&e))?;
    let proof = prove_batch(config, &instances, &data).map_err(|e| refused(&e))?;
    postcard::to_allocvec(&proof).map_err(|e| refused(&e))
}

/// The commitment to the preprocessed columns of tables of these heights, as logarithms, which the
/// engine counts with masks.
fn preprocessed<C: Config, A: TableAir<C>>(
    commitment: Com<C>,
    airs: &[A],
    logs: &[usize],
) -> GlobalPreprocessed<C> {
    let mut instances = vec![];
    let mut matrix_to_instance = vec![];
    for (instance, (air, log)) in airs.iter().zip(logs).enumerate() {
        let width = BaseAir::<Val>::preprocessed_width(air);
        instances.push((width > 0).then(|| {
            matrix_to_instance.push(instance);
            let matrix_index = matrix_to_instance.len() - 1;
            PreprocessedInstanceMeta { matrix_index, width, degree_bits: *log }
        }));
    }
    GlobalPreprocessed { commitment, instances, matrix_to_instance }
}

/// Checks the engine's proof for tables whose heights, as logarithms, are within `allowed`.
pub fn verify<C: Config, A: TableAir<C>>(
    config: &C,
    commitment: &Com<C>,
    airs: &[A],
    allowed: &[RangeInclusive<usize>],
    public: &[Vec<Val>],
    bytes: &[u8],
) -> Result<(), Error> {
    let proof: BatchProof<C> = postcard::from_bytes(bytes).map_err(|_| Error::Malformed)?;
    let logs = &proof.degree_bits;
    // In one form only: no more bytes, and no number in another form.
    let canonical = postcard::to_allocvec(&proof).ok().as_deref() == Some(bytes);
    if !canonical || logs.len() != airs.len() {
        return Err(Error::Malformed);
    }
    // The engine counts what masks add.
    let fits = |(log, allowed): (&usize, &RangeInclusive<usize>)| {
        log.checked_sub(config.is_zk()).is_some_and(|log| allowed.contains(&log))
    };
    if !logs.iter().zip(allowed).all(fits) {
        return Err(Error::Height);
    }
    let mut data =
        ProverData::from_airs_and_degrees(config, airs, logs).map_err(|_| Error::Invalid)?;
    data.common.preprocessed = Some(preprocessed(commitment.clone(), airs, logs));
    verify_batch(config, airs, &proof, public, &data.common).map_err(|_| Error::Invalid)
}
