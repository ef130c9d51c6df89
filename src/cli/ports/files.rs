//! `import` and `export`.

use std::path::PathBuf;

use super::super::{Context, Words};
use crate::error::{PortError, Result};
use crate::ports::named::{self, Format, NamedPorts, Turn};

pub(super) fn import(mut words: Words, turn: &Turn<'_>, cx: &mut Context) -> Result<()> {
    let file = words.shift_raw().ok_or(PortError::Usage("Usage: tsm ports import <file.toml>"))?;
    let file = PathBuf::from(file);
    let backup = turn.import(&file)?;
    cx.io.line(format_args!("Created backup: {}", backup.display()));
    cx.io.line(format_args!("Imported port configuration from {}", file.display()));
    super::warn(&named::load(&cx.config.layout), cx);
    cx.io.line("Port registry reloaded");
    Ok(())
}

pub(super) fn export(mut words: Words, named: &NamedPorts, cx: &mut Context) -> Result<()> {
    let usage = PortError::Usage("Usage: tsm ports export <file> [format]\nFormats: toml, json, env");
    let file = PathBuf::from(words.shift_raw().ok_or(usage)?);
    let word = words.shift().filter(|word| !word.is_empty()).unwrap_or_else(|| "toml".to_owned());
    let format = Format::named(&word).ok_or(PortError::UnknownFormat(word))?;
    named::export(named, &file, format, &cx.config.layout)?;
    let format = match format {
        Format::Toml => "TOML",
        Format::Json => "JSON",
        Format::Env => "environment",
    };
    cx.io.line(format_args!("Exported port configuration to {} ({format} format)", file.display()));
    Ok(())
}
