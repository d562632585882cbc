import { waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Status } from "../api";
import { en } from "../messages/en";
import { fail, lockedView, openView, SETTINGS } from "./double";
import { all, click, expectAccessible, gone, openPage, press, soon, the, type } from "./page";

const open: Status = { phase: "open", ...openView() };
const GOOD = "correct horse battery staple";

async function details() {
  const double = await openPage(open);
  await soon("account-row");
  press("ArrowRight");
  await soon("detail");
  await waitFor(() => expect(the("detail").textContent).toContain(en.detail.added("").trim()));
  return double;
}

describe("an account that was changed in two places", () => {
  async function undecided() {
    const double = await openPage(open, 24, (double) => { double.rows = double.rows.map((row) => (row.id === "a0" ? { ...row, undecided: true } : row)); });
    await soon("row-undecided");
    click("row-undecided");
    await soon("versions");
    return double;
  }
  it("shows what differs, and keeps the version that is chosen", async () => {
    const double = await undecided();
    await expectAccessible();
    expect(the("versions").textContent).toContain("robin@example.net");
    expect(the<HTMLButtonElement>("delete").disabled).toBe(true);
    all("choose-version")[1]?.click();
    await gone("versions");
    expect(double.last("choose_version")).toEqual({ id: "a0", version: 1, changed_at: 1_772_400_000_000 });
    await gone("row-undecided");
    expect(the<HTMLInputElement>("detail-name").value).toBe("robin@example.net");
  });
  it("keeps both as accounts of their own", async () => {
    const double = await undecided();
    click("keep-versions");
    await gone("versions");
    expect(double.last("keep_versions")).toEqual({ id: "a0" });
  });
});

describe("an account's details", () => {
  it("has no accessibility fault", async () => {
    await details();
    await expectAccessible();
  });
  it("saves only what changed", async () => {
    const double = await details();
    expect(the<HTMLButtonElement>("detail-save").disabled).toBe(true);
    type("detail-name", "you@example.org");
    await waitFor(() => expect(the<HTMLButtonElement>("detail-save").disabled).toBe(false));
    click("detail-save");
    await gone("detail");
    expect(double.last("edit_account")).toEqual({ id: "a0", changes: { name: "you@example.org" } });
    await waitFor(() => expect(document.querySelector('[data-id="a0"]')?.textContent).toContain("you@example.org"));
  });
  it("adds and takes away tags", async () => {
    const double = await details();
    type("detail-tags", "New, Other");
    press("Enter");
    document.querySelector<HTMLButtonElement>(`[aria-label="${en.detail.removeTag("Work")}"]`)?.click();
    await waitFor(() => expect(the("detail").textContent).not.toContain("Work×"));
    click("detail-save");
    await waitFor(() => expect(double.last("edit_account")).toEqual({ id: "a0", changes: { tags: ["New", "Other"] } }));
  });
  it("asks before unsaved changes are lost", async () => {
    const double = await details();
    type("detail-note", "something else");
    await waitFor(() => expect(the<HTMLButtonElement>("detail-save").disabled).toBe(false));
    const escape = () => the("detail").dispatchEvent(new Event("cancel", { cancelable: true }));
    escape();
    await waitFor(() => expect(the("detail").textContent).toContain(en.detail.unsaved));
    escape();
    await gone("detail");
    expect(double.count("edit_account")).toBe(0);
  });
  it("keeps the form when saving failed, and says why", async () => {
    const double = await details();
    double.answers["edit_account"] = () => { throw fail("not_saved", "The disk is full."); };
    type("detail-issuer", "GitHub Enterprise");
    await waitFor(() => expect(the<HTMLButtonElement>("detail-save").disabled).toBe(false));
    click("detail-save");
    await waitFor(() => expect(the("detail").textContent).toContain("The disk is full."));
    expect(the<HTMLInputElement>("detail-issuer").value).toBe("GitHub Enterprise");
  });
  it("deletes with undo", async () => {
    const double = await details();
    click("delete");
    await gone("detail");
    expect(double.last("delete_account")).toEqual({ id: "a0" });
    expect((await soon("toast")).textContent).toContain(en.undo);
  });
});

describe("showing a secret", () => {
  afterEach(() => { vi.useRealTimers(); });
  async function shown() {
    const double = await details();
    click("reveal");
    await soon("reveal-proof");
    type("reveal-proof", GOOD);
    const field = the<HTMLInputElement>("reveal-proof");
    click("reveal-show");
    expect(field.value).toBe("");
    await soon("reveal-secret");
    return double;
  }
  const nothingLeft = () => {
    expect(document.documentElement.outerHTML).not.toContain("JBSWY3DPEHPK3PXP");
    expect(document.querySelector("img")).toBeNull();
  };
  it("is over at once by the key that locks", async () => {
    await shown();
    press("l", { ctrlKey: true });
    await soon("unlock");
    nothingLeft();
  });
  it("wants the passphrase anew, and names a wrong one", async () => {
    const double = await details();
    click("reveal");
    await soon("reveal-proof");
    await expectAccessible();
    type("reveal-proof", "wrong");
    click("reveal-show");
    await waitFor(() => expect(the("reveal-panel").textContent).toContain(en.failure.wrong_passphrase.title));
    expect(all("reveal-secret")).toHaveLength(0);
    expect(double.last("reveal")).toEqual({ id: "a0", proof: { passphrase: "wrong", recovery_key: null } });
  });
  it("leaves nothing behind when closed", async () => {
    await shown();
    expect(the("reveal-secret").textContent).toBe("JBSWY3DPEHPK3PXP");
    await expectAccessible();
    the("reveal-panel").dispatchEvent(new Event("cancel", { cancelable: true }));
    await gone("reveal-panel");
    nothingLeft();
  });
  it("closes when the window loses the focus", async () => {
    await shown();
    window.dispatchEvent(new Event("blur"));
    await gone("reveal-panel");
    nothingLeft();
  });
  it("closes with a lock", async () => {
    const double = await shown();
    double.emit("status", { phase: "locked", ...lockedView() });
    await soon("unlock");
    nothingLeft();
  });
  it("closes after a minute", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 1 });
    await shown();
    await vi.advanceTimersByTimeAsync(58_000);
    expect(all("reveal-secret")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(all("reveal-panel")).toHaveLength(0);
    nothingLeft();
  });
});

describe("settings", () => {
  async function settings(changes = {}) {
    const double = await openPage({ phase: "open", ...openView(changes) });
    click("settings");
    await soon("settings-screen");
    return double;
  }
  it("has no accessibility fault", async () => {
    await settings({ keyring: "foreign", kit: "none" });
    await expectAccessible();
  });
  it("changes the theme at once", async () => {
    const double = await settings();
    the("theme-dark").click();
    await waitFor(() => expect(document.documentElement.dataset["theme"]).toBe("dark"));
    expect(double.last("change_settings")).toEqual({ settings: { ...SETTINGS, theme: "dark" } });
  });
  it("shows a value that is none of the offered steps", async () => {
    await settings({ settings: { ...SETTINGS, idle_seconds: 17 } });
    expect(the<HTMLSelectElement>("idle").selectedOptions[0]?.textContent).toBe("17 seconds");
  });
  it("names a keyring in trouble, and puts the key back when asked", async () => {
    const double = await settings({ keyring: "missing" });
    expect(the("keyring-state").textContent).toContain(en.keyring.missing.title);
    click("keyring-repair");
    await waitFor(() => expect(the("keyring-state").textContent).toBe(en.settings.keyringOn));
    expect(double.count("enable_keyring")).toBe(1);
  });
  it("says why the keyring could not be given up", async () => {
    const double = await settings({ has_passphrase: false });
    double.answers["disable_keyring"] = () => { throw fail("kit_needed"); };
    click("keyring-off");
    await waitFor(() => expect(document.body.textContent).toContain(en.failure.kit_needed.title));
  });
  it("makes a new kit only after the passphrase", async () => {
    const double = await settings({ kit: "none" });
    click("kit-renew");
    await soon("kit-proof-input");
    type("kit-proof-input", GOOD);
    click("kit-renew-go");
    await soon("kit");
    expect(double.last("renew_kit")).toEqual({ proof: { passphrase: GOOD, recovery_key: null } });
  });
});
