//! `combine <user ELF> <output>`: writes the program that RISC Zero's stock kernel and a guest make,
//! and prints its image id.

use std::{env, fs};

use anyhow::{Context, Result};
use risc0_binfmt::ProgramBinary;
use risc0_zkos_v1compat::V1COMPAT_ELF;

fn main() -> Result<()> {
    let mut paths = env::args().skip(1);
    let (elf, output) =
        paths.next().zip(paths.next()).context("usage: combine <user ELF> <output>")?;
    let elf = fs::read(&elf).with_context(|| format!("can't read {elf}"))?;
    let program = ProgramBinary::new(&elf, V1COMPAT_ELF);
    let image_id = program.compute_image_id()?;
    fs::write(&output, program.encode()).with_context(|| format!("can't write {output}"))?;
    println!("{image_id}");
    Ok(())
}
