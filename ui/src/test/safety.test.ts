import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { BackupState, Finding, Status } from "../api";
import { en } from "../messages/en";
import { backupView, doctorReport, fail, lockedView, lookView, openView, slotView } from "./double";
import { all, click, expectAccessible, gone, openPage, soon, the, type } from "./page";

const open: Status = { phase: "open", ...openView() };
const GOOD = "correct horse battery staple";
const COPY = { name: "vault (conflicted copy 2026-03-03 010640).keyhaven", made_by: "nextcloud", saved_at: 1_772_500_000_000, news: true, problem: null } as const;
const banners = () => all("banner").map((one) => one.dataset["kind"]);
const settings = async () => { click("settings"); await soon("backup-settings"); };

describe("backups", () => {
  const TROUBLE: Record<BackupState, boolean> = { off: false, good: false, pending: false, overdue: true, unreachable: true, failing: true, passphrase_stale: true };
  it.each(Object.entries(TROUBLE) as [BackupState, boolean][])("that are %s are on the app's face only when they want somebody", async (state, told) => {
    const double = await openPage(open);
    double.emit("backups", backupView({ folder: "/media/stick", state, last_at: 1_772_500_000_000, failure: "no space is left" }));
    await waitFor(() => expect(banners().includes("backup")).toBe(told));
    await settings();
    expect(the("backup-settings").dataset["state"]).toBe(state);
    expect(the("backup-settings").textContent.includes("no space is left")).toBe(told);
  });
  it("begin with a folder and can be stopped", async () => {
    const double = await openPage(open);
    await settings();
    await expectAccessible();
    type("backup-folder", "/media/stick");
    await waitFor(() => expect(the<HTMLButtonElement>("backup-folder-go").disabled).toBe(false));
    click("backup-folder-go");
    await soon("backup-now");
    expect(double.last("set_backup_folder")).toEqual({ folder: "/media/stick" });
    await expectAccessible();
    click("backup-stop");
    await gone("backup-now");
  });
  it("say why a folder was refused", async () => {
    const double = await openPage(open);
    await settings();
    double.answers["set_backup_folder"] = () => { throw fail("bad_input", "/nowhere: there is no such folder"); };
    type("backup-folder", "/nowhere");
    await waitFor(() => expect(the<HTMLButtonElement>("backup-folder-go").disabled).toBe(false));
    click("backup-folder-go");
    await waitFor(() => expect(the("backup-settings").textContent).toContain("there is no such folder"));
  });
  it("take a passphrase of their own that was typed twice alike, with a proof", async () => {
    const double = await openPage(open);
    await settings();
    click("backup-choose");
    (await soon("backup-passphrase")).click();
    await soon("backup-passphrase-sheet");
    type("backup-new", "marble lantern walnut");
    type("backup-new-again", "marble lantern walnuts");
    type("backup-proof", GOOD);
    click("backup-passphrase-go");
    await waitFor(() => expect(document.body.textContent).toContain(en.first.mismatch));
    expect(double.count("set_backup_passphrase")).toBe(0);
    type("backup-new-again", "marble lantern walnut");
    click("backup-passphrase-go");
    await gone("backup-passphrase-sheet");
    expect(double.last("set_backup_passphrase")).toEqual({ proof: { passphrase: GOOD, recovery_key: null }, passphrase: "marble lantern walnut" });
  });
});

describe("a folder for backups", () => {
  it("on the vault's own disk says so until it is marked as synced, and damaged backups are named", async () => {
    const double = await openPage(open);
    await settings();
    double.emit("backups", backupView({ folder: "/home/me/copies", state: "good", same_disk: true, damaged: ["keyhaven-1.keyhaven"] }));
    expect((await soon("backup-place")).textContent).toBe(en.backups.sameDisk);
    expect(the("backups-damaged").textContent).toContain("keyhaven-1.keyhaven");
    await expectAccessible();
    double.answers["note_synced_folder"] = () => backupView({ folder: "/home/me/copies", state: "good", same_disk: true, synced: true });
    click("backup-synced");
    await waitFor(() => expect(the("backup-place").textContent).toBe(en.backups.syncedHelp));
    expect(double.last("note_synced_folder")).toEqual({ synced: true });
    double.emit("backups", backupView({ folder: "/media/stick", state: "good" }));
    await gone("backup-place");
    expect(all("backups-damaged")).toHaveLength(0);
  });
});

describe("restore", () => {
  const look = async (answers: Record<string, () => unknown> = {}) => {
    const double = await openPage(open);
    Object.assign(double.answers, answers);
    await settings();
    click("restore-open");
    (await soon("restore-point")).click();
    return double;
  };
  it("shows what a backup holds and brings back only what was chosen", async () => {
    const double = await look();
    await waitFor(() => expect(all("restore-difference")).toHaveLength(3));
    expect(the("restore-holds").textContent).toContain(en.restore.holds(25, 24));
    await expectAccessible();
    expect(double.count("restore_records")).toBe(0);
    // What is missing is chosen; nothing that is there is changed unasked.
    expect(the("restore-go").textContent).toBe(en.restore.go(1));
    click("restore-go");
    await gone("restore");
    expect(double.last("restore_records")).toEqual({ look: 7, ids: ["d1"] });
  });
  it("goes back whole when everything is chosen", async () => {
    const double = await look();
    await soon("restore-go");
    click("restore-all");
    await waitFor(() => expect(the("restore-go").textContent).toBe(en.restore.go(3)));
    click("restore-go");
    await gone("restore");
    expect(double.last("restore_records")).toEqual({ look: 7, ids: ["d1", "d2", "d3"] });
  });
  it("asks for a backup's own passphrase", async () => {
    const double = await look({ look_into: () => ({ answer: "locked", has_passphrase: true, has_recovery_key: true }) });
    await soon("restore-proof");
    double.answers["look_into"] = () => ({ answer: "opened", ...lookView() });
    type("restore-proof", "of the backup");
    click("restore-proof-go");
    await soon("restore-go");
    expect(double.last("look_into")).toEqual({ place: "folder", name: "b1", proof: { passphrase: "of the backup", recovery_key: null } });
  });
  it("brings single records back from paper, page by page", async () => {
    const double = await openPage(open);
    await settings();
    click("restore-open");
    (await soon("restore-from-paper")).click();
    await soon("paper-restore");
    await expectAccessible();
    double.emit("pages", { have: 9, count: 9, missing_pages: [], complete: true, conflict: null, problems: [] });
    (await soon("paper-restore-go")).click();
    await soon("restore-proof");
    expect(double.last("look_into_pages")).toEqual({ proof: null });
    await expectAccessible();
    type("restore-proof", GOOD);
    click("restore-proof-go");
    await waitFor(() => expect(all("restore-difference")).toHaveLength(2));
    await waitFor(() => expect(double.last("gather_pages")).toEqual({ shown: false }));
    click("restore-go");
    await gone("restore");
    expect(double.last("restore_records")).toEqual({ look: 7, ids: ["d1"] });
  });
  it("says so when nothing differs", async () => {
    await look({ look_into: () => ({ answer: "opened", ...lookView({ differences: [] }) }) });
    await waitFor(() => expect(the("restore").textContent).toContain(en.restore.same));
    expect(all("restore-go")).toHaveLength(0);
  });
});

describe("a conflicted copy", () => {
  it("is on the app's face, is looked at first, merged on the person's word and then put away", async () => {
    const double = await openPage(open);
    double.copies = [COPY];
    window.dispatchEvent(new Event("focus"));
    await waitFor(() => expect(banners()).toContain("copies"));
    document.querySelector<HTMLElement>('[data-kind="copies"] .act')?.click();
    (await soon("copy-look")).click();
    await waitFor(() => expect(all("merge-difference").map((one) => one.dataset["effect"])).toEqual(["added", "changed", "removed"]));
    expect(the("merge").textContent).toContain(en.merge.effects({ slots_added: 1, slots_removed: 0, keys_taken_over: false, recovery_waits: false })[0]);
    await expectAccessible();
    expect(double.count("apply_merge")).toBe(0);
    click("merge-go");
    await soon("merge-done");
    expect(double.last("apply_merge")).toEqual({ look: 7 });
    await waitFor(() => expect(banners()).not.toContain("copies"));
    click("copy-keep");
    await gone("merge");
    expect(double.last("settle_copy")).toEqual({ name: COPY.name, fate: "keep" });
  });
  it("with nothing new in it is on nobody's face", async () => {
    const double = await openPage(open);
    double.copies = [{ ...COPY, news: false }];
    window.dispatchEvent(new Event("focus"));
    await waitFor(() => expect(double.count("copies")).toBeGreaterThan(1));
    expect(banners()).not.toContain("copies");
  });
  it("that was sealed with renewed keys asks for the passphrase", async () => {
    const double = await openPage(open);
    double.copies = [COPY];
    double.answers["preview_copy"] = ({ proof }) => { if (proof === null) throw fail("recovery_locked", "x"); return { answer: "opened", ...lookView({ merge: { slots_added: 0, slots_removed: 0, keys_taken_over: true, recovery_waits: false, nothing: false } }) }; };
    await settings();
    click("merge-open");
    (await soon("copy-look")).click();
    await soon("merge-proof");
    type("merge-proof", GOOD);
    click("merge-proof-go");
    await soon("merge-go");
  });
});

describe("ways in", () => {
  const card = async () => {
    const double = await openPage(open);
    await settings();
    await waitFor(() => expect(all("slot")).toHaveLength(3));
    return double;
  };
  it("are added with a proof", async () => {
    const double = await card();
    click("slot-add");
    await soon("slot-sheet");
    await expectAccessible();
    type("slot-new", "marble lantern walnut");
    type("slot-new-again", "marble lantern walnut");
    type("slot-proof", GOOD);
    click("slot-go");
    await gone("slot-sheet");
    expect(double.last("add_passphrase")).toEqual({ proof: { passphrase: GOOD, recovery_key: null }, passphrase: "marble lantern walnut", label: "" });
    await waitFor(() => expect(all("slot")).toHaveLength(4));
  });
  it("are changed with the current passphrase, and a wrong one is told", async () => {
    await card();
    click("slot-change");
    await soon("slot-current");
    for (const [current, kept] of [["wrong", 1], [GOOD, 0]] as const) {
      type("slot-current", current);
      type("slot-new", "marble lantern walnut");
      type("slot-new-again", "marble lantern walnut");
      click("slot-go");
      if (kept) expect((await soon("slot-error")).dataset["kind"]).toBe("wrong_passphrase");
      else await gone("slot-sheet");
    }
  });
  it("the last that does not depend on this computer cannot even be chosen", async () => {
    const double = await openPage(open);
    double.slots = [slotView({ removable: false }), slotView({ id: "k1", kind: "keyring" })];
    await settings();
    await waitFor(() => expect(all("slot-remove").map((one) => (one as HTMLButtonElement).disabled)).toEqual([true, false]));
    expect(the("slot-settings").textContent).toContain(en.slots.lastOne);
  });
  it("tell what renewing the keys means before it is done, and show the new kit", async () => {
    const double = await card();
    click("rotate-open");
    const fate = await soon("rotation-fate");
    expect(fate.textContent).toContain("12 saved states and 3 backups");
    await expectAccessible();
    expect(double.count("rotate_keys")).toBe(0);
    type("rotate-passphrase", GOOD);
    click("rotate-go");
    await soon("kit");
  });
});

describe("the keyring doctor", () => {
  it.each(Object.keys(en.doctor.finding) as Finding[])("has words for %s", async (finding) => {
    const double = await openPage(open);
    double.answers["doctor"] = () => doctorReport({ finding });
    await settings();
    click("doctor-open");
    const found = await soon("finding");
    expect(found.dataset["finding"]).toBe(finding);
    expect(found.textContent).toContain(en.doctor.finding[finding].help);
    if (finding === "no_bus") await expectAccessible();
  });
  it("lets a locked keyring ask only when told to", async () => {
    const double = await openPage(open);
    double.answers["doctor"] = ({ unlock }) => doctorReport({ finding: unlock ? "ready" : "locked" });
    await settings();
    click("doctor-open");
    (await soon("doctor-ask")).click();
    await waitFor(() => expect(the("finding").dataset["finding"]).toBe("ready"));
    expect(double.calls.filter((call) => call.command === "doctor").map((call) => call.args["unlock"])).toEqual([false, true]);
  });
  it("puts the key back in an open vault", async () => {
    const double = await openPage(open);
    double.answers["doctor"] = () => doctorReport(double.count("enable_keyring") > 0 ? {} : { finding: "stale", repairable: true });
    await settings();
    click("doctor-open");
    (await soon("doctor-repair")).click();
    await waitFor(() => expect(the("finding").dataset["finding"]).toBe("ready"));
  });
  it("found at the unlock screen puts the key back once the passphrase was typed", async () => {
    const double = await openPage({ phase: "locked", ...lockedView({ has_keyring: false }) });
    double.answers["unlock_with_keyring"] = () => { throw fail("keyring"); };
    double.status = { phase: "locked", ...lockedView({ keyring: "missing" }) };
    double.emit("status", double.status);
    double.answers["doctor"] = () => doctorReport({ finding: "other_provider", repairable: true, open: false, stored_with: "kwalletd6", provider: "keepassxc" });
    (await soon("doctor-open")).click();
    expect((await soon("finding")).textContent).toContain(en.doctor.otherProvider("kwalletd6", "keepassxc"));
    click("doctor-later");
    await gone("doctor");
    type("unlock-passphrase", GOOD);
    click("unlock-submit");
    await soon("search");
    await waitFor(() => expect(double.count("enable_keyring")).toBe(1));
  });
});
