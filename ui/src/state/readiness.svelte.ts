// What would be back if this computer were gone: asked for when the vault opens and when its room is seen.
import * as api from "../api";
import type { DrillReport, Failure, Proof, Readiness } from "../api";

class ReadinessState {
  view = $state.raw<Readiness | null>(null);
  failure = $state.raw<Failure | null>(null);

  async load(): Promise<void> {
    await this.#take(() => api.readiness());
  }

  /** Notes which other ways back into an account there are. */
  async note(account: string, secondDevice: boolean, adminReset: boolean): Promise<void> {
    await this.#take(() => api.noteWays(account, secondDevice, adminReset));
  }

  /** Runs a fire drill, from `backup` or the newest copy that is known, and shows the room anew. */
  async drill(proof: Proof, backup: string | null): Promise<DrillReport> {
    const report = await api.runDrill(proof, backup);
    await this.load();
    return report;
  }

  reset(): void {
    this.view = null;
    this.failure = null;
  }

  async #take(ask: () => Promise<Readiness>): Promise<void> {
    this.failure = null;
    try {
      this.view = await ask();
    } catch (cause) {
      this.failure = api.asFailure(cause);
    }
  }
}

/** The one readiness room. */
export const readiness = new ReadinessState();
