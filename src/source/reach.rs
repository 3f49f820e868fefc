//! What a question reaches beyond its data: programs that run, and servers that hear secrets.

use super::aws;
use super::http::Http;
use super::registry::Source;
use super::requests::Engine;
use super::secret::Authentication;
use super::sql::{Sql, Where};

impl Source {
    /// Whether a program runs to answer it: one that prints the data, or one that prints a token.
    pub fn runs_a_program(&self) -> bool {
        match self {
            Source::Exec(_) => true,
            Source::Requests(asked) => match asked.log.table.as_ref().map(|table| &table.engine) {
                Some(Engine::Exec(_)) => true,
                Some(Engine::Http(store)) => store.authentication.runs_a_program(),
                Some(Engine::Sql(_)) | None => false,
            },
            Source::Http(store) => store.authentication.runs_a_program(),
            Source::Prometheus(server) => server.access.authentication.runs_a_program(),
            Source::File(_)
            | Source::CloudWatch(_)
            | Source::Alarms(_)
            | Source::Insights(_)
            | Source::LogEvents(_)
            | Source::Sql(_)
            | Source::Lost(_) => false,
        }
    }

    /// The servers that are asked, as addresses begin: scheme, host and port. Those of tokens are among them.
    pub fn servers(&self) -> Vec<String> {
        let of_aws = |access: &aws::Access| access.endpoint_url.iter().map(|url| begin(url)).collect();
        match self {
            Source::Requests(asked) => match asked.log.table.as_ref().map(|table| &table.engine) {
                Some(Engine::Http(store)) => of_store(store),
                Some(Engine::Sql(database)) => of_database(database),
                Some(Engine::Exec(_)) | None => Vec::new(),
            },
            Source::Http(store) => of_store(store),
            Source::Prometheus(server) => {
                [begin(&server.access.url)].into_iter().chain(server.access.authentication.server()).collect()
            }
            Source::Sql(database) => of_database(database),
            Source::CloudWatch(asked) => of_aws(&asked.access),
            Source::Alarms(asked) => of_aws(&asked.access),
            Source::Insights(asked) => of_aws(&asked.access),
            Source::LogEvents(asked) => of_aws(&asked.access),
            Source::File(_) | Source::Exec(_) | Source::Lost(_) => Vec::new(),
        }
    }
}

fn of_store(store: &Http) -> Vec<String> {
    let urls = store.requests.iter().map(|(_, request)| begin(&request.url.describe()));
    urls.chain(store.authentication.server()).collect()
}

fn of_database(database: &Sql) -> Vec<String> {
    vec![match &database.place {
        Where::Address(address) => format!("{:?}:{}", address.host, address.port),
        Where::Variable(name) => name.clone(),
    }]
}

impl Authentication {
    fn runs_a_program(&self) -> bool {
        matches!(self, Authentication::Helper(_))
    }

    /// The server that gives tokens.
    fn server(&self) -> Option<String> {
        match self {
            Authentication::OAuth2(client) => Some(begin(&client.token_url)),
            Authentication::None
            | Authentication::Bearer(_)
            | Authentication::Basic { .. }
            | Authentication::Helper(_)
            | Authentication::SigV4(_) => None,
        }
    }
}

/// The beginning of an address, up to its path.
fn begin(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find(['/', '?', '#', '\\']).map_or(url.len(), |at| after + at);
    url[..end].to_owned()
}
