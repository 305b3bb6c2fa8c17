//! Scala, built by sbt or Mill: the virtual machine's own detector knows its facts.

use super::Recogniser;
use crate::detect::java;

/// The recogniser.
pub const SCALA: Recogniser = Recogniser { stacks: &["scala"], claims: java::claims_scala, draft: java::draft_scala };
