//! The command line: what was typed, what it means, and the exit code.

mod args;
mod settings;
mod term;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command, SchemaOf, TemplateAction};

use crate::report;
use crate::workflow::{self, Outcome, Talk};

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let text = error.render();
            let _ = if error.use_stderr() {
                report::emit(&mut anstream::stderr(), &text.ansi().to_string())
            } else {
                report::emit(&mut anstream::stdout(), &text.ansi().to_string())
            };
            return ExitCode::from(code);
        }
    };
    term::decide_colour(cli.color);
    let mut talk = Talk::new(Box::new(anstream::stdout()), Box::new(anstream::stderr()), cli.quiet);
    let outcome = run(&cli, &mut talk);
    match outcome {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            talk.say(&format!("error: {error:#}\n"));
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let root = |path: &Option<std::path::PathBuf>| settings::root(cli.directory.as_deref(), path.as_deref());
    match &cli.command {
        Command::Init(args) => workflow::init::run(&root(&args.path), settings::answers(&args.answers)?, settings::init(args, cli.verbose, cli.quiet), talk),
        Command::Detect(args) => workflow::detect::run(&root(&args.path), settings::answers(&args.answers)?, args.format == args::Format::Json, talk),
        Command::Check(args) => {
            let options = workflow::check::Options { json: args.format == args::Format::Json, verbose: cli.verbose };
            workflow::check::run(&root(&args.path), settings::answers(&args.answers)?, options, talk)
        }
        Command::Verify(args) => workflow::verify::run(&root(&args.path), &settings::verify(args, cli.quiet), talk),
        Command::Templates(args) => match &args.action {
            None | Some(TemplateAction::List) => workflow::templates::list(talk),
            Some(TemplateAction::Eject { names, to }) => workflow::templates::eject(names, &root(&Some(to.clone())), talk),
        },
        Command::Schema { of } => {
            talk.put(match of {
                SchemaOf::Detect => report::json::DETECT_SCHEMA,
                SchemaOf::Init => report::json::INIT_SCHEMA,
                SchemaOf::Check => report::json::CHECK_SCHEMA,
                SchemaOf::Config => report::json::CONFIG_SCHEMA,
            })?;
            Ok(Outcome::Done)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "dockgen", &mut script);
            talk.put(&String::from_utf8_lossy(&script))?;
            Ok(Outcome::Done)
        }
        Command::Man { to } => manual(&root(&Some(to.clone())), talk),
        Command::Stacks => workflow::stacks::run(talk),
    }
}

/// One page for the program and one for each of its commands.
fn manual(folder: &std::path::Path, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let mut program = Cli::command();
    program.build();
    let pages = std::iter::once(program.clone()).chain(program.get_subcommands().filter(|command| command.get_name() != "help").cloned());
    for command in pages {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut page = Vec::new();
        clap_mangen::Man::new(command).title(name.to_uppercase()).render(&mut page)?;
        let place = folder.join(format!("{name}.1"));
        let made = crate::write::create(&place, &String::from_utf8_lossy(&page)).map_err(|problem| anyhow::anyhow!(problem.message))?;
        talk.put(&format!("{:<10} {}\n", if made { "created" } else { "kept" }, place.display()))?;
    }
    Ok(Outcome::Done)
}
