// The words about moving in and out: a part of the table in en.ts.
import type { ExportTarget } from "../api";
import { moment, plural } from "./forms";

const target: Readonly<Record<ExportTarget, string>> = {
  "keyhaven": "Keyhaven: a sealed file with everything", "aegis-encrypted": "Aegis", "2fas-encrypted": "2FAS", "ente-encrypted": "Ente Auth",
  "aegis": "Aegis", "2fas": "2FAS", "ente": "Ente Auth", "proton": "Proton Authenticator", "bitwarden": "Bitwarden", "keepassxc-csv": "KeePassXC (CSV)",
  "google": "Google Authenticator (QR codes)", "otpauth": "Any other: a list of otpauth links", "html": "Paper: a page with QR codes (HTML)", "pdf": "Paper: a page with QR codes (PDF)",
};

export const moving = {
  export: {
    title: "Export accounts", open: "Export accounts…", lead: "For another authenticator, for paper, or as a sealed file that Keyhaven imports. Recovery codes are not exported here.",
    for: "For", sealed: "Sealed with a password", readable: "Readable by whoever has the file", target,
    accounts: "Accounts", filter: "Filter the accounts", all: "All", none: "None", chosen: (count: number, of: number) => (count === of ? `all ${of.toLocaleString("en")}` : `${count.toLocaleString("en")} of ${of.toLocaleString("en")}`),
    losses: "What will not be in it", noLosses: "Everything about these accounts is in it.", leftOut: "Left out", lost: "Lost",
    who: (names: readonly string[]) => (names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${plural(names.length - 3, "other", "others")}` : names.join(", ")),
    plain: "Whoever has this file can make all its codes, without any password. Import it, then remove it: Keyhaven reminds you.",
    password: "Password for this file", prove: "To see that it is you",
    go: (count: number) => (count === 0 ? "Nothing to export" : `Export ${plural(count, "account", "accounts")}…`), going: "Writing…",
    done: (paths: readonly string[]) => (paths.length === 1 ? `Written: ${paths[0] ?? ""}` : `Written: ${plural(paths.length, "file", "files")}, ${paths[0] ?? ""} …`),
    settings: "Export", still: "Readable exports that are still there", gone: "Not there any more, or on another computer",
    facts: (name: string, count: number, at: number) => `${name} · ${plural(count, "account", "accounts")} · ${moment.format(at)}`,
    bin: "Move to the bin", erase: "Erase", keep: "Keep, ask no more", removed: "The export is removed.", eraseHelp: "Erasing overwrites the file first. A bin, an SSD and copies made by synced folders may still hold it.",
    banner: (count: number) => (count === 1 ? "An export that anybody can read still lies on this computer." : `${count.toLocaleString("en")} exports that anybody can read still lie on this computer.`), bannerAction: "Remove it",
  },
} as const;
