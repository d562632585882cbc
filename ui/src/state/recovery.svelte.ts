// The recovery room: its sets, the one that is looked at, and files under review. Codes are here only while they are shown.
import * as api from "../api";
import type { Correction, DownloadOffer, Draft, DraftChoices, Failure, Proof, SetDetail, SetRow } from "../api";
import { t, words } from "../messages";
import { toasts } from "./toasts.svelte";

/** Revealed codes are covered again after this long (ms). */
const SHOWN = 60_000;

class Recovery {
  /** Whether the codes can be had. */
  open = $state(false);
  sets = $state.raw<readonly SetRow[]>([]);
  loaded = $state(false);
  /** The set that is looked at. */
  selected = $state<string | null>(null);
  detail = $state.raw<SetDetail | null>(null);
  /** A set's codes while they are shown. **Secret.** */
  revealed = $state.raw<api.RevealedSet | null>(null);
  /** Files under review, the first one on screen. */
  drafts = $state.raw<readonly Draft[]>([]);
  /** The set that the next file shall replace. */
  replacing = $state<string | null>(null);
  /** A set that was just kept and whose download lies about. */
  fresh = $state<string | null>(null);
  /** New files in the folder for downloads that look like recovery codes. */
  downloads = $state.raw<readonly DownloadOffer[]>([]);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  #cover: ReturnType<typeof setTimeout> | undefined;

  readonly row = $derived(this.sets.find((set) => set.id === this.selected));
  readonly inUse = $derived(this.sets.filter((set) => set.standing !== "superseded"));
  /** Sets that want attention. */
  readonly wanting = $derived(this.inUse.filter((set) => set.standing === "low" || set.standing === "empty"));
  /** For each account the set in use that is the best way back: codes that are left, else a key, else a document. */
  readonly byAccount = $derived.by(() => {
    const best = new Map<string, SetRow>();
    const rank = ({ kind, left }: SetRow) => (kind === "codes" && left > 0 ? 4 : (kind === "key" || kind === "seed_phrase") && left > 0 ? 3 : kind === "document" ? 2 : kind === "notes" ? 0 : 1);
    for (const set of this.inUse) {
      if (set.account === null) continue;
      const known = best.get(set.account);
      if (!known || rank(set) > rank(known) || (rank(set) === rank(known) && set.left > known.left)) best.set(set.account, set);
    }
    return best;
  });

  /** Asks for the sets. */
  async load(): Promise<void> {
    await this.attempt(async () => this.take(await api.recovery()));
  }

  take(view: { open: boolean; sets: SetRow[] }): void {
    this.open = view.open;
    this.sets = view.sets;
    this.loaded = true;
    if (!view.open) this.#forget();
    if (!this.row) this.selected = view.sets[0]?.id ?? null;
  }

  /** Looks at a set. */
  async select(id: string | null): Promise<void> {
    this.selected = id;
    this.cover();
    this.detail = null;
    await this.look();
  }

  /** Asks for the selected set's masked codes, where they can be had. */
  async look(): Promise<void> {
    const id = this.selected;
    if (id === null || !this.open) return;
    await this.attempt(async () => {
      const detail = await api.recoverySet(id);
      if (this.selected === id && this.open) this.#show(detail);
    });
  }

  async unlock(proof: Proof): Promise<void> {
    this.take(await api.unlockRecovery(proof));
    await this.look();
  }

  /** Locks the codes; a person who leaves the room leaves none open. */
  async lock(): Promise<void> {
    this.#forget();
    await this.attempt(async () => this.take(await api.lockRecovery()));
  }

  /** Shows the codes for a minute. */
  async reveal(): Promise<void> {
    const id = this.selected;
    if (id === null) return;
    await this.attempt(async () => {
      this.revealed = await api.revealRecovery(id);
      clearTimeout(this.#cover);
      this.#cover = setTimeout(() => this.cover(), SHOWN);
    });
  }

  cover(): void {
    clearTimeout(this.#cover);
    this.revealed = null;
  }

  /** Copies the next code and marks it as used. */
  async copyNext(): Promise<void> {
    const detail = this.detail;
    if (!detail || detail.next === null) return;
    await this.attempt(async () => {
      const used = await api.copyNextRecovery(detail.row.id, "");
      this.#show(used.detail);
      const seconds = Math.max(1, (used.clears_at - Date.now()) / 1000);
      toasts.show(t.recovery.copiedNext(used.index + 1), { seconds, slot: "copied", action: { label: t.undo, run: () => void this.undo() } });
    });
  }

  async copy(index: number): Promise<void> {
    const id = this.selected;
    if (id === null) return;
    await this.attempt(async () => {
      const clearsAt = await api.copyRecovery(id, index);
      toasts.show(t.recovery.copied, { seconds: Math.max(1, (clearsAt - Date.now()) / 1000), slot: "copied" });
    });
  }

  async undo(): Promise<void> {
    const id = this.selected;
    if (id === null || !this.detail?.codes.some((code) => code.used_at !== null)) return;
    await this.attempt(async () => this.#show(await api.undoRecovery(id)));
  }

  async mark(index: number, used: boolean, place: string): Promise<void> {
    const id = this.selected;
    if (id === null) return;
    await this.attempt(async () => this.#show(await api.markRecovery(id, index, used, place)));
  }

  /** Takes files under review. */
  review(drafts: readonly Draft[]): void {
    this.drafts = [...this.drafts, ...drafts];
  }

  async read(source: () => Promise<readonly Draft[] | null>): Promise<void> {
    await this.attempt(async () => this.review((await source()) ?? []));
  }

  /** Asks which new downloads look like recovery codes. */
  async loadDownloads(): Promise<void> {
    this.downloads = await api.downloads().catch(() => []);
  }

  /** Takes such a file under review. */
  async takeDownload(download: DownloadOffer): Promise<void> {
    this.downloads = this.downloads.filter((one) => one.id !== download.id);
    await this.read(() => api.takeDownload(download.id));
  }

  /** Leaves it alone. */
  async leaveDownload(download: DownloadOffer): Promise<void> {
    await this.attempt(async () => { this.downloads = await api.leaveDownload(download.id); });
  }

  async correct(draft: Draft, correction: Correction): Promise<void> {
    const fresh = await api.correctDraft(draft.id, correction);
    this.drafts = this.drafts.map((one) => (one.id === fresh.id ? fresh : one));
  }

  async accept(draft: Draft, choices: DraftChoices): Promise<void> {
    const { set, view } = await api.acceptDraft(draft.id, choices);
    this.drafts = this.drafts.filter((one) => one.id !== draft.id);
    this.replacing = null;
    this.take(view);
    if (set.can_tidy) this.fresh = set.id;
    toasts.show(t.recovery.kept(set.name));
    await this.select(set.id);
  }

  dismiss(draft: Draft): void {
    api.dismissDraft(draft.id).catch(() => undefined);
    this.drafts = this.drafts.filter((one) => one.id !== draft.id);
    this.replacing = null;
  }

  /** Runs a request and keeps what went wrong. */
  async attempt(run: () => Promise<void>): Promise<void> {
    this.failure = null;
    this.busy = true;
    try {
      await run();
    } catch (cause) {
      const failure = api.asFailure(cause);
      if (failure.kind === "recovery_locked") this.#forget();
      else this.failure = failure;
    }
    this.busy = false;
  }

  /** Tells a failure that has no place on the screen. */
  say(cause: unknown): void {
    const said = words(api.asFailure(cause));
    toasts.show([said.title, said.detail || said.help].join(" "), { tone: "bad", seconds: 10 });
  }

  /** Forgets everything; a locked vault leaves nothing behind. */
  reset(): void {
    this.#forget();
    this.sets = [];
    this.loaded = false;
    this.selected = null;
    this.drafts = [];
    this.downloads = [];
    this.replacing = null;
    this.fresh = null;
    this.failure = null;
  }

  #show(detail: SetDetail): void {
    this.detail = detail;
    this.sets = this.sets.map((set) => (set.id === detail.row.id ? detail.row : set));
  }

  #forget(): void {
    this.open = false;
    this.detail = null;
    this.cover();
  }
}

/** The one recovery room. */
export const recovery = new Recovery();
