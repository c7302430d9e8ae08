//! Tests that look at all tables as an attacker would, whatever columns they have.

mod accesses;
mod cpu;
mod forged;
mod results;
