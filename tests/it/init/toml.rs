//! `tetra.toml`

use super::{TOML, answered, files, mode, text};
use crate::harness::{Home, assert_transcript, finish};

#[test]
fn a_document_counts_before_a_template() {
    let home = Home::new();
    home.put_work("env/dev.env.tmpl", "template\n");
    home.put_work("tetra.toml", TOML);
    assert_transcript!(home, home.tsm(&["init", "dev"]), @r#"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    🔄 Generating env/dev.env from tetra.toml...
    ✅ Created env/dev.env from tetra.toml

    📋 Generated variables:
      PORT="8000"

    ✅ All secrets resolved successfully
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    "#);
    assert_eq!(text(&home, "env/dev.env"), "export PORT=\"8000\"\n");
    assert_eq!(mode(&home, "env/dev.env"), 0o600);
    assert!(home.tree().is_empty());
}

#[test]
fn values_are_resolved_and_undefined_references_left() {
    let home = Home::new();
    home.put_work(
        "tetra.toml",
        concat!(
            "[variables]\nport = 8000\nurl = \"http://${infrastructure.ip}:${variables.port}/\"\n",
            "[environments.dev]\n# a remark\n",
            "url = \"${variables.url}\"\nboth = ${variables.no}-${variables.port}-${infrastructure.no}\n",
            "run = $(touch pwned)`touch pwned`\n",
            "[infrastructure]\nip = \"1.2.3.4\"\n",
        ),
    );
    assert_transcript!(home, home.tsm(&["init", "dev"]), @r#"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    🔄 Generating env/dev.env from tetra.toml...
    ✅ Created env/dev.env from tetra.toml

    📋 Generated variables:
      URL="http://1.2.3.4:8000/"
      BOTH="${variables.no}-8000-${infrastructure.no}"
      RUN="$(touch pwned)`touch pwned`"

    ✅ All secrets resolved successfully
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    Warning: Undefined variable reference: ${variables.no}
    Warning: Undefined infrastructure reference: ${infrastructure.no}
    "#);
    assert_eq!(
        text(&home, "env/dev.env"),
        concat!(
            "export URL=\"http://1.2.3.4:8000/\"\n",
            "export BOTH=\"${variables.no}-8000-${infrastructure.no}\"\n",
            "export RUN=\"$(touch pwned)`touch pwned`\"\n",
        )
    );
    assert!(!home.work().join("pwned").exists());
}

#[test]
fn secrets_come_from_the_environment_or_stay_to_be_filled_in() {
    let home = Home::new();
    home.put_work("tetra.toml", "[environments.dev]\na = \"var.ONE\"\nb = var.TWO\nc = var.THREE\nd = 4\n");
    let mut command = home.tsm_command(&["init", "dev"]);
    assert_transcript!(home, finish(command.env("ONE", "s1").env("TWO", "")), @r#"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    🔄 Generating env/dev.env from tetra.toml...
    ✅ Created env/dev.env from tetra.toml

    📋 Generated variables:
      A="s1"
      B="PLACEHOLDER_TWO_HERE"
      C="PLACEHOLDER_THREE_HERE"
      D="4"

    ⚠️  IMPORTANT: Found placeholder values that need real secrets:
      B="PLACEHOLDER_TWO_HERE"
      C="PLACEHOLDER_THREE_HERE"

    Set environment variables and regenerate:
      export TWO="your_secret_here"
      export THREE="your_secret_here"
      tetra env init dev
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    ✓ Injected secret from $ONE
    ⚠️  Secret placeholder: var.TWO (set $TWO environment variable)
    ⚠️  Secret placeholder: var.THREE (set $THREE environment variable)
    "#);
    assert_eq!(
        text(&home, "env/dev.env"),
        concat!(
            "export A=\"s1\"\nexport B=\"PLACEHOLDER_TWO_HERE\"\n",
            "export C=\"PLACEHOLDER_THREE_HERE\"\nexport D=\"4\"\n",
        )
    );
}

#[test]
fn ten_variables_are_shown() {
    for (count, tail) in
        [(10, "  K10=\"10\"\n\n"), (11, "  K10=\"10\"\n  ... and 1 more\n\n"), (25, "... and 15 more\n\n")]
    {
        let home = Home::new();
        let lines: String = (1..=count).map(|number| format!("k{number} = {number}\n")).collect();
        home.put_work("tetra.toml", format!("[environments.dev]\n{lines}"));
        let output = home.tsm(&["init", "dev"]);
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains(tail), "{shown}");
        assert!(!shown.contains("K11="), "{shown}");
        assert_eq!(text(&home, "env/dev.env").lines().count(), count);
    }
}

#[test]
fn a_missing_section_writes_nothing() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    home.put_work("env/prod.env", "old\n");
    assert_transcript!(home, answered(&home, "prod", "y"), @"
    status 1
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/prod.env

    ⚠️  Warning: env/prod.env already exists

    🔄 Generating env/prod.env from tetra.toml...
    ❌ Failed to generate env/prod.env from TOML
    --- stderr
    Error: Environment section [prod] not found in tetra.toml
    ");
    assert_eq!(text(&home, "env/prod.env"), "old\n");
    assert_eq!(files(&home), ["prod.env"]);

    assert_eq!(home.tsm(&["init", "de"]).status.code(), Some(1));
    assert_eq!(files(&home), ["prod.env"]);
}

#[test]
fn line_ends_do_not_matter() {
    for document in [
        "[variables]\r\nv = \"1\"\r\n[environments.dev]\r\na = \"${variables.v}\"\r\nb = var.S\r\n",
        "[variables]\nv = \"1\"\n[environments.dev]\na = \"${variables.v}\"\nb = var.S",
    ] {
        let home = Home::new();
        home.put_work("tetra.toml", document);
        assert!(finish(home.tsm_command(&["init", "dev"]).env("S", "s")).status.success());
        assert_eq!(text(&home, "env/dev.env"), "export A=\"1\"\nexport B=\"s\"\n");
    }
}
