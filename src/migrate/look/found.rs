//! An old record, and where it was found.

use crate::migrate::place::Place;
use crate::migrate::sources::{Old, Parsed};
use crate::migrate::tree::Listing;
use crate::sys::facts::Facts;

/// Where an old record was found, in the order of discovery: of two that are equally old the later one counts.
#[derive(Clone, Debug)]
pub enum Origin {
    /// `tsm/processes/NAME.meta`
    Early,
    /// `tsm/runtime/processes/NAME`
    Extensionless,
    /// `tsm/runtime/processes/NAME.meta`
    Runtime,
    /// `tsm/db/SECOND.tsm.meta`; the text of the second.
    Instance(String),
    /// `tsm/runtime/processes/NAME/meta.json`
    Folder(Folder),
}

impl Origin {
    /// Its place in the order.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Early => 0,
            Self::Extensionless => 1,
            Self::Runtime => 2,
            Self::Instance(_) => 3,
            Self::Folder(_) => 4,
        }
    }
}

/// One old record, whatever can be made of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file.
    pub place: Place,
    /// What the file is.
    pub facts: Facts,
    /// Where it was found.
    pub origin: Origin,
    /// The name of its process; `None` where it has none, or where no process can be called so.
    pub name: Option<String>,
    /// What it says, or why it is refused.
    pub read: Parsed,
}

impl Found {
    /// What a refusal names: of a record in a directory of its own that directory.
    pub fn refused_place(&self) -> &Place {
        match &self.origin {
            Origin::Folder(folder) => &folder.place,
            _ => &self.place,
        }
    }

    /// Its file, and the directory of its own if it has one, as they were when they were looked at.
    pub fn files(&self) -> impl Iterator<Item = (&Place, &Facts)> {
        let folder = match &self.origin {
            Origin::Folder(folder) => Some((&folder.place, &folder.facts)),
            _ => None,
        };
        folder.into_iter().chain([(&self.place, &self.facts)])
    }

    /// Whether its file goes with the directory that it is in.
    pub fn is_in_folder(&self) -> bool {
        matches!(self.origin, Origin::Folder(_))
    }

    /// What it says, if it can be believed.
    pub fn old(&self) -> Option<&Old> {
        self.read.as_ref().ok()
    }
}

/// `runtime/processes/NAME/`
#[derive(Clone, Debug)]
pub struct Folder {
    /// Itself.
    pub place: Place,
    /// What it is.
    pub facts: Facts,
    /// What is in it.
    pub entries: Listing,
}
