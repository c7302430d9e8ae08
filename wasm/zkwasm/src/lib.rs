//! A prover for integer WebAssembly: a module is loaded and translated to a register form
//! ([`program`]), executed with its trace recorded ([`execute`]), and the run proven ([`prove`])
//! by tables ([`chips`]) that speak on [`buses`].

pub mod abi;
pub mod buses;
pub mod check;
pub mod chips;
pub mod execute;
#[cfg(feature = "bench")]
pub mod peer;
pub mod program;
pub mod prove;
