//! Service definitions are their user's: the early ones are copied, none is changed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};

use super::draft::Draft;
use crate::migrate::look::{Satellite, with_ending};
use crate::migrate::place::Place;
use crate::migrate::places::{self, EARLY_ENABLED, EARLY_SERVICES, ENABLED, SERVICES};
use crate::migrate::step::{Phase, Step};
use crate::migrate::verdict::Code;
use crate::sys::facts::{Facts, Kind};

/// What early definitions are called.
const EARLY: &str = ".tsm.sh";

/// Longer than any definition.
const LARGEST: u64 = 1 << 24;

/// Plans the copies, and says what is odd about links.
pub(super) fn plan(draft: &mut Draft<'_>) -> io::Result<()> {
    let look = draft.look;
    for (stem, file, facts) in with_ending(look.list_of(EARLY_SERVICES), EARLY) {
        if facts.kind == Kind::File {
            copy(stem, &places::at(EARLY_SERVICES, file), facts, draft)?;
        }
    }
    for (stem, _, facts) in with_ending(look.list_of(EARLY_ENABLED), EARLY) {
        if facts.kind == Kind::Link {
            enable(stem, draft)?;
        }
    }
    odd_links(draft)
}

fn copy(stem: &OsStr, from: &Place, facts: &Facts, draft: &mut Draft<'_>) -> io::Result<()> {
    let to = places::at(SERVICES, tsm(stem));
    let bytes = draft.tree.dir_of(from)?.read(from.name(), LARGEST)?;
    match draft.look.satellite(SERVICES, to.name()) {
        None => draft.write(Phase::Services, to, bytes, facts.mode, None),
        Some(there) if is_equal(&there, &bytes, draft) => Ok(()),
        Some(_) => {
            draft.report.keep(from, "exists");
            Ok(())
        }
    }
}

fn is_equal(there: &Satellite, bytes: &[u8], draft: &Draft<'_>) -> bool {
    let read = draft.tree.dir_of(&there.place).and_then(|dir| dir.read(there.place.name(), LARGEST));
    read.is_ok_and(|there| there == bytes)
}

fn enable(stem: &OsStr, draft: &mut Draft<'_>) -> io::Result<()> {
    let place = places::at(ENABLED, tsm(stem));
    if draft.tree.facts(&place)?.is_some() {
        return Ok(());
    }
    draft.make_dir(Phase::Services, place.dir())?;
    draft.add(
        Phase::Services,
        Step::Link { path: place, text: Place::new("../services-available").join(tsm(stem)) },
    );
    Ok(())
}

fn tsm(stem: &OsStr) -> OsString {
    let mut name = stem.to_owned();
    name.push(".tsm");
    name
}

fn odd_links(draft: &mut Draft<'_>) -> io::Result<()> {
    for (name, facts) in draft.tree.list(Path::new(ENABLED))? {
        if facts.kind == Kind::Link
            && let Some(code) = oddity(&name, draft)?
        {
            draft.report.warn(&places::at(ENABLED, &name), code, "");
        }
    }
    Ok(())
}

/// By the link's text alone.
fn oddity(name: &OsStr, draft: &Draft<'_>) -> io::Result<Option<Code>> {
    let Some(dir) = draft.tree.dir(Path::new(ENABLED))? else { return Ok(None) };
    let text = dir.link_text(name)?;
    let Some(target) = inside(Path::new(&text), draft) else { return Ok(Some(Code::EnabledOutside)) };
    if target == Path::new(ENABLED).join(name) {
        return Ok(Some(Code::EnabledLoop));
    }
    let is_there = draft.tree.facts(&Place::new(target))?.is_some();
    Ok((!is_there).then_some(Code::EnabledDangling))
}

/// Where in the installation a link leads to, if it leads there.
fn inside(text: &Path, draft: &Draft<'_>) -> Option<std::path::PathBuf> {
    if text.is_absolute() {
        return text.strip_prefix(draft.layout.tetra()).ok().map(Path::to_owned);
    }
    let mut path = Path::new(ENABLED).to_owned();
    for component in text.components() {
        match component {
            Component::ParentDir if !path.pop() => return None,
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    Some(path)
}
