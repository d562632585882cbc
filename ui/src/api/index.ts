// The one door to the program: nothing else in the page imports @tauri-apps.
import { listen } from "@tauri-apps/api/event";
import type { Events, Failure } from "./generated";

export * from "./generated";

/** Calls `handler` for each event of that name until the answered function is called. */
export const on = <Name extends keyof Events>(name: Name, handler: (payload: Events[Name]) => void): Promise<() => void> =>
  listen<Events[Name]>(name, (event) => handler(event.payload));

/** What a rejected command carries; anything that is no `Failure` (the bridge itself broke) becomes one. */
export function asFailure(cause: unknown): Failure {
  if (typeof cause === "object" && cause !== null && "kind" in cause && "detail" in cause) return cause as Failure;
  return { kind: "other", detail: cause instanceof Error ? cause.message : String(cause) };
}
