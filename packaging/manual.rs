//! Writes the man pages and the completions for bash, zsh and fish into a folder, from the command line as the program
//! itself declares it: `cargo run --example manual -- FOLDER`. An example, so that the program does not carry it.

use std::{fs, path::PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;

#[allow(dead_code, reason = "its command line is what is wanted here, not what it does")]
#[path = "../src/main.rs"]
mod program;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let Some(folder) = folder else {
        return Err(std::io::Error::other("name the folder to write into: cargo run --example manual -- FOLDER"));
    };
    fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(program::Cli::command(), &folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut program::Cli::command(), "passerelle", &folder)?;
    }
    Ok(())
}
