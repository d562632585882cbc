// What looks after the vault: backups and copies beside it. Asked when the vault opens and when the window is come back to, never by the clock.
import * as api from "../api";
import type { BackupView, PlainExport, VaultCopy } from "../api";

class Safety {
  #listening = false;
  #heard = 0;

  /** How the backups stand, null until known. */
  backups = $state.raw<BackupView | null>(null);
  /** Copies of the vault beside its file. */
  copies = $state.raw<readonly VaultCopy[]>([]);
  /** Readable exports that were written and not removed since. */
  exports = $state.raw<readonly PlainExport[]>([]);
  /** Whether the settings shall show the exports when they open. */
  seekExports = false;
  /** Which sheet is open: copies, states to restore from, an export, what could not be understood. */
  sheet = $state<"merge" | "restore" | "export" | "aside" | null>(null);
  /** Whether the keyring's key shall be put back as soon as the vault is open. */
  repairKeyring = false;

  /** Copies that a merge would learn something from, or that cannot be told. */
  readonly news = $derived(this.copies.filter((copy) => copy.news !== false));
  /** Whether the backups want a person. */
  readonly trouble = $derived(this.backups !== null && ["overdue", "unreachable", "failing", "passphrase_stale"].includes(this.backups.state));

  /** Asks anew; what cannot be had stays as it was, and the next look asks again. */
  async look(): Promise<void> {
    if (!this.#listening) {
      this.#listening = true;
      await api.on("backups", (view) => { this.#heard += 1; this.backups = view; }).catch(() => (this.#listening = false));
    }
    const heard = this.#heard;
    await Promise.all([
      // An answer that an event has overtaken is older than the event, and dropped.
      api.backups().then((view) => { if (heard === this.#heard) this.backups = view; }).catch(() => undefined),
      api.copies().then((copies) => (this.copies = copies)).catch(() => undefined),
      api.plainExports().then((exports) => (this.exports = exports)).catch(() => undefined),
    ]);
  }

  /** Forgets everything: a locked vault leaves no names behind. */
  clear(): void {
    this.backups = null;
    this.copies = [];
    this.exports = [];
    this.sheet = null;
  }

  /** Forgets that somebody listens, for a page that starts anew (tests). */
  relisten(): void {
    this.#listening = false;
    this.clear();
  }
}

/** The one. */
export const safety = new Safety();
