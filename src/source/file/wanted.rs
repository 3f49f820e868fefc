//! The columns that are worth keeping while a file is read.

use std::collections::BTreeSet;

use super::asked::File;
use super::bucket_names::may_be_of_buckets;
use super::usual;
use crate::source::Ask;

/// The columns worth keeping while a file is read.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Option<BTreeSet<String>>);

impl Wanted {
    /// All columns.
    pub fn all() -> Self {
        Wanted(None)
    }

    /// What these questions need, on top of what tells the time and the arms.
    pub fn by<'a>(questions: impl IntoIterator<Item = (&'a File, &'a Ask, Option<&'a str>)>) -> Self {
        let mut names = BTreeSet::new();
        for (file, ask, groups) in questions {
            names.extend(groups.map(str::to_string));
            names.extend(file.time.clone());
            names.extend(file.arm.as_ref().map(|arm| arm.column.clone()));
            names.extend(ask.instance().map(str::to_string));
            match &file.long {
                Some(long) => names.extend([long.name.clone(), long.value.clone()]),
                None => names.extend(ask.names().map(str::to_string)),
            }
        }
        Wanted(Some(names))
    }

    pub(super) fn keeps(&self, name: &str) -> bool {
        let asked = self.0.as_ref().is_none_or(|names| names.contains(name));
        asked
            || may_be_of_buckets(name)
            || usual::is_usual_time(name)
            || usual::is_usual_arm(name)
            || usual::is_usual_part(name)
            || usual::is_usual_unit(name)
    }
}
