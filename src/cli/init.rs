//! `tsm init ENVIRONMENT`: make `env/ENVIRONMENT.env` from `tetra.toml`, or else from a template.

use std::path::Path;

use super::{Context, Io, USAGE, Words};
use crate::config;
use crate::envfile::{self, DIR, Generated, TETRA_TOML, Target, Variable};
use crate::error::Result;

const FAILED: u8 = 1;
/// How many of the variables are shown.
const SHOWN: usize = 10;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("init")
        .about("Make an environment file from tetra.toml or a template")
        .override_usage("tsm init <environment>")
        .arg(
            clap::Arg::new("environment")
                .value_name("environment")
                .required(true)
                .help("The name in env/<environment>.env: dev, staging…"),
        )
}

/// Ignores the words after the first.
pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let io = &mut cx.io;
    let environment = words.shift().unwrap_or_default();
    if environment.is_empty() {
        return Ok(explain(io));
    }
    let target = Target::new(environment);
    match envfile::read(Path::new(TETRA_TOML))? {
        Some(document) => from_toml(&document, &target, io),
        None => from_template(&target, io),
    }
}

fn explain(io: &mut Io) -> u8 {
    io.line("Usage: tsm init <environment>");
    io.line("Examples:");
    io.line("  tsm init dev      # Create env/dev.env from template");
    io.line("  tsm init staging  # Create env/staging.env from template");
    USAGE
}

fn from_toml(document: &[u8], target: &Target, io: &mut Io) -> Result<u8> {
    io.line(format_args!("🔧 Using {TETRA_TOML} for environment generation"));
    io.line(format_args!("🎯 Target: {target}\n"));
    if !may_write(target, "⚠️  Warning", io) {
        return Ok(FAILED);
    }
    envfile::make_dir()?;
    io.line(format_args!("🔄 Generating {target} from {TETRA_TOML}..."));
    let Some(generated) = generate(document, target, io) else {
        io.line(format_args!("❌ Failed to generate {target} from TOML"));
        return Ok(FAILED);
    };
    io.line(format_args!("✅ Created {target} from {TETRA_TOML}\n"));
    show_variables(&generated, io);
    show_placeholders(&generated, target, io);
    Ok(next_steps(target, io))
}

/// Writes the file, or says why not.
fn generate(document: &[u8], target: &Target, io: &mut Io) -> Option<Generated> {
    let Some(generated) = envfile::generate(document, target, |name| config::variable(name)) else {
        let section = target.environment();
        io.error(format_args!("Error: Environment section [{section}] not found in {TETRA_TOML}"));
        return None;
    };
    for note in &generated.notes {
        io.error(note);
    }
    envfile::write(target, &generated.text()).inspect_err(|error| io.failure(error)).ok()?;
    Some(generated)
}

fn from_template(target: &Target, io: &mut Io) -> Result<u8> {
    let template = target.template();
    let found = if target.is_inside() { envfile::read(&template)? } else { None };
    let template = template.display();
    let Some(bytes) = found else {
        io.line("❌ Neither tetra.toml nor template found");
        io.line(format_args!("Missing: {TETRA_TOML} and {template}\n"));
        show_templates(io);
        io.line("\n💡 Create tetra.toml for enhanced configuration management");
        return Ok(FAILED);
    };
    if !may_write(target, "Warning", io) {
        return Ok(FAILED);
    }
    envfile::write(target, &bytes)?;
    io.line(format_args!("✅ Created {target} from {template}\n"));
    io.line(format_args!("⚠️  IMPORTANT: Edit {target} and replace placeholder values with real secrets"));
    Ok(next_steps(target, io))
}

/// Asks when there is a file already.
fn may_write(target: &Target, warning: &str, io: &mut Io) -> bool {
    if !target.exists() {
        return true;
    }
    io.line(format_args!("{warning}: {target} already exists"));
    let answer = io.ask("Overwrite? (y/N): ");
    io.line("");
    let agreed = matches!(answer, Some(b'y' | b'Y'));
    if !agreed {
        io.line("Cancelled");
    }
    agreed
}

fn show_templates(io: &mut Io) {
    io.line("Available templates:");
    let templates = envfile::templates(Path::new(DIR));
    for name in &templates {
        io.line_bytes(Path::new(DIR).join(name).as_os_str().as_encoded_bytes());
    }
    if templates.is_empty() {
        io.line("  No templates found");
    }
}

fn show_variables(generated: &Generated, io: &mut Io) {
    io.line("📋 Generated variables:");
    for variable in generated.variables.iter().take(SHOWN) {
        show(variable, io);
    }
    let more = generated.variables.len().saturating_sub(SHOWN);
    if more > 0 {
        io.line(format_args!("  ... and {more} more"));
    }
    io.line("");
}

fn show_placeholders(generated: &Generated, target: &Target, io: &mut Io) {
    let placeholders = || generated.variables.iter().filter(|variable| variable.placeholder().is_some());
    if placeholders().next().is_none() {
        io.line("✅ All secrets resolved successfully");
        return;
    }
    io.line("⚠️  IMPORTANT: Found placeholder values that need real secrets:");
    for variable in placeholders() {
        show(variable, io);
    }
    io.line("\nSet environment variables and regenerate:");
    for name in placeholders().filter_map(Variable::placeholder) {
        io.line_bytes(&[b"  export ", name, b"=\"your_secret_here\""].concat());
    }
    io.line(format_args!("  tetra env init {}", target.environment()));
}

fn show(variable: &Variable, io: &mut Io) {
    io.line_bytes(&[b"  ", &*variable.assignment()].concat());
}

fn next_steps(target: &Target, io: &mut Io) -> u8 {
    io.line(format_args!("⚠️  Never commit {target} to git - it's protected by .gitignore"));
    io.line("\nNext steps:");
    io.line(format_args!("  1. Edit {target} with your actual secrets (if needed)"));
    io.line(format_args!("  2. Use: tsm start --env {target} your-script.sh"));
    0
}
