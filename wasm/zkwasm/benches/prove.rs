//! What proofs cost in processor time, beside the proof engine alone on tables of the shape of a
//! small virtual machine: `cargo bench -p zkwasm --features bench`. After `--`, `--zk` proves by that
//! profile, `--json` gives an object a line, `--tables` the tables' heights.

mod instructions;

use std::time::Instant;
use std::{env, fs};

use zkwasm::execute::{Inputs, Limits, execute};
use zkwasm::peer::Peer;
use zkwasm::program::Program;
use zkwasm::prove::{Profile, Prover, verify};

/// Steps of the peer, as a logarithm.
const PEER: usize = 16;

/// Processor time of this process in seconds, of which Linux counts hundredths.
fn now() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

/// Seconds of processor time.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = now();
    let given = work();
    (now() - start, given)
}

struct Guest {
    name: &'static str,
    wasm: Vec<u8>,
    inputs: Inputs,
    large: bool,
}

fn guests() -> Vec<Guest> {
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/guests");
    let read = |name: &str| fs::read(format!("{dist}/{name}.wasm")).expect("committed");
    let text = |text: &str| wat::parse_str(text).expect("well formed");
    let public = |value: u64| Inputs { public: vec![value], private: vec![] };
    let hashed = |values: u64| Inputs { public: vec![values], private: (0..values).collect() };
    let fibonacci = include_str!("../tests/fibonacci.wat");
    vec![
        Guest { name: "sum of two numbers", wasm: read("sum"), inputs: hashed(2), large: false },
        Guest {
            name: "Fibonacci of 10,000",
            wasm: text(fibonacci),
            inputs: public(10_000),
            large: false,
        },
        Guest {
            name: "Fibonacci of 85,000",
            wasm: text(fibonacci),
            inputs: public(85_000),
            large: true,
        },
        Guest {
            name: "SHA-256 of 1,480 bytes",
            wasm: read("sha256"),
            inputs: hashed(185),
            large: false,
        },
        Guest {
            name: "SHA-256 of 12,000 bytes",
            wasm: read("sha256"),
            inputs: hashed(1500),
            large: true,
        },
    ]
}

/// Median of runs of the peer, in steps a second of processor time.
fn peer() -> f64 {
    let peer = Peer::new(PEER);
    let mut seconds: Vec<f64> = (0..3).map(|_| timed(|| peer.prove()).0).collect();
    seconds.sort_by(f64::total_cmp);
    (1 << PEER) as f64 / seconds[1]
}

fn main() {
    let asked = |option: &str| env::args().any(|argument| argument == option);
    let json = asked("--json");
    let profile = if asked("--zk") { Profile::Zk } else { Profile::Fast };
    let peer = peer();
    if json {
        println!(r#"{{"peer":{peer:.0}}}"#);
    } else {
        println!("the proof engine alone: {peer:.0} steps a cpu-second\n");
        println!(
            "| guest | instructions | a row | rows | prove, cpu-s | rows/cpu-s | beside | proof, B | \
             verify, ms | execute beside wasmi |"
        );
        println!("|{}", "---|".repeat(10));
    }
    for Guest { name, wasm, inputs, large } in guests() {
        // Hiding takes more memory than most machines have.
        if large && profile == Profile::Zk {
            continue;
        }
        let (count, baseline) = instructions::count(&wasm, &inputs);
        let program = Program::from_wasm(&wasm).expect("supported");
        let start = Instant::now();
        let rows = execute(&program, &inputs, Limits::default()).expect("it ends").rows;
        let dry = start.elapsed().as_secs_f64() / baseline;
        let prover = Prover::new(program, profile).expect("small");
        let (seconds, (statement, proof)) =
            timed(|| prover.prove(&inputs, [0; 32], [1; 32]).expect("it is proven"));
        let start = Instant::now();
        verify(&statement, &proof, profile).expect("it holds");
        let checked = start.elapsed().as_secs_f64() * 1e3;
        let (dense, rate) = (count as f64 / rows as f64, rows as f64 / seconds);
        let (ratio, size) = (rate / peer, proof.len());
        if json {
            println!(
                r#"{{"guest":"{name}","instructions":{count},"rows":{rows},"seconds":{seconds:.3},"ratio":{ratio:.3},"proof":{size},"verifyMs":{checked:.1},"dryRun":{dry:.1}}}"#
            );
        } else {
            println!(
                "| {name} | {count} | {dense:.2} | {rows} | {seconds:.2} | {rate:.0} | {ratio:.2} | \
                 {size} | {checked:.1} | {dry:.1} |"
            );
        }
        if asked("--tables") {
            println!("{:?}", prover.heights(&inputs).expect("it is proven"));
        }
    }
}
