import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { KeyringState, PagesView, Status } from "../api";
import { en } from "../messages/en";
import { fail, KIT, lockedView, type Double } from "./double";
import { vault } from "../state/vault.svelte";
import { all, click, expectAccessible, gone, openPage, soon, the, type } from "./page";

const absent = (keyring: KeyringState = "ready"): Status => ({ phase: "absent", folder: "/somewhere", keyring });
const GOOD = "correct horse battery staple";

async function create(): Promise<void> {
  type("passphrase", GOOD);
  type("passphrase-again", GOOD);
  click("create");
  await soon("kit");
}

describe("first start", () => {
  it("has no accessibility fault", async () => {
    await openPage(absent());
    await expectAccessible();
  });
  it("creates a vault with passphrase and keyring, and empties both fields at once", async () => {
    const double = await openPage(absent());
    type("passphrase", GOOD);
    type("passphrase-again", GOOD);
    const fields = [the<HTMLInputElement>("passphrase"), the<HTMLInputElement>("passphrase-again")];
    click("create");
    expect(fields.map((field) => field.value)).toEqual(["", ""]);
    await soon("kit");
    expect(double.last("create_vault")).toEqual({ request: { passphrase: GOOD, keyring: true } });
  });
  it("does not create a vault while the two passphrases differ", async () => {
    const double = await openPage(absent());
    type("passphrase", GOOD);
    type("passphrase-again", "another one");
    click("create");
    await waitFor(() => expect(document.body.textContent).toContain(en.first.mismatch));
    expect(double.count("create_vault")).toBe(0);
  });
  it("asks for the strength once the typing pauses, and shows it", async () => {
    const double = await openPage(absent());
    for (const text of ["c", "co", "cor", "corr"]) type("passphrase", text);
    await waitFor(() => expect(the("strength").dataset["score"]).toBe("0"));
    expect(double.count("estimate_passphrase")).toBe(1);
    expect(the("strength").textContent).toContain("3 seconds");
  });
  it("says why a passphrase was not taken, and keeps nothing of it", async () => {
    const double = await openPage(absent());
    double.answers["create_vault"] = () => { throw fail("weak_passphrase", "It is too short."); };
    type("passphrase", "abc");
    type("passphrase-again", "abc");
    click("create");
    await waitFor(() => expect(document.body.textContent).toContain(en.failure.weak_passphrase.title));
    expect(the<HTMLInputElement>("passphrase").value).toBe("");
    expect(all("kit")).toHaveLength(0);
  });
  it("does not offer a keyring that does not answer, and names the reason", async () => {
    const double = await openPage(absent("absent"));
    expect(the<HTMLInputElement>("use-keyring").disabled).toBe(true);
    expect(the("keyring-state").textContent).toContain(en.keyring.absent.title);
    await create();
    expect(double.last("create_vault")).toEqual({ request: { passphrase: GOOD, keyring: false } });
  });
  it("goes on without a keyring that fails, and says so", async () => {
    const double = await openPage(absent());
    double.answers["create_vault"] = () => { throw fail("keyring", "no default collection"); };
    type("passphrase", GOOD);
    type("passphrase-again", GOOD);
    click("create");
    await waitFor(() => expect(document.body.textContent).toContain(en.first.keyringFailed));
    expect(the<HTMLInputElement>("use-keyring").checked).toBe(false);
    delete double.answers["create_vault"];
    await waitFor(() => expect(the<HTMLButtonElement>("create").disabled).toBe(false));
    await create();
    expect(double.last("create_vault")).toEqual({ request: { passphrase: GOOD, keyring: false } });
  });
  it("opens or restores a chosen vault", async () => {
    const double = await openPage(absent());
    const restore = [...document.querySelectorAll("button")].find((button) => button.textContent === en.first.restore);
    restore?.click();
    (await soon("use-copy")).click();
    await soon("unlock");
    expect(double.last("use_vault")).toEqual({ path: "/media/stick/vault.keyhaven", copy: true });
  });
});

describe("the emergency kit", () => {
  it("has no accessibility fault", async () => {
    await openPage(absent());
    await create();
    await expectAccessible();
  });
  it("shows all groups, covers them while two are typed back, and counts as kept only when they fit", async () => {
    await openPage(absent());
    await create();
    expect(all("kit-group").map((group) => group.textContent)).toEqual(KIT.groups);
    type("kit-answer-0", "XXXX");
    await waitFor(() => expect(all("kit-group")[0]?.textContent).toBe("•••••"));
    type("kit-answer-1", KIT.groups[5] ?? "");
    click("kit-confirm");
    await waitFor(() => expect(document.body.textContent).toContain(en.failure.kit_mismatch.title));
    type("kit-answer-0", KIT.groups[2] ?? "");
    click("kit-confirm");
    await soon("empty");
    expect(all("banner")).toHaveLength(0);
  });
  it("leaves nothing of the key in the page, and a reminder, when kept for later", async () => {
    const double = await openPage(absent());
    await create();
    (await soon("kit-later")).click();
    await gone("kit");
    expect(double.count("close_kit")).toBe(1);
    for (const group of KIT.groups) expect(document.documentElement.outerHTML).not.toContain(group);
    expect((await soon("banner")).dataset["kind"]).toBe("kit");
  });
  it("does not outlive a vault that was locked before it was ever saved", async () => {
    const double = await openPage(absent());
    await create();
    await waitFor(() => expect(vault.open).not.toBeNull()); // the kit shows a moment before the status comes
    double.emit("status", absent());
    await gone("kit");
    for (const group of KIT.groups) expect(document.documentElement.outerHTML).not.toContain(group);
    expect((await soon("toast")).textContent).toContain(en.kit.neverMade);
  });
  it("is saved where the person chose, and printed with its key uncovered", async () => {
    const double = await openPage(absent());
    await create();
    click("kit-pdf");
    await waitFor(() => expect(the("kit").textContent).toContain("/home/me/Documents/keyhaven-kit.pdf"));
    expect(double.last("save_kit")).toEqual({ format: "pdf" });
    the("paper-size-letter").querySelector("input")?.click();
    await waitFor(() => expect(double.last("change_settings")).toMatchObject({ settings: { paper: "letter" } }));
    type("kit-answer-0", "X");
    await waitFor(() => expect(all("kit-group")[0]?.textContent).toBe("•••••"));
    let printed: (string | null)[] = [];
    double.answers["print_kit"] = () => { printed = all("kit-group").map((group) => group.textContent); };
    await waitFor(() => expect(the<HTMLButtonElement>("kit-print").disabled).toBe(false));
    click("kit-print");
    await waitFor(() => expect(printed).toEqual(KIT.groups));
  });
  it("cannot be put off without a passphrase", async () => {
    const double = await openPage(absent());
    const boxes = [...document.querySelectorAll<HTMLInputElement>('input[type="checkbox"]')];
    boxes.at(-1)?.click();
    await gone("passphrase");
    click("create");
    await soon("kit");
    expect(double.last("create_vault")).toEqual({ request: { passphrase: null, keyring: true } });
    expect(all("kit-later")).toHaveLength(0);
    expect(document.body.textContent).toContain(en.kit.noLater);
  });
  it("goes away with a lock", async () => {
    const double = await openPage(absent());
    await create();
    double.emit("status", { phase: "locked", ...lockedView() });
    await soon("unlock");
    expect(document.documentElement.outerHTML).not.toContain(KIT.groups[0]);
  });
});

describe("a paper backup", () => {
  const view = (changes: Partial<PagesView> = {}): PagesView => ({ have: 0, count: 0, missing_pages: [], complete: false, conflict: null, problems: [], ...changes });
  async function paper(): Promise<Double> {
    const double = await openPage(absent());
    click("restore-paper");
    await soon("paper-restore");
    expect(double.last("gather_pages")).toEqual({ shown: true });
    return double;
  }
  it("is gathered page by page, a missing one named, and takes the vault's place", async () => {
    const double = await paper();
    await expectAccessible();
    double.answers["pages_from_files"] = () => view({ have: 4, count: 9, missing_pages: [2, 3], problems: [{ source: "holiday.png", reason: "there is no code of a paper backup in these pictures" }] });
    click("paper-choose");
    expect((await soon("paper-missing")).textContent).toContain("Pages 2 and 3");
    expect(the("paper-problems").textContent).toContain("holiday.png");
    expect(all("paper-restore-go")).toHaveLength(0);
    await expectAccessible();
    double.emit("pages", view({ have: 9, count: 9, complete: true }));
    await soon("paper-restore-go");
    expect(all("paper-missing")).toHaveLength(0);
    double.answers["restore_pages"] = () => ({ phase: "locked", ...lockedView() });
    click("paper-restore-go");
    await soon("unlock");
    await waitFor(() => expect(double.last("gather_pages")).toEqual({ shown: false }));
  });
  it("says when pages are of several backups, and starts over", async () => {
    const double = await paper();
    double.emit("pages", view({ conflict: "these pages are of several paper backups: 0A, 0B" }));
    await waitFor(() => expect(the("paper-restore").textContent).toContain("several paper backups"));
    click("paper-over");
    await waitFor(() => expect(the("paper-restore").textContent).not.toContain("several paper backups"));
    expect(double.count("gather_pages")).toBe(2);
    click("paper-back");
    await soon("passphrase");
  });
});
