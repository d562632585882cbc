// Short messages at the window's lower edge.

/** One message; `until` (Unix milliseconds) ends it, `countdown` shows the seconds until then. */
export interface Toast {
  readonly id: number;
  readonly text: (seconds: number) => string;
  readonly tone: "plain" | "bad";
  readonly until: number;
  readonly counts: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
}

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  /** Shows a message for `seconds`; one of the same `slot` takes the older one's place. */
  show(text: string | ((seconds: number) => string), options: { seconds?: number; tone?: Toast["tone"]; action?: Toast["action"]; slot?: string } = {}): void {
    const { seconds = 6, tone = "plain", action, slot } = options;
    const id = this.#next++;
    const words = typeof text === "string" ? () => text : text;
    const toast: Toast = { id, text: words, tone, until: Date.now() + seconds * 1_000, counts: typeof text !== "string", ...(action ? { action } : {}) };
    if (slot !== undefined) {
      const old = this.#slots.get(slot);
      if (old !== undefined) this.close(old);
      this.#slots.set(slot, id);
    }
    this.list = [...this.list.slice(-2), toast];
  }

  /** Takes a message away. */
  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Does what the newest message offers, and takes it away; says whether one offers anything. */
  act(): boolean {
    const toast = this.list.findLast((one) => one.action !== undefined);
    if (!toast) return false;
    this.close(toast.id);
    toast.action?.run();
    return true;
  }

  /** Takes the message of a slot away. */
  closeSlot(slot: string): void {
    const id = this.#slots.get(slot);
    if (id !== undefined) this.close(id);
  }

  /** Takes all messages away: a locked vault leaves no names behind. */
  clear(): void {
    this.list = [];
    this.#slots.clear();
  }

  readonly #slots = new Map<string, number>();
}

/** The one stack of messages. */
export const toasts = new Toasts();
