// The camera while it is on: which one, what it sees, and why it is off.
import * as api from "../api";
import type { CameraChoice, CameraUse, CameraView, Failure, Offer } from "../api";

class Camera {
  choices = $state.raw<readonly CameraChoice[]>([]);
  /** The camera in use; the next time it is the first choice. */
  chosen = $state.raw<string | null>(null);
  /** What it sees and has read; when it is off, what it had read. */
  view = $state.raw<CameraView | null>(null);
  /** Whether there is a picture. */
  on = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** Counts starts and stops: what an earlier one still waits for concerns nobody. */
  #turn = 0;

  /** Switches a camera on and follows it until it is switched off. The next picture is asked for when the last one is here: a slow page sees fewer. */
  async start(purpose: CameraUse): Promise<void> {
    const turn = ++this.#turn;
    const mine = () => turn === this.#turn;
    this.on = false;
    this.failure = null;
    try {
      const choices = await api.cameras(purpose);
      if (!mine()) return;
      this.choices = choices;
      const id = choices.find((one) => one.id === this.chosen)?.id ?? choices[0]?.id ?? "";
      this.chosen = id;
      await api.openCamera(id, purpose);
      // Whoever stopped meanwhile asked before there was a camera to switch off.
      if (!mine()) return void (await api.closeCamera(true));
      for (let seen = 0; ; ) {
        const view = await api.cameraView(seen);
        if (!mine()) return;
        if (view.failure) throw view.failure;
        this.view = view;
        this.on = view.picture !== null;
        seen = view.serial;
      }
    } catch (cause) {
      if (!mine()) return;
      this.failure = api.asFailure(cause);
      this.on = false;
      api.closeCamera(true).catch(() => undefined);
    }
  }

  /** Uses another camera. */
  use(id: string, purpose: CameraUse): void {
    this.chosen = id;
    void this.start(purpose);
  }

  /** Switches the camera off while nobody sees its picture; what it read is kept. */
  pause(): void {
    this.#turn++;
    this.on = false;
    api.closeCamera(true).catch(() => undefined);
  }

  /** Switches the camera off and forgets what it read. */
  stop(): void {
    this.#turn++;
    this.on = false;
    this.view = null;
    this.failure = null;
    api.closeCamera(false).catch(() => undefined);
  }

  /** Switches it off and answers what it read. */
  async offer(): Promise<Offer> {
    this.#turn++;
    return api.offerFromCamera();
  }
}

/** The one camera. */
export const camera = new Camera();
