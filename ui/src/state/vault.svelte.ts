// Where the program stands, and the accounts of an open vault: labels and counts, never a secret.
import * as api from "../api";
import type { AccountRow, Failure, Kit, OpenView, Settings, Status } from "../api";
import { t, words } from "../messages";
import { offers } from "./offers.svelte";
import { paper } from "./paper.svelte";
import { readiness } from "./readiness.svelte";
import { recovery } from "./recovery.svelte";
import { safety } from "./safety.svelte";
import { toasts } from "./toasts.svelte";

/** Between two "a person is there" messages to the program at least this long passes (ms). */
const TOUCH_EVERY = 10_000;

/** The rooms of an open vault. */
export type Room = "codes" | "recovery" | "readiness" | "settings";

class Vault {
  #listening = false;
  /** How many statuses were taken over. */
  #taken = 0;

  /** The last status, null until the first one arrives. */
  status = $state.raw<Status | null>(null);
  /** Why not even the status could be had. */
  failure = $state.raw<Failure | null>(null);
  /** The emergency kit while it is being shown. **Secret.** */
  kit = $state.raw<Kit | null>(null);
  /** Which room of the open vault is seen. */
  room = $state<Room>("codes");
  /** The accounts, in no particular order. */
  rows = $state.raw<readonly AccountRow[]>([]);
  /** Whether the accounts were asked for and came. */
  loaded = $state(false);
  /** Accounts to show and highlight once (just added). */
  fresh = $state.raw<readonly string[]>([]);
  /** Whether the keyring may be asked without a word: only when the program starts, never after a lock. */
  mayAskKeyring = true;
  /** When a person was last told of, Unix milliseconds: the idle lock counts from here. */
  touchedAt = $state(Date.now());

  /** The open vault, if it is open. */
  readonly open = $derived<(OpenView & { phase: "open" }) | null>(this.status?.phase === "open" ? this.status : null);

  /** Listens to the program and asks where it stands. */
  async start(): Promise<void> {
    try {
      if (!this.#listening) {
        // Together: each is a way to the program and back.
        await Promise.all([
          this.refresh(),
          api.on("status", (status) => this.take(status)),
          api.on("offer", (offer) => offers.take(offer)),
          api.on("opening", (progress) => offers.progress(progress)),
          api.on("drop_refused", (failure) => {
            const { title, detail } = words(failure);
            toasts.show(failure.kind === "locked" ? t.add.dropLocked : `${title} ${detail}`, { tone: "bad", slot: "dropped" });
          }),
          api.on("drafts", (drafts) => { this.room = "recovery"; offers.dragging = false; recovery.review(drafts); }),
          api.on("pages", (pages) => { paper.pages = pages; }),
          api.on("downloads", (downloads) => { if (this.open) recovery.downloads = downloads; }),
          api.on("to_recovery", () => { if (this.open) this.room = "recovery"; }),
          api.on("links", () => {
            if (this.open) void this.takeLinks();
            else toasts.show(t.add.linkWaits, { slot: "links", seconds: 60 });
          }),
          api.on("drag", (over) => (offers.dragging = over)),
          api.on("clipboard", () => toasts.closeSlot("copied")), // cleared, or already somebody else's
        ]);
        this.#listening = true;
      }
      // What happened before the program knew of the listeners is in this answer.
      await this.refresh();
    } catch (cause) {
      this.failure = api.asFailure(cause);
    }
  }

  /** Asks where the program stands. An answer that another has overtaken is older than that one, and dropped. */
  async refresh(): Promise<void> {
    const taken = this.#taken;
    const status = await api.status();
    if (taken === this.#taken) this.take(status);
  }

  /** Forgets that somebody listens, for a page that starts anew (tests). */
  relisten(): void {
    this.#listening = false;
  }

  /** Takes a status over; a vault that is no longer open leaves nothing behind in the page. */
  take(status: Status): void {
    const before = this.open;
    this.#taken += 1;
    this.status = status;
    this.failure = null;
    if (status.phase === "open") {
      this.mayAskKeyring = false;
      if (!before) this.touchedAt = Date.now();
      if (!before || before.accounts !== status.accounts) void this.reload();
      if (!before) { void recovery.load(); void recovery.loadDownloads(); void this.takeLinks(); }
      return;
    }
    // The kit of a vault that was locked before it was ever saved opens nothing, and looks as if it did.
    const worthless = this.kit !== null && before !== null && status.phase === "absent";
    if (before || status.phase !== "absent") this.kit = null;
    if (before) {
      this.mayAskKeyring = false;
      this.rows = [];
      this.fresh = [];
      this.loaded = false;
      this.room = "codes";
      offers.clear();
      recovery.reset();
      readiness.reset();
      safety.clear();
      toasts.clear();
      if (worthless) toasts.show(t.kit.neverMade, { tone: "bad", seconds: 60 });
    }
  }

  /** Shows what is in the links that the system handed over, if there are any. */
  async takeLinks(): Promise<void> {
    try {
      const offer = await api.offerFromLinks();
      toasts.closeSlot("links");
      if (offer) offers.take(offer);
    } catch (cause) {
      const { title, detail } = words(api.asFailure(cause));
      toasts.show(`${title} ${detail}`, { tone: "bad", slot: "links" });
    }
  }

  /** Asks for all accounts again. */
  async reload(): Promise<void> {
    try {
      const rows = await api.accounts();
      if (!this.open) return;
      this.rows = rows;
      this.loaded = true;
      void readiness.load();
    } catch (cause) {
      if (this.open) this.failure = api.asFailure(cause);
    }
  }

  /** Takes all accounts over as a restore or merge left them, and what it changed beside them. */
  adopt(rows: readonly AccountRow[]): void {
    if (!this.open) return;
    this.rows = rows;
    void recovery.load();
    this.refresh().catch(() => undefined);
  }

  /** Puts one changed row in its old one's place, so that the list does not wait for the next reload. */
  replace(row: AccountRow): void {
    this.rows = this.rows.map((old) => (old.id === row.id ? row : old));
  }

  /** Saves settings and shows them at once. */
  async change(changes: Partial<Settings>): Promise<void> {
    const open = this.open;
    if (!open) return;
    const settings = await api.changeSettings({ ...open.settings, ...changes });
    if (this.open) this.status = { ...this.open, settings };
  }

  /** Tells the program that a person is there, at most every ten seconds. */
  touch(): void {
    const now = Date.now();
    if (!this.open || now - this.touchedAt < TOUCH_EVERY) return;
    this.touchedAt = now;
    api.touch().catch(() => undefined);
  }

  /** Locks. */
  async lock(): Promise<void> {
    this.mayAskKeyring = false;
    try {
      this.take(await api.lock());
    } catch (cause) {
      const { title, detail } = words(api.asFailure(cause));
      toasts.show(`${title} ${detail}`, { tone: "bad" });
    }
  }
}

/** The one vault. */
export const vault = new Vault();
