// What the list of codes shows: order, tag, search, and the one selected account.
import * as api from "../api";
import type { AccountRow, SetRow } from "../api";
import { accountName, t, words } from "../messages";
import { live } from "./codes.svelte";
import { recovery } from "./recovery.svelte";
import { indexed, ordered, search, searchSets, tagCounts } from "./search";
import { toasts } from "./toasts.svelte";
import { vault } from "./vault.svelte";

class List {
  query = $state("");
  tag = $state<string | null>(null);
  /** The account whose details are open. */
  detail = $state<string | null>(null);
  /** What the details were opened for. */
  begun: "look" | "edit" | "reveal" = "look";
  #chosen = $state<string | null>(null);

  readonly sort = $derived(vault.open?.settings.sort ?? "manual");
  readonly tags = $derived(tagCounts(vault.rows));
  readonly #ordered = $derived(ordered(vault.rows, this.sort));
  readonly #index = $derived(indexed(this.tag === null ? this.#ordered : this.#ordered.filter((row) => row.tags.includes(this.tag ?? ""))));
  readonly shown = $derived(search(this.#index, this.query));
  /** Recovery sets in use that the words find too. */
  readonly sets = $derived<readonly SetRow[]>(searchSets(recovery.inUse, this.query));
  /** Place of the selected account; the first where none was chosen, -1 in an empty list. */
  readonly at = $derived.by(() => {
    const found = this.#chosen === null ? -1 : this.shown.findIndex((row) => row.id === this.#chosen);
    return found >= 0 ? found : this.shown.length > 0 ? 0 : -1;
  });
  readonly selected = $derived<AccountRow | undefined>(this.shown[this.at]);

  /** Selects an account. */
  select(id: string | null): void {
    this.#chosen = id;
  }

  /** Goes to a recovery set. */
  openSet(set: SetRow): void {
    vault.room = "recovery";
    void recovery.select(set.id);
  }

  /** Opens an account's details, with the focus in the first field when it is to be edited, or with what shows its secret. */
  openDetail(id: string | undefined, begin: "look" | "edit" | "reveal" = "look"): void {
    if (id === undefined) return;
    this.begun = begin;
    this.detail = id;
  }

  /** Moves the selection by `rows`, stopping at both ends. */
  move(rows: number): void {
    const to = Math.min(this.shown.length - 1, Math.max(0, this.at + rows));
    this.#chosen = this.shown[to]?.id ?? null;
  }

  /** Searches anew; the best match is selected. */
  find(query: string): void {
    this.query = query;
    this.#chosen = null;
  }

  /** Shows one tag's accounts, or all. */
  showTag(tag: string | null): void {
    this.tag = tag;
    this.query = "";
    this.#chosen = null;
    vault.room = "codes";
  }

  /** Forgets what was looked for; a locked vault leaves no words behind. */
  reset(): void {
    this.query = "";
    this.tag = null;
    this.detail = null;
    this.#chosen = null;
  }

  /** Copies an account's code; a counter-based one makes its next code first. */
  async copy(row: AccountRow): Promise<void> {
    await this.#try(async () => {
      const { clears_at, code } = await api.copyCode(row.id);
      if (code) live.show(code);
      vault.replace({ ...row, used_at: Date.now() });
      if (clears_at === null) toasts.show(t.codes.notCopied(accountName(row)), { tone: "bad", slot: "copied" });
      else toasts.show(t.codes.copied(accountName(row)), { seconds: Math.max(1, (clears_at - Date.now()) / 1000), slot: "copied" });
    });
  }

  /** Makes a counter-based account's next code and shows it. */
  async advance(row: AccountRow): Promise<void> {
    await this.#try(async () => live.show(await api.advance(row.id)));
  }

  /** Pins or unpins. */
  async pin(row: AccountRow): Promise<void> {
    await this.#try(async () => {
      const { row: changed } = await api.editAccount(row.id, { pinned: !row.pinned });
      this.#chosen = row.id;
      vault.replace(changed);
      toasts.show((changed.pinned ? t.codes.pinnedNow : t.codes.unpinnedNow)(accountName(row)), {
        slot: "pin", action: { label: t.undo, run: () => void this.pin(changed) },
      });
    });
  }

  /** Deletes, and offers to bring back. */
  async remove(row: AccountRow): Promise<void> {
    await this.#try(async () => {
      const neighbour = this.shown[this.at + 1] ?? this.shown[this.at - 1];
      await api.deleteAccount(row.id);
      this.detail = null;
      if (this.selected?.id === row.id) this.#chosen = neighbour?.id ?? null;
      await vault.reload();
      toasts.show(t.codes.deleted(accountName(row)), { seconds: 12, action: { label: t.undo, run: () => void this.restore(row) } });
    });
  }

  /** Brings a deleted account back. */
  async restore(row: AccountRow): Promise<void> {
    await this.#try(async () => {
      await api.restoreAccount(row.id);
      await vault.reload();
      this.#chosen = row.id;
    });
  }

  /** Moves the selected account up (-1) or down (1) in the order by hand. */
  async arrange(by: -1 | 1): Promise<void> {
    const row = this.selected;
    const other = this.shown[this.at + by];
    if (this.sort !== "manual" || this.tag !== null || this.query !== "") return toasts.show(t.codes.noArrange, { slot: "arrange" });
    if (!row || !other || other.pinned !== row.pinned) return;
    const ids = this.shown.map(({ id }) => id);
    [ids[this.at], ids[this.at + by]] = [other.id, row.id];
    const before = vault.rows;
    const place = new Map(ids.map((id, position) => [id, position]));
    this.#chosen = row.id;
    vault.rows = vault.rows.map((one) => ({ ...one, position: place.get(one.id) ?? one.position }));
    await this.#try(() => api.arrange(ids), () => (vault.rows = before));
  }

  async #try(run: () => Promise<void>, undo?: () => void): Promise<void> {
    try {
      await run();
    } catch (cause) {
      undo?.();
      const said = words(api.asFailure(cause));
      toasts.show([said.title, said.detail || said.help].join(" "), { tone: "bad", seconds: 10 });
    }
  }
}

/** The one list. */
export const list = new List();
