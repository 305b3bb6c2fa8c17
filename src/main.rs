//! The `dockgen` program: everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockgen::cli::main()
}
