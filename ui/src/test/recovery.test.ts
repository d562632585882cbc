import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Status, Veiled } from "../api";
import { fail, lockedView, openView, type Double } from "./double";
import { all, click, expectAccessible, gone, openPage, press, soon, the, type } from "./page";
import { draft, setRow } from "./recovery-double";

const open: Status = { phase: "open", ...openView() };
const filled = (double: Double) => double.recovery.fill();
const opened = (double: Double) => { double.recovery.fill(); double.recovery.open = true; };

async function room(prepare: (double: Double) => void = filled): Promise<Double> {
  const double = await openPage(open, 24, prepare);
  click("room-recovery");
  await soon("recovery-screen");
  return double;
}
const page = () => document.body.textContent;

describe("the recovery room", () => {
  it("says what to do while it is empty, without an accessibility fault", async () => {
    await room(() => undefined);
    expect((await soon("recovery-empty")).textContent).toContain("Drop the file");
    await expectAccessible();
  });
  it("counts while locked, and asks for a passphrase of its own", async () => {
    const double = await room();
    expect(all("recovery-item").map((item) => item.dataset["standing"])).toEqual(["good", "good", "low", "good", "good", "good"]);
    expect(the("recovery-left").textContent).toBe("13 of 16 left");
    await expectAccessible();
    type("recovery-proof", "wrong");
    click("recovery-unlock-go");
    await waitFor(() => expect(the("recovery-unlock").textContent).toContain("does not open the vault"));
    type("recovery-proof", double.recovery.passphrase);
    click("recovery-unlock-go");
    await soon("recovery-code");
    expect(all("recovery-code")).toHaveLength(16);
    expect(page()).not.toContain("8f3a9");
    await expectAccessible();
  });
  it("copies the next code and marks it used, and takes that back", async () => {
    const double = await room(opened);
    await soon("copy-next");
    press("c");
    await waitFor(() => expect(the("recovery-left").textContent).toBe("12 of 16 left"));
    expect(double.last("copy_next_recovery")).toEqual({ set: "s0", place: "" });
    expect((await soon("toast")).textContent).toContain("Code 4 copied");
    press("u");
    await waitFor(() => expect(the("recovery-left").textContent).toBe("13 of 16 left"));
    expect(page()).not.toContain("d2f68");
  });
  it("shows codes only when asked, and covers them when the room is left", async () => {
    const double = await room(opened);
    (await soon("recovery-show")).click();
    await waitFor(() => expect(page()).toContain("8f3a9-71c02"));
    press("Escape");
    await gone("recovery-screen");
    expect(page()).not.toContain("8f3a9");
    await waitFor(() => expect(double.count("lock_recovery")).toBe(1));
  });
  it("draws shown codes letter by letter: no text of the page is a code", async () => {
    await room(opened);
    (await soon("recovery-show")).click();
    await waitFor(() => expect(page()).toContain("8f3a9-71c02"));
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) expect(texts.currentNode.nodeValue).not.toMatch(/8f3a9|71c02/);
    await expectAccessible();
  });
  it("notes where a code was used", async () => {
    const double = await room(opened);
    await soon("copy-next");
    all("recovery-code")[0]?.click();
    await soon("recovery-place");
    type("recovery-place", "hotel computer");
    await waitFor(() => expect(the<HTMLButtonElement>("recovery-place-save").disabled).toBe(false));
    click("recovery-place-save");
    await waitFor(() => expect(double.last("mark_recovery")).toEqual({ set: "s0", index: 0, used: true, place: "hotel computer" }));
  });
  it("leaves nothing behind when the vault locks", async () => {
    const double = await room(opened);
    (await soon("recovery-show")).click();
    await waitFor(() => expect(page()).toContain("8f3a9-71c02"));
    double.emit("status", { phase: "locked", ...lockedView() });
    await soon("unlock");
    expect(document.documentElement.outerHTML).not.toContain("8f3a9");
  });
  it("edits and deletes", async () => {
    const double = await room(opened);
    await soon("copy-next");
    click("recovery-edit");
    await soon("recovery-name");
    await waitFor(() => expect(all("recovery-note")).toHaveLength(1));
    await expectAccessible();
    type("recovery-name", "Work");
    click("recovery-save");
    await gone("recovery-edit-sheet");
    expect(double.last("edit_recovery")).toMatchObject({ set: "s0", changes: { name: "Work", account: "a0" } });
    click("recovery-edit");
    await soon("recovery-delete");
    click("recovery-delete");
    expect(double.count("delete_recovery")).toBe(0);
    await waitFor(() => expect(the("recovery-delete").textContent).toContain("for good"));
    click("recovery-delete");
    await waitFor(() => expect(all("recovery-item")).toHaveLength(5));
  });
  it("shows on the face of the codes what is low, and how much each account has left", async () => {
    await openPage(open, 24, filled);
    await waitFor(() => expect(all("banner").map((banner) => banner.dataset["kind"])).toContain("recovery"));
    const chips = all("row-recovery").map((chip) => chip.textContent);
    expect(chips).toContain("13 of 16 left");
    expect(chips).toContain("Recovery key stored");
    expect(chips).toContain("No recovery codes");
  });
  it("says No recovery codes of every account while there is not one set", async () => {
    await openPage(open, 24, (double) => { double.recovery.rows.length = 0; });
    await waitFor(() => expect(all("row-recovery").length).toBeGreaterThan(0));
    expect(new Set(all("row-recovery").map((chip) => chip.textContent))).toEqual(new Set(["No recovery codes"]));
    expect(all("row-recovery")).toHaveLength(all("account-row").length);
  });
});

describe("the search of the codes", () => {
  it("finds recovery sets too, and Enter goes to one where no account is found", async () => {
    await openPage(open, 24, filled);
    await waitFor(() => expect(all("row-recovery").length).toBeGreaterThan(0));
    type("search", "google");
    await waitFor(() => expect(all("found-set").map((one) => one.dataset["standing"])).toEqual(["low"]));
    expect(all("account-row").length).toBeGreaterThan(0);
    await expectAccessible();
    type("search", "8f3a9");
    await waitFor(() => expect(all("found-set")).toHaveLength(0));
    type("search", "studio");
    await waitFor(() => expect(the("found-set").textContent).toContain("BitLocker"));
    expect(all("account-row")).toHaveLength(0);
    press("Enter");
    await soon("recovery-screen");
    expect(the("recovery-detail").textContent).toContain("BitLocker");
  });
});

describe("a new download that looks like recovery codes", () => {
  const offer = { id: 3, name: "github-recovery-codes (2).txt" };
  const offered = () => all("banner").filter((banner) => banner.dataset["kind"] === "download");
  it("is offered on the codes' face, and looked at only when asked", async () => {
    const double = await openPage(open, 24, filled);
    expect(offered()).toHaveLength(0);
    double.recovery.downloads = [offer];
    double.emit("downloads", [offer]);
    await waitFor(() => expect(offered().map((banner) => banner.textContent)).toEqual([expect.stringContaining(offer.name)]));
    expect(double.count("take_download")).toBe(0);
    await expectAccessible();
    offered()[0]?.querySelector("button")?.click();
    await soon("draft");
    expect(double.last("take_download")).toEqual({ download: 3 });
    expect(offered()).toHaveLength(0);
  });
  it("is left alone, and an offer from before the page was there is seen too", async () => {
    const double = await openPage(open, 24, (double) => { filled(double); double.recovery.downloads = [offer]; });
    await waitFor(() => expect(offered()).toHaveLength(1));
    offered()[0]?.querySelectorAll("button")[1]?.click();
    await waitFor(() => expect(offered()).toHaveLength(0));
    expect(double.last("leave_download")).toEqual({ download: 3 });
    expect(all("draft")).toHaveLength(0);
  });
  it("is not looked for before that is switched on", async () => {
    const double = await openPage(open, 24, filled);
    click("settings");
    await soon("settings-screen");
    expect(the<HTMLInputElement>("watch-downloads").checked).toBe(false);
    click("watch-downloads");
    await waitFor(() => expect(double.last("change_settings")).toMatchObject({ settings: { watch_downloads: true } }));
  });
});

describe("a file under review", () => {
  async function review(prepare: (double: Double) => void = filled): Promise<Double> {
    const double = await room(prepare);
    double.emit("drafts", [double.recovery.draft]);
    await soon("draft");
    return double;
  }
  it("stands beside its original, masked, and takes the person to the room", async () => {
    const double = await openPage(open, 24, filled);
    double.emit("drafts", [draft()]);
    await soon("draft");
    await soon("recovery-screen");
    expect(the("draft-found").textContent).toContain("4 codes");
    expect(all("draft-line")).toHaveLength(7);
    expect(page()).not.toContain("8f3a9");
    await expectAccessible();
    click("draft-show");
    await waitFor(() => expect(page()).toContain("8f3a9-71c02"));
  });
  it("is corrected: joined, dropped, taken", async () => {
    const double = await review();
    const act = async (what: string) => {
      all("draft-code")[0]?.querySelector("button")?.click();
      (await soon(`draft-${what}`)).click();
    };
    await act("join");
    await waitFor(() => expect(all("draft-code")).toHaveLength(3));
    await act("drop");
    await waitFor(() => expect(all("draft-code")).toHaveLength(2));
    all("draft-take").at(-1)?.click();
    await waitFor(() => expect(all("draft-code")).toHaveLength(3));
    expect(double.calls.filter(({ command }) => command === "correct_draft").map(({ args }) => args["correction"])).toEqual([{ what: "join", code: 0 }, { what: "drop", code: 0 }, { what: "take", line: 7 }]);
  });
  it("is kept for an account, replaces nothing by itself, and then its download may go", async () => {
    const double = await review();
    click("draft-keep");
    await gone("draft");
    expect(double.last("accept_draft")).toEqual({ draft: 1, choices: { name: "", provider: "GitHub", account: "a0", replaces: null } });
    expect((await soon("tidy")).textContent).toContain("copy on write");
    await expectAccessible();
    click("tidy-bin");
    await gone("tidy");
    expect(double.last("tidy_download")).toEqual({ set: "new", way: "bin" });
  });
  it("says when this very file is kept already", async () => {
    const double = await room(opened);
    double.emit("drafts", [draft({ already: "s0" })]);
    expect((await soon("draft-already")).textContent).toContain("kept already, as GitHub");
  });
  it("says of the file of a replaced set that its codes are void", async () => {
    const double = await room((double) => {
      opened(double);
      double.recovery.rows.push(setRow({ id: "old", standing: "superseded", superseded_at: 1_772_500_000_000 }));
    });
    double.emit("drafts", [draft({ already: "old" })]);
    const said = (await soon("draft-already")).textContent;
    expect(said).toContain("a newer set took its place");
    expect(said).not.toContain("is kept");
  });
  it("offers no code of a set that was replaced, neither the next nor one by its row", async () => {
    const double = await room((double) => {
      opened(double);
      const old = double.recovery.rows[0];
      if (old) double.recovery.rows[0] = { ...old, standing: "superseded", superseded_at: 1_772_500_000_000 };
    });
    await soon("recovery-code");
    all("recovery-code").find((code) => code.dataset["used"] === "false")?.click();
    await soon("recovery-mark");
    for (const way of ["copy-next", "copy-key", "recovery-copy-one"]) expect(all(way)).toHaveLength(0);
    expect(double.count("copy_recovery")).toBe(0);
  });
  it("replaces the set from which it was asked for", async () => {
    const double = await room(opened);
    (await soon("recovery-replace")).click();
    await soon("draft");
    expect(the<HTMLSelectElement>("draft-replaces").value).toBe("s0");
    click("draft-keep");
    await gone("draft");
    expect(double.last("accept_draft")).toMatchObject({ choices: { replaces: "s0" } });
    await waitFor(() => expect(all("recovery-item").map((item) => item.dataset["standing"])).toContain("superseded"));
  });
  it("stays when it could not be saved", async () => {
    const double = await review();
    double.answers["accept_draft"] = () => { throw fail("not_saved", "The disk is full."); };
    click("draft-keep");
    await waitFor(() => expect(the("draft").textContent).toContain("The disk is full."));
  });
  it("that cannot be kept says why", async () => {
    const double = await room();
    double.emit("drafts", [draft({ unusable: "the file is empty", codes: [], lines: [] })]);
    expect((await soon("draft")).textContent).toContain("the file is empty");
    expect(all("draft-keep")).toHaveLength(0);
    click("draft-cancel");
    await gone("draft");
    expect(double.last("dismiss_draft")).toEqual({ draft: 1 });
  });
  it("is typed in, and what was typed leaves the page", async () => {
    const double = await room();
    click("recovery-type");
    await soon("type-codes-text");
    await expectAccessible();
    type("type-codes-text", "abcde-12345");
    await waitFor(() => expect(the<HTMLButtonElement>("type-codes-go").disabled).toBe(false));
    click("type-codes-go");
    await soon("draft");
    // It crosses veiled: the halves together are the text, and neither of them is.
    const { text } = double.last("draft_from_text") as { text: Veiled };
    const [one, other] = [text.veil, text.text].map((half) => atob(half));
    expect([...(one ?? "")].map((char, n) => String.fromCharCode(char.charCodeAt(0) ^ (other ?? "").charCodeAt(n))).join("")).toBe("abcde-12345");
    expect([one, other]).not.toContain("abcde-12345");
    for (const field of document.querySelectorAll("textarea")) expect(field.value).not.toContain("abcde");
  });
  it("is looked at page by page when it is a PDF, before and after it is kept", async () => {
    const double = await room((it) => { opened(it); it.recovery.pages = 2; });
    double.emit("drafts", [draft({ source: "scan.pdf", kind: "document", codes: [], lines: [], problems: [], pages: 3 })]);
    await soon("draft");
    expect(document.querySelector("canvas")).toBeNull();
    click("draft-pages");
    await waitFor(() => expect(the("page-number").textContent).toBe("Page 1 of 3"));
    await soon("picture");
    expect(double.last("draft_picture")).toEqual({ draft: 1, page: 0 });
    expect(the<HTMLButtonElement>("page-back").disabled).toBe(true);
    await expectAccessible();
    click("page-on");
    click("page-on");
    await waitFor(() => expect(double.last("draft_picture")).toEqual({ draft: 1, page: 2 }));
    await waitFor(() => expect(the("draft").textContent).toContain("A part of this page"));
    expect(the<HTMLButtonElement>("page-on").disabled).toBe(true);
    double.answers["draft_picture"] = () => { throw fail("bad_input", "page 2 is damaged"); };
    click("page-back");
    await waitFor(() => expect(the("draft").textContent).toContain("page 2 is damaged"));
    expect(document.querySelector("canvas")).toBeNull();
    click("draft-pages");
    await waitFor(() => expect(document.querySelector("[data-testid=page-number]")).toBeNull());
    click("draft-cancel");
    await gone("draft");
    click("recovery-picture");
    await waitFor(() => expect(the("page-number").textContent).toBe("Page 1 of 2"));
    expect(double.last("recovery_picture")).toEqual({ set: "s0", page: 0 });
  });
  it("is edited letter by letter, and the engine's own field stays empty", async () => {
    const double = await room();
    click("recovery-type");
    const field = await soon<HTMLTextAreaElement>("type-codes-text");
    const shown = () => [...document.querySelectorAll(".letter")].map((letter) => letter.textContent).join("");
    const shows = (text: string) => waitFor(() => expect([shown(), field.value]).toEqual([text, ""]));
    const insert = (inputType: string, data: string | null = null) => field.dispatchEvent(new InputEvent("beforeinput", { inputType, data, bubbles: true, cancelable: true }));
    type("type-codes-text", "ab cd");
    await shows("ab cd");
    press("ArrowLeft");
    press("Backspace");
    insert("insertText", "x");
    await shows("ab xd");
    press("Home");
    press("Delete");
    insert("insertLineBreak");
    await shows("\nb xd");
    press("End");
    press("Backspace", { ctrlKey: true });
    await shows("\nb ");
    field.dispatchEvent(new Event("paste", { cancelable: true }));
    await shows("\nb 7be1f-90c3a");
    press("a", { ctrlKey: true });
    type("type-codes-text", "z");
    await shows("z");
    // Back step by step, and on again.
    press("z", { ctrlKey: true });
    await shows("\nb 7be1f-90c3a");
    press("z", { ctrlKey: true });
    await shows("\nb ");
    insert("historyUndo");
    await shows("\nb xd");
    press("y", { ctrlKey: true });
    await shows("\nb ");
    press("Z", { ctrlKey: true, shiftKey: true });
    await shows("\nb 7be1f-90c3a");
    for (const letter of "one") insert("insertText", letter);
    await shows("\nb 7be1f-90c3aone");
    press("z", { ctrlKey: true });
    await shows("\nb 7be1f-90c3a");
    for (let n = 0; n < 20; n += 1) press("z", { ctrlKey: true });
    await shows("");
    for (let n = 0; n < 20; n += 1) press("y", { ctrlKey: true });
    await shows("\nb 7be1f-90c3aone");
    double.answers["paste_text"] = () => { throw fail("clipboard", "there is no text in the clipboard"); };
    field.dispatchEvent(new Event("paste", { cancelable: true }));
    await waitFor(() => expect(the("type-codes").textContent).toContain("there is no text"));
    expect(field.value).toBe("");
  });
});
