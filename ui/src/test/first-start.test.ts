import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { KeyringState, Status } from "../api";
import { en } from "../messages/en";
import { fail, KIT, lockedView } from "./double";
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
