//! Rows of a rate that have one of its two counts: they do not count, which the verdict must say.

use crate::series::Remark;

/// How many rows of a rate have one of its two counts, and how many have any.
#[derive(Debug, Default)]
pub(super) struct Half {
    rows: usize,
    of: usize,
}

impl Half {
    /// Rows without a single request lack nothing.
    pub(super) fn see(&mut self, rows: impl Iterator<Item = [Option<f64>; 2]>, has_total: bool) {
        for cells in rows {
            let any = match cells {
                [Some(total), _] if has_total => total > 0.0,
                [one, other] => !has_total && (one.is_some() || other.is_some()),
            };
            self.of += usize::from(any);
            self.rows += usize::from(any && cells.contains(&None));
        }
    }

    /// What the verdict says of rows that do not count, although they count something. One in ten is too many to pass.
    pub(super) fn remark(&self, [total, bad, good]: [Option<&str>; 3]) -> Option<Remark> {
        let Half { rows, of } = self;
        let (one, other) = (total.or(bad)?, if total.is_some() { bad.or(good)? } else { good? });
        let lack = match total {
            Some(_) => format!("{rows} of {of} rows with `{one}` have no `{other}`"),
            None => format!("{rows} of {of} rows have only one of `{one}` and `{other}`"),
        };
        let text = format!("{lack}: they are left out; if an empty cell means none, write {}", Remark::ZERO);
        match *rows {
            0 => None,
            // an arm without any of them has no points at all, which is said elsewhere
            _ if rows == of => None,
            _ if rows * 10 >= *of => Some(Remark::incomplete(text)),
            _ => Some(Remark::note(text)),
        }
    }
}
