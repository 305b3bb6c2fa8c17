//! The program as scripts and people use it: flags, files, exit codes, and what stands on the disk afterwards.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

#[path = "../support/mod.rs"]
mod support;

mod check;
mod company;
mod kill;
mod project;
mod rerun;
mod script;
mod starts;
