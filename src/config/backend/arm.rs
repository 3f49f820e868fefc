//! The column that tells the arms apart, as meant.

use crate::config::values::Values;
use crate::config::written::arm::ArmColumnEntry;
use crate::series::Arm;
use crate::source::ArmColumn;
use crate::text::problem::Report;

/// The column with the value of the values' arm.
pub(super) fn arm_column(arm: &ArmColumnEntry, values: &Values, report: &mut Report) -> ArmColumn {
    if arm.baseline.value == arm.canary.value {
        report.add(arm.canary.place, format!("`{}` cannot mean both arms", arm.canary.value));
    }
    let (value, other) = match values.arm {
        Arm::Baseline => (&arm.baseline, &arm.canary),
        Arm::Canary => (&arm.canary, &arm.baseline),
    };
    ArmColumn {
        column: values.fill(&arm.column, report),
        value: values.fill(value, report),
        other: values.quietly(other),
    }
}
