// What jsdom lacks and every web view has.
import { configure } from "@testing-library/svelte";
import { afterEach } from "vitest";

// A failed wait says what was missing; the whole page as text helps nobody. A busy machine takes its time.
configure({ asyncUtilTimeout: 20_000, getElementError: (message) => new Error(message ?? "not found") });

class NoResize implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize;
window.matchMedia ??= (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) { this.open = true; };
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) { this.open = false; };
HTMLImageElement.prototype.decode ??= () => Promise.resolve();
HTMLCanvasElement.prototype.getContext = () => null;

afterEach(() => { delete document.documentElement.dataset["theme"]; });
