//! Proofs of runs, and their verification.
//!
//! A proof is a byte of version, a [`Header`], and the engine's proof. The header begins with a byte
//! for the profile.

pub mod config;
mod engine;
#[cfg(test)]
mod hostile;
mod key;
mod mask;
mod statement;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
mod watched;
#[cfg(feature = "wrap")]
pub mod wrap;

use std::fmt;
use std::sync::Arc;

use p3_matrix::Matrix;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::chips::{Cells, Filled, Table};
use crate::execute::{ExecuteError, Inputs, Limits, record};
use crate::program::Program;
use crate::program::isa::Op;
pub use config::Profile;
use config::{MAX_IO, MAX_LOG_HEIGHT, PUBLIC_ENTROPY, VERSION};
use engine::Instance;
pub use key::Key;
use mask::{Masked, mask};
pub use statement::Statement;
use tables::FIXED;

/// Why there is no proof, or why one does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The version of the proof is unknown here.
    Version,
    /// The profile of the proof is unknown here, or not the wanted one.
    Profile,
    /// There is no entropy to hide with.
    Entropy,
    /// The bytes are no proof.
    Malformed,
    /// A table's height is not an allowed one; for a prover, the run is too long.
    Height,
    /// More public inputs and outputs than allowed.
    Io,
    /// The run has no outcome.
    Execute(ExecuteError),
    /// No table proves an operation that the run needs.
    Operation(Op),
    /// The prover refused the tables.
    Unprovable(String),
    /// The proof is of something else, or of nothing.
    Invalid,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => write!(f, "unknown version of the proof"),
            Self::Profile => write!(f, "the proof is not of the wanted profile"),
            Self::Entropy => write!(f, "a proof that hides takes 32 random bytes"),
            Self::Malformed => write!(f, "the bytes are no proof"),
            Self::Height => {
                write!(
                    f,
                    "a table is lower or higher than allowed: at most 2^{MAX_LOG_HEIGHT} rows"
                )
            }
            Self::Io => write!(f, "more than {MAX_IO} public inputs and outputs"),
            Self::Execute(error) => write!(f, "{error}"),
            Self::Operation(op) => write!(f, "no table proves {}", op.name()),
            Self::Unprovable(why) => write!(f, "the tables cannot be proven: {why}"),
            Self::Invalid => write!(f, "the proof does not hold"),
        }
    }
}

impl std::error::Error for Error {}

/// What a proof starts with, after its version.
#[derive(Serialize, Deserialize)]
struct Header {
    key: Key,
    /// A bit for each table that is there and need not be.
    present: u32,
}

/// A program made ready to be proven.
pub struct Prover {
    program: Program,
    fixed: [Arc<Cells>; FIXED],
    key: Key,
}

impl Prover {
    /// # Errors
    /// [`Error::Height`] for a program of too many instructions, or too much data.
    pub fn new(program: Program, profile: Profile) -> Result<Prover, Error> {
        let fixed = tables::fixed_cells(&program, profile.form());
        if fixed.iter().any(|cells| cells.height() > 1 << MAX_LOG_HEIGHT) {
            return Err(Error::Height);
        }
        let key = Key::of(&program, &fixed, profile);
        Ok(Prover { program, fixed, key })
    }

    pub fn image_id(&self) -> [u8; 32] {
        self.key.image_id()
    }

    /// Runs the program, and proves it.
    ///
    /// Who knows the entropy, or two proofs made with the same, can undo what profile `zk` hides: it
    /// must be fresh random bytes for each call. Profile `fast` has no use for it.
    ///
    /// # Errors
    /// Where the run has no outcome, or needs what no table proves; [`Error::Entropy`] for zeros.
    pub fn prove(
        &self,
        inputs: &Inputs,
        binding: [u8; 32],
        entropy: [u8; 32],
    ) -> Result<(Statement, Vec<u8>), Error> {
        let profile = self.key.profile;
        if profile == Profile::Zk && entropy == PUBLIC_ENTROPY {
            return Err(Error::Entropy);
        }
        let limits = Limits { rows: 1 << MAX_LOG_HEIGHT, ..Limits::default() };
        let (outcome, trace) = record(&self.program, inputs, limits).map_err(Error::Execute)?;
        if inputs.public.len() + outcome.outputs.len() > MAX_IO {
            return Err(Error::Io);
        }
        let (filled, present) =
            tables::fill(&self.program, &self.fixed, inputs, &outcome, &trace, profile.form())?;
        let statement = Statement {
            image_id: self.image_id(),
            status: outcome.status,
            inputs: inputs.public.clone(),
            outputs: outcome.outputs,
            binding,
        };
        let header = Header { key: self.key.clone(), present };
        watched::tables(&filled);
        let proof = prove_tables(&statement, &header, filled, entropy)?;
        Ok((statement, proof))
    }
}

#[cfg(feature = "bench")]
impl Prover {
    /// Name and height of each table of a run.
    ///
    /// # Errors
    /// As [`Prover::prove`].
    pub fn heights(&self, inputs: &Inputs) -> Result<Vec<(String, usize)>, Error> {
        let limits = Limits { rows: 1 << MAX_LOG_HEIGHT, ..Limits::default() };
        let (outcome, trace) = record(&self.program, inputs, limits).map_err(Error::Execute)?;
        let (filled, _) = tables::fill(
            &self.program,
            &self.fixed,
            inputs,
            &outcome,
            &trace,
            self.key.profile.form(),
        )?;
        Ok(filled.iter().map(|one| (watched::name(&one.table), one.cells.height())).collect())
    }
}

/// The bytes of a proof.
fn prove_tables(
    statement: &Statement,
    header: &Header,
    filled: Vec<Filled>,
    entropy: [u8; 32],
) -> Result<Vec<u8>, Error> {
    let profile = header.key.profile;
    let header = postcard::to_allocvec(header).expect("memory suffices");
    let seed = statement.seed(&header);
    let proof = match profile {
        Profile::Fast => {
            let config = config::fast(seed);
            let plain = |Filled { table, cells, public }| Instance { air: table, cells, public };
            let instances: Vec<_> = filled.into_iter().map(plain).collect();
            engine::prove(&config, &config, &instances)?
        }
        Profile::Zk => {
            let mut rng = StdRng::from_seed(entropy);
            let config = config::zk(seed, &mut rng);
            engine::prove(&config::public_zk(vec![]), &config, &mask(filled, &mut rng))?
        }
    };
    Ok([vec![VERSION], header, proof].concat())
}

/// The height that a table must have, as a logarithm, where it is not the prover's to choose.
fn fixed_log_height(table: &Table, key: &Key) -> Option<usize> {
    let [rom, image, gaps, bytes] = key.logs.map(usize::from);
    match table {
        Table::Rom(_) => Some(rom),
        Table::Image(_) => Some(image),
        Table::Gaps(_) => Some(gaps),
        Table::Bytes(_) => Some(bytes),
        Table::Io(columns) => Some(columns[0].len().ilog2() as usize),
        _ => None,
    }
}

/// Checks that a proof of this profile proves a statement.
///
/// # Errors
/// Whatever is wrong with the bytes; they may be anything.
pub fn verify(statement: &Statement, bytes: &[u8], profile: Profile) -> Result<(), Error> {
    let (version, body) = bytes.split_first().ok_or(Error::Malformed)?;
    if *version != VERSION {
        return Err(Error::Version);
    }
    if Profile::try_from(*body.first().ok_or(Error::Malformed)?)? != profile {
        return Err(Error::Profile);
    }
    let (header, rest) = postcard::take_from_bytes::<Header>(body).map_err(|_| Error::Malformed)?;
    let encoded = &body[..body.len() - rest.len()];
    // In one form only: no number in another one.
    if postcard::to_allocvec(&header).ok().as_deref() != Some(encoded) {
        return Err(Error::Malformed);
    }
    let Header { key, present } = header;
    if present >> tables::optional() != 0 || !key.is_allowed() {
        return Err(Error::Malformed);
    }
    if statement.inputs.len() + statement.outputs.len() > MAX_IO {
        return Err(Error::Io);
    }
    if key.image_id() != statement.image_id {
        return Err(Error::Invalid);
    }
    let columns = tables::io_columns(&statement.inputs, &statement.outputs, profile.form());
    let shape = tables::shape([const { None }; FIXED], columns, present);
    let any = profile.min_log_height()..=MAX_LOG_HEIGHT;
    let allowed: Vec<_> = shape
        .iter()
        .map(|table| fixed_log_height(table, &key).map_or(any.clone(), |log| log..=log))
        .collect();
    let mut public = vec![vec![]; shape.len()];
    public[0] = tables::public(key.entry, key.pages, statement.status, statement.outputs.len());
    let seed = statement.seed(encoded);
    match profile {
        Profile::Fast => {
            engine::verify(&config::fast(seed), &key.commitment, &shape, &allowed, &public, rest)
        }
        Profile::Zk => {
            let shape: Vec<_> = shape.into_iter().map(Masked).collect();
            engine::verify(
                &config::public_zk(seed),
                &key.commitment,
                &shape,
                &allowed,
                &public,
                rest,
            )
        }
    }
}
