//! The profile for proofs that are verified inside a Halo2 circuit, and so on chains.
//!
//! The same tables as under the other profiles, all of them and all of one height, so that one
//! circuit verifies every program of a [`Class`]. Trees and transcript are over [`poseidon2`], which a
//! circuit computes cheaply. Hides nothing: the circuit's proof does.
//!
//! A proof is a byte of version, the byte [`PROFILE`], a [`Key`], and the engine's proof.

pub mod config;
mod key;
pub mod poseidon2;
pub mod statement;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use p3_matrix::Matrix;

use super::config::VERSION;
use super::engine::{self, Instance};
use super::tables::{self, FIXED};
use super::{Error, Statement, watched};
use crate::chips::{Cells, Filled, Table};
use crate::execute::{Inputs, Limits, record};
use crate::program::Program;
pub use config::Class;
pub use key::Key;
use statement::{MAX_IO, element, words};

/// The number of this profile.
pub const PROFILE: u8 = 3;

/// A program made ready to be proven.
pub struct Prover {
    program: Program,
    fixed: [Arc<Cells>; FIXED],
    key: Key,
}

impl Prover {
    /// # Errors
    /// [`Error::Height`] for a program of more instructions, or data, than the class has rows.
    pub fn new(program: Program, class: Class) -> Result<Prover, Error> {
        let fixed = tables::fixed_cells(&program, class.form());
        if fixed.iter().any(|cells| cells.height() > 1 << class.log_height()) {
            return Err(Error::Height);
        }
        let key = Key::of(&program, &fixed, class);
        Ok(Prover { program, fixed, key })
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Runs the program, and proves it.
    ///
    /// # Errors
    /// Where the run has no outcome, or needs what no table proves; [`Error::Height`] where it needs
    /// more rows of a table than the class has, [`Error::Io`] for more public values than
    /// [`MAX_IO`].
    pub fn prove(&self, inputs: &Inputs, binding: [u8; 32]) -> Result<(Statement, Vec<u8>), Error> {
        let class = self.key.class;
        let limits = Limits { rows: 1 << class.log_height(), ..Limits::default() };
        let (outcome, trace) = record(&self.program, inputs, limits).map_err(Error::Execute)?;
        if inputs.public.len() + outcome.outputs.len() > MAX_IO {
            return Err(Error::Io);
        }
        let (filled, _) =
            tables::fill(&self.program, &self.fixed, inputs, &outcome, &trace, class.form())?;
        if filled.iter().any(|table| table.cells.height() > 1 << class.log_height()) {
            return Err(Error::Height);
        }
        let statement = Statement {
            image_id: self.key.image_id(),
            status: outcome.status,
            inputs: inputs.public.clone(),
            outputs: outcome.outputs,
            binding,
        };
        watched::tables(&filled);
        let plain = |Filled { table, cells, public }| Instance { air: table, cells, public };
        let instances: Vec<_> = filled.into_iter().map(plain).collect();
        let config = config::config(class, words(&statement, class));
        let proof = engine::prove(&config, &config, &instances)?;
        let key = postcard::to_allocvec(&self.key).expect("memory suffices");
        Ok((statement, [vec![VERSION, PROFILE], key, proof].concat()))
    }
}

/// The parts of a proof: its key, and the engine's proof.
///
/// # Errors
/// Whatever is wrong with the bytes; they may be anything.
pub fn split(bytes: &[u8]) -> Result<(Key, &[u8]), Error> {
    let [version, profile, body @ ..] = bytes else { return Err(Error::Malformed) };
    if *version != VERSION {
        return Err(Error::Version);
    }
    if *profile != PROFILE {
        return Err(Error::Profile);
    }
    let (key, proof) = postcard::take_from_bytes::<Key>(body).map_err(|_| Error::Malformed)?;
    // In one form only: no number in another one.
    if postcard::to_allocvec(&key).ok().as_deref() != Some(&body[..body.len() - proof.len()]) {
        return Err(Error::Malformed);
    }
    if key.commitment.num_roots() != 1 << config::CAP_HEIGHT {
        return Err(Error::Malformed);
    }
    Ok((key, proof))
}

/// The tables of all proofs of a class, one of which has these public inputs and outputs as periodic
/// columns.
pub fn tables(class: Class, inputs: &[u64], outputs: &[u64]) -> Vec<Table> {
    let columns = tables::io_columns(inputs, outputs, class.form());
    tables::shape([const { None }; FIXED], columns, u32::MAX)
}

/// Checks that a proof proves a statement.
///
/// # Errors
/// Whatever is wrong with the bytes; they may be anything.
pub fn verify(statement: &Statement, bytes: &[u8]) -> Result<(), Error> {
    let (key, proof) = split(bytes)?;
    let Statement { image_id, status, inputs, outputs, .. } = statement;
    if inputs.len() + outputs.len() > MAX_IO {
        return Err(Error::Io);
    }
    if element(image_id) != Some(key.digest()) {
        return Err(Error::Invalid);
    }
    let shape = tables(key.class, inputs, outputs);
    let height = key.class.log_height();
    let mut public = vec![vec![]; shape.len()];
    public[0] = tables::public(key.entry, key.pages, *status, outputs.len());
    engine::verify(
        &config::config(key.class, words(statement, key.class)),
        &key.commitment,
        &shape,
        &vec![height..=height; shape.len()],
        &public,
        proof,
    )
}
