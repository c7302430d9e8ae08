//! What came of the asserts of a file.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Tally {
    pub run: u32,
    pub passed: u32,
    /// Runs whose traces were checked against all constraints, and those that were too long; of
    /// calls that assert nothing, too.
    pub checked: u32,
    pub unchecked: u32,
    pub skipped_count: u32,
    pub skipped: BTreeMap<String, u32>,
    pub failures: Vec<String>,
}

impl Tally {
    pub fn skip(&mut self, why: impl Into<String>) {
        self.skipped_count += 1;
        *self.skipped.entry(why.into()).or_default() += 1;
    }
}

impl Tally {
    /// A row of the table.
    pub fn line(&self, name: &str) -> String {
        let reasons: Vec<_> =
            self.skipped.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let Tally { run, passed, checked, unchecked, skipped_count, .. } = self;
        let reasons = reasons.join("; ");
        squeeze(&format!(
            "| {name} | {run} | {passed} | {checked} | {unchecked} | {skipped_count} | {reasons} |"
        ))
    }

    pub fn add(&mut self, name: &str, other: Tally) {
        self.run += other.run;
        self.passed += other.passed;
        self.checked += other.checked;
        self.unchecked += other.unchecked;
        self.skipped_count += other.skipped_count;
        self.failures.extend(other.failures.into_iter().map(|text| format!("{name} {text}")));
    }

    pub fn check(&mut self, passed: bool, failure: impl FnOnce() -> String) {
        self.run += 1;
        if passed { self.passed += 1 } else { self.failures.push(failure()) }
    }
}

/// A line of a table without its alignment.
pub fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
