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
error: Failure, 
/**
 * Earlier saved states of the vault that can be opened instead, newest first.
 */
generations: Array<GenerationView>, } | { "phase": "open" } & OpenView;

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

export type KeyringState = "unasked" | "ready" | "absent" | "locked" | "refused" | "missing" | "foreign" | "ambiguous" | "failed";

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
added_at: number, };

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
problems: Array<OfferProblem>, };

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
 * What is unusual about it, in words.
 */
notes: Array<string>, };

export type Standing = "new" | "already_there" | "same_name_other_secret";

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
history: Array<HistoryEntry>, };

export type HistoryEntry = { 
/**
 * When, Unix milliseconds.
 */
at: number, 
/**
 * What changed, in words: "name: me → me@example.org". Never a secret.
 */
change: string, };

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
close_to_tray: boolean, };

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

export type GenerationView = { 
/**
 * Names it for "restore".
 */
name: string, 
/**
 * When it was saved, Unix milliseconds.
 */
saved_at: number, 
/**
 * Size in bytes.
 */
size: number, };

export type Failure = { 
/**
 * Which failure.
 */
kind: FailureKind, 
/**
 * What and where, in plain words, without any secret.
 */
detail: string, };

export type FailureKind = "wrong_passphrase" | "wrong_recovery_key" | "mistyped_recovery_key" | "keyring" | "locked" | "no_vault" | "vault_exists" | "damaged_vault" | "newer_vault" | "vault_unreachable" | "not_saved" | "no_such_account" | "bad_input" | "weak_passphrase" | "kit_mismatch" | "kit_needed" | "clipboard" | "other";

/** Names of the events that the program sends, and what they carry. */
export interface Events {
  "status": Status;
  "offer": Offer;
  "drop_refused": Failure;
  "drag": boolean;
  "clipboard": boolean;
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

/** Puts an earlier saved state in the place of a vault that cannot be read; that file is kept beside it. */
export const restoreGeneration = (name: string): Promise<Status> => invoke("restore_generation", { name });

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

/** Makes a new recovery key in the place of the old one, and shows its kit. */
export const renewKit = (proof: Proof): Promise<Kit> => invoke("renew_kit", { proof });

/** Compares the two groups that were typed back. */
export const confirmKit = (proof: KitProof): Promise<Status> => invoke("confirm_kit", { proof });

/** Saves the kit that is being shown; answers where, null when the dialog was closed. */
export const saveKit = (format: KitFormat): Promise<string | null> => invoke("save_kit", { format });

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

/** Checks an account typed in by hand. */
export const offerFromEntry = (entry: ManualEntry): Promise<Offer> => invoke("offer_from_entry", { entry });

/** Opens another program's encrypted export; what is in it is an offer of its own. */
export const openExport = (offer: number, index: number, password: string): Promise<Offer> => invoke("open_export", { offer, index, password });

/** Keeps the chosen ones of an offer; answers their ids. */
export const acceptOffer = (offer: number, indices: Array<number>): Promise<Array<string>> => invoke("accept_offer", { offer, indices });

/** Forgets an offer. */
export const dismissOffer = (offer: number): Promise<void> => invoke("dismiss_offer", { offer });

/** Changes the settings. */
export const changeSettings = (settings: Settings): Promise<Settings> => invoke("change_settings", { settings });
