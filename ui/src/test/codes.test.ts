import { waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OpenView, Status } from "../api";
import { en } from "../messages/en";
import { vault } from "../state/vault.svelte";
import { fail, lockedView, openView, SETTINGS } from "./double";
import { all, click, expectAccessible, gone, openPage, press, soon, the, type } from "./page";

const open = (changes: Partial<OpenView> = {}): Status => ({ phase: "open", ...openView(changes) });
const names = () => all("account-row").map((row) => row.querySelector(".title .cut")?.textContent);
const selected = () => document.querySelector<HTMLElement>('[data-testid="account-row"][aria-selected="true"]');
const row = (id: string) => document.querySelector<HTMLElement>(`[data-id="${id}"]`);

describe("the list of codes", () => {
  it("has no accessibility fault, with rows, without, and with every banner", async () => {
    await openPage(open({ kit: "unconfirmed", keyring: "foreign", set_aside: 2 }));
    await soon("code");
    await expectAccessible();
    await openPage(open(), 0);
    await expectAccessible();
  });
  it("shows no name that turns the direction of writing", async () => {
    await openPage(open(), 24, (double) => { double.rows = double.rows.map((row) => (row.id === "a0" ? { ...row, issuer: "\u202emoc.elgoog", name: "me\u2066" } : row)); });
    await soon("account-row");
    expect(row("a0")?.textContent).toContain("\ufffdmoc.elgoog");
    expect(document.body.textContent).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  });
  it("shows each account's code in its groups, and dots for a counter-based one", async () => {
    const double = await openPage(open());
    await waitFor(() => expect(row("a0")?.querySelector('[data-testid="code"]')?.textContent).toMatch(/^\d{6}$/));
    expect(row("a0")?.querySelectorAll('[data-testid="code"] > span')).toHaveLength(2);
    expect(row("a7")?.querySelector('[data-testid="code"]')?.textContent).toBe("••••••");
    expect(double.last("codes")?.["ids"]).not.toContain("a7");
  });
  it("asks only for the rows on screen", async () => {
    const double = await openPage(open(), 1000);
    await soon("code");
    expect((double.last("codes")?.["ids"] as string[]).length).toBeLessThan(30);
    expect(all("account-row").length).toBeLessThan(30);
    expect(the("search").getAttribute("aria-controls")).toBe("accounts");
    expect(document.getElementById("accounts")?.getAttribute("aria-rowcount")).toBe("1000");
  });
  it("copies the best match with Enter and says when it will be cleared", async () => {
    const double = await openPage(open());
    type("search", "clou");
    await waitFor(() => expect(names()).toEqual(["Cloudflare", "Nextcloud"]));
    press("Enter");
    const toast = await soon("toast");
    expect(toast.textContent).toMatch(/Cloudflare copied — clears in (30|29) s/);
    expect(double.last("copy_code")).toEqual({ id: "a10" });
  });
  it("moves with the arrows, into the list and back to the search", async () => {
    await openPage(open());
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a0"));
    expect(document.activeElement).toBe(the("search"));
    press("ArrowDown");
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a1"));
    expect(document.activeElement?.id).toBe("accounts");
    expect(document.activeElement?.getAttribute("aria-activedescendant")).toBe("row-a1");
    press("ArrowUp");
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a0"));
    press("ArrowUp");
    expect(document.activeElement).toBe(the("search"));
    press("ArrowDown");
    press("End");
    await waitFor(() => expect(selected()).toBeNull()); // jsdom has no layout: the last row is out of the drawn range
    press("Home");
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a0"));
  });
  it("searches when letters are typed over the list, except where they are commands", async () => {
    const double = await openPage(open());
    press("ArrowDown");
    press("g");
    expect(document.activeElement).toBe(the("search"));
    press("ArrowDown");
    press("p");
    await waitFor(() => expect(double.last("edit_account")).toEqual({ id: selected()?.dataset["id"], changes: { pinned: true } }));
  });
  it("makes a counter-based account's next code on its button, and shows it", async () => {
    const double = await openPage(open());
    await soon("advance");
    click("advance");
    await waitFor(() => expect(row("a7")?.querySelector('[data-testid="code"]')?.textContent).toMatch(/^\d{6}$/));
    expect(double.calls.filter(({ command }) => command === "advance")).toEqual([{ command: "advance", args: { id: "a7" } }]);
  });
  it("deletes with a way back", async () => {
    const double = await openPage(open());
    press("ArrowDown");
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a1"));
    press("Delete");
    await waitFor(() => expect(row("a1")).toBeNull());
    expect(double.last("delete_account")).toEqual({ id: "a1" });
    (await soon("toast")).querySelector<HTMLButtonElement>(".act")?.click();
    await waitFor(() => expect(row("a1")).not.toBeNull());
  });
  it("deletes nothing while the focus is in the search", async () => {
    const double = await openPage(open());
    press("Delete");
    press("p");
    press("ArrowDown");
    expect(double.count("delete_account") + double.count("edit_account")).toBe(0);
  });
  it("gives a pressed row's focus to the list, and takes two presses of a button for no opening of details", async () => {
    await openPage(open());
    const copy = (await soon("code")).closest("button");
    copy?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
    expect(document.activeElement?.id).toBe("accounts");
    copy?.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    expect(all("detail")).toHaveLength(0);
    row("a0")?.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    await soon("detail");
  });
  it("arranges by hand, and puts the old order back when that fails", async () => {
    const double = await openPage(open());
    press("ArrowDown");
    press("ArrowDown");
    await waitFor(() => expect(selected()?.dataset["id"]).toBe("a2"));
    press("ArrowUp", { altKey: true });
    await waitFor(() => expect(names().slice(1, 3)).toEqual(["Adyen", "Hosted Network"]));
    expect((double.last("arrange")?.["ids"] as string[]).slice(0, 3)).toEqual(["a0", "a2", "a1"]);
    double.answers["arrange"] = () => { throw fail("not_saved", "The disk is full."); };
    press("ArrowDown", { altKey: true });
    await waitFor(() => expect(the("toast").textContent).toContain("The disk is full."));
    expect(names().slice(1, 3)).toEqual(["Adyen", "Hosted Network"]);
  });
  it("does not arrange while searching, and says why", async () => {
    const double = await openPage(open());
    type("search", "me");
    press("ArrowDown");
    press("ArrowDown", { altKey: true });
    expect((await soon("toast")).textContent).toContain(en.codes.noArrange);
    expect(double.count("arrange")).toBe(0);
  });
  it("filters by a tag", async () => {
    await openPage(open());
    const tag = [...document.querySelectorAll<HTMLButtonElement>("nav button")].find((button) => button.textContent.includes("Customers"));
    tag?.click();
    await waitFor(() => expect(names()).toEqual(["Hosted Network", "B3Networks", "Café Söderström Betriebsgesellschaft mit sehr langem Namen"]));
    expect(tag?.getAttribute("aria-current")).toBe("page");
  });
  it("shows all keys with ?, and closes with Escape", async () => {
    await openPage(open());
    press("?");
    await soon("keys");
    await expectAccessible();
    the("keys").dispatchEvent(new Event("cancel", { cancelable: true }));
    await gone("keys");
  });
  it("leads to adding when empty", async () => {
    await openPage(open(), 0);
    expect(the("empty").textContent).toContain(en.codes.emptyTitle);
    the("empty").querySelector("button")?.click();
    await soon("add-files");
  });
  it.each([
    ["kit", { kit: "unconfirmed" }, en.banner.kitUnconfirmed], ["keyring", { keyring: "locked" }, en.keyring.locked.title],
    ["set-aside", { set_aside: 2 }, "2 records could not be understood by this version. They are kept."], ["set-aside", { set_aside: 1 }, "1 record could not be understood by this version. It is kept."],
  ] as [string, Partial<OpenView>, string][])("has a line about %s", async (kind, changes, words) => {
    await openPage(open(changes));
    expect(all("banner").map((banner) => [banner.dataset["kind"], banner.textContent.trim().startsWith(words)])).toEqual([[kind, true]]);
  });
  it("has no line when all is well", async () => {
    await openPage(open());
    expect(all("banner")).toHaveLength(0);
  });
  it("goes to the rooms by key, and back", async () => {
    await openPage(open());
    await soon("code");
    for (const [key, screen] of [["2", "recovery-screen"], ["3", "readiness-screen"], ["1", "code"], [",", "settings-screen"], ["1", "code"]] as const) {
      press(key, { ctrlKey: true });
      await soon(screen);
    }
  });
  it("takes back by key, but what is written in the search takes back its own letters", async () => {
    const double = await openPage(open());
    await soon("code");
    press("ArrowDown");
    press("Delete");
    await soon("toast");
    type("search", "git");
    press("z", { ctrlKey: true });
    expect(double.count("restore_account")).toBe(0);
    type("search", "");
    press("z", { ctrlKey: true });
    await waitFor(() => expect(double.count("restore_account")).toBe(1));
  });
  it("shows a secret and the next counter-based code by key", async () => {
    const double = await openPage(open());
    await soon("code");
    press("ArrowDown");
    press("n");
    expect(double.count("advance"), "a time-based one has none").toBe(0);
    press("s");
    await soon("reveal-proof");
  });
  it("locks by key, and leaves no name, code or word of the search in the page", async () => {
    await openPage(open());
    await soon("code");
    type("search", "cloudflare");
    press("l", { ctrlKey: true });
    await soon("unlock");
    expect(document.documentElement.outerHTML).not.toMatch(/cloudflare|example\.org/i);
    expect(vault.rows).toEqual([]);
  });
  it("wears the theme of the settings", async () => {
    const double = await openPage(open({ settings: { ...SETTINGS, theme: "dark" } }));
    await waitFor(() => expect(document.documentElement.dataset["theme"]).toBe("dark"));
    double.emit("status", { phase: "locked", ...lockedView() });
    await soon("unlock");
    expect(document.documentElement.dataset["theme"]).toBe("dark");
  });
});

describe("the clock", () => {
  afterEach(() => { vi.useRealTimers(); Object.defineProperty(document, "hidden", { configurable: true, get: () => false }); });
  const hide = (hidden: boolean) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  /** A page whose time stands at five seconds into a period. */
  async function frozen() {
    vi.useFakeTimers({ now: 1_800_000_005_000, shouldAdvanceTime: true, advanceTimeDelta: 1 });
    const double = await openPage(open(), 4);
    await soon("code");
    await waitFor(() => expect(double.count("codes")).toBeGreaterThan(0));
    return double;
  }

  it("asks exactly once at a period's end, and never between", async () => {
    const double = await frozen();
    const before = double.count("codes");
    await vi.advanceTimersByTimeAsync(24_000);
    expect(double.count("codes")).toBe(before);
    const old = the("code").textContent;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(double.count("codes")).toBe(before + 1);
    expect(the("code").textContent).not.toBe(old);
    await vi.advanceTimersByTimeAsync(26_000);
    expect(double.count("codes")).toBe(before + 1);
  });
  it("shows the next code in the last third only", async () => {
    await frozen();
    expect(all("next-code")).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(all("next-code")).toHaveLength(4);
  });
  it("does nothing while the window is hidden, and asks once when it is seen again", async () => {
    const double = await frozen();
    press("Enter");
    await soon("toast");
    hide(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0); // nothing wakes the processor, with a message on screen neither
    const before = double.count("codes");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(double.count("codes")).toBe(before);
    hide(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(double.count("codes")).toBe(before + 1);
  });
  it("asks again some seconds after a failure, not at once and not for ever at once", async () => {
    const double = await frozen();
    double.answers["codes"] = () => { throw fail("other"); };
    const before = double.count("codes");
    await vi.advanceTimersByTimeAsync(26_000);
    expect(double.count("codes")).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(double.count("codes")).toBe(before + 2);
  });
  it("covers a counter-based code after a minute", async () => {
    vi.useFakeTimers({ now: 1_800_000_005_000, shouldAdvanceTime: true, advanceTimeDelta: 1 });
    await openPage(open());
    await soon("advance");
    click("advance");
    await waitFor(() => expect(row("a7")?.querySelector('[data-testid="code"]')?.textContent).not.toContain("•"));
    await vi.advanceTimersByTimeAsync(62_000);
    expect(row("a7")?.querySelector('[data-testid="code"]')?.textContent).toBe("••••••");
  });
  it("tells the program of a person at most every ten seconds", async () => {
    const double = await frozen();
    await vi.advanceTimersByTimeAsync(11_000);
    for (let n = 0; n < 5; n += 1) press("ArrowDown");
    expect(double.count("touch")).toBe(1);
    await vi.advanceTimersByTimeAsync(11_000);
    press("ArrowDown");
    expect(double.count("touch")).toBe(2);
  });
});
