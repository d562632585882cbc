// Stands in the place of the program: answers `window.__TAURI_INTERNALS__.invoke` as generated.ts describes. For tests and dev.html only.
import type { AccountRow, AccountVersion, BackupView, CodeView, VaultCopy, Difference, DoctorReport, Events, ExportRequest, Failure, FailureKind, Kit, LockedView, Look, Offer, OpenView, PlainExport, Settings, SlotView, Status } from "../api";
import { readinessAnswers } from "./readiness-double";
import { RecoveryDouble } from "./recovery-double";
import { sampleRows } from "./samples";

type Args = Record<string, unknown>;
type Answer = (args: Args) => unknown;

export const fail = (kind: FailureKind, detail = ""): Failure => ({ kind, detail });
export const SETTINGS: Settings = { theme: "system", idle_seconds: 300, clipboard_seconds: 30, capture_protection: true, sort: "manual", close_to_tray: false, watch_downloads: false, paper: "a4" };
const FOLDER = "/home/me/.local/share/keyhaven";
export const VAULT_ID = "7e72-3a21-f44a-ef12-86bb-fa05-8ba6-3db7";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h21v21H0z"/><path d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 2h3v3H9zM9 9h4v4H9zM15 15h3v3h-3zM10 16h2v4h-2zM3 9h3v2H3z"/></svg>`;

export const openView = (changes: Partial<OpenView> = {}): OpenView => ({
  vault_id: VAULT_ID, path: `${FOLDER}/vault.keyhaven`, accounts: 24, set_aside: 0, kit: "kept", opened_with: "keyring", keyring: "ready", has_keyring: true, has_passphrase: true,
  settings: SETTINGS, demo: false, ...changes,
});
export const lockedView = (changes: Partial<LockedView> = {}): LockedView => ({
  vault_id: VAULT_ID, path: `${FOLDER}/vault.keyhaven`, saved_at: 1_772_500_000_000, has_passphrase: true, has_recovery_key: true, has_keyring: true, keyring: "unasked", demo: false, ...changes,
});
export const KIT: Kit = {
  vault_id: VAULT_ID, groups: ["H4KD7", "9WQ2M", "MZ7PX", "C3XR0", "T8VN1", "5JYB4", "Q6GFA"], qr_svg: SVG, created_at: 1_772_500_000_000, challenge: [2, 5],
};
export const backupView = (changes: Partial<BackupView> = {}): BackupView => ({
  folder: null, state: "off", last_at: null, last_name: null, failure: null, failing_since: null, keep_newest: 10, keep_days: 90, own_passphrase: false, kit_opens: true, same_disk: false, synced: false, damaged: [], ...changes,
});
/** The versions of an account that is undecided. */
export const VERSIONS: AccountVersion[] = [
  { changed_at: 1_772_500_000_000, deleted: false, differs: [], other_codes: false },
  { changed_at: 1_772_400_000_000, deleted: false, differs: ["name: me@example.org → robin@example.net", "the secret"], other_codes: true },
];
const difference = (id: string, issuer: string, effect: Difference["effect"], changes: string[] = []): Difference =>
  ({ id, record: "account", issuer, name: "me@example.org", kind: "totp", effect, changes, modified_at: 1_772_400_000_000 });
export const lookView = (changes: Partial<Look> = {}): Look => ({
  look: 7, name: "keyhaven-7e723a21-2026-03-03-010640-g42.keyhaven", saved_at: 1_772_500_000_000, generation: 42, accounts: 25, accounts_now: 24, recovery: null, set_aside: 0, merge: null,
  differences: [difference("d1", "Gone", "added"), difference("d2", "GitHub", "changed", ["name: me → you", "the note"]), difference("d3", "New one", "removed")], ...changes,
});
export const slotView = (changes: Partial<SlotView> = {}): SlotView => ({
  id: "p1", kind: "passphrase", label: "", created_at: 1_772_000_000_000, opens_accounts: true, opens_recovery: true, memory_kib: 262_144, passes: 3, removable: true, ...changes,
});
export const doctorReport = (changes: Partial<DoctorReport> = {}): DoctorReport => ({
  finding: "ready", provider: "gnome-keyring-d", stored_with: null, other_vaults: 0, answer: "the default collection is open", repairable: false, open: true, ...changes,
});
/** What is not known of something new. */
export const UNKNOWN = { matches: null, counter: null, held_counter: null };
const PASSPHRASE = "correct horse battery staple";

/** A program in memory: a vault, its accounts, and every call it got. */
export class Double {
  calls: { command: string; args: Args }[] = [];
  /** Answers that a test puts in the place of the usual ones. */
  answers: Record<string, Answer> = {};
  rows: AccountRow[];
  /** The recovery room; empty until a test fills it. */
  readonly recovery = new RecoveryDouble();
  backups: BackupView = backupView();
  copies: VaultCopy[] = [];
  exports: PlainExport[] = [];
  slots: SlotView[] = [slotView(), slotView({ id: "k1", kind: "keyring", memory_kib: null, passes: null, opens_recovery: false }), slotView({ id: "r1", kind: "recovery_key", memory_kib: null, passes: null })];
  now = () => Date.now();
  #deleted: AccountRow[] = [];
  #counters = new Map<string, number>();
  #callbacks = new Map<number, (data: unknown) => void>();
  #listeners = new Map<string, number[]>();
  #next = 1;
  #offer = 1;

  constructor(public status: Status, count = 24) {
    this.rows = sampleRows(count);
    Object.assign(window, {
      __TAURI_INTERNALS__: {
        invoke: (command: string, args: Args = {}) => this.#invoke(command, args),
        transformCallback: (callback: (data: unknown) => void) => { this.#callbacks.set(++this.#next, callback); return this.#next; },
        unregisterCallback: (id: number) => this.#callbacks.delete(id),
        metadata: { currentWindow: { label: "main" }, currentWebview: { label: "main" } },
      },
      __TAURI_EVENT_PLUGIN_INTERNALS__: { unregisterListener: () => undefined },
    });
  }

  /** How often a command was called. */
  count = (command: string): number => this.calls.filter((call) => call.command === command).length;
  /** The last call of a command. */
  last = (command: string): Args | undefined => this.calls.findLast((call) => call.command === command)?.args;

  /** Sends an event to the page. */
  emit<Name extends keyof Events>(event: Name, payload: Events[Name]): void {
    for (const id of this.#listeners.get(event) ?? []) this.#callbacks.get(id)?.({ event, id, payload });
  }

  async #invoke(command: string, args: Args): Promise<unknown> {
    if (command === "plugin:event|listen") {
      const event = String(args["event"]);
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), Number(args["handler"])]);
      return args["handler"];
    }
    // A copy, as the bridge makes one: what the page does to its objects afterwards is not seen here.
    this.calls.push({ command, args: JSON.parse(JSON.stringify(args)) as Args });
    await Promise.resolve();
    const answer = this.answers[command] ?? this.#usual[command] ?? this.recovery.answers[command] ?? readinessAnswers[command];
    if (!answer) throw fail("other", `the double has no ${command}`);
    return structuredClone(await answer(args));
  }

  #openNow(changes: Partial<OpenView> = {}): Status {
    return (this.status = { phase: "open", ...openView({ accounts: this.rows.length, ...changes }) });
  }
  #open(): OpenView {
    if (this.status.phase !== "open") throw fail("locked");
    return this.status;
  }
  #change(changes: Partial<OpenView>): Status {
    return (this.status = { phase: "open", ...this.#open(), ...changes });
  }
  #row(id: unknown): AccountRow {
    const row = this.rows.find((one) => one.id === id);
    if (!row) throw fail("no_such_account");
    return row;
  }
  #proved({ proof }: Args): void {
    const given = proof as { passphrase: string | null; recovery_key: string | null };
    if (given.passphrase !== null && given.passphrase !== PASSPHRASE) throw fail("wrong_passphrase");
  }
  #code(row: AccountRow, counter: number): string {
    let seed = Math.imul(counter ^ 0x9e3779b9, 2654435761);
    for (const char of row.id) seed = Math.imul(seed ^ char.charCodeAt(0), 2246822519);
    const letters = row.kind === "steam" ? "23456789BCDFGHJKMNPQRTVWXY" : row.kind === "yandex" ? "abcdefghijklmnopqrstuvwxyz" : row.kind === "motp" ? "0123456789abcdef" : "0123456789";
    return Array.from({ length: row.digits }, () => letters[((seed = Math.imul(seed ^ (seed >>> 15), 2246822519) + 374761393) >>> 0) % letters.length]).join("");
  }
  /** The code of a row at a moment, as `codes` answers it. */
  view(row: AccountRow, now: number): CodeView {
    const length = (row.period ?? 30) * 1000;
    const counter = Math.floor(now / length);
    return { id: row.id, code: this.#code(row, counter), next: this.#code(row, counter + 1), valid_from: counter * length, valid_until: (counter + 1) * length, problem: null };
  }
  #advanced(row: AccountRow): CodeView {
    const counter = (this.#counters.get(row.id) ?? 0) + 1;
    this.#counters.set(row.id, counter);
    return { id: row.id, code: this.#code(row, counter), next: null, valid_from: null, valid_until: null, problem: null };
  }
  /** An offer with one account of each standing, and one problem. */
  offer(): Offer {
    const base = { kind: "totp", digits: 6, period: 30, algorithm: "SHA1" } as const;
    return {
      id: this.#offer++,
      found: [
        { ...base, index: 0, source: "shop.png", issuer: "Shopify", name: "shop@example.org", tags: [], standing: "new", ...UNKNOWN, notes: [] },
        { ...base, index: 1, source: "shop.png", issuer: "GitHub", name: "me@example.org", tags: [], standing: "already_there", ...UNKNOWN, matches: "GitHub · work", notes: [] },
        { ...base, index: 2, source: "bank.png", issuer: "Bank token", name: "", kind: "hotp", period: null, digits: 8, algorithm: "SHA256", tags: [], standing: "same_name_other_secret", ...UNKNOWN, matches: "Bank token", counter: 0, notes: ["The label names another issuer: “Bank”. It is kept."] },
      ],
      locked: [],
      problems: [{ source: "holiday.jpg", reason: "There is no QR code in this picture." }],
      screens: [],
    };
  }
  #detail(row: AccountRow) {
    return {
      row, note: "Asked the help desk for a second device.", algorithm: row.kind === "totp" ? "SHA1" : null, counter: row.kind === "hotp" ? (this.#counters.get(row.id) ?? 0) : null, label_issuer: null, unknown_parameters: ["image"],
      history: [{ at: 1_771_000_000_000, change: "name: me → me@example.org" }],
      versions: row.undecided ? VERSIONS : [],
    };
  }

  readonly #usual: Record<string, Answer> = {
    status: () => this.status,
    estimate_passphrase: ({ passphrase }) => {
      const length = String(passphrase).length;
      const score = Math.min(4, Math.floor(length / 5));
      return { score, guess_time: ["3 seconds", "4 hours", "3 years", "6,000 years", "centuries"][score], warning: score < 2 ? "This is among the first things that are tried." : null, suggestions: score < 2 ? ["Add another word or two."] : [], acceptable: score >= 2 && length >= 8 };
    },
    create_vault: ({ request }) => {
      const { passphrase, keyring } = request as { passphrase: string | null; keyring: boolean };
      if (passphrase !== null && passphrase.length < 8) throw fail("weak_passphrase", "It has fewer than 8 characters.");
      this.rows = [];
      this.#openNow({ accounts: 0, kit: "unconfirmed", opened_with: "passphrase", has_passphrase: passphrase !== null, has_keyring: keyring });
      return KIT;
    },
    choose_vault: () => ({ path: "/media/stick/vault.keyhaven", vault_id: VAULT_ID, saved_at: 1_772_500_000_000, size: 48_213, has_passphrase: true, has_recovery_key: true }),
    use_vault: () => (this.status = { phase: "locked", ...lockedView({ has_keyring: false }) }),
    preview_restore: ({ proof }) => ({ name: "vault-9.keyhaven", vault_id: VAULT_ID, saved_at: 1_772_400_000_000, generation: 8, size: 48_011, has_passphrase: true, has_recovery_key: true, newer: null, holds: proof ? { accounts: 24, recovery: 3, set_aside: 0, compared_with: null, differences: [] } : null }),
    restore_point: () => (this.status = { phase: "locked", ...lockedView() }),
    unlock_with_keyring: () => this.#openNow(),
    unlock_with_passphrase: ({ passphrase }) => {
      if (passphrase !== PASSPHRASE) throw fail("wrong_passphrase");
      return this.#openNow({ opened_with: "passphrase" });
    },
    unlock_with_recovery_key: ({ recovery_key, recoveryKey }) => {
      const typed = String(recovery_key ?? recoveryKey).replace(/[\s-]/g, "").toUpperCase();
      if (typed !== KIT.groups.join("")) throw fail(typed.length === 35 ? "wrong_recovery_key" : "mistyped_recovery_key");
      return this.#openNow({ opened_with: "recovery_key" });
    },
    lock: () => (this.status = { phase: "locked", ...lockedView() }),
    touch: () => null,
    enable_keyring: () => this.#change({ has_keyring: true, keyring: "ready" }),
    disable_keyring: () => this.#change({ has_keyring: false, keyring: "unasked" }),
    renew_kit: (args) => { this.#proved(args); this.#change({ kit: "unconfirmed" }); return KIT; },
    confirm_kit: ({ proof }) => {
      const { groups } = proof as { groups: [string, string] };
      if (groups[0].toUpperCase() !== KIT.groups[KIT.challenge[0]] || groups[1].toUpperCase() !== KIT.groups[KIT.challenge[1]]) throw fail("kit_mismatch");
      return this.#change({ kit: "kept" });
    },
    save_kit: ({ format }) => `/home/me/Documents/keyhaven-kit.${String(format)}`,
    print_kit: () => null,
    close_kit: () => this.status,
    accounts: () => { this.#open(); return this.rows; },
    codes: ({ ids }) => {
      const now = this.now();
      const known = (ids as string[]).map((id) => this.rows.find((row) => row.id === id)).filter((row) => row !== undefined);
      return { now, codes: known.map((row) => this.view(row, now)) };
    },
    copy_code: ({ id }) => { const row = this.#row(id); return { clears_at: Date.now() + this.#open().settings.clipboard_seconds * 1000, code: row.kind === "hotp" ? this.#advanced(row) : null }; },
    advance: ({ id }) => this.#advanced(this.#row(id)),
    account: ({ id }) => this.#detail(this.#row(id)),
    edit_account: ({ id, changes }) => {
      const { issuer, name, tags, pinned, icon } = changes as Partial<AccountRow>;
      const row = this.#row(id);
      const fresh: AccountRow = { ...row, issuer: issuer ?? row.issuer, name: name ?? row.name, tags: tags ?? row.tags, pinned: pinned ?? row.pinned, icon: icon === "" ? null : (icon ?? row.icon) };
      this.rows = this.rows.map((one) => (one === row ? fresh : one));
      return this.#detail(fresh);
    },
    choose_version: ({ id, version }) => {
      const fresh = { ...this.#row(id), undecided: false, name: version === 1 ? "robin@example.net" : this.#row(id).name };
      this.rows = this.rows.map((one) => (one.id === id ? fresh : one));
      return this.#detail(fresh);
    },
    keep_versions: ({ id }) => {
      const row = this.#row(id);
      this.rows = [...this.rows.map((one) => (one === row ? { ...row, undecided: false } : one)), { ...row, id: "apart", name: "robin@example.net", undecided: false }];
      return ["apart"];
    },
    delete_account: ({ id }) => { const row = this.#row(id); this.#deleted.push(row); this.rows = this.rows.filter((one) => one !== row); return null; },
    restore_account: ({ id }) => { const row = this.#deleted.find((one) => one.id === id); if (!row) throw fail("no_such_account"); this.rows.push(row); return this.#detail(row); },
    arrange: ({ ids }) => { const order = ids as string[]; this.rows = this.rows.map((row) => ({ ...row, position: order.indexOf(row.id) })); return null; },
    reveal: (args) => { this.#proved(args); return { qr_svg: SVG, secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/GitHub:me%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=GitHub" }; },
    offer_from_files: () => this.offer(),
    offer_from_clipboard: () => this.offer(),
    offer_from_links: () => null,
    offer_from_screen: () => ({ ...this.offer(), screens: [{ name: "Screen 1", url: "data:image/png;base64,iVBORw0KGgo=", width: 640, height: 360, frames: [{ left: 40, top: 60, width: 80, height: 80, found: [0] }, { left: 300, top: 60, width: 80, height: 80, found: [] }] }] }),
    offer_from_entry: ({ entry }) => {
      const { issuer, name, kind, secret } = entry as { issuer: string; name: string; kind: "totp"; secret: string };
      if (/[^A-Za-z2-7\s=-]/.test(secret)) return { id: this.#offer++, found: [], problems: [{ source: "Typed in", reason: "The secret has a character that base32 does not know, at place 4: “1”." }], screens: [] };
      return { id: this.#offer++, found: [{ index: 0, source: "Typed in", issuer, name, kind, digits: 6, period: 30, algorithm: "SHA1", tags: [], standing: "new", ...UNKNOWN, notes: [] }], problems: [], screens: [] };
    },
    accept_offer: ({ indices }) => {
      const ids = (indices as number[]).map((index) => `new${this.#next++}-${index}`);
      ids.forEach((id, n) => this.rows.push({ ...sampleRows(1)[0]!, id, issuer: n ? "Bank token" : "Shopify", name: "shop@example.org", pinned: false, tags: [], position: this.rows.length }));
      this.#change({ accounts: this.rows.length });
      return ids;
    },
    dismiss_offer: () => null,
    stop_opening: () => null,
    backups: () => this.backups,
    choose_backup_folder: () => (this.backups = backupView({ folder: "/media/stick/Keyhaven", state: "good", last_at: 1_772_500_000_000, last_name: "x" })),
    set_backup_folder: ({ folder }) => (this.backups = backupView({ folder: String(folder), state: "good", last_at: 1_772_500_000_000, last_name: "x" })),
    note_synced_folder: ({ synced }) => (this.backups = { ...this.backups, synced: synced === true }),
    stop_backups: () => (this.backups = backupView()),
    set_backup_rotation: ({ rotation }) => (this.backups = { ...this.backups, ...(rotation as { keep_newest: number; keep_days: number }) }),
    set_backup_passphrase: (args) => { this.#proved(args); return (this.backups = { ...this.backups, own_passphrase: args["passphrase"] !== null }); },
    back_up_now: () => (this.backups = { ...this.backups, state: "good", failure: null }),
    restore_points: () => ({ points: [{ name: "b1", place: "folder", saved_at: 1_772_500_000_000, generation: 42 }, { name: "s1", place: "saved", saved_at: 1_772_400_000_000, generation: 41 }], folder_failure: null }),
    look_into: () => ({ answer: "opened", ...lookView() }),
    look_into_pages: ({ proof }) => {
      if (proof === null) return { answer: "locked", has_passphrase: true, has_recovery_key: false };
      this.#proved({ proof });
      return { answer: "opened", ...lookView({ differences: lookView().differences.slice(0, 2) }) };
    },
    restore_records: () => this.rows,
    forget_look: () => null,
    copies: () => this.copies,
    preview_copy: () => ({ answer: "opened", ...lookView({ merge: { slots_added: 1, slots_removed: 0, keys_taken_over: false, recovery_waits: true, nothing: false } }) }),
    choose_merge: () => null,
    preview_merge: () => { throw fail("another_vault", "/media/stick/other.keyhaven is vault 1111."); },
    apply_merge: () => { this.copies = this.copies.map((copy) => ({ ...copy, news: false })); return this.rows; },
    settle_copy: ({ name }) => (this.copies = this.copies.filter((copy) => copy.name !== name)),
    slots: () => this.slots,
    add_passphrase: (args) => { this.#proved(args); return (this.slots = [...this.slots, slotView({ id: "p2", label: String(args["label"]) })].map((slot) => ({ ...slot, removable: true }))); },
    remove_slot: (args) => { this.#proved(args); return (this.slots = this.slots.filter((slot) => slot.id !== args["id"])); },
    change_passphrase: ({ current }) => { if (current !== PASSPHRASE) throw fail("wrong_passphrase"); return this.slots; },
    rotation_fate: () => ({ saved_states: 12, backups: 3, folder_failure: null, own_backup_passphrase: false, other_passphrases: 1, keyring: true, possible: true }),
    rotate_keys: ({ passphrase }) => { if (passphrase !== PASSPHRASE) throw fail("wrong_passphrase"); this.#change({ kit: "unconfirmed" }); return KIT; },
    doctor: () => doctorReport(),
    preview_export: ({ target, accounts }) => ({ accounts: (accounts as string[]).length, files: 1, losses: target === "keyhaven" ? [] : [{ what: "the note", left_out: false, accounts: ["GitHub · me@example.org"] }] }),
    save_export: ({ request }) => {
      const { target, accounts, proof } = request as ExportRequest;
      this.#proved({ proof });
      const plain = !["keyhaven", "aegis-encrypted", "2fas-encrypted", "ente-encrypted"].includes(target);
      const paths = [`/home/me/keyhaven-${target}`];
      if (plain) this.exports = [{ id: `x${this.#next++}`, target, paths, there: true, accounts: accounts.length, at: 1_772_500_000_000 }, ...this.exports];
      return { paths, accounts: accounts.length, plain };
    },
    save_set_aside: (args) => { this.#proved(args); return "/home/me/keyhaven-set-aside.jsonl"; },
    plain_exports: () => this.exports,
    tidy_export: ({ id }) => (this.exports = this.exports.filter((one) => one.id !== id)),
    forget_export: ({ id }) => (this.exports = this.exports.filter((one) => one.id !== id)),
    change_settings: ({ settings }) => { this.#change({ settings: settings as Settings }); return settings; },
  };
}
