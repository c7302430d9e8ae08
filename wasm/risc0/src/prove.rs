//! Execution and proofs.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use risc0_zkvm::{
    ExecutorEnv, ExecutorImpl, ExitCode, InnerReceipt, ProverOpts, SegmentReceipt, Session,
    SimpleSegmentRef, SuccinctReceipt, VerifierContext, get_prover_server, recursion,
    sha::Digestible,
};

use crate::{Error, receipt};

/// Smallest and largest segment, as a power of two of rows; risc0 loops for ever below the least.
pub const SEGMENT_PO2: std::ops::RangeInclusive<u32> = 13..=22;
/// Most bytes kept of what a guest prints.
const MAX_OUTPUT_BYTES: usize = 16 << 10;

/// Bounds on a run.
pub struct Limits {
    /// Rows of a segment at most, as a power of two; within [`SEGMENT_PO2`].
    pub segment_po2: u32,
    /// Cycles of the whole run at most.
    pub cycles: u64,
}

/// A run that ended well, whose segments can be proven one after the other.
pub struct Run {
    session: Session,
    segments: Vec<SegmentReceipt>,
    output: Vec<u8>,
}

/// Runs a program. Its only input is `stdin`; what it prints is kept, up to a bound.
pub fn execute(program: &[u8], stdin: &[u8], limits: &Limits) -> Result<Run, Error> {
    if !SEGMENT_PO2.contains(&limits.segment_po2) {
        return Err(Error::Internal("the segment's size is out of range".into()));
    }
    let output = Output::default();
    let env = ExecutorEnv::builder()
        .write_slice(stdin)
        .stdout(output.clone())
        .stderr(output.clone())
        .segment_limit_po2(limits.segment_po2)
        .session_limit(Some(limits.cycles))
        .build()
        .map_err(internal)?;
    let mut executor = ExecutorImpl::from_elf(env, program)
        .map_err(|error| Error::Load(format!("is no risc0 program: {error:#}")))?;
    // Segments hold what the guest read: they stay in memory.
    let session = executor
        .run_with_callback(|segment| Ok(Box::new(SimpleSegmentRef::new(segment))))
        .map_err(|error| failed(&error, limits))?;
    match session.exit_code {
        ExitCode::Halted(0) => {}
        ExitCode::Halted(code) => return Err(Error::Exit(code)),
        other => return Err(Error::Trap(format!("the guest ended with {other:?}"))),
    }
    drop(executor);
    Ok(Run { session, segments: Vec::new(), output: output.take() })
}

/// Why a run failed; of risc0's own text only what can't show input is kept.
fn failed(error: &anyhow::Error, limits: &Limits) -> Error {
    const PANIC: &str = "Guest panicked: ";
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    if let Some(text) = texts.iter().find_map(|text| text.strip_prefix(PANIC)) {
        return Error::Panic(text.to_owned());
    }
    if texts.iter().any(|text| text.starts_with("Session limit exceeded")) {
        return Error::Trap(format!("the guest took more than {} cycles", limits.cycles));
    }
    Error::Trap("the guest did what the machine does not allow".to_owned())
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("{error:#}"))
}

impl Run {
    /// What the guest committed to.
    pub fn journal(&self) -> &[u8] {
        self.session.journal.as_ref().map_or(&[], |journal| &journal.bytes)
    }

    /// Cycles of the guest itself, and of the whole proof: with paging and padding.
    pub fn cycles(&self) -> (u64, u64) {
        (self.session.user_cycles, self.session.total_cycles)
    }

    /// The size of each segment as a power of two of rows.
    pub fn segments(&self) -> Result<Vec<u32>, Error> {
        self.session
            .segments
            .iter()
            .map(|segment| Ok(segment.resolve().map_err(internal)?.po2() as u32))
            .collect()
    }

    /// What the guest printed: not public, and no part of a proof.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Proves the next segment, and tells whether there are more.
    pub fn prove_segment(&mut self) -> Result<bool, Error> {
        let index = self.segments.len();
        let segment = self.session.segments.get(index);
        let segment =
            segment.ok_or_else(|| internal("no segment is left"))?.resolve().map_err(internal)?;
        let prover = get_prover_server(&ProverOpts::composite()).map_err(internal)?;
        let proven =
            prover.prove_segment(&VerifierContext::default(), &segment).map_err(internal)?;
        self.segments.extend(proven);
        Ok(self.segments.len() < self.session.segments.len())
    }

    /// The proof of all segments, composite.
    pub fn proof(&self) -> Result<Vec<u8>, Error> {
        let (assumptions, keccaks) =
            (self.session.assumptions.len(), self.session.mmr_assumptions.len());
        if assumptions + keccaks > 0 {
            return Err(Error::Trap(
                "the guest rests on other proofs, which is not supported".into(),
            ));
        }
        if self.segments.len() != self.session.segments.len() {
            return Err(internal("not all segments are proven"));
        }
        let parameters = VerifierContext::default()
            .composite_verifier_parameters()
            .ok_or_else(|| internal("no verifier parameters"))?
            .digest();
        // risc0 gives no way to make one of its parts but its encoding.
        bincode::serialize(&(0u32, &self.segments, 0u64, parameters)).map_err(internal)
    }
}

/// Makes a composite proof of one segment succinct. Longer ones would need programs of risc0's
/// recursion that its crates don't carry.
pub fn lift(proof: &[u8]) -> Result<Vec<u8>, Error> {
    let InnerReceipt::Composite(composite) = receipt::decode_stark(proof)? else {
        return Err(internal("not a composite proof"));
    };
    let [segment] = composite.segments.as_slice() else {
        return Err(internal("a proof of more than one segment can't be made succinct"));
    };
    let lifted: SuccinctReceipt<_> = recursion::lift(segment).map_err(internal)?;
    bincode::serialize(&InnerReceipt::Succinct(lifted)).map_err(internal)
}

/// Keeps the first bytes written.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().expect("no writer panics"))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().expect("no writer panics");
        let room = MAX_OUTPUT_BYTES - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
