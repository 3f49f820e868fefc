//! Rules and data as a program writes them: checked constructors, and criteria as one text each.

mod data;
mod rules;
