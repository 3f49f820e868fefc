//! Opens a file for reading: what is no file is refused before anything waits for it.

use std::io::ErrorKind;
use std::path::Path;

use super::error::Error;

/// Opens a file.
///
/// # Errors
///
/// Unreachable: it does not exist, it cannot be opened, it is a folder, a pipe or a device.
pub(super) fn file(path: &Path) -> Result<std::fs::File, Error> {
    // to open a pipe is to wait for its writer, and a device may never end
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        let error = Error::unreachable("is a pipe or a device, not a file");
        return Err(error.hint("Write its content to a file first."));
    }
    let opened = std::fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::unreachable("does not exist"),
        _ => Error::unreachable(format!("cannot be opened ({error})")),
    })?;
    match opened.metadata() {
        Ok(about) if about.is_dir() => Err(Error::unreachable("is a folder, not a file")),
        _ => Ok(opened),
    }
}
