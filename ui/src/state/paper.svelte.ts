// A paper backup on its way back: what was gathered of its pages.
import * as api from "../api";
import type { PagesView } from "../api";

class Paper {
  pages = $state.raw<PagesView | null>(null);
  /** Whether pictures that are dropped are pages. */
  gathering = $state(false);

  /** Begins anew; pictures that are dropped on the window meanwhile are pages. */
  async begin(): Promise<void> {
    this.pages = null;
    this.gathering = true;
    await api.gatherPages(true);
  }

  /** Ends it; what was gathered is forgotten. */
  end(): void {
    this.pages = null;
    this.gathering = false;
    api.gatherPages(false).catch(() => undefined);
  }

  async choose(): Promise<void> {
    this.pages = (await api.pagesFromFiles()) ?? this.pages;
  }
}

/** The one paper backup. */
export const paper = new Paper();
