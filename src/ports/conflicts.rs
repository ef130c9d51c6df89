//! Services whose ports somebody else has.

use std::collections::BTreeMap;

use super::holders::Use;
use super::named::NamedPorts;

/// A named port that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The service.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// Who has it.
    pub used: Use,
}

/// All of them, by service. `is_its_own` tells whether a service itself uses its port.
pub fn find(
    named: &NamedPorts,
    uses: &BTreeMap<u16, Use>,
    is_its_own: impl Fn(&str, u16, &Use) -> bool,
) -> Vec<Conflict> {
    let conflict = |(name, port): (&str, u16)| {
        let used = uses.get(&port).filter(|used| !is_its_own(name, port, used))?;
        Some(Conflict { name: name.to_owned(), port, used: used.clone() })
    };
    named.ports().filter_map(conflict).collect()
}
