//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    davy::command::run(std::env::args_os())
}
