//! Configurations that a service of AWS holds, read by one signed call. Their paths are below the root of the bundle.

use serde_json::{Value, json};

use crate::command::gates::Gates;
use crate::command::pipeline::Loaded;
use crate::plain;
use crate::serve::Refused;
use crate::url::encode;
use crate::web::account::{Account, Task, refusal};

/// A configuration is at most this long.
const MOST: u64 = 1024 * 1024;

/// The configuration of a parameter of SSM.
pub(super) fn of_ssm(gates: &Gates, name: &str) -> Result<Loaded, Refused> {
    read(gates, &format!("ssm:{name}"), |account| parameter(account, name))
}

/// The configuration of an object of S3.
pub(super) fn of_s3(gates: &Gates, bucket: &str, key: &str) -> Result<Loaded, Refused> {
    read(gates, &format!("s3://{bucket}/{key}"), |account| object(account, bucket, key))
}

fn read(gates: &Gates, called: &str, ask: impl FnOnce(&Account) -> Result<String, Refused>) -> Result<Loaded, Refused> {
    let said = |why: &str| format!("the configuration {called} cannot be read: {}", plain::line(why));
    let account = Account::open(None, None, None).map_err(|why| Refused::Wrong(said(&why)))?;
    let text = ask(&account).map_err(|refused| match refused {
        Refused::Source(why) => Refused::Source(said(&why)),
        Refused::Unknown(why) | Refused::Wrong(why) => Refused::Wrong(said(&why)),
    })?;
    gates.load_text(&text, called)
}

fn parameter(account: &Account, name: &str) -> Result<String, Refused> {
    let body = json!({ "Name": name, "WithDecryption": true });
    let answer = text(account, &Task::json("ssm", Some("AmazonSSM.GetParameter"), &body))?;
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let value = answer["Parameter"]["Value"].as_str().map(str::to_owned);
    value.ok_or_else(|| Refused::Wrong("something else than SSM answered: look at AWS_ENDPOINT_URL and proxies".into()))
}

/// An object of S3. The path has the bucket first, so that its name may have dots.
fn object(account: &Account, bucket: &str, key: &str) -> Result<String, Refused> {
    let path: Vec<String> = key.split('/').map(encode).collect();
    let path = format!("/{bucket}/{}", path.join("/"));
    let task = Task { service: "s3", method: "GET", path, headers: Vec::new(), body: String::new(), most: MOST };
    text(account, &task).map_err(|refused| match refused {
        Refused::Wrong(why) if why.contains("redirect") => {
            Refused::Wrong("the bucket is in another region than the function: copy it, or set AWS_REGION".into())
        }
        refused => refused,
    })
}

/// The text of an answer of a service.
fn text(account: &Account, task: &Task) -> Result<String, Refused> {
    let reply = account.call(task).map_err(|trouble| Refused::Source(trouble.why))?;
    if let Some(trouble) = refusal(&reply) {
        return Err(if trouble.may_pass { Refused::Source(trouble.why) } else { Refused::Wrong(trouble.why) });
    }
    if reply.is_cut {
        return Err(Refused::Wrong(format!("it has more than {} bytes", task.most)));
    }
    String::from_utf8(reply.body).map_err(|_| Refused::Wrong("it is not UTF-8 text".into()))
}
