//! The page's TypeScript, made from the table of commands and the view types; a test fails when the committed file differs.

use crate::{commands, events};
use keyhaven_app::camera::view::*;
use keyhaven_app::exporting::view::*;
use keyhaven_app::paper::Paper;
use keyhaven_app::readiness_view::*;
use keyhaven_app::recovery::view::*;
use keyhaven_app::safety_view::*;
use keyhaven_app::veil::{Veiled, VeiledDraft, VeiledPicture, VeiledSet};
use keyhaven_app::view::*;
use std::fmt::Write as _;
use ts_rs::{Config, TS};

/// One row of the table of commands.
pub(crate) struct Command {
    pub documentation: &'static str,
    pub name: &'static str,
    pub arguments: Vec<(&'static str, String)>,
    pub result: String,
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/api/generated.ts");

fn generate() -> String {
    let config = Config::new().with_large_int("number");
    let mut text = String::from(
        "// Generated from src-tauri/commands/mod.rs and crates/app/src/view.rs by\n\
         // `KEYHAVEN_WRITE_BINDINGS=1 cargo test -p keyhaven-desktop bindings`. Do not edit.\n\
         import { invoke } from \"@tauri-apps/api/core\";\n",
    );
    macro_rules! types {
        ($($name:ty),+ $(,)?) => {$(
            let _ = write!(text, "\nexport {}\n", <$name as TS>::decl(&config));
        )+};
    }
    types![
        Status,
        LockedView,
        KeyringState,
        OpenView,
        OpenedWith,
        KitState,
        Strength,
        NewVaultRequest,
        Kit,
        KitProof,
        KitFormat,
        AccountRow,
        KindName,
        AlgorithmName,
        Codes,
        CodeView,
        Offer,
        Found,
        Standing,
        OfferProblem,
        LockedFile,
        OpeningProgress,
        ScreenView,
        ScreenFrame,
        CameraChoice,
        CameraUse,
        CameraView,
        ExportParts,
        CameraPicture,
        CameraCode,
        ManualEntry,
        AccountDetail,
        HistoryEntry,
        AccountVersion,
        AccountChanges,
        Revealed,
        Proof,
        Copied,
        Settings,
        Paper,
        Theme,
        Sort,
        ChosenVault,
        RecoveryView,
        SetRow,
        SetKind,
        SetStanding,
        TidiedView,
        TidyWay,
        SetDetail,
        CodeRow,
        DocumentRow,
        Veiled,
        VeiledSet,
        VeiledPicture,
        SetChanges,
        UsedCode,
        Draft,
        DraftCode,
        DownloadOffer,
        DraftLine,
        LinePlace,
        DraftProblem,
        Correction,
        VeiledDraft,
        DraftChoices,
        KeptDraft,
        Readiness,
        CopyView,
        ReadyAccount,
        WayBack,
        Advice,
        Reminder,
        PagesView,
        DrillReport,
        DrilledSet,
        Loss,
        LossReason,
        Failure,
        FailureKind,
        BackupView,
        BackupState,
        BackupRotation,
        RestorePoint,
        PointPlace,
        RestorePoints,
        RestoreSource,
        RestorePreview,
        Holdings,
        Compared,
        LookAnswer,
        Look,
        MergeEffects,
        Difference,
        RecordName,
        Effect,
        VaultCopy,
        CopyMaker,
        CopyFate,
        SlotView,
        SlotName,
        RotationFate,
        Finding,
        DoctorReport,
        ExportTarget,
        ExportRequest,
        ExportPreview,
        ExportLoss,
        ExportWritten,
        PlainExport,
    ];
    text.push_str("\n/** Names of the events that the program sends, and what they carry. */\nexport interface Events {\n");
    for (name, payload) in events::table(&config) {
        let _ = writeln!(text, "  \"{name}\": {payload};");
    }
    text.push_str("}\n");
    for command in commands::table(&config) {
        let parameters: Vec<String> =
            command.arguments.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
        let names: Vec<&str> = command.arguments.iter().map(|(name, _)| *name).collect();
        let arguments =
            if names.is_empty() { String::new() } else { format!(", {{ {} }}", names.join(", ")) };
        let result = if command.result == "null" { "void" } else { &command.result };
        let _ = write!(
            text,
            "\n/** {} */\nexport const {} = ({}): Promise<{result}> => invoke(\"{}\"{arguments});\n",
            command.documentation,
            camel_case(command.name),
            parameters.join(", "),
            command.name,
        );
    }
    text
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads and writes the committed file")]
fn bindings_are_current() {
    let wanted = generate();
    if std::env::var_os("KEYHAVEN_WRITE_BINDINGS").is_some() {
        std::fs::write(FILE, &wanted).expect("ui/src/api is there");
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        committed == wanted,
        "ui/src/api/generated.ts is stale: KEYHAVEN_WRITE_BINDINGS=1 cargo test -p keyhaven-desktop bindings"
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the committed files")]
fn every_command_has_a_permission_and_every_permission_a_command() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src-tauri");
    let permissions =
        std::fs::read_to_string(format!("{root}/permissions/commands.toml")).expect("permissions");
    let capability = std::fs::read_to_string(format!("{root}/capabilities/main.json")).expect("capability");
    let table = commands::table(&Config::new());
    for command in &table {
        let id = format!("allow-{}", command.name.replace('_', "-"));
        assert!(
            permissions.contains(&format!("identifier = \"{id}\"")),
            "{id} is not in permissions/commands.toml"
        );
        assert!(
            permissions.contains(&format!("commands.allow = [\"{}\"]", command.name)),
            "{} is not allowed",
            command.name
        );
        assert!(capability.contains(&format!("\"{id}\"")), "{id} is not in capabilities/main.json");
    }
    assert_eq!(permissions.matches("commands.allow").count(), table.len(), "a permission without a command");
}
