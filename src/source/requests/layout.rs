//! A layout of one's own: where the fields of a line are, in the words of nginx, Apache or Envoy, or as a pattern with names.
//!
//! ```text
//! $remote_addr [$time_local] "$request" $status $request_time      nginx's log_format
//! %h %l %u %t "%r" %>s %b %D                                       Apache's LogFormat
//! [%START_TIME%] "%REQ(:METHOD)%" %RESPONSE_CODE% %DURATION%       Envoy's access log
//! {time} {level} status={status:int} took={latency:ms}             a pattern
//! ```
//!
//! All become the same pieces: texts that stand in every line, and fields between them. A field ends where the next
//! text begins. What servers write into a variable is documented, so its unit needs no guess; a pattern says it.

mod apache;
mod copied;
mod envoy;
mod nginx;
mod pattern;
mod pieces;
pub(super) mod strftime;

pub use super::condition::Mistake;
pub(super) use pieces::{Field, Holds, Piece};
use pieces::{Placed, mistake};

/// Where the fields of a line are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// As it is written.
    pub text: String,
    /// Texts and fields in turn: no two of a kind stand beside each other.
    pub(super) pieces: Vec<Piece>,
    /// Only lines with this text have requests. Without it all lines have.
    pub(super) only: Option<String>,
    /// Whether a space stands for some: programs pad their columns, and servers do not.
    pub(super) padded: bool,
}

impl Layout {
    /// Reads a layout.
    ///
    /// # Errors
    ///
    /// Where in the text something is wrong, what, and what to write.
    pub fn parse(text: &str) -> Result<Layout, Mistake> {
        let copied = copied::text(text);
        // what is around a copied layout has no place of its own
        let place = |at| if text.starts_with(copied.as_ref()) { at } else { 0 };
        Layout::of(&copied).map_err(|mistake| Mistake { at: place(mistake.at), ..mistake })
    }

    fn of(text: &str) -> Result<Layout, Mistake> {
        let is_pattern = !nginx::is(text) && pattern::is(text);
        let pieces = match () {
            () if !envoy::is(text)
                && let Some(mistake) = copied::foreign(text) =>
            {
                return Err(mistake);
            }
            () if nginx::is(text) => nginx::parse(text)?,
            () if pattern::is(text) => pattern::parse(text)?,
            () if envoy::is(text) => envoy::parse(text)?,
            () if apache::is(text) => apache::parse(text)?,
            () if text.contains('{') => pattern::parse(text)?,
            () => {
                let problem = "the layout has no field";
                return Err(mistake(0, problem, "write `$status` as nginx has it, `%>s` as Apache, or `{status:int}`"));
            }
        };
        check(&pieces)?;
        let pieces = pieces.into_iter().map(|(_, piece)| piece).collect();
        Ok(Layout { text: text.to_owned(), pieces, only: None, padded: is_pattern })
    }

    /// The same of lines that have this text in them: others are not requests.
    pub fn of_lines_with(self, text: String) -> Layout {
        Layout { only: Some(text), ..self }
    }

    /// The field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.name == name)
    }

    /// The fields that have a name, in their order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field) if !field.name.is_empty() => Some(field),
            _ => None,
        })
    }

    /// What the field is called that is this one of all.
    pub(super) fn name_of(&self, place: usize) -> Option<String> {
        let all =
            self.pieces.iter().filter_map(|piece| if let Piece::Field(field) = piece { Some(field) } else { None });
        all.map(|field| if field.name.is_empty() { "_".to_owned() } else { field.name.clone() }).nth(place)
    }

    /// Whether a line may have a request.
    pub(super) fn is_about(&self, line: &[u8]) -> bool {
        self.only.as_ref().is_none_or(|only| memchr::memmem::find(line, only.as_bytes()).is_some())
    }

    /// The fields that may say how long a request took.
    pub(super) fn spans(&self) -> Vec<&str> {
        let is = |field: &&Field| match &field.holds {
            Holds::Took(_) | Holds::Written => true,
            Holds::Several | Holds::Number => field.name.contains("time") || field.name.contains("duration"),
            _ => false,
        };
        self.fields().filter(is).map(|field| field.name.as_str()).collect()
    }

    /// Whether a field is the first line of a request, which has a method and a path.
    pub(super) fn has_request(&self) -> bool {
        self.fields().any(|field| field.holds == Holds::Request)
    }
}

/// What no line can be split by.
fn check(pieces: &[Placed]) -> Result<(), Mistake> {
    let mut names: Vec<&str> = Vec::new();
    for (at, piece) in pieces {
        let Piece::Field(field) = piece else { continue };
        if !field.name.is_empty() && names.contains(&field.name.as_str()) {
            let problem = format!("two fields are called `{}`", field.name);
            return Err(mistake(*at, problem, "give one another name, or write `{_}` for what is not needed"));
        }
        names.push(&field.name);
    }
    for two in pieces.windows(2) {
        if let [(_, Piece::Field(one)), (at, Piece::Field(other))] = two {
            let problem = format!("nothing stands between {} and {}", called(one), called(other));
            return Err(mistake(*at, problem, "write what separates them in the log, or make them one field"));
        }
    }
    for (at, piece) in pieces.iter().rev().skip(1).rev() {
        let Piece::Field(field) = piece else { continue };
        let next = pieces.iter().find(|(begin, piece)| begin > at && matches!(piece, Piece::Text(_)));
        let by_space =
            next.is_some_and(|(_, piece)| matches!(piece, Piece::Text(text) if text.starts_with([' ', '\t'])));
        let spaced = matches!(field.name.as_str(), "http_user_agent" | "http_cookie" | "request_body" | "user_agent");
        if by_space && spaced {
            let problem = format!("{} has spaces in it, and so it does not end at a space", called(field));
            return Err(mistake(*at, problem, "put it into quotes in the log and here, or move it to the end"));
        }
    }
    Ok(())
}

fn called(field: &Field) -> String {
    if field.name.is_empty() { "a field without a name".to_owned() } else { format!("`{}`", field.name) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
