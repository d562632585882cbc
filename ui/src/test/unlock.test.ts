import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Failure, FailureKind, KeyringState, LockedView, Status } from "../api";
import { en } from "../messages/en";
import { fail, KIT, lockedView, lookView, openView } from "./double";
import { all, click, expectAccessible, openPage, soon, the, type } from "./page";

const locked = (changes: Partial<LockedView> = {}): Status => ({ phase: "locked", ...lockedView(changes) });
const PASSPHRASE = "correct horse battery staple";
const noKeyring = locked({ has_keyring: false });
// Records over the unions: a new kind or state does not compile until it stands here.
const KINDS = Object.keys(en.failure) as FailureKind[];
const TROUBLES: Record<Exclude<KeyringState, "ready" | "unasked">, true> = { absent: true, no_collection: true, locked: true, refused: true, missing: true, foreign: true, ambiguous: true, failed: true };

describe("unlock", () => {
  it("has no accessibility fault", async () => {
    await openPage(noKeyring);
    await expectAccessible();
  });
  it("asks the keyring once by itself when the program starts", async () => {
    const double = await openPage(locked());
    await soon("search");
    expect(double.count("unlock_with_keyring")).toBe(1);
  });
  it("does not ask the keyring by itself after a lock, whoever locked", async () => {
    const double = await openPage({ phase: "open", ...openView() });
    click("lock");
    await soon("unlock");
    expect(double.count("unlock_with_keyring")).toBe(0);
    click("unlock-keyring");
    await soon("search");
    double.emit("status", locked()); // idle, suspended or from the tray
    await soon("unlock");
    expect(double.count("unlock_with_keyring")).toBe(1);
  });
  it("does not ask a keyring that the vault does not use", async () => {
    const double = await openPage(noKeyring);
    expect(double.count("unlock_with_keyring")).toBe(0);
    expect(all("unlock-keyring")).toHaveLength(0);
  });
  it.each(Object.keys(TROUBLES) as (keyof typeof TROUBLES)[])("names a keyring that is %s, and the passphrase still works", async (keyring) => {
    const double = await openPage(noKeyring);
    double.status = locked({ keyring });
    double.answers["unlock_with_keyring"] = () => { throw fail("keyring", "secret service said no"); };
    double.emit("status", locked({ keyring }));
    const state = await soon("keyring-state");
    expect(state.textContent).toContain(en.keyring[keyring].title);
    expect(state.textContent).toContain(en.keyring[keyring].help);
    expect(document.body.textContent.toLowerCase()).not.toContain("reset");
    type("unlock-passphrase", "correct horse battery staple");
    click("unlock-submit");
    await soon("search");
  });
  it("names a keyring that fails when it is asked at the start", async () => {
    const double = await openPage(noKeyring);
    double.answers["unlock_with_keyring"] = () => { double.status = locked({ keyring: "foreign" }); throw fail("keyring"); };
    double.emit("status", locked());
    (await soon("unlock-keyring")).click();
    expect((await soon("keyring-state")).dataset["state"]).toBe("foreign");
    expect(all("unlock-error")).toHaveLength(0);
  });
  it("names a wrong passphrase, empties the field at once and takes the right one", async () => {
    await openPage(noKeyring);
    type("unlock-passphrase", "wrong one");
    const field = the<HTMLInputElement>("unlock-passphrase");
    click("unlock-submit");
    expect(field.value).toBe("");
    expect((await soon("unlock-error")).dataset["kind"]).toBe("wrong_passphrase");
    await waitFor(() => expect(document.activeElement).toBe(the("unlock-passphrase")));
    expect(document.documentElement.outerHTML).not.toContain("wrong one");
    await waitFor(() => expect(the<HTMLButtonElement>("unlock-submit").disabled).toBe(false));
    type("unlock-passphrase", "correct horse battery staple");
    click("unlock-submit");
    await soon("search");
  });
  it("tells a slip in the recovery key, which stays to be corrected, from a wrong one, which does not", async () => {
    await openPage(noKeyring);
    click("unlock-other");
    await soon("unlock-recovery");
    type("unlock-recovery", "H4KD7");
    click("unlock-submit");
    expect((await soon("unlock-error")).dataset["kind"]).toBe("mistyped_recovery_key");
    expect(the<HTMLInputElement>("unlock-recovery").value).toBe("H4KD7");
    await waitFor(() => expect(the<HTMLButtonElement>("unlock-submit").disabled).toBe(false));
    type("unlock-recovery", "A".repeat(35));
    click("unlock-submit");
    await waitFor(() => expect(the("unlock-error").dataset["kind"]).toBe("wrong_recovery_key"));
    expect(the<HTMLInputElement>("unlock-recovery").value).toBe("");
    await waitFor(() => expect(the<HTMLButtonElement>("unlock-submit").disabled).toBe(false));
    type("unlock-recovery", KIT.groups.join(" "));
    click("unlock-submit");
    await soon("search");
  });
  it("says so when nothing was typed, without asking the program", async () => {
    const double = await openPage(noKeyring);
    click("unlock-submit");
    await waitFor(() => expect(document.body.textContent).toContain(en.unlock.empty));
    expect(double.count("unlock_with_passphrase")).toBe(0);
  });
  it.each(KINDS)("has words for %s", async (kind) => {
    const double = await openPage(noKeyring);
    double.answers["unlock_with_passphrase"] = () => { throw fail(kind, "the detail"); };
    type("unlock-passphrase", "x");
    click("unlock-submit");
    const error = await soon("unlock-error");
    expect(error.textContent).toContain(en.failure[kind].title);
    const said = ["wrong_passphrase", "wrong_recovery_key", "kit_mismatch", "locked"].includes(kind);
    expect(error.textContent.includes("the detail")).toBe(!said);
  });
  it("turns a broken bridge into words too", async () => {
    const double = await openPage(noKeyring);
    double.answers["unlock_with_passphrase"] = () => { throw new Error("ipc is gone"); };
    type("unlock-passphrase", "x");
    click("unlock-submit");
    expect((await soon("unlock-error")).textContent).toContain("ipc is gone");
  });
});

describe("an unreadable vault", () => {
  const because = (error: Failure): Status => ({ phase: "unreadable", path: "/a/vault", error });
  const unreadable = because(fail("newer_vault", "Format 3."));
  const damaged = because(fail("damaged_vault", "The end is missing."));
  /** The preview of the first point, before anything opened it. */
  const look = async (answers: Record<string, (args: Record<string, unknown>) => unknown> = {}) => {
    const double = await openPage(damaged, 24, (one) => Object.assign(one.answers, answers));
    await waitFor(() => expect(all("unreadable-look")).toHaveLength(2));
    click("unreadable-look");
    await soon("preview-look");
    return double;
  };
  it("has no accessibility fault, names what is wrong and that the file is untouched", async () => {
    await openPage(unreadable);
    expect(the("unreadable").textContent).toContain(en.failure.newer_vault.title);
    expect(the("unreadable").textContent).toContain(en.unreadable.untouched);
    await expectAccessible();
  });
  it("offers no old state in the place of a newer program's vault", async () => {
    const double = await openPage(unreadable);
    expect(all("unreadable-look")).toHaveLength(0);
    expect(double.count("restore_points")).toBe(0);
  });
  it("offers backups and saved states, and shows what one holds before it takes the vault's place", async () => {
    const double = await look();
    expect(double.last("preview_restore")).toEqual({ source: { from: "point", place: "folder", name: "b1" }, proof: null, keyring: false });
    expect(the("restore-whole").textContent).toBe(en.restore.wholeBlind);
    await expectAccessible();
    click("preview-look");
    await soon("preview-proof");
    expect(double.last("preview_restore")).toMatchObject({ proof: null, keyring: true });
    type("preview-proof", PASSPHRASE);
    click("preview-proof-go");
    expect((await soon("preview-holds")).textContent).toContain(en.restore.holdsAlone(24));
    expect(double.count("restore_point")).toBe(0);
    await expectAccessible();
    expect(the("restore-whole").textContent).toBe(en.restore.whole);
    click("restore-whole");
    await soon("unlock");
    expect(double.last("restore_point")).toEqual({ place: "folder", name: "b1" });
  });
  it("says that a newer state can be read, and what differs from it", async () => {
    const double = await look();
    click("unreadable-back");
    await waitFor(() => expect(all("unreadable-look")).toHaveLength(2));
    const newest = { name: "b1", place: "folder", saved_at: 1_772_500_000_000, generation: 42 } as const;
    const { differences } = lookView();
    double.answers["preview_restore"] = () => ({ name: "s1", vault_id: "x", saved_at: 1_772_400_000_000, generation: 41, size: 48_011, has_passphrase: true, has_recovery_key: true, newer: newest, holds: { accounts: 23, recovery: null, set_aside: 0, compared_with: { saved_at: newest.saved_at, accounts: 24 }, differences } });
    all("unreadable-look")[1]?.click();
    expect((await soon("preview-newer")).textContent).toContain(en.restore.newer(en.moment(newest.saved_at), "folder"));
    expect(all("preview-difference")).toHaveLength(differences.length);
    expect(the("preview").textContent).toContain(en.differences.alone.added);
    await expectAccessible();
  });
  it("keeps a passphrase that was wrong from being the end of it", async () => {
    const double = await look();
    click("preview-look");
    await soon("preview-proof");
    double.answers["preview_restore"] = () => { throw fail("wrong_passphrase"); };
    type("preview-proof", "not this one");
    click("preview-proof-go");
    expect((await soon("preview-error")).textContent).toContain(en.failure.wrong_passphrase.title);
    expect(all("preview-proof")).toHaveLength(1);
  });
});
