//! Graphite's raw answers, `target,start,end,step|1.0,2.0,None`, as a table: a row for each point.

use super::rewrite::{Rewrite, most};
use crate::source::error::Error;

struct Raw {
    is_first: bool,
}

/// For a file that begins with such lines.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    most(lines, |line| parts(line).is_some()).then(|| Box::new(Raw { is_first: true }) as Box<dyn Rewrite>)
}

/// A line's target, start, step and values. A target may have commas itself.
fn parts(line: &[u8]) -> Option<(&str, u64, u64, &str)> {
    let (head, values) = std::str::from_utf8(line).ok()?.split_once('|')?;
    let mut numbers = head.rsplitn(4, ',');
    let mut number = || numbers.next()?.trim().parse::<u64>().ok();
    let (step, end, start) = (number()?, number()?, number()?);
    let target = numbers.next()?;
    (step > 0 && start < end && (end - start) / step < 1_000_000).then_some((target, start, step, values))
}

impl Rewrite for Raw {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let Some((target, start, step, values)) = parts(line) else {
            return Err(Error::unreadable("is not a series of Graphite").expected("target,start,end,step|values"));
        };
        if std::mem::take(&mut self.is_first) {
            out.extend_from_slice(b"time,metric,value\n");
        }
        let target = target.replace('"', "\"\"");
        let points = values.split(',').zip(0..).map(|(value, at)| {
            let value = if value.trim() == "None" { "" } else { value.trim() };
            format!("{},\"{target}\",{value}", start + at * step)
        });
        out.extend_from_slice(points.collect::<Vec<_>>().join("\n").as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_line_is_a_series() {
        let text = read("shop.p95,1795946400,1795946520,60|1.5,None\nsum(a,b),1795946400,1795946460,60|2\n");
        assert_eq!(
            text,
            "time,metric,value\n1795946400,\"shop.p95\",1.5\n1795946460,\"shop.p95\",\n1795946400,\"sum(a,b)\",2\n"
        );
    }
}
