// Generated from src-tauri/commands/mod.rs and crates/app/src/view.rs by
// `KEYHAVEN_WRITE_BINDINGS=1 cargo test -p keyhaven-desktop bindings`. Do not edit.
import { invoke } from "@tauri-apps/api/core";

export type Status = { "phase": "absent", 
/**
 * The folder in which a new vault will be kept.
 */
folder: string, 
/**
 * Whether the operating system's keyring answers, so that "also unlock with the keyring" can be offered.
 */
keyring: KeyringState, } | { "phase": "locked" } & LockedView | { "phase": "unreadable", 
/**
 * Where the file is.
 */
path: string, 
/**
 * What is wrong with it.
 */
error: Failure, } | { "phase": "open" } & OpenView;

export type LockedView = { 
/**
 * The vault's own name for itself, in short groups; not a secret.
 */
vault_id: string, 
/**
 * Where the file is.
 */
path: string, 
/**
 * Last save, Unix milliseconds.
 */
saved_at: number, 
/**
 * Whether there is a passphrase to ask for.
 */
has_passphrase: boolean, 
/**
 * Whether there is a recovery key to ask for.
 */
has_recovery_key: boolean, 
/**
 * Whether the vault has a slot for the keyring at all.
 */
has_keyring: boolean, 
/**
 * What the keyring answered when it was last asked for this vault's key; `unasked` before that.
 */
keyring: KeyringState, 
/**
 * Whether this is the throw-away vault of `--demo`, whose passphrase is "demo".
 */
demo: boolean, };

export type KeyringState = "unasked" | "ready" | "absent" | "no_collection" | "locked" | "refused" | "missing" | "foreign" | "ambiguous" | "failed";

export type OpenView = { 
/**
 * The vault's own name for itself, in short groups.
 */
vault_id: string, 
/**
 * Where the file is.
 */
path: string, 
/**
 * How many accounts it holds.
 */
accounts: number, 
/**
 * Records that were set aside because this version cannot understand them (promise 6).
 */
set_aside: number, 
/**
 * How far the emergency kit is.
 */
kit: KitState, 
/**
 * Which credential opened it.
 */
opened_with: OpenedWith, 
/**
 * The keyring as last seen; anything but `ready` or `unasked` is worth a line on screen.
 */
keyring: KeyringState, 
/**
 * Whether the vault has a keyring slot.
 */
has_keyring: boolean, 
/**
 * Whether the vault has a passphrase.
 */
has_passphrase: boolean, 
/**
 * All settings.
 */
settings: Settings, 
/**
 * Whether this is the throw-away vault of `--demo`.
 */
demo: boolean, };

export type OpenedWith = "passphrase" | "keyring" | "recovery_key";

export type KitState = "none" | "unconfirmed" | "kept";

export type Strength = { 
/**
 * 0 (guessed at once) to 4 (very hard to guess).
 */
score: number, 
/**
 * How long a guesser with this vault file would need, in words ("3 hours", "centuries"); the vault's key derivation is reckoned in.
 */
guess_time: string, 
/**
 * What is weak about it, if anything.
 */
warning: string | null, 
/**
 * What would make it stronger.
 */
suggestions: Array<string>, 
/**
 * Whether Keyhaven accepts it (score 2 or more and at least 8 characters).
 */
acceptable: boolean, };

export type NewVaultRequest = { 
/**
 * The passphrase, or none for a vault that only keyring and kit open. **Secret.**
 */
passphrase: string | null, 
/**
 * Also keep a key in the operating system's keyring.
 */
keyring: boolean, };

export type Kit = { 
/**
 * The vault that it opens.
 */
vault_id: string, 
/**
 * The recovery key in its groups, in order. **Secret.**
 */
groups: Array<string>, 
/**
 * The same key as a QR code, an SVG document. **Secret.**
 */
qr_svg: string, 
/**
 * When it was made, Unix milliseconds.
 */
created_at: number, 
/**
 * Numbers (from 0) of the two groups that shall be typed back.
 */
challenge: [number, number], };

export type KitProof = { 
/**
 * The two groups. **Secret.**
 */
groups: [string, string], };

export type KitFormat = "pdf" | "svg";

export type AccountRow = { 
/**
 * The record's id.
 */
id: string, 
/**
 * Who issued the secret ("GitHub"); may be empty.
 */
issuer: string, 
/**
 * The account's name there ("me@example.org"); may be empty.
 */
name: string, 
/**
 * How its codes are made.
 */
kind: KindName, 
/**
 * Length of a code in characters.
 */
digits: number, 
/**
 * Seconds for which a code stands; none for counter-based accounts.
 */
period: number | null, 
/**
 * Tags, in the person's order.
 */
tags: Array<string>, 
/**
 * Whether it stays on top of the list.
 */
pinned: boolean, 
/**
 * Place in the manual order, smallest first.
 */
position: number, 
/**
 * Slug of the bundled icon, none for a letter tile.
 */
icon: string | null, 
/**
 * Whether there is a note.
 */
has_note: boolean, 
/**
 * When its code was last copied or advanced, Unix milliseconds; for "recently used".
 */
used_at: number | null, 
/**
 * When it was added, Unix milliseconds.
 */
added_at: number, 
/**
 * Whether it was changed in two places at once, so that a person has to choose between versions.
 */
undecided: boolean, };

export type KindName = "totp" | "hotp" | "steam" | "motp" | "yandex";

export type AlgorithmName = "SHA1" | "SHA256" | "SHA512";

export type Codes = { 
/**
 * The moment for which they were computed, Unix milliseconds: the page's countdown starts from it.
 */
now: number, 
/**
 * One for each account asked for that still exists and is not counter-based, in the order asked.
 */
codes: Array<CodeView>, };

export type CodeView = { 
/**
 * The account.
 */
id: string, 
/**
 * The code, without grouping.
 */
code: string, 
/**
 * The code that follows; none for counter-based accounts.
 */
next: string | null, 
/**
 * Unix milliseconds at which the code starts; none for counter-based accounts.
 */
valid_from: number | null, 
/**
 * Unix milliseconds at which the code ends; none for counter-based accounts.
 */
valid_until: number | null, 
/**
 * Why there is no code (then `code` is empty), if so.
 */
problem: string | null, };

export type Offer = { 
/**
 * Names this offer when it is accepted or dismissed.
 */
id: number, 
/**
 * What can be added.
 */
found: Array<Found>, 
/**
 * Encrypted exports of other programs: each opens with its password.
 */
locked: Array<LockedFile>, 
/**
 * What could not be read, and why; nothing is dropped in silence.
 */
problems: Array<OfferProblem>, 
/**
 * Where on the screens codes were found.
 */
screens: Array<ScreenView>, };

export type Found = { 
/**
 * Number within the offer, from 0.
 */
index: number, 
/**
 * Where it was found: a file's name, "Clipboard", "Typed in".
 */
source: string, 
/**
 * Issuer as it will be kept.
 */
issuer: string, 
/**
 * Name as it will be kept.
 */
name: string, 
/**
 * Kind of codes.
 */
kind: KindName, 
/**
 * Length of a code.
 */
digits: number, 
/**
 * Seconds for which a code stands.
 */
period: number | null, 
/**
 * The hash.
 */
algorithm: AlgorithmName | null, 
/**
 * Groups that it was in, where it comes from another program; they become tags.
 */
tags: Array<string>, 
/**
 * How it relates to what the vault holds.
 */
standing: Standing, 
/**
 * The account of the vault that it is, or that has its name ("GitHub · me"); none for a new one.
 */
matches: string | null, 
/**
 * For a counter-based account: the counter of its next code.
 */
counter: number | null, 
/**
 * For a counter-based account that the vault has: the vault's counter.
 */
held_counter: number | null, 
/**
 * What is unusual about it, in words.
 */
notes: Array<string>, };

export type Standing = "new" | "already_there" | "counter_ahead" | "same_name_other_secret";

export type OfferProblem = { 
/**
 * Where: a file's name, "Clipboard".
 */
source: string, 
/**
 * What is wrong, in words.
 */
reason: string, };

export type LockedFile = { 
/**
 * Number within the offer, from 0.
 */
index: number, 
/**
 * The file's name.
 */
source: string, 
/**
 * The program that wrote it ("Aegis").
 */
program: string, };

export type OpeningProgress = { 
/**
 * The offer that the export is in.
 */
offer: number, 
/**
 * Its number there.
 */
index: number, 
/**
 * Hundredths that are done; some programs' functions go from 0 to 100 at once.
 */
percent: number, 
/**
 * Memory that it takes, in KiB.
 */
memory_kib: number, };

export type ScreenView = { 
/**
 * What to call it.
 */
name: string, 
/**
 * The picture as a `data:` URL.
 */
url: string, 
/**
 * Its width in pixels.
 */
width: number, 
/**
 * Its height in pixels.
 */
height: number, 
/**
 * The codes in it.
 */
frames: Array<ScreenFrame>, };

export type ScreenFrame = { 
/**
 * Left edge.
 */
left: number, 
/**
 * Upper edge.
 */
top: number, 
/**
 * Width.
 */
width: number, 
/**
 * Height.
 */
height: number, 
/**
 * Numbers of the accounts that it holds; none for a code that is something else, or a part of several.
 */
found: Array<number>, };

export type CameraChoice = { 
/**
 * Names it.
 */
id: string, 
/**
 * What the system calls it.
 */
name: string, };

export type CameraUse = "accounts" | "pages";

export type CameraView = { 
/**
 * Counts the pictures that were looked through; 0 before the first.
 */
serial: number, 
/**
 * The newest of them.
 */
picture: CameraPicture | null, 
/**
 * Accounts that were read, those of exports not counted.
 */
accounts: number, 
/**
 * Google Authenticator's exports, each in several codes.
 */
exports: Array<ExportParts>, 
/**
 * Codes that were read and are something else.
 */
others: number, 
/**
 * Whether there is something, nothing of it is missing, and the last pictures showed nothing new.
 */
complete: boolean, 
/**
 * Why the camera is off, when it is.
 */
failure: Failure | null, };

export type ExportParts = { 
/**
 * Codes that were read.
 */
have: number, 
/**
 * Codes that there are.
 */
count: number, 
/**
 * Those not read yet, from 1.
 */
missing: Array<number>, };

export type CameraPicture = { 
/**
 * The picture as a `data:` URL.
 */
url: string, 
/**
 * Its width in pixels.
 */
width: number, 
/**
 * Its height in pixels.
 */
height: number, 
/**
 * The codes in it that were read.
 */
codes: Array<CameraCode>, };

export type CameraCode = { 
/**
 * Left edge.
 */
left: number, 
/**
 * Upper edge.
 */
top: number, 
/**
 * Width.
 */
width: number, 
/**
 * Height.
 */
height: number, 
/**
 * Whether it is one of those that are looked for.
 */
wanted: boolean, };

export type ManualEntry = { 
/**
 * Issuer.
 */
issuer: string, 
/**
 * Name.
 */
name: string, 
/**
 * The secret in base32 (hexadecimal for mOTP), or a whole otpauth URI. **Secret.**
 */
secret: string, 
/**
 * Kind.
 */
kind: KindName, 
/**
 * Hash; SHA1 where none is given.
 */
algorithm: AlgorithmName | null, 
/**
 * Digits, 5–10; the kind's default where none is given.
 */
digits: number | null, 
/**
 * Period, 1–86,400 s; 30 where none is given.
 */
period: number | null, 
/**
 * First counter; 0 where none is given.
 */
counter: number | null, 
/**
 * PIN of mOTP and Yandex. **Secret.**
 */
pin: string | null, };

export type AccountDetail = { 
/**
 * The row of the list.
 */
row: AccountRow, 
/**
 * Note.
 */
note: string, 
/**
 * Hash, where the kind has a choice.
 */
algorithm: AlgorithmName | null, 
/**
 * Counter of the next HOTP code.
 */
counter: number | null, 
/**
 * Issuer that the label named when it disagreed with the parameter.
 */
label_issuer: string | null, 
/**
 * Names of parameters that Keyhaven keeps without understanding them.
 */
unknown_parameters: Array<string>, 
/**
 * Earlier states, newest first.
 */
history: Array<HistoryEntry>, 
/**
 * The versions to choose from, the one that is shown first; none where nothing is undecided.
 */
versions: Array<AccountVersion>, };

export type HistoryEntry = { 
/**
 * When, Unix milliseconds.
 */
at: number, 
/**
 * What changed, in words: "name: me → me@example.org". Never a secret.
 */
change: string, };

export type AccountVersion = { 
/**
 * When it was changed, Unix milliseconds, by the clock of the computer that did it.
 */
changed_at: number, 
/**
 * Whether the account was deleted there.
 */
deleted: boolean, 
/**
 * What is otherwise than in the version that is shown, in words; nothing for that version itself. Never a secret.
 */
differs: Array<string>, 
/**
 * Whether it makes other codes than the version that is shown: then both may be wanted.
 */
other_codes: boolean, };

export type AccountChanges = { 
/**
 * New issuer.
 */
issuer?: string, 
/**
 * New name.
 */
name?: string, 
/**
 * New note.
 */
note?: string, 
/**
 * New tags.
 */
tags?: Array<string>, 
/**
 * Pin or unpin.
 */
pinned?: boolean, 
/**
 * New icon slug; the empty text takes the icon away.
 */
icon?: string, };

export type Revealed = { 
/**
 * The otpauth URI as a QR code, an SVG document. **Secret.**
 */
qr_svg: string, 
/**
 * The secret in base32. **Secret.**
 */
secret: string, 
/**
 * The whole otpauth URI. **Secret.**
 */
uri: string, };

export type Proof = { 
/**
 * The passphrase. **Secret.**
 */
passphrase: string | null, 
/**
 * The recovery key, for a vault without a passphrase. **Secret.**
 */
recovery_key: string | null, };

export type Copied = { 
/**
 * Unix milliseconds at which the clipboard will be cleared; null when the clipboard did not take the code of a
 * counter-based account, which is in `code`.
 */
clears_at: number | null, 
/**
 * For a counter-based account: the code that was made.
 */
code: CodeView | null, };

export type Settings = { 
/**
 * Light, dark or as the system.
 */
theme: Theme, 
/**
 * Seconds without input after which the vault locks, 15–86,400; 0 never.
 */
idle_seconds: number, 
/**
 * Seconds after which a copied code leaves the clipboard, 5–600.
 */
clipboard_seconds: number, 
/**
 * Keep other programs from capturing the window, where the system can.
 */
capture_protection: boolean, 
/**
 * Order of the list.
 */
sort: Sort, 
/**
 * Closing the window leaves Keyhaven in the tray instead of ending it.
 */
close_to_tray: boolean, 
/**
 * Look for new files in the folder for downloads that are recovery codes by their shape, and offer to keep them.
 */
watch_downloads: boolean, 
/**
 * The paper that kits, sheets and paper backups are drawn for.
 */
paper: Paper, };

export type Paper = "a4" | "letter";

export type Theme = "system" | "light" | "dark";

export type Sort = "manual" | "issuer" | "name" | "recent";

export type ChosenVault = { 
/**
 * Where it is.
 */
path: string, 
/**
 * Its id.
 */
vault_id: string, 
/**
 * Last save, Unix milliseconds.
 */
saved_at: number, 
/**
 * Size in bytes.
 */
size: number, 
/**
 * Whether a passphrase opens it.
 */
has_passphrase: boolean, 
/**
 * Whether a recovery key opens it.
 */
has_recovery_key: boolean, };

export type RecoveryView = { 
/**
 * Whether the recovery compartment is open.
 */
open: boolean, 
/**
 * All sets: those in use first, by name; then those that were replaced.
 */
sets: Array<SetRow>, };

export type SetRow = { 
/**
 * The set.
 */
id: string, 
/**
 * Its name: the person's own, else the provider's, else the file's.
 */
name: string, 
/**
 * Whose codes they are; empty where that is not known.
 */
provider: string, 
/**
 * What it is.
 */
kind: SetKind, 
/**
 * The linked account's id.
 */
account: string | null, 
/**
 * The linked account in words: "GitHub · me@example.org".
 */
account_name: string | null, 
/**
 * The file it came from, or "Clipboard".
 */
source: string, 
/**
 * Bytes of the original.
 */
size: number, 
/**
 * Codes in all; 0 for documents and notes.
 */
total: number, 
/**
 * Codes that are not used yet.
 */
left: number, 
/**
 * How it stands.
 */
standing: SetStanding, 
/**
 * Unix milliseconds.
 */
added_at: number, 
/**
 * When a code was last used, Unix milliseconds.
 */
used_at: number | null, 
/**
 * When the codes were last looked at, Unix milliseconds.
 */
seen_at: number | null, 
/**
 * When a newer set took its place, Unix milliseconds.
 */
superseded_at: number | null, 
/**
 * What became of the downloaded file.
 */
tidied: TidiedView | null, 
/**
 * Whether the downloaded file can still be binned or erased from here.
 */
can_tidy: boolean, };

export type SetKind = "codes" | "key" | "document" | "notes" | "seed_phrase";

export type SetStanding = "good" | "low" | "empty" | "superseded";

export type TidiedView = { 
/**
 * What was done.
 */
way: TidyWay, 
/**
 * When, Unix milliseconds.
 */
at: number, };

export type TidyWay = "bin" | "erase";

export type SetDetail = { 
/**
 * The row of the list.
 */
row: SetRow, 
/**
 * The codes in their order.
 */
codes: Array<CodeRow>, 
/**
 * Number of the code that is used next, from 0.
 */
next: number | null, 
/**
 * What is kept beside the codes.
 */
documents: Array<DocumentRow>, 
/**
 * Whether the person wrote a note.
 */
has_note: boolean, 
/**
 * Whether the original is a picture that can be shown.
 */
picture: boolean, 
/**
 * Pages of the original, when it is a PDF that could be counted.
 */
pages: number | null, };

export type CodeRow = { 
/**
 * Its form: "•••••-•••••".
 */
masked: string, 
/**
 * Whether it is used.
 */
used: boolean, 
/**
 * When it was used, Unix milliseconds; none where its file called it used.
 */
used_at: number | null, 
/**
 * Where it was used, in the person's words.
 */
place: string, };

export type DocumentRow = { 
/**
 * What it is: "notes", "private_key", "picture" …
 */
kind: string, 
/**
 * Lines of its text; 0 where it is the original file itself.
 */
lines: number, };

export type Veiled = { 
/**
 * The random half. **Secret together with the other.**
 */
veil: string, 
/**
 * The text combined with it, byte by byte. **Secret together with the other.**
 */
text: string, };

export type VeiledSet = { 
/**
 * The codes in their order.
 */
codes: Array<Veiled>, 
/**
 * Texts of the documents that have one, in their order.
 */
documents: Array<Veiled>, 
/**
 * The person's note.
 */
note: Veiled, };

export type VeiledPicture = { 
/**
 * Pixels in a row.
 */
width: number, 
/**
 * Rows.
 */
height: number, 
/**
 * Whether nothing is missing in it: a part of a PDF's page may be of a format that is not drawn.
 */
whole: boolean, 
/**
 * Red, green and blue of each pixel, row by row.
 */
pixels: Veiled, };

export type SetChanges = { 
/**
 * New name; the empty text goes back to the provider's.
 */
name?: string, 
/**
 * The account's id; the empty text takes the link away.
 */
account?: string, };

export type UsedCode = { 
/**
 * The set as it stands now.
 */
detail: SetDetail, 
/**
 * Number of the code that is in the clipboard, from 0.
 */
index: number, 
/**
 * Unix milliseconds at which the clipboard will be cleared.
 */
clears_at: number, };

export type Draft = { 
/**
 * Names it.
 */
id: number, 
/**
 * Name of the file, or "Clipboard".
 */
source: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Whose it is, when the content says so.
 */
provider: string, 
/**
 * Whose it could be.
 */
candidates: Array<string>, 
/**
 * What it is.
 */
kind: SetKind, 
/**
 * The codes, masked.
 */
codes: Array<DraftCode>, 
/**
 * The lines of the original, as far as it has text; a long one is cut off.
 */
lines: Array<DraftLine>, 
/**
 * How many further lines there are.
 */
more_lines: number, 
/**
 * What is kept beside the codes.
 */
documents: Array<DocumentRow>, 
/**
 * What a person should look at, in words.
 */
problems: Array<DraftProblem>, 
/**
 * Why there is nothing to keep (an empty file, one too large, one that cannot be read).
 */
unusable: string | null, 
/**
 * The account that it seems to belong to.
 */
account: string | null, 
/**
 * The set in use that it may replace: same provider or same account.
 */
replaces: string | null, 
/**
 * The set whose original is the same, byte for byte, in use or replaced. Told only while the recovery codes are open: what is sealed
 * has no other mark by which a file could be known again.
 */
already: string | null, 
/**
 * Whether it is a picture that can be shown.
 */
picture: boolean, 
/**
 * Its pages, when it is a PDF that could be counted.
 */
pages: number | null, };

export type DraftCode = { 
/**
 * Its form.
 */
masked: string, 
/**
 * Whether its file calls it used.
 */
used: boolean, 
/**
 * The line it stands on, counted from 1.
 */
line: number | null, 
/**
 * Where it can be cut in two: characters before the cut.
 */
cuts: Array<number>, };

export type DownloadOffer = { 
/**
 * Names it.
 */
id: number, 
/**
 * The file's name.
 */
name: string, };

export type DraftLine = { 
/**
 * Its number, counted from 1.
 */
number: number, 
/**
 * Its text; codes and what may be one are masked.
 */
text: string, 
/**
 * Where it went.
 */
place: LinePlace, 
/**
 * Numbers of the codes on it, from 0.
 */
codes: Array<number>, };

export type LinePlace = "blank" | "code" | "kept" | "unclear";

export type DraftProblem = { 
/**
 * The line it is about, counted from 1.
 */
line: number | null, 
/**
 * What it is, in words; never a code.
 */
text: string, };

export type Correction = { "what": "join", 
/**
 * The first of the two.
 */
code: number, } | { "what": "split", 
/**
 * Which.
 */
code: number, 
/**
 * Characters before the cut.
 */
at: number, } | { "what": "drop", 
/**
 * Which.
 */
code: number, } | { "what": "take", 
/**
 * Which.
 */
line: number, } | { "what": "used", 
/**
 * Which.
 */
code: number, 
/**
 * Whether it is.
 */
used: boolean, } | { "what": "kind", 
/**
 * What.
 */
kind: SetKind, };

export type VeiledDraft = { 
/**
 * The codes.
 */
codes: Array<Veiled>, 
/**
 * The lines that the draft shows, unmasked.
 */
lines: Array<Veiled>, };

export type DraftChoices = { 
/**
 * The person's name for it; empty: the provider's.
 */
name: string, 
/**
 * Whose it is.
 */
provider: string, 
/**
 * The account it belongs to.
 */
account: string | null, 
/**
 * The set whose place it takes.
 */
replaces: string | null, };

export type KeptDraft = { 
/**
 * The new set.
 */
set: SetRow, 
/**
 * The room as it stands now.
 */
view: RecoveryView, };

export type Readiness = { 
/**
 * How many accounts there are.
 */
total: number, 
/**
 * How many of them are in a copy of the vault that is known to lie elsewhere; what lies on this computer is gone with it.
 */
back: number, 
/**
 * How many have a way back of their own: codes, a key, a second device, an admin.
 */
with_way: number, 
/**
 * The newest copy of the vault; none where not even the vault file can be read.
 */
copy: CopyView | null, 
/**
 * The copies that were looked into, newest first: the backups in the folder for them, and the vault file where there
 * is no backup.
 */
copies: Array<CopyView>, 
/**
 * How many older backups in the folder were not looked into.
 */
older: number, 
/**
 * How far the emergency kit is.
 */
kit: KitState, 
/**
 * When the kit was confirmed as kept, Unix milliseconds.
 */
kit_at: number | null, 
/**
 * Whether a passphrase opens the vault.
 */
has_passphrase: boolean, 
/**
 * Whether the keyring opens it.
 */
has_keyring: boolean, 
/**
 * What to see to beside the accounts, most dangerous first.
 */
reminders: Array<Reminder>, 
/**
 * The last fire drill.
 */
drill: DrillReport | null, 
/**
 * The accounts, most dangerous first.
 */
accounts: Array<ReadyAccount>, };

export type CopyView = { 
/**
 * Where it is.
 */
path: string, 
/**
 * When it was saved, Unix milliseconds.
 */
saved_at: number, 
/**
 * Whether it stays when this computer's disk is gone, as far as the system and the person told; a copy on the vault's
 * own disk does not.
 */
elsewhere: boolean, 
/**
 * Whether the kept emergency kit opens it.
 */
kit_opens: boolean, };

export type ReadyAccount = { 
/**
 * The account.
 */
id: string, 
/**
 * Issuer.
 */
issuer: string, 
/**
 * Name.
 */
name: string, 
/**
 * The best way back in without this computer.
 */
way: WayBack, 
/**
 * Every way back in without this computer, the best first; none where there is nothing.
 */
ways: Array<WayBack>, 
/**
 * Recovery codes that are left, in all its sets.
 */
left: number, 
/**
 * Whether a second device was noted.
 */
second_device: boolean, 
/**
 * Whether it was noted that an admin can reset it.
 */
admin_reset: boolean, 
/**
 * Whether the newest copy of the vault has it.
 */
in_copy: boolean, 
/**
 * Which of [`Readiness::copies`] have it, counted from 0.
 */
copies: Array<number>, 
/**
 * Which of these lack one of its recovery sets in use.
 */
without_sets: Array<number>, 
/**
 * What to do about it.
 */
advice: Advice, 
/**
 * When a fire drill last brought it back from a copy that lies elsewhere, Unix milliseconds.
 */
drilled_at: number | null, };

export type WayBack = "recovery_codes" | "recovery_key" | "document" | "second_device" | "admin_reset" | "nothing";

export type Advice = "add_codes" | "replace" | "ask_second_device" | "replace_soon" | "look_at" | "nothing";

export type Reminder = { "what": "keep_kit" } | { "what": "no_backup_elsewhere" } | { "what": "backups_on_this_disk", 
/**
 * Where.
 */
folder: string, } | { "what": "backups_damaged", 
/**
 * Their files.
 */
names: Array<string>, } | { "what": "kit_older_than_slots" } | { "what": "never_drilled" } | { "what": "drill_failed" } | { "what": "drill_old" } | { "what": "set_low", 
/**
 * Its name.
 */
name: string, } | { "what": "set_stale", 
/**
 * Its name.
 */
name: string, };

export type PagesView = { 
/**
 * Codes that were read.
 */
have: number, 
/**
 * Codes that there are; 0 before the first was read.
 */
count: number, 
/**
 * Pages of which a code is missing, from 1.
 */
missing_pages: Array<number>, 
/**
 * Whether everything is there.
 */
complete: boolean, 
/**
 * Why what was read does not fit together, in words.
 */
conflict: string | null, 
/**
 * Pictures of the last reading that hold no code of a paper backup, and why.
 */
problems: Array<OfferProblem>, };

export type DrillReport = { 
/**
 * When, Unix milliseconds.
 */
at: number, 
/**
 * Whether everything would be back: nothing is lost, and the copy does not lie on this computer's own disk.
 */
ok: boolean, 
/**
 * What it started from.
 */
copy: CopyView, 
/**
 * Whether the emergency kit opened it; else the passphrase did.
 */
with_kit: boolean, 
/**
 * Accounts whose code was the same.
 */
accounts_back: number, 
/**
 * Recovery sets that were there with all their codes.
 */
sets_back: number, 
/**
 * Unused recovery codes that were there, each of them unused in the vault as well.
 */
codes_back: number, 
/**
 * Codes that were used since the copy was made: it would offer them once more, and the services refuse them.
 */
used_since: number, 
/**
 * What would be lost and why, most dangerous first.
 */
lost: Array<Loss>, 
/**
 * Ids of the accounts that would be back.
 */
accounts: Array<string>, 
/**
 * Sets that were there, to notice the next time when one is gone.
 */
sets: Array<DrilledSet>, 
/**
 * Files beside the copy that should be backups and cannot be read.
 */
damaged: Array<string>, };

export type DrilledSet = { 
/**
 * The set.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The account that it was linked to.
 */
account: string | null, 
/**
 * Its unused codes that were there.
 */
codes_back: number, 
/**
 * Its codes that were used since the copy was made.
 */
used_since: number, };

export type Loss = { 
/**
 * What, by name.
 */
name: string, 
/**
 * Why.
 */
why: LossReason, 
/**
 * How many unused codes of the set would be lost; 0 for what holds none.
 */
codes: number, };

export type LossReason = "account_missing" | "account_differs" | "set_missing" | "set_differs" | "set_deleted";

export type Failure = { 
/**
 * Which failure.
 */
kind: FailureKind, 
/**
 * What and where, in plain words, without any secret.
 */
detail: string, };

export type FailureKind = "wrong_passphrase" | "wrong_recovery_key" | "mistyped_recovery_key" | "keyring" | "locked" | "no_vault" | "vault_exists" | "damaged_vault" | "newer_vault" | "vault_unreachable" | "not_saved" | "no_such_account" | "recovery_locked" | "no_such_set" | "bad_input" | "weak_passphrase" | "kit_mismatch" | "kit_needed" | "backup_passphrase" | "another_vault" | "last_way_in" | "clipboard" | "camera" | "other";

export type BackupView = { 
/**
 * The folder that the person chose; none while there are no backups beside the saved states.
 */
folder: string | null, 
/**
 * How it goes.
 */
state: BackupState, 
/**
 * When the last backup was written, or last found whole, Unix milliseconds.
 */
last_at: number | null, 
/**
 * That backup's file name.
 */
last_name: string | null, 
/**
 * Why the last attempt failed, in words.
 */
failure: string | null, 
/**
 * Since when no attempt succeeded, Unix milliseconds.
 */
failing_since: number | null, 
/**
 * How many of the newest backups always stay.
 */
keep_newest: number, 
/**
 * For how many days, of those that have one, the day's newest backup stays.
 */
keep_days: number, 
/**
 * Whether backups have a passphrase of their own.
 */
own_passphrase: boolean, 
/**
 * Whether the vault has an emergency kit, which opens backups too.
 */
kit_opens: boolean, 
/**
 * Whether the folder is on the vault's own disk, as far as the system tells: what takes the one takes both.
 */
same_disk: boolean, 
/**
 * Whether the person said that another computer keeps the folder alike.
 */
synced: boolean, 
/**
 * Backups in the folder that are damaged, newest first, as they were found when all were last looked at.
 */
damaged: Array<string>, };

export type BackupState = "off" | "good" | "pending" | "overdue" | "unreachable" | "passphrase_stale" | "failing";

export type BackupRotation = { 
/**
 * The newest so many always stay, 3–1,000.
 */
keep_newest: number, 
/**
 * Of so many days that have one, the latest of them, the newest backup stays, 1–3,650.
 */
keep_days: number, };

export type RestorePoint = { 
/**
 * Its file name.
 */
name: string, 
/**
 * Where it lies.
 */
place: PointPlace, 
/**
 * When the vault was saved as it is there, Unix milliseconds.
 */
saved_at: number, 
/**
 * How often the vault had been saved then.
 */
generation: number, };

export type PointPlace = "folder" | "saved";

export type RestorePoints = { 
/**
 * Newest first.
 */
points: Array<RestorePoint>, 
/**
 * Why the folder of backups could not be listed, in words.
 */
folder_failure: string | null, };

export type RestoreSource = { "from": "point", 
/**
 * Where it lies.
 */
place: PointPlace, 
/**
 * Its file name.
 */
name: string, } | { "from": "file", 
/**
 * Where it is.
 */
path: string, } | { "from": "pages" };

export type RestorePreview = { 
/**
 * The file's name.
 */
name: string, 
/**
 * Which vault it is.
 */
vault_id: string, 
/**
 * When it was saved, Unix milliseconds.
 */
saved_at: number, 
/**
 * How often the vault had been saved then.
 */
generation: number, 
/**
 * Bytes.
 */
size: number, 
/**
 * Whether a passphrase opens it.
 */
has_passphrase: boolean, 
/**
 * Whether a recovery key opens it.
 */
has_recovery_key: boolean, 
/**
 * The newest state of the same vault that can be read, where it was saved after this one: what came in between is
 * not in this one.
 */
newer: RestorePoint | null, 
/**
 * What is in it; none while nothing opened it.
 */
holds: Holdings | null, };

export type Holdings = { 
/**
 * How many accounts it holds.
 */
accounts: number, 
/**
 * How many recovery records it holds; none while its recovery compartment is locked.
 */
recovery: number | null, 
/**
 * Records in it that cannot be understood.
 */
set_aside: number, 
/**
 * The newest other state of the same vault that can be read and opens alike; none where there is none.
 */
compared_with: Compared | null, 
/**
 * What using this one instead of that state would do.
 */
differences: Array<Difference>, };

export type Compared = { 
/**
 * When it was saved, Unix milliseconds.
 */
saved_at: number, 
/**
 * How many accounts it holds.
 */
accounts: number, };

export type LookAnswer = { "answer": "locked", 
/**
 * Whether a passphrase opens it.
 */
has_passphrase: boolean, 
/**
 * Whether a recovery key opens it.
 */
has_recovery_key: boolean, } | { "answer": "opened" } & Look;

export type Look = { 
/**
 * Names this look when something is restored or merged from it.
 */
look: number, 
/**
 * The file's name.
 */
name: string, 
/**
 * When it was saved, Unix milliseconds.
 */
saved_at: number, 
/**
 * How often the vault had been saved then.
 */
generation: number, 
/**
 * How many accounts it holds.
 */
accounts: number, 
/**
 * How many accounts the vault holds now.
 */
accounts_now: number, 
/**
 * How many recovery records it holds; none while its recovery compartment is locked.
 */
recovery: number | null, 
/**
 * Records in it that cannot be understood.
 */
set_aside: number, 
/**
 * What differs. In a look for restoring: what going back would do; for merging: what the merge will do.
 */
differences: Array<Difference>, 
/**
 * What a merge would do beside that; none in a look for restoring.
 */
merge: MergeEffects | null, };

export type MergeEffects = { 
/**
 * Ways in that come along.
 */
slots_added: number, 
/**
 * Ways in that were removed in the other copy, and go here too.
 */
slots_removed: number, 
/**
 * Whether the other copy's keys, which are newer, are taken over.
 */
keys_taken_over: boolean, 
/**
 * Whether recovery records come along sealed, to be taken in when the recovery compartment is next opened.
 */
recovery_waits: boolean, 
/**
 * Whether the merge would change nothing at all.
 */
nothing: boolean, };

export type Difference = { 
/**
 * The record's id.
 */
id: string, 
/**
 * What kind of record it is.
 */
record: RecordName, 
/**
 * Issuer of an account; may be empty.
 */
issuer: string, 
/**
 * Name of an account, or what another record is to a person; may be empty.
 */
name: string, 
/**
 * How an account's codes are made.
 */
kind: KindName | null, 
/**
 * What would happen to it.
 */
effect: Effect, 
/**
 * What exactly differs, in words, from what is here to what would be. Never a secret.
 */
changes: Array<string>, 
/**
 * When it was last changed, Unix milliseconds: as it would be, or as it is where it would go.
 */
modified_at: number, };

export type RecordName = "account" | "recovery" | "other";

export type Effect = "added" | "changed" | "removed" | "both_kept";

export type VaultCopy = { 
/**
 * Its file name.
 */
name: string, 
/**
 * The program that gives such names, if one is known.
 */
made_by: CopyMaker | null, 
/**
 * When it was saved, Unix milliseconds; none when it cannot be read.
 */
saved_at: number | null, 
/**
 * Whether merging it would change anything; none where that cannot be told while the vault is locked, or without
 * the copy's own passphrase.
 */
news: boolean | null, 
/**
 * Why it cannot be read, if so: it may not have arrived whole yet.
 */
problem: string | null, };

export type CopyMaker = "dropbox" | "syncthing" | "nextcloud" | "onedrive" | "google_drive" | "icloud";

export type CopyFate = "keep" | "remove";

export type SlotView = { 
/**
 * Names it when it is changed or removed.
 */
id: string, 
/**
 * What opens it.
 */
kind: SlotName, 
/**
 * What its maker called it; may be empty.
 */
label: string, 
/**
 * When it was made, Unix milliseconds.
 */
created_at: number, 
/**
 * Whether it opens the accounts.
 */
opens_accounts: boolean, 
/**
 * Whether it opens the recovery compartment.
 */
opens_recovery: boolean, 
/**
 * Argon2 memory in KiB; none for what is no passphrase.
 */
memory_kib: number | null, 
/**
 * Argon2 passes; none for what is no passphrase.
 */
passes: number | null, 
/**
 * Whether something else that does not depend on this computer would be left without it.
 */
removable: boolean, };

export type SlotName = "passphrase" | "keyring" | "recovery_key" | "unknown";

export type RotationFate = { 
/**
 * Saved states beside the vault: they keep the old keys, and open with the old ways in.
 */
saved_states: number, 
/**
 * Backups in the folder: the same, or with their own passphrase where they have one.
 */
backups: number, 
/**
 * Why the folder could not be looked into: how many backups there are is then not known.
 */
folder_failure: string | null, 
/**
 * Whether backups have a passphrase of their own, which has to be set anew.
 */
own_backup_passphrase: boolean, 
/**
 * Further passphrases, which open the vault no more.
 */
other_passphrases: number, 
/**
 * Whether the keyring gets a new key. Other computers' keyrings open the vault no more.
 */
keyring: boolean, 
/**
 * Whether the vault has a passphrase, without which its keys are not renewed.
 */
possible: boolean, };

export type Finding = "ready" | "not_used" | "no_bus" | "no_service" | "no_collection" | "locked" | "refused" | "missing" | "other_provider" | "another_vault" | "stale" | "not_a_key" | "too_large" | "ambiguous" | "failed";

export type DoctorReport = { 
/**
 * What it is.
 */
finding: Finding, 
/**
 * The program that keeps this session's secrets, as the system names it.
 */
provider: string | null, 
/**
 * The program that kept the key when it was stored, where it is another.
 */
stored_with: string | null, 
/**
 * How many entries of other vaults the keyring has.
 */
other_vaults: number, 
/**
 * What the system answered, in its own words.
 */
answer: string, 
/**
 * Whether writing the key anew would help, once the vault is open.
 */
repairable: boolean, 
/**
 * Whether the vault is open, so that it can be written now.
 */
open: boolean, };

export type ExportTarget = "keyhaven" | "aegis-encrypted" | "2fas-encrypted" | "ente-encrypted" | "aegis" | "2fas" | "ente" | "proton" | "bitwarden" | "keepassxc-csv" | "google" | "otpauth" | "html" | "pdf";

export type ExportRequest = { 
/**
 * For which program.
 */
target: ExportTarget, 
/**
 * The accounts' ids; none means all.
 */
accounts: Array<string>, 
/**
 * What shall open a sealed export. **Secret.**
 */
password: string | null, 
/**
 * That the person may see secrets.
 */
proof: Proof, };

export type ExportPreview = { 
/**
 * Accounts that would be in it.
 */
accounts: number, 
/**
 * Files that it would be: several where each QR code is a picture.
 */
files: number, 
/**
 * What would not be in it.
 */
losses: Array<ExportLoss>, };

export type ExportLoss = { 
/**
 * What is lost; for accounts that are left out as a whole, why.
 */
what: string, 
/**
 * Whether the accounts are not in it at all.
 */
left_out: boolean, 
/**
 * The accounts' names.
 */
accounts: Array<string>, };

export type ExportWritten = { 
/**
 * Where.
 */
paths: Array<string>, 
/**
 * Accounts in it.
 */
accounts: number, 
/**
 * Whether whoever has the file can read the secrets.
 */
plain: boolean, };

export type PlainExport = { 
/**
 * Names it.
 */
id: string, 
/**
 * For which program.
 */
target: ExportTarget, 
/**
 * Where it was written.
 */
paths: Array<string>, 
/**
 * Whether something is there now. It may have been removed, or written on another computer.
 */
there: boolean, 
/**
 * Accounts in it.
 */
accounts: number, 
/**
 * When, Unix milliseconds.
 */
at: number, };

/** Names of the events that the program sends, and what they carry. */
export interface Events {
  "status": Status;
  "offer": Offer;
  "drop_refused": Failure;
  "drafts": Array<Draft>;
  "drag": boolean;
  "clipboard": boolean;
  "pages": PagesView;
  "downloads": Array<DownloadOffer>;
  "to_recovery": null;
  "backups": BackupView;
  "links": null;
  "opening": OpeningProgress;
}

/** Where the program stands. */
export const status = (): Promise<Status> => invoke("status");

/** How strong a passphrase is. */
export const estimatePassphrase = (passphrase: string): Promise<Strength> => invoke("estimate_passphrase", { passphrase });

/** Makes a new vault and opens it; the kit is to be shown at once. */
export const createVault = (request: NewVaultRequest): Promise<Kit> => invoke("create_vault", { request });

/** Lets the person choose a vault file or a backup; null when the dialog was closed. */
export const chooseVault = (): Promise<ChosenVault | null> => invoke("choose_vault");

/** Uses a chosen vault file: `copy` puts a copy into Keyhaven's folder (a restored backup), else it is used where it is. */
export const useVault = (path: string, copy: boolean): Promise<Status> => invoke("use_vault", { path, copy });

/** What a state, a file or a paper backup holds that may become the vault, before it does; `keyring` lets the keyring open it. */
export const previewRestore = (source: RestoreSource, proof: Proof | null, keyring: boolean): Promise<RestorePreview> => invoke("preview_restore", { source, proof, keyring });

/** Puts a backup or an earlier saved state in the place of a vault that cannot be read; that file is kept beside it. */
export const restorePoint = (place: PointPlace, name: string): Promise<Status> => invoke("restore_point", { place, name });

/** Unlocks with the key in the operating system's keyring. */
export const unlockWithKeyring = (): Promise<Status> => invoke("unlock_with_keyring");

/** Unlocks with the passphrase. */
export const unlockWithPassphrase = (passphrase: string): Promise<Status> => invoke("unlock_with_passphrase", { passphrase });

/** Unlocks with the recovery key. */
export const unlockWithRecoveryKey = (recovery_key: string): Promise<Status> => invoke("unlock_with_recovery_key", { recovery_key });

/** Locks: every secret leaves memory. */
export const lock = (): Promise<Status> => invoke("lock");

/** Tells that a person is there, so that the idle lock waits. */
export const touch = (): Promise<void> => invoke("touch");

/** Gives the vault a keyring slot, or writes it anew. */
export const enableKeyring = (): Promise<Status> => invoke("enable_keyring");

/** Takes the keyring slot away. */
export const disableKeyring = (): Promise<Status> => invoke("disable_keyring");

/** Saves what could not be understood, byte for byte, after the person proved to be allowed; answers where, null when the dialog was closed. */
export const saveSetAside = (proof: Proof): Promise<string | null> => invoke("save_set_aside", { proof });

/** Makes a new recovery key in the place of the old one, and shows its kit. */
export const renewKit = (proof: Proof): Promise<Kit> => invoke("renew_kit", { proof });

/** Compares the two groups that were typed back. */
export const confirmKit = (proof: KitProof): Promise<Status> => invoke("confirm_kit", { proof });

/** Saves the kit that is being shown; answers where, null when the dialog was closed. */
export const saveKit = (format: KitFormat): Promise<string | null> => invoke("save_kit", { format });

/** Saves a page for each of `shares` shares of the kit that is being shown, `needed` of which open the vault; null when the dialog was closed. */
export const saveSplitKit = (shares: number, needed: number): Promise<Array<string> | null> => invoke("save_split_kit", { shares, needed });

/** Opens the system's print dialog on the kit that is being shown. */
export const printKit = (): Promise<void> => invoke("print_kit");

/** Forgets the kit that is being shown. */
export const closeKit = (): Promise<Status> => invoke("close_kit");

/** All accounts. */
export const accounts = (): Promise<Array<AccountRow>> => invoke("accounts");

/** Live codes of the named accounts. */
export const codes = (ids: Array<string>): Promise<Codes> => invoke("codes", { ids });

/** Copies an account's code (a counter-based one moves on first). */
export const copyCode = (id: string): Promise<Copied> => invoke("copy_code", { id });

/** Moves a counter-based account on; the new counter is on disk before the code is answered. */
export const advance = (id: string): Promise<CodeView> => invoke("advance", { id });

/** One account in detail. */
export const account = (id: string): Promise<AccountDetail> => invoke("account", { id });

/** Changes an account. */
export const editAccount = (id: string, changes: AccountChanges): Promise<AccountDetail> => invoke("edit_account", { id, changes });

/** Keeps one version of an account that was changed in two places at once; null when that version is a deletion. */
export const chooseVersion = (id: string, version: number, changed_at: number): Promise<AccountDetail | null> => invoke("choose_version", { id, version, changed_at });

/** Keeps every such version, the others as accounts of their own; answers their ids. */
export const keepVersions = (id: string): Promise<Array<string>> => invoke("keep_versions", { id });

/** Deletes an account; it can be brought back. */
export const deleteAccount = (id: string): Promise<void> => invoke("delete_account", { id });

/** Brings a deleted account back. */
export const restoreAccount = (id: string): Promise<AccountDetail> => invoke("restore_account", { id });

/** Sets the manual order: all ids, first on top. */
export const arrange = (ids: Array<string>): Promise<void> => invoke("arrange", { ids });

/** Shows an account's secret after the person proved to be allowed. */
export const reveal = (id: string, proof: Proof): Promise<Revealed> => invoke("reveal", { id, proof });

/** Lets the person choose pictures or text files and reads them; null when the dialog was closed. */
export const offerFromFiles = (): Promise<Offer | null> => invoke("offer_from_files");

/** Reads a picture, a file or text from the clipboard. */
export const offerFromClipboard = (): Promise<Offer> => invoke("offer_from_clipboard");

/** Looks into the links that the system handed over since it was last asked; null when there are none. */
export const offerFromLinks = (): Promise<Offer | null> => invoke("offer_from_links");

/** Looks for codes on the screens, with Keyhaven's own window hidden meanwhile. */
export const offerFromScreen = (): Promise<Offer> => invoke("offer_from_screen");

/** The cameras to choose from; none is switched on. */
export const cameras = (purpose: CameraUse): Promise<Array<CameraChoice>> => invoke("cameras", { purpose });

/** Switches a camera on, and another one off; what that one read for the same purpose counts on. That it does not open is told by the view. */
export const openCamera = (id: string, purpose: CameraUse): Promise<void> => invoke("open_camera", { id, purpose });

/** The camera's view as soon as it is another than `seen`, or after a second. Pages that were read are told by the event. */
export const cameraView = (seen: number): Promise<CameraView> => invoke("camera_view", { seen });

/** Switches the camera off; its light is out when this is answered. With `keep`, what it read counts on when it or another one is switched on. */
export const closeCamera = (keep: boolean): Promise<void> => invoke("close_camera", { keep });

/** Switches the camera off and shows what it read. */
export const offerFromCamera = (): Promise<Offer> => invoke("offer_from_camera");

/** Checks an account typed in by hand. */
export const offerFromEntry = (entry: ManualEntry): Promise<Offer> => invoke("offer_from_entry", { entry });

/** Opens another program's encrypted export; what is in it is an offer of its own. Null when it was stopped. */
export const openExport = (offer: number, index: number, password: string): Promise<Offer | null> => invoke("open_export", { offer, index, password });

/** Stops the opening of an encrypted export at the next place where it can be stopped. */
export const stopOpening = (offer: number, index: number): Promise<void> => invoke("stop_opening", { offer, index });

/** Keeps the chosen ones of an offer; answers their ids. */
export const acceptOffer = (offer: number, indices: Array<number>): Promise<Array<string>> => invoke("accept_offer", { offer, indices });

/** Forgets an offer. */
export const dismissOffer = (offer: number): Promise<void> => invoke("dismiss_offer", { offer });

/** What an export of these accounts (none means all) would hold and lose. */
export const previewExport = (target: ExportTarget, accounts: Array<string>): Promise<ExportPreview> => invoke("preview_export", { target, accounts });

/** Writes an export after the person proved to be allowed; null when the dialog was closed. */
export const saveExport = (request: ExportRequest): Promise<ExportWritten | null> => invoke("save_export", { request });

/** Readable exports that were written and not removed since. */
export const plainExports = (): Promise<Array<PlainExport>> => invoke("plain_exports");

/** Puts the files of a readable export into the bin, or erases them. */
export const tidyExport = (id: string, way: TidyWay): Promise<Array<PlainExport>> => invoke("tidy_export", { id, way });

/** Asks no more about a readable export. */
export const forgetExport = (id: string): Promise<Array<PlainExport>> => invoke("forget_export", { id });

/** All recovery sets, and whether their codes can be had. */
export const recovery = (): Promise<RecoveryView> => invoke("recovery");

/** Tells whether the recovery room is seen: files that are dropped there are recovery files. */
export const recoveryRoom = (shown: boolean): Promise<void> => invoke("recovery_room", { shown });

/** Opens the recovery codes, which ask for passphrase or recovery key even while the accounts are open. */
export const unlockRecovery = (proof: Proof): Promise<RecoveryView> => invoke("unlock_recovery", { proof });

/** Locks the recovery codes again; they leave memory. */
export const lockRecovery = (): Promise<RecoveryView> => invoke("lock_recovery");

/** One set, its codes masked. */
export const recoverySet = (set: string): Promise<SetDetail> => invoke("recovery_set", { set });

/** A set's codes and texts, because the person asked to see them. */
export const revealRecovery = (set: string): Promise<VeiledSet> => invoke("reveal_recovery", { set });

/** The picture that a set's original is, or one page of a PDF, counted from 0, because the person asked to see it. */
export const recoveryPicture = (set: string, page: number): Promise<VeiledPicture> => invoke("recovery_picture", { set, page });

/** Marks the next code as used, on disk, and puts it into the clipboard. */
export const copyNextRecovery = (set: string, place: string): Promise<UsedCode> => invoke("copy_next_recovery", { set, place });

/** Puts a code into the clipboard without marking it; answers when that is cleared, Unix milliseconds. */
export const copyRecovery = (set: string, index: number): Promise<number> => invoke("copy_recovery", { set, index });

/** Marks a code as used or not used, and notes where. */
export const markRecovery = (set: string, index: number, used: boolean, place: string): Promise<SetDetail> => invoke("mark_recovery", { set, index, used, place });

/** Takes the last "used" back. */
export const undoRecovery = (set: string): Promise<SetDetail> => invoke("undo_recovery", { set });

/** Changes a set's name, account or note (null: it stays). */
export const editRecovery = (set: string, changes: SetChanges, note: Veiled | null): Promise<SetRow> => invoke("edit_recovery", { set, changes, note });

/** Deletes a set with its original. */
export const deleteRecovery = (set: string): Promise<RecoveryView> => invoke("delete_recovery", { set });

/** Saves a copy of a set's original; answers where, null when the dialog was closed. */
export const saveOriginal = (set: string): Promise<string | null> => invoke("save_original", { set });

/** Saves a plain sheet of a set's codes to print; answers where, null when the dialog was closed. */
export const saveRecoverySheet = (set: string): Promise<string | null> => invoke("save_recovery_sheet", { set });

/** Saves chosen accounts and sets (empty: all) as a sealed booklet of QR codes; null when the dialog was closed. */
export const saveBooklet = (proof: Proof, accounts: Array<string>, sets: Array<string>): Promise<string | null> => invoke("save_booklet", { proof, accounts, sets });

/** Lets the person choose downloaded files and reads them; null when the dialog was closed. */
export const draftsFromFiles = (): Promise<Array<Draft> | null> => invoke("drafts_from_files");

/** Reads files or a text from the clipboard. */
export const draftsFromClipboard = (): Promise<Array<Draft>> => invoke("drafts_from_clipboard");

/** The text in the clipboard, for a field that takes it letter by letter. */
export const pasteText = (): Promise<Veiled> => invoke("paste_text");

/** Reads a text that was typed in. */
export const draftFromText = (text: Veiled): Promise<Draft> => invoke("draft_from_text", { text });

/** Corrects how a draft was understood. */
export const correctDraft = (draft: number, correction: Correction): Promise<Draft> => invoke("correct_draft", { draft, correction });

/** A draft's texts, because the person asked to see them. */
export const revealDraft = (draft: number): Promise<VeiledDraft> => invoke("reveal_draft", { draft });

/** The picture that a draft is, or one page of a PDF, counted from 0, because the person asked to see it. */
export const draftPicture = (draft: number, page: number): Promise<VeiledPicture> => invoke("draft_picture", { draft, page });

/** Keeps a draft as a recovery set. */
export const acceptDraft = (draft: number, choices: DraftChoices): Promise<KeptDraft> => invoke("accept_draft", { draft, choices });

/** Forgets a draft. */
export const dismissDraft = (draft: number): Promise<void> => invoke("dismiss_draft", { draft });

/** New files in the folder for downloads that look like recovery codes. */
export const downloads = (): Promise<Array<DownloadOffer>> => invoke("downloads");

/** Reads such a file for review. */
export const takeDownload = (download: number): Promise<Array<Draft>> => invoke("take_download", { download });

/** Leaves such a file alone; answers what is offered still. */
export const leaveDownload = (download: number): Promise<Array<DownloadOffer>> => invoke("leave_download", { download });

/** Puts the download of a kept set into the bin, or erases it. */
export const tidyDownload = (set: string, way: TidyWay): Promise<RecoveryView> => invoke("tidy_download", { set, way });

/** What would be back if this computer were gone today, and what to do next. */
export const readiness = (): Promise<Readiness> => invoke("readiness");

/** Notes which other ways back into an account there are. */
export const noteWays = (account: string, second_device: boolean, admin_reset: boolean): Promise<Readiness> => invoke("note_ways", { account, second_device, admin_reset });

/** Opens a copy of the vault (null: the newest that is known) as a new computer would and compares; the result is kept. */
export const runDrill = (proof: Proof, backup: string | null): Promise<DrillReport> => invoke("run_drill", { proof, backup });

/** Lets the person choose the copy for a drill; null when the dialog was closed. */
export const chooseDrillCopy = (): Promise<ChosenVault | null> => invoke("choose_drill_copy");

/** Begins or ends gathering the pages of a paper backup: pictures that are dropped meanwhile are pages. */
export const gatherPages = (shown: boolean): Promise<void> => invoke("gather_pages", { shown });

/** Lets the person choose pictures of pages and reads them; null when the dialog was closed. */
export const pagesFromFiles = (): Promise<PagesView | null> => invoke("pages_from_files");

/** Puts the gathered paper backup in the place of the vault that is not there. */
export const restorePages = (): Promise<Status> => invoke("restore_pages");

/** What the gathered paper backup holds, compared with the vault now. */
export const lookIntoPages = (proof: Proof | null): Promise<LookAnswer> => invoke("look_into_pages", { proof });

/** How the backups stand. */
export const backups = (): Promise<BackupView> => invoke("backups");

/** Lets the person choose a folder for backups and makes the first; null when the dialog was closed. */
export const chooseBackupFolder = (): Promise<BackupView | null> => invoke("choose_backup_folder");

/** Keeps backups in this folder from now on and makes the first. */
export const setBackupFolder = (folder: string): Promise<BackupView> => invoke("set_backup_folder", { folder });

/** Takes note of whether another program keeps the folder for backups alike on another computer. */
export const noteSyncedFolder = (synced: boolean): Promise<BackupView> => invoke("note_synced_folder", { synced });

/** Keeps no more backups; those that are there stay. */
export const stopBackups = (): Promise<BackupView> => invoke("stop_backups");

/** Changes how many backups stay. */
export const setBackupRotation = (rotation: BackupRotation): Promise<BackupView> => invoke("set_backup_rotation", { rotation });

/** Gives backups a passphrase of their own, or the vault's own again (null). */
export const setBackupPassphrase = (proof: Proof, passphrase: string | null): Promise<BackupView> => invoke("set_backup_passphrase", { proof, passphrase });

/** Makes a backup now. */
export const backUpNow = (): Promise<BackupView> => invoke("back_up_now");

/** The backups and saved states that can be looked into. */
export const restorePoints = (): Promise<RestorePoints> => invoke("restore_points");

/** What a backup or saved state holds, compared with the vault now. */
export const lookInto = (place: PointPlace, name: string, proof: Proof | null): Promise<LookAnswer> => invoke("look_into", { place, name, proof });

/** Makes the chosen records what they are in what was looked into; answers all accounts. */
export const restoreRecords = (look: number, ids: Array<string>): Promise<Array<AccountRow>> => invoke("restore_records", { look, ids });

/** Forgets what was looked into. */
export const forgetLook = (): Promise<void> => invoke("forget_look");

/** Copies of the vault beside its file. */
export const copies = (): Promise<Array<VaultCopy>> => invoke("copies");

/** What merging such a copy would change. */
export const previewCopy = (name: string, proof: Proof | null): Promise<LookAnswer> => invoke("preview_copy", { name, proof });

/** Lets the person choose another copy of the vault; null when the dialog was closed. */
export const chooseMerge = (): Promise<string | null> => invoke("choose_merge");

/** What merging a chosen copy would change. */
export const previewMerge = (path: string, proof: Proof | null): Promise<LookAnswer> => invoke("preview_merge", { path, proof });

/** Merges what was looked at; answers all accounts. */
export const applyMerge = (look: number): Promise<Array<AccountRow>> => invoke("apply_merge", { look });

/** Puts a merged copy aside or removes it; answers the copies that are left. */
export const settleCopy = (name: string, fate: CopyFate): Promise<Array<VaultCopy>> => invoke("settle_copy", { name, fate });

/** The ways into the vault. */
export const slots = (): Promise<Array<SlotView>> => invoke("slots");

/** Adds a passphrase that opens everything. */
export const addPassphrase = (proof: Proof, passphrase: string, label: string): Promise<Array<SlotView>> => invoke("add_passphrase", { proof, passphrase, label });

/** Removes a way in; the last one that does not depend on this computer stays. */
export const removeSlot = (id: string, proof: Proof): Promise<Array<SlotView>> => invoke("remove_slot", { id, proof });

/** Replaces a passphrase. */
export const changePassphrase = (id: string, current: string, passphrase: string): Promise<Array<SlotView>> => invoke("change_passphrase", { id, current, passphrase });

/** What becomes of saved states, backups and other ways in when the keys are renewed. */
export const rotationFate = (): Promise<RotationFate> => invoke("rotation_fate");

/** Gives the vault new keys, and shows the new emergency kit. */
export const rotateKeys = (passphrase: string): Promise<Kit> => invoke("rotate_keys", { passphrase });

/** What is wrong with the keyring; `unlock` lets a locked one ask for its password. */
export const doctor = (unlock: boolean): Promise<DoctorReport> => invoke("doctor", { unlock });

/** Changes the settings. */
export const changeSettings = (settings: Settings): Promise<Settings> => invoke("change_settings", { settings });
