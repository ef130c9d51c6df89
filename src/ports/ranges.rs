//! The port ranges of the deployments, and the standard ports of the known services. A convention: no file changes it,
//! and `allocate` does not use it.

/// A deployment's name as it is shown, and its ports.
pub const RANGES: [(&str, &str); 4] = [
    ("dev (development):", "5000-5999"),
    ("staging:", "6000-6999"),
    ("proxy (hotrod):", "7000-7999"),
    ("prod (production):", "8000-8999"),
];

/// The deployments that a known service has a port for.
pub const DEPLOYMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// A known service and its port in each of the [`DEPLOYMENTS`].
pub const SERVICES: [(&str, [Option<u16>; 3]); 5] = [
    ("arcade", [Some(5800), Some(6800), Some(8800)]),
    ("devpages", [None, Some(6000), Some(8000)]),
    ("pbase", [Some(5600), Some(6600), Some(8600)]),
    ("tetra", [Some(5444), Some(6444), Some(8444)]),
    ("tserve", [Some(5500), Some(6500), Some(8500)]),
];

/// Ports that are nobody's to manage.
pub const IGNORED: [u16; 6] = [5000, 22, 80, 443, 3306, 5432];
