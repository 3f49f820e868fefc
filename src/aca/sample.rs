//! What the rule compares: two bags of numbers with a name.

/// Both series of one metric, not a number where a step has no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// The identifier of the pair, for whoever asked.
    pub id: String,
    /// The labels that tell several pairs of one metric apart.
    pub tags: Vec<(String, String)>,
    /// The side that is known to be good.
    pub control: Vec<f64>,
    /// The side under judgement.
    pub experiment: Vec<f64>,
}
