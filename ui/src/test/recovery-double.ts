// The recovery room of the double: sets in memory, one of them low, and a file to review.
import type { Correction, DownloadOffer, Draft, DraftChoices, Failure, Proof, RecoveryView, SetDetail, SetRow, VeiledPicture } from "../api";
import { veil } from "../api/veil";

type Args = Record<string, unknown>;
const fail = (kind: Failure["kind"], detail = ""): Failure => ({ kind, detail });
const MARCH = 1_772_500_000_000;

export const setRow = (changes: Partial<SetRow> = {}): SetRow => ({
  id: "s0", name: "GitHub", provider: "GitHub", kind: "codes", account: "a0", account_name: "GitHub · me@example.org", source: "github-recovery-codes.txt", size: 192,
  total: 16, left: 13, standing: "good", added_at: MARCH, used_at: MARCH, seen_at: MARCH, superseded_at: null, tidied: { way: "bin", at: MARCH }, can_tidy: false, ...changes,
});
const TEXTS = ["8f3a9-71c02", "b04de-9952a", "c7719-0e4d1", "d2f68-3ab90", "0e9b4-77f13", "3c5d0-e18a2", "4410b-96f7c", "57ae2-0cc35", "61f93-b2d08", "7a0c4-5e91d", "88d17-f0b36", "90be5-2a74c", "a1c38-d596e", "e35f0-81b27", "f6a92-4c0d8", "2b87e-f3619"];
const masked = (text: string) => text.replace(/[\p{L}\p{N}]/gu, "•");

/** The file that is dropped, chosen or pasted here. */
export const draft = (changes: Partial<Draft> = {}): Draft => ({
  id: 1, source: "github-recovery-codes.txt", size: 192, provider: "GitHub", candidates: [], kind: "codes",
  codes: TEXTS.slice(0, 4).map((text, n) => ({ masked: masked(text), used: false, line: n + 3, cuts: [5] })),
  lines: [
    { number: 1, text: "GitHub recovery codes", place: "kept", codes: [] }, { number: 2, text: "", place: "blank", codes: [] },
    ...TEXTS.slice(0, 4).map((text, n) => ({ number: n + 3, text: masked(text), place: "code" as const, codes: [n] })),
    { number: 7, text: "•••••••• ••••", place: "unclear", codes: [] },
  ],
  more_lines: 0, documents: [{ kind: "notes", lines: 1 }], problems: [{ line: 7, text: "line 7 looks like a code but unlike the others; it is not counted as one" }], unusable: null,
  account: "a0", replaces: "s0", already: null, picture: false, pages: null, ...changes,
});

/** A page of one pixel; a part of the third cannot be drawn. */
const drawn = (page: number): VeiledPicture => ({ width: 1, height: 1, whole: page !== 2, pixels: veil("abc") });

/** Sets, whether they are open, and answers to the room's commands. */
export class RecoveryDouble {
  open = false;
  rows: SetRow[] = [];
  used: (number | null)[] = TEXTS.map((_, n) => (n < 3 ? MARCH + n : null));
  draft = draft();
  /** Of every set's original. */
  pages: number | null = null;
  downloads: DownloadOffer[] = [];
  readonly passphrase = "correct horse battery staple";

  /** The sets of the design's picture. */
  fill(): void {
    this.rows = [
      setRow(), setRow({ id: "s1", name: "Hosted Network", provider: "Hosted Network", account: "a1", account_name: "Hosted Network · partner portal", total: 6, left: 6 }),
      setRow({ id: "s2", name: "Google", provider: "Google", account: "a3", account_name: "Google · me@example.com", total: 10, left: 2, standing: "low" }),
      setRow({ id: "s3", name: "B3Networks", provider: "", kind: "key", account: "a5", account_name: "B3Networks · me@example.org", total: 1, left: 1 }),
      setRow({ id: "s4", name: "BitLocker · studio PC", provider: "BitLocker", kind: "key", account: null, account_name: null, total: 1, left: 1 }),
      setRow({ id: "s5", name: "id_ed25519", provider: "SSH", kind: "document", account: null, account_name: null, total: 0, left: 0, size: 399 }),
    ];
  }

  readonly answers: Record<string, (args: Args) => unknown> = {
    recovery: () => this.#view(),
    recovery_room: () => null,
    unlock_recovery: ({ proof }) => {
      if ((proof as Proof).passphrase !== this.passphrase) throw fail("wrong_passphrase");
      this.open = true;
      return this.#view();
    },
    lock_recovery: () => { this.open = false; return this.#view(); },
    recovery_set: ({ set }) => this.#detail(set),
    reveal_recovery: ({ set }) => { this.#detail(set); return { codes: TEXTS.map(veil), documents: [veil("GitHub recovery codes")], note: veil("") }; },
    gather_pages: () => null,
    copy_next_recovery: ({ set }) => {
      const index = this.used.indexOf(null);
      this.used[index] = MARCH + 1000 + index;
      return { detail: this.#counted(set), index, clears_at: Date.now() + 30_000 };
    },
    copy_recovery: () => Date.now() + 30_000,
    mark_recovery: ({ set, index, used }) => { this.used[Number(index)] = used ? MARCH + 5000 : null; return this.#counted(set); },
    undo_recovery: ({ set }) => {
      const last = Math.max(...this.used.map((at) => at ?? 0));
      this.used[this.used.indexOf(last)] = null;
      return this.#counted(set);
    },
    edit_recovery: ({ set, changes }) => {
      const { name, account } = changes as { name?: string; account?: string };
      const row = this.#row(set);
      return this.#put({ ...row, name: name || row.provider, account: account || null });
    },
    delete_recovery: ({ set }) => { this.rows = this.rows.filter((row) => row.id !== set); return this.#view(); },
    save_original: () => "/home/me/Documents/github-recovery-codes.txt",
    save_recovery_sheet: () => "/home/me/Documents/keyhaven-recovery-codes.pdf",
    save_booklet: () => "/home/me/Documents/keyhaven-paper-backup.pdf",
    save_split_kit: ({ shares }) => Array.from({ length: Number(shares) }, (_, n) => `/home/me/share-${n + 1}.pdf`),
    drafts_from_files: () => [this.draft],
    drafts_from_clipboard: () => [{ ...this.draft, source: "Clipboard" }],
    paste_text: () => veil("7be1f-90c3a"),
    draft_from_text: () => ({ ...this.draft, source: "Typed in" }),
    correct_draft: ({ correction }) => {
      const { what, ...rest } = correction as Correction;
      const codes = [...this.draft.codes];
      if (what === "drop" && "code" in rest) codes.splice(rest.code, 1);
      if (what === "join" && "code" in rest) codes.splice(rest.code, 2, { ...codes[rest.code]!, masked: "•••••-••••• •••••-•••••" });
      if (what === "take") codes.push({ masked: "•••••••• ••••", used: false, line: 7, cuts: [8] });
      return (this.draft = { ...this.draft, codes });
    },
    reveal_draft: () => ({ codes: TEXTS.slice(0, 4).map(veil), lines: ["GitHub recovery codes", "", ...TEXTS.slice(0, 4), "12345678 abcd"].map(veil) }),
    accept_draft: ({ choices }) => {
      const { name, provider, account, replaces } = choices as DraftChoices;
      const set = setRow({ id: "new", name: name || provider, provider, account, left: 4, total: 4, tidied: null, can_tidy: true });
      this.rows = [...this.rows.map((row) => (row.id === replaces ? { ...row, standing: "superseded" as const, superseded_at: MARCH } : row)), set];
      return { set, view: this.#view() };
    },
    dismiss_draft: () => null,
    draft_picture: ({ page }) => drawn(Number(page)),
    recovery_picture: ({ page }) => drawn(Number(page)),
    downloads: () => this.downloads,
    take_download: ({ download }) => { this.downloads = this.downloads.filter(({ id }) => id !== download); return [this.draft]; },
    leave_download: ({ download }) => (this.downloads = this.downloads.filter(({ id }) => id !== download)),
    tidy_download: ({ set, way }) => { this.#put({ ...this.#row(set), can_tidy: false, tidied: { way: way as "bin", at: MARCH } }); return this.#view(); },
  };

  #view(): RecoveryView {
    return { open: this.open, sets: this.rows };
  }
  #row(id: unknown): SetRow {
    const row = this.rows.find((one) => one.id === id);
    if (!row) throw fail("no_such_set");
    return row;
  }
  #put(row: SetRow): SetRow {
    this.rows = this.rows.map((one) => (one.id === row.id ? row : one));
    return row;
  }
  #counted(id: unknown): SetDetail {
    this.#put({ ...this.#row(id), left: this.used.filter((at) => at === null).length });
    return this.#detail(id);
  }
  #detail(id: unknown): SetDetail {
    if (!this.open) throw fail("recovery_locked");
    const row = this.#row(id);
    const codes = TEXTS.slice(0, row.total).map((text, n) => ({ masked: masked(text), used: row.id === "s0" && this.used[n] !== null, used_at: row.id === "s0" ? (this.used[n] ?? null) : null, place: n === 1 ? "new laptop" : "" }));
    const next = codes.findIndex((code) => !code.used);
    return { row, codes, next: next < 0 || row.superseded_at !== null ? null : next, documents: row.kind === "document" ? [{ kind: "private_key", lines: 7 }] : [], has_note: false, picture: false, pages: this.pages };
  }
}
