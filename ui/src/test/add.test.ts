import { waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { describe, expect, it } from "vitest";
import type { Standing, Status } from "../api";
import { en } from "../messages/en";
import { UNKNOWN, fail, lockedView, openView } from "./double";
import { all, click, expectAccessible, gone, openPage, press, soon, the, type } from "./page";

const open: Status = { phase: "open", ...openView() };
const ticks = () => all("offer-item").map((item) => [item.dataset["standing"], item.querySelector("input")?.checked]);

describe("adding", () => {
  it("has no accessibility fault: the ways, the form, the offer", async () => {
    await openPage(open, 3);
    press("n", { ctrlKey: true });
    await soon("add-files");
    await expectAccessible();
    click("add-manual");
    await soon("manual-secret");
    document.querySelector("details")?.setAttribute("open", "");
    await expectAccessible();
  });
  it("reviews what was found: new ones ticked, known ones not, problems named", async () => {
    await openPage(open);
    click("add");
    (await soon("add-files")).click();
    await soon("offer");
    await expectAccessible();
    expect(ticks()).toEqual([["new", true], ["already_there", false], ["same_name_other_secret", true]]);
    const words: Record<Standing, string> = en.standing;
    for (const item of all("offer-item")) expect(item.textContent).toContain(words[item.dataset["standing"] as Standing]);
    expect(the("offer-problems").textContent).toContain("holiday.jpg There is no QR code in this picture.");
    expect(the("offer").textContent).toContain("The label names another issuer");
    expect(the("offer-accept").textContent).toBe("Add 2 accounts");
  });
  it("keeps what is ticked, and shows and highlights it in the list", async () => {
    const double = await openPage(open);
    press("v", { ctrlKey: true });
    await soon("offer");
    all("offer-item")[2]?.querySelector("input")?.click();
    await waitFor(() => expect(the("offer-accept").textContent).toBe("Add 1 account"));
    click("offer-accept");
    await gone("offer");
    expect(double.last("accept_offer")).toEqual({ offer: 1, indices: [0] });
    expect((await soon("toast")).textContent).toContain("1 account added");
    await waitFor(() => expect(document.getElementById("accounts")?.getAttribute("aria-activedescendant")).toMatch(/^row-new/));
    expect(document.getElementById("accounts")?.getAttribute("aria-rowcount")).toBe("25");
  });
  it("leaves the focus in the search while what was added still lights up", async () => {
    await openPage(open);
    press("v", { ctrlKey: true });
    await soon("offer");
    click("offer-accept");
    await gone("offer");
    await waitFor(() => expect(document.activeElement?.id).toBe("accounts"));
    const search = the("search") as HTMLInputElement;
    search.focus();
    for (const typed of ["p", "pe"]) {
      search.value = typed;
      search.dispatchEvent(new Event("input", { bubbles: true }));
      await tick();
      await tick();
      expect(document.activeElement).toBe(search);
    }
  });
  it("cannot add nothing, and lets the program forget what was dismissed", async () => {
    const double = await openPage(open);
    press("v", { ctrlKey: true });
    await soon("offer");
    for (const item of all("offer-item")) { const box = item.querySelector("input"); if (box?.checked) box.click(); }
    await waitFor(() => expect(the<HTMLButtonElement>("offer-accept").disabled).toBe(true));
    the("offer").dispatchEvent(new Event("cancel", { cancelable: true }));
    await gone("offer");
    expect(double.last("dismiss_offer")).toEqual({ offer: 1 });
    expect(double.count("accept_offer")).toBe(0);
  });
  it("adds up what is dropped while the sheet is open, and accepts each offer by its own name", async () => {
    const double = await openPage(open);
    double.emit("drag", true);
    await soon("drop");
    double.emit("drag", false);
    await gone("drop");
    double.emit("offer", double.offer());
    await soon("offer");
    double.emit("offer", double.offer());
    await waitFor(() => expect(all("offer-item")).toHaveLength(6));
    click("offer-accept");
    await gone("offer");
    expect(double.calls.filter(({ command }) => command === "accept_offer").map(({ args }) => args)).toEqual([{ offer: 1, indices: [0, 2] }, { offer: 2, indices: [0, 2] }]);
  });
  it("leaves the offer on screen when it could not be saved", async () => {
    const double = await openPage(open);
    double.answers["accept_offer"] = () => { throw fail("not_saved", "The disk is full."); };
    press("v", { ctrlKey: true });
    await soon("offer");
    click("offer-accept");
    await waitFor(() => expect(the("offer").textContent).toContain("The disk is full."));
    expect(ticks()).toHaveLength(3);
  });
  const nothing = "There is no picture and no otpauth address on the clipboard.";
  it.each([
    ["a failure", () => { throw fail("clipboard", nothing); }],
    ["an offer of nothing", () => ({ id: 9, found: [], locked: [], problems: [{ source: "Clipboard", reason: nothing }], screens: [] })],
  ])("says so when the clipboard has nothing (%s), without opening the sheet", async (_, answer) => {
    const double = await openPage(open);
    double.answers["offer_from_clipboard"] = answer;
    press("v", { ctrlKey: true });
    expect((await soon("toast")).textContent).toContain(nothing);
    expect(all("offer")).toHaveLength(0);
  });
  it("shows what is in a link, at once while open and after unlocking else", async () => {
    const locked: Status = { phase: "locked", ...lockedView({ has_keyring: false }) };
    const double = await openPage(locked);
    double.emit("links", null);
    expect((await soon("toast")).textContent).toContain(en.add.linkWaits);
    expect(double.count("offer_from_links")).toBe(0);
    double.answers["offer_from_links"] = () => double.offer();
    double.emit("status", open);
    await soon("offer");
    expect(double.count("offer_from_links")).toBe(1);
    await waitFor(() => expect(all("toast")).toHaveLength(0));
    const items = all("offer-item").length;
    double.emit("links", null);
    await waitFor(() => expect(all("offer-item")).toHaveLength(2 * items));
    expect(double.count("accept_offer")).toBe(0);
  });
  it("opens an encrypted export with its password, which leaves the field at once", async () => {
    const double = await openPage(open);
    const base = { kind: "totp", digits: 6, period: 30, algorithm: "SHA1", notes: [], standing: "new", source: "export.json", tags: ["Work"], ...UNKNOWN } as const;
    double.answers["open_export"] = (args) => {
      if (args["password"] !== "right") throw fail("wrong_passphrase", "the password is wrong for this export of Aegis");
      return { id: 6, found: [{ ...base, index: 0, issuer: "Example", name: "me" }], locked: [], problems: [], screens: [] };
    };
    double.emit("offer", { id: 5, found: [], locked: [{ index: 0, source: "export.json", program: "Aegis" }], problems: [], screens: [] });
    expect((await soon("offer-locked")).textContent).toContain("Aegis");
    await expectAccessible();
    const field = the("offer-password") as HTMLInputElement;
    const submit = (password: string) => { field.value = password; click("offer-open"); };
    submit("wrong");
    expect((await soon("offer-wrong-password")).textContent).toBe(en.add.sealedWrong);
    expect(field.value).toBe("");
    submit("right");
    expect((await soon("offer-item")).textContent).toContain("Example");
    expect(all("offer-locked")).toHaveLength(0);
    expect(double.last("open_export")).toEqual({ offer: 5, index: 0, password: "right" });
  });
  it("shows how far the key of an export is, and stops it without a failure", async () => {
    const double = await openPage(open);
    let give: ((answer: unknown) => void) | undefined;
    double.answers["open_export"] = () => new Promise((resolve) => { give = resolve; });
    double.answers["stop_opening"] = () => { give?.(null); return null; };
    double.emit("offer", { id: 5, found: [], locked: [{ index: 0, source: "export.json", program: "Ente Auth" }], problems: [], screens: [] });
    ((await soon("offer-password")) as HTMLInputElement).value = "secret";
    click("offer-open");
    await waitFor(() => expect(give).toBeDefined());
    double.emit("opening", { offer: 5, index: 0, percent: 40, memory_kib: 1_048_576 });
    expect((await soon("offer-progress")).textContent).toContain("40 % (takes 1,024 MiB of memory)");
    await expectAccessible();
    click("offer-stop");
    await gone("offer-progress");
    expect(double.last("stop_opening")).toEqual({ offer: 5, index: 0 });
    await waitFor(() => expect(the<HTMLButtonElement>("offer-open").disabled).toBe(false));
    expect(all("offer-wrong-password")).toHaveLength(0);
  });
  it("filters what was found and unticks what is shown, and names what the vault has", async () => {
    const double = await openPage(open);
    const base = { kind: "hotp", digits: 6, period: null, algorithm: "SHA1", notes: [] as string[], source: "old.json", tags: [] as string[], ...UNKNOWN } as const;
    double.emit("offer", {
      id: 8, screens: [], locked: [], problems: [{ source: "old.json", reason: "entry 9: it has no secret" }],
      found: [
        { ...base, index: 0, issuer: "Bank", name: "me", standing: "counter_ahead", matches: "My bank · me", counter: 57, held_counter: 41 },
        { ...base, index: 1, issuer: "Shop", name: "me", standing: "new" },
        { ...base, index: 2, issuer: "Short", name: "me", standing: "new", notes: ["the secret has 80 bits"] },
      ],
    });
    await soon("offer");
    await expectAccessible();
    expect(all("offer-item")[0]?.textContent).toContain("in your vault as My bank · me");
    expect(all("offer-item")[0]?.textContent).toContain("counter 41 → 57");
    click("offer-show-unusual");
    await waitFor(() => expect(all("offer-item")).toHaveLength(1));
    click("offer-untick");
    click("offer-show-problems");
    await waitFor(() => expect(the("offer-problems").textContent).toContain("it has no secret"));
    expect(all("offer-item")).toHaveLength(0);
    click("offer-show-all");
    await waitFor(() => expect(ticks()).toEqual([["counter_ahead", true], ["new", true], ["new", false]]));
    type("offer-filter", "shop");
    await waitFor(() => expect(all("offer-item")).toHaveLength(1));
    click("offer-accept");
    await gone("offer");
    expect(double.last("accept_offer")).toEqual({ offer: 8, indices: [0, 1] });
  });
  it("scans the screen and lets a frame in its picture be chosen", async () => {
    await openPage(open);
    click("add");
    (await soon("add-screen")).click();
    const frame = await soon("offer-frame");
    await expectAccessible();
    expect(frame.getAttribute("aria-label")).toBe("Shopify");
    expect(frame.getAttribute("aria-checked")).toBe("true");
    frame.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await waitFor(() => expect(ticks()[0]).toEqual(["new", false]));
    frame.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
    await waitFor(() => expect(ticks()[0]).toEqual(["new", true]));
    expect(all("offer-frame")).toHaveLength(1);
  });
  it("shows the way from another app, from the empty list and from the sheet", async () => {
    const double = await openPage({ phase: "open", ...openView({ accounts: 0 }) }, 0);
    (await soon("empty-coming")).click();
    await soon("coming-steps");
    await expectAccessible();
    for (const app of en.coming.apps) {
      const list = the<HTMLSelectElement>("coming-app");
      list.value = app.id;
      list.dispatchEvent(new Event("change", { bubbles: true }));
      await waitFor(() => expect(the("coming-steps").textContent).toContain(app.steps[0]));
      expect(the("coming-steps").children).toHaveLength(5);
    }
    click("coming-files");
    await soon("offer");
    expect(double.count("offer_from_files")).toBe(1);
  });
  it("offers no adding where only problems were found", async () => {
    const double = await openPage(open);
    double.emit("offer", { id: 4, screens: [], found: [], locked: [], problems: [{ source: "holiday.jpg", reason: "There is no QR code in this picture." }] });
    expect((await soon("offer")).textContent).toContain("holiday.jpg");
    expect(all("offer-accept")).toHaveLength(0);
  });
  it("does nothing when the file dialog is closed", async () => {
    const double = await openPage(open);
    double.answers["offer_from_files"] = () => null;
    click("add");
    (await soon("add-files")).click();
    await waitFor(() => expect(double.count("offer_from_files")).toBe(1));
    expect(all("offer")).toHaveLength(0);
    expect(all("add-files")).toHaveLength(1);
  });
});

describe("typing an account in", () => {
  async function form() {
    const double = await openPage(open);
    click("add");
    (await soon("add-manual")).click();
    await soon("manual-secret");
    return double;
  }
  it("sends what was typed, standard where nothing was, and leaves no secret in the page", async () => {
    const double = await form();
    type("manual-issuer", " Shop ");
    type("manual-name", "me");
    type("manual-secret", "JBSW Y3DP EHPK 3PXP");
    click("manual-check");
    await soon("offer");
    expect(double.last("offer_from_entry")).toEqual({ entry: { issuer: "Shop", name: "me", secret: "JBSW Y3DP EHPK 3PXP", kind: "totp", algorithm: null, digits: null, period: null, counter: null, pin: null } });
    expect(document.documentElement.outerHTML).not.toContain("JBSW");
    for (const input of document.querySelectorAll("input")) expect(input.value).not.toContain("JBSW");
  });
  it("sends the advanced fields that the kind has, and only those", async () => {
    const double = await form();
    const kind = the<HTMLSelectElement>("manual-kind");
    kind.value = "motp";
    kind.dispatchEvent(new Event("change", { bubbles: true }));
    await soon("manual-pin");
    expect(all("manual-digits")).toHaveLength(0);
    type("manual-secret", "abcdef");
    type("manual-pin", "1234");
    click("manual-check");
    await waitFor(() => expect(double.last("offer_from_entry")).toMatchObject({ entry: { kind: "motp", pin: "1234", digits: null, period: null } }));
  });
  it("keeps the fields when the secret has a slip, and shows where it is", async () => {
    const double = await form();
    type("manual-secret", "JBS1");
    click("manual-check");
    await waitFor(() => expect(the("add-sheet").textContent).toContain("at place 4"));
    expect(the<HTMLInputElement>("manual-secret").value).toBe("JBS1");
    expect(double.last("dismiss_offer")).toEqual({ offer: 1 });
  });
  it("wants a secret", async () => {
    const double = await form();
    click("manual-check");
    await waitFor(() => expect(the("manual").textContent).toContain(en.add.secretMissing));
    expect(double.count("offer_from_entry")).toBe(0);
  });
  it("goes away with a lock", async () => {
    const double = await form();
    type("manual-secret", "JBSWY3DP");
    const field = the<HTMLInputElement>("manual-secret");
    double.emit("status", { phase: "locked", ...lockedView() });
    await soon("unlock");
    expect(field.value).toBe("");
    expect(all("manual")).toHaveLength(0);
  });
});
