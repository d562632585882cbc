// Opens the whole page on a double, as a person meets it.
import { cleanup, render, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { expect } from "vitest";
import type { Status } from "../api";
import App from "../App.svelte";
import { camera } from "../state/camera.svelte";
import { live } from "../state/codes.svelte";
import { list } from "../state/list.svelte";
import { offers } from "../state/offers.svelte";
import { readiness } from "../state/readiness.svelte";
import { recovery } from "../state/recovery.svelte";
import { safety } from "../state/safety.svelte";
import { toasts } from "../state/toasts.svelte";
import { vault } from "../state/vault.svelte";
import { Double } from "./double";

/** The element with a test id; fails when there is none. */
export function the<Kind extends HTMLElement = HTMLElement>(testid: string): Kind {
  const found = document.querySelector<Kind>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`no ${testid} on the page: ${document.body.textContent.slice(0, 300)}`);
  return found;
}
/** All elements with a test id. */
export const all = (testid: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`)];
/** Waits for an element with a test id. */
export const soon = async <Kind extends HTMLElement = HTMLElement>(testid: string): Promise<Kind> => waitFor(() => the<Kind>(testid));
/** Waits until no element has the test id. */
export const gone = (testid: string): Promise<void> => waitFor(() => expect(all(testid)).toHaveLength(0));

/** Types into a field, as one input event. */
export function type(testid: string, text: string): void {
  const field = the<HTMLInputElement>(testid);
  field.focus();
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
/** Presses a key where the focus is. */
export function press(key: string, mods: Partial<KeyboardEventInit> = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...mods });
  (document.activeElement ?? document.body).dispatchEvent(event);
  return event;
}
/** Sends a form off, by the button that does. */
export const click = (testid: string): void => the(testid).click();

/** A page on a program in the given state; state of the page itself starts anew. */
export async function openPage(status: Status, count = 24, prepare: (double: Double) => void = () => undefined): Promise<Double> {
  cleanup();
  const double = new Double(status, count);
  prepare(double);
  if (status.phase === "open") double.status = { ...status, accounts: count };
  vault.status = null;
  vault.failure = null;
  vault.kit = null;
  vault.room = "codes";
  vault.rows = [];
  vault.fresh = [];
  vault.loaded = false;
  vault.mayAskKeyring = true;
  vault.relisten();
  safety.relisten();
  offers.clear();
  camera.chosen = null;
  recovery.reset();
  readiness.reset();
  toasts.clear();
  list.reset();
  live.now = Date.now();
  render(App);
  await waitFor(() => expect(vault.status).not.toBeNull());
  if (status.phase === "open") await waitFor(() => expect(vault.loaded).toBe(true));
  return double;
}

/** Fails on any accessibility fault that axe finds without layout (contrast is measured in a real engine). */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
}
