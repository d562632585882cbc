// The codes on screen. The page counts down by itself; it asks the program once, at a period's end or when rows come into sight.
import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import { codes as ask, type CodeView } from "../api";

/** A row scrolled past is not worth a question: wait this long (ms) for the scrolling to settle. */
const SETTLE = 40;
/** After a failed or missing answer the row is asked for again this much later (ms). */
const RETRY = 5_000;
/** How long (ms) the code of a counter-based account stays on screen. */
const MADE_SHOWN = 60_000;

class LiveCodes {
  /** The program's clock, Unix milliseconds; moves in whole seconds while the window is seen. */
  now = $state(Date.now());

  readonly #views = new SvelteMap<string, CodeView>();
  readonly #made = new SvelteMap<string, { view: CodeView; until: number }>();
  readonly #retry = new Map<string, number>();
  readonly #asking = new Set<string>();
  #wanted: readonly string[] = [];
  #offset = 0;
  #tick: ReturnType<typeof setTimeout> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;

  /** The code of a row, if it is known. */
  view(id: string): CodeView | undefined {
    return this.#made.get(id)?.view ?? this.#views.get(id);
  }

  /** Names the rows on screen whose codes run by time. */
  want(ids: readonly string[]): void {
    this.#wanted = ids;
    clearTimeout(this.#settle);
    // Untracked, here and in `start`: an effect that calls this must not run again because a code arrived.
    if (untrack(() => this.#views.size) === 0) untrack(() => this.#askForStale());
    else this.#settle = setTimeout(() => this.#askForStale(), SETTLE);
  }

  /** Shows the code that a counter-based account just made, for a minute. */
  show(view: CodeView): void {
    this.#made.set(view.id, { view, until: this.now + MADE_SHOWN });
  }

  /** Forgets one account's code, because its parameters may have changed. */
  forget(id: string): void {
    this.#views.delete(id);
    this.#made.delete(id);
  }

  /** Counts from now on, but only while the window is seen. Answers how to stop, which also forgets every code. */
  start(): () => void {
    const seen = () => {
      clearTimeout(this.#tick);
      if (!document.hidden) untrack(() => this.#beat());
    };
    document.addEventListener("visibilitychange", seen);
    seen();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      untrack(() => this.#clear());
    };
  }

  #clear(): void {
    this.#generation += 1;
    clearTimeout(this.#tick);
    clearTimeout(this.#settle);
    this.#wanted = [];
    this.#views.clear();
    this.#made.clear();
    this.#asking.clear();
    this.#retry.clear();
  }

  #beat(): void {
    const now = Date.now() + this.#offset;
    this.now = now;
    for (const [id, made] of this.#made) if (made.until <= now) this.#made.delete(id);
    this.#askForStale();
    // Periods end on whole seconds, so does a beat: just after, never before.
    this.#tick = setTimeout(() => this.#beat(), 1_000 - (now % 1_000) + 2);
  }

  #stale(id: string, now: number): boolean {
    if (this.#asking.has(id) || (this.#retry.get(id) ?? 0) > now) return false;
    const view = this.#views.get(id);
    return view === undefined || (view.valid_until !== null && view.valid_until <= now);
  }

  #askForStale(): void {
    if (document.hidden) return;
    const now = Date.now() + this.#offset;
    const ids = this.#wanted.filter((id) => this.#stale(id, now));
    if (ids.length > 0) void this.#ask(ids);
  }

  async #ask(ids: string[]): Promise<void> {
    const generation = this.#generation;
    for (const id of ids) this.#asking.add(id);
    const answer = await ask(ids).catch(() => null);
    if (generation !== this.#generation) return;
    for (const id of ids) this.#asking.delete(id);
    if (answer) {
      this.#offset = answer.now - Date.now();
      this.now = answer.now;
      for (const view of answer.codes) this.#views.set(view.id, view);
    }
    const now = Date.now() + this.#offset;
    for (const id of ids) {
      if (this.#stale(id, now)) this.#retry.set(id, now + RETRY);
      else this.#retry.delete(id);
    }
  }
}

/** The one set of live codes. */
export const live = new LiveCodes();
