// The one door to the program: nothing else in the page imports @tauri-apps.
import { listen } from "@tauri-apps/api/event";
import * as program from "./generated";
import type { Draft, Events, Failure, SetChanges, SetRow } from "./generated";
import { letters, unveil, veil, type Letters } from "./veil";

export * from "./generated";
export { unveil };
export type { Letters };

/** A set's codes and texts while they are shown. **Secret.** */
export interface RevealedSet { readonly codes: readonly Letters[]; readonly documents: readonly Letters[]; readonly note: Letters }
/** A draft's texts while they are shown. **Secret.** */
export interface RevealedDraft { readonly codes: readonly Letters[]; readonly lines: readonly Letters[] }

/** A set's codes and texts, because the person asked to see them. */
export async function revealRecovery(set: string): Promise<RevealedSet> {
  const { codes, documents, note } = await program.revealRecovery(set);
  return { codes: codes.map(letters), documents: documents.map(letters), note: letters(note) };
}
/** A draft's texts, because the person asked to see them. */
export async function revealDraft(draft: number): Promise<RevealedDraft> {
  const { codes, lines } = await program.revealDraft(draft);
  return { codes: codes.map(letters), lines: lines.map(letters) };
}
/** Reads a text that was typed in. */
export const draftFromText = (typed: Letters): Promise<Draft> => program.draftFromText(veil(typed));
/** The text in the clipboard, for a field that takes it letter by letter. */
export const pasteText = async (): Promise<Letters> => letters(await program.pasteText());
/** Changes a set's name, account and note (null: it stays). */
export const editRecovery = (set: string, changes: SetChanges, note: Letters | null): Promise<SetRow> =>
  program.editRecovery(set, changes, note && veil(note));

/** Calls `handler` for each event of that name until the answered function is called. */
export const on = <Name extends keyof Events>(name: Name, handler: (payload: Events[Name]) => void): Promise<() => void> =>
  listen<Events[Name]>(name, (event) => handler(event.payload));

/** What a rejected command carries; anything that is no `Failure` (the bridge itself broke) becomes one. */
export function asFailure(cause: unknown): Failure {
  if (typeof cause === "object" && cause !== null && "kind" in cause && "detail" in cause) return cause as Failure;
  return { kind: "other", detail: cause instanceof Error ? cause.message : String(cause) };
}
