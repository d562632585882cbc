// What was found in pictures, files, the clipboard or typed in, before it is kept.
import { acceptOffer, dismissOffer, openExport, type Found, type LockedFile, type Offer, type OfferProblem, type OpeningProgress, type ScreenView } from "../api";

/** One found account, and whether it is ticked. */
export interface Candidate { readonly offer: number; readonly found: Found; ticked: boolean }

/** Another program's encrypted export, waiting for its password. */
export interface Sealed { readonly offer: number; readonly file: LockedFile }

class Offers {
  /** Something is being dragged over the window. */
  dragging = $state(false);
  /** The sheet for adding is open. */
  open = $state(false);
  /** All that was found since the sheet opened; several drops and pastes add up. */
  candidates = $state<Candidate[]>([]);
  /** Encrypted exports that wait for their passwords. */
  sealed = $state.raw<readonly Sealed[]>([]);
  /** Screens that were looked at, each with the offer that its codes are in. */
  screens = $state.raw<readonly { readonly offer: number; readonly screen: ScreenView }[]>([]);
  /** How far the opening of encrypted exports is, by offer and number. */
  opening = $state.raw<Readonly<Record<string, OpeningProgress>>>({});
  /** Whether the sheet shows how to come from another app. */
  coming = $state(false);
  /** What could not be read. */
  problems = $state.raw<readonly OfferProblem[]>([]);

  #offers: number[] = [];

  readonly ticked = $derived(this.candidates.filter((candidate) => candidate.ticked).length);

  /** Shows an offer; what the vault already holds starts unticked. */
  take(offer: Offer): void {
    this.open = true;
    this.dragging = false;
    this.#offers.push(offer.id);
    this.candidates.push(...offer.found.map((found) => ({ offer: offer.id, found, ticked: found.standing !== "already_there" })));
    this.sealed = [...this.sealed, ...offer.locked.map((file) => ({ offer: offer.id, file }))];
    this.problems = [...this.problems, ...offer.problems];
    this.screens = [...this.screens, ...offer.screens.map((screen) => ({ offer: offer.id, screen }))];
  }

  /** How far the opening of an encrypted export is, as the program tells it. */
  progress(progress: OpeningProgress): void {
    this.opening = { ...this.opening, [`${progress.offer}-${progress.index}`]: progress };
  }

  /** Opens an encrypted export; what is in it takes its place on the list. Nothing happens when it was stopped. */
  async openExport(sealed: Sealed, password: string): Promise<void> {
    const key = `${sealed.offer}-${sealed.file.index}`;
    const offer = await openExport(sealed.offer, sealed.file.index, password).finally(() => {
      this.opening = Object.fromEntries(Object.entries(this.opening).filter(([name]) => name !== key));
    });
    if (!offer) return;
    this.sealed = this.sealed.filter((one) => one !== sealed);
    this.take(offer);
  }

  /** Keeps what is ticked; answers the new accounts' ids, and why some could not be kept. Those stay on the list. */
  async accept(): Promise<{ added: string[]; failed: unknown }> {
    const added: string[] = [];
    let failed: unknown = null;
    for (const offer of [...this.#offers]) {
      const indices = this.candidates.filter((one) => one.offer === offer && one.ticked).map((one) => one.found.index);
      try {
        if (indices.length > 0) added.push(...(await acceptOffer(offer, indices)));
        else await dismissOffer(offer);
      } catch (cause) {
        failed ??= cause;
        continue;
      }
      this.#offers = this.#offers.filter((id) => id !== offer);
      this.candidates = this.candidates.filter((one) => one.offer !== offer);
      this.screens = this.screens.filter((one) => one.offer !== offer);
    }
    if (failed === null) this.clear();
    return { added, failed };
  }

  /** Closes the sheet and lets the program forget what it offered. */
  dismiss(): void {
    for (const offer of this.#offers) dismissOffer(offer).catch(() => undefined);
    this.clear();
  }

  /** Starts over without closing the sheet. */
  discard(): void {
    this.dismiss();
    this.open = true;
  }

  /** Forgets everything; after a lock the program has forgotten it too. */
  clear(): void {
    this.#offers = [];
    this.candidates = [];
    this.sealed = [];
    this.problems = [];
    this.opening = {};
    this.screens = [];
    this.coming = false;
    this.open = false;
    this.dragging = false;
  }
}

/** The one list of offers. */
export const offers = new Offers();
