//! Program binaries: a user ELF and the kernel that runs below it.

use risc0_binfmt::ProgramBinary;
use risc0_zkos_v1compat::V1COMPAT_ELF;

use crate::Error;

/// Joins a user ELF with a kernel into a program binary, which is what an image id names.
/// The stock kernel of this version where none is given.
pub fn combine(user: &[u8], kernel: &[u8]) -> Vec<u8> {
    let kernel = if kernel.is_empty() { V1COMPAT_ELF } else { kernel };
    ProgramBinary::new(user, kernel).encode()
}

/// The image id of a program binary.
pub fn image_id(binary: &[u8]) -> Result<[u8; 32], Error> {
    let id = ProgramBinary::decode(binary)
        .and_then(|program| program.compute_image_id())
        .map_err(|error| Error::Load(format!("is no risc0 program: {error:#}")))?;
    Ok(id.into())
}
