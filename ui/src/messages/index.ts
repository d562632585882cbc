// The words in use. A choice of language will be made here, once there is a second one.
import type { Failure, FailureKind } from "../api";
import { en, type Messages } from "./en";

export const t: Messages = en;

/** Failures whose words say all there is; the program's detail would say it twice. */
const SAID: ReadonlySet<FailureKind> = new Set(["wrong_passphrase", "wrong_recovery_key", "kit_mismatch", "locked"]);

/** A failure in one or two sentences: what happened, and the program's own detail where it says more. */
export function words(failure: Failure): { title: string; help: string; detail: string } {
  const { title, help } = t.failure[failure.kind];
  return { title, help, detail: SAID.has(failure.kind) ? "" : failure.detail };
}

/** A vault's name by its first two groups, enough to tell one from another at a glance. */
export const shortId = (id: string): string => {
  const groups = id.split("-");
  return groups.length > 2 ? `${groups.slice(0, 2).join("-")}…` : id;
};

/** A text that another program wrote, without the characters that turn the direction of writing (Unicode Standard Annex #9): they make one name look like another. */
export const shown = (text: string): string => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

/** The name by which a person knows an account. */
export const accountName = (row: { issuer: string; name: string }): string => shown(row.issuer || row.name) || t.codes.unnamed;
