//! What a question reaches beyond its data: programs that run, and servers that hear secrets.

use super::registry::Source;
use super::secret::Authentication;

impl Source {
    /// Whether a program runs to answer it: one that prints the data, or one that prints a token.
    pub fn runs_a_program(&self) -> bool {
        let helps = |who: &Authentication| matches!(who, Authentication::Helper(_));
        match self {
            Source::Exec(_) => true,
            Source::Http(store) => helps(&store.authentication),
            Source::Prometheus(server) => helps(&server.access.authentication),
            _ => false,
        }
    }

    /// The servers that are asked, as addresses begin: scheme, host and port.
    pub fn servers(&self) -> Vec<String> {
        let urls: Vec<String> = match self {
            Source::Http(store) => store.requests.iter().map(|(_, request)| request.url.describe()).collect(),
            Source::Prometheus(server) => vec![server.access.url.clone()],
            _ => Vec::new(),
        };
        let begin = |url: String| {
            let after = url.find("://").map_or(0, |at| at + 3);
            let end = url[after..].find(['/', '?', '#', '\\']).map_or(url.len(), |at| after + at);
            url[..end].to_owned()
        };
        urls.into_iter().map(begin).collect()
    }
}
