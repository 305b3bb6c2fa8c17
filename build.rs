//! Builds again when a template changes: the templates are embedded.
#![allow(clippy::disallowed_macros, reason = "that is how a build script talks")]

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
