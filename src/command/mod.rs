//! The command line: one file per subcommand, and the only place that joins layers, prints, and reads the clock.

#[cfg(feature = "serve")]
mod argo;
mod arms;
mod as_written;
mod border;
mod calibrate;
mod canaries;
mod check;
#[cfg(feature = "frames")]
mod columnar;
#[cfg(not(feature = "frames"))]
#[path = "columnar_disabled.rs"]
mod columnar;
mod compare;
mod console;
mod controller;
mod course;
mod demo;
mod diff;
mod discover;
mod doctor;
mod exit;
mod fetch;
mod formats;
#[cfg(feature = "serve")]
mod gates;
mod given;
mod history;
mod hooks;
mod import;
mod init;
#[cfg(feature = "serve")]
mod inline;
mod interrupt;
mod judge;
#[cfg(feature = "lambda")]
mod lambda;
mod learn;
mod look;
mod many;
mod outlets;
mod pipeline;
mod places;
mod plan;
mod print;
mod progress;
mod pushdown;
#[cfg(feature = "png")]
mod raster;
#[cfg(not(feature = "png"))]
#[path = "raster_disabled.rs"]
mod raster;
#[cfg(feature = "serve")]
mod remembered;
mod replay;
#[cfg(feature = "serve")]
mod reply;
mod report;
#[cfg(feature = "serve")]
mod serve;
mod sketch;
#[cfg(feature = "serve")]
mod soak;
mod suite;
mod test;
mod watch;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

pub use exit::{Exit, Failure};

use crate::cli::{Cli, Command};
use crate::plain;
use console::Console;

/// Runs davy with the given arguments (the program's name first) and says how to exit.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = started_by_lambda(arguments.into_iter().collect());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(asked) => {
            if let Some(meant) = meant(&asked, &arguments) {
                // Nothing sensible is left to do when stderr itself is gone.
                let _ = writeln!(std::io::stderr(), "error: {meant}");
                return Exit::Usage.into();
            }
            // Help and version are answers; a misuse is not.
            let printed = asked.print();
            let exit = if asked.use_stderr() { Exit::Usage } else { Exit::Pass };
            return ExitCode::from(if printed.is_err() && exit == Exit::Pass { Exit::Pass } else { exit });
        }
    };
    let console = Console::new(&cli);
    let result = match cli.command {
        Command::Judge(arguments) => judge::run(&console, arguments),
        Command::Watch(arguments) => watch::run(&console, arguments),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => return kept(console, |console| serve::run(console, arguments)),
        #[cfg(feature = "serve")]
        Command::ArgoPlugin(arguments) => return kept(console, |console| argo::run(console, arguments)),
        #[cfg(feature = "lambda")]
        Command::Lambda(arguments) => return kept(console, |console| lambda::run(console, arguments)),
        #[cfg(not(feature = "lambda"))]
        Command::Lambda(_) => Err(Failure::Misused(
            "this davy was built without the feature `lambda`: build it with `--features lambda`".into(),
        )),
        #[cfg(not(feature = "serve"))]
        Command::Serve(_) | Command::ArgoPlugin(_) => Err(Failure::Misused(
            "this davy was built without the feature `serve`: build it with `--features serve`".into(),
        )),
        Command::Compare(arguments) => compare::run(&console, arguments),
        Command::Fetch(arguments) => fetch::run(&console, arguments),
        Command::Replay(arguments) => replay::run(&console, arguments),
        Command::Diff(arguments) => diff::run(&console, &arguments),
        Command::Test(arguments) => test::run(&console, &arguments),
        Command::Check(arguments) => check::run(&console, arguments),
        Command::Plan(arguments) => plan::run(&console, arguments),
        Command::Calibrate(arguments) => calibrate::run(&console, arguments),
        Command::Demo(arguments) => demo::run(&console, &arguments),
        Command::Doctor => doctor::run(&console),
        Command::Init(arguments) => init::run(&console, arguments),
        Command::Import(arguments) => import::run(&console, &arguments),
        Command::Discover(arguments) => discover::run(&console, arguments),
        Command::Sketch(arguments) => sketch::run(&console, arguments),
        Command::Report(arguments) => report::run(&console, arguments),
        Command::Formats(arguments) => formats::run(&console, &arguments),
        Command::Packs { name } => print::packs(&console, name.as_deref()),
        Command::Schema { of } => print::schema(&console, of),
        Command::Completions { shell } => print::completions(&console, shell),
        Command::Man => print::manual(&console),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.error(&failure.to_string());
            failure.exit().into()
        }
    }
}

/// Lambda starts `bootstrap` without arguments, and says in a variable how logs are written.
fn started_by_lambda(arguments: Vec<OsString>) -> Vec<OsString> {
    let name = arguments.first().and_then(|program| Path::new(program).file_name());
    if arguments.len() != 1 || name != Some("bootstrap".as_ref()) {
        return arguments;
    }
    let is_json = std::env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format == "JSON");
    let more: &[&str] = if is_json { &["lambda", "--log-format", "json"] } else { &["lambda"] };
    arguments.into_iter().chain(more.iter().map(OsString::from)).collect()
}

/// What serves others keeps the console for as long as it runs.
#[cfg(feature = "serve")]
fn kept(console: Console, serve: impl FnOnce(Console) -> Result<Exit, Failure>) -> ExitCode {
    match serve(console) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            failure.exit().into()
        }
    }
}

/// What somebody meant who named files and no command.
fn meant(asked: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let words = arguments.get(1..)?;
    let paths: Vec<&OsString> = words.iter().take_while(|word| Path::new(word).exists()).collect();
    if asked.kind() != clap::error::ErrorKind::InvalidSubcommand || paths.is_empty() {
        return None;
    }
    let first = plain::path(Path::new(paths[0]));
    let all: Vec<String> = words.iter().map(|word| plain::line(&word.to_string_lossy())).collect();
    Some(format!("`{first}` is a file and not a command. To judge it, write `davy judge {}`", all.join(" ")))
}
