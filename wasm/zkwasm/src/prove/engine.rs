//! Calls of the proof engine, for any profile.

use std::fmt;
use std::ops::RangeInclusive;

use p3_air::{Air, BaseAir, DebugConstraintBuilder};
use p3_batch_stark::folder::{
    ProverConstraintFolderWithLookups, VerifierConstraintFolderWithLookups,
};
use p3_batch_stark::{BatchProof, ProverData, StarkInstance, prove_batch, verify_batch};
use p3_lookup::InteractionSymbolicBuilder;

use super::config::{Challenge, Commitment, Config};
use super::{Error, Key};
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
pub fn commit<C: Config, A: TableAir<C>>(config: &C, airs: &[A], logs: &[usize]) -> Commitment {
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

/// Checks the engine's proof for tables whose heights, as logarithms, are within `allowed`.
pub fn verify<C: Config, A: TableAir<C>>(
    config: &C,
    key: &Key,
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
    let widths: Vec<usize> = airs.iter().map(BaseAir::<Val>::preprocessed_width).collect();
    data.common.preprocessed = Some(key.preprocessed(&widths, logs));
    verify_batch(config, airs, &proof, public, &data.common).map_err(|_| Error::Invalid)
}
