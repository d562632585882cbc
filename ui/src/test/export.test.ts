import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Status } from "../api";
import { en } from "../messages/en";
import { openView } from "./double";
import { all, click, expectAccessible, gone, openPage, soon, the } from "./page";

const open: Status = { phase: "open", ...openView() };
const PASSPHRASE = "correct horse battery staple";

async function sheet(count = 5) {
  const double = await openPage(open, count);
  click("settings");
  (await soon("export-open")).click();
  await soon("export-sheet");
  return double;
}
const choose = (value: string) => {
  const list = the<HTMLSelectElement>("export-target");
  list.value = value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
};
const fill = (testid: string, value: string) => { the<HTMLInputElement>(testid).value = value; };

describe("exporting", () => {
  it("has no accessibility fault, sealed and readable", async () => {
    await sheet();
    await soon("export-losses");
    await expectAccessible();
    choose("aegis");
    await soon("export-plain");
    await expectAccessible();
  });
  it("tells what is lost before anything is written, and asks for a password where there is one to be", async () => {
    const double = await sheet();
    await waitFor(() => expect(the("export-losses").textContent).toContain(en.export.noLosses));
    expect(all("export-plain")).toHaveLength(0);
    choose("aegis");
    await waitFor(() => expect(the("export-losses").textContent).toContain("the note GitHub · me@example.org"));
    expect(the("export-plain").textContent).toContain(en.export.plain);
    expect(all("export-password")).toHaveLength(0);
    expect(double.count("save_export")).toBe(0);
  });
  it("sends the chosen ones with a proof that leaves the field, and reminds of a readable file until it is removed", async () => {
    const double = await sheet();
    choose("otpauth");
    await soon("export-plain");
    document.querySelector<HTMLInputElement>(".list input")?.click();
    await waitFor(() => expect(the("export-chosen").textContent).toBe("4 of 5"));
    fill("export-proof", PASSPHRASE);
    click("export-go");
    await gone("export-sheet");
    expect(double.last("save_export")).toMatchObject({ request: { target: "otpauth", password: null, proof: { passphrase: PASSPHRASE } } });
    expect((double.last("save_export")?.["request"] as { accounts: string[] }).accounts).toHaveLength(4);
    expect((await soon("plain-export")).textContent).toContain("/home/me/keyhaven-otpauth");
    await expectAccessible();
    click("export-erase");
    await gone("plain-export");
    expect(double.last("tidy_export")).toMatchObject({ way: "erase" });
  });
  it("keeps the sheet when the passphrase is wrong, and wants the password twice alike", async () => {
    const double = await sheet();
    fill("export-password", "glass otter parade");
    fill("export-password-again", "glass otter prade");
    fill("export-proof", PASSPHRASE);
    click("export-go");
    await waitFor(() => expect(the("export-sheet").textContent).toContain(en.first.mismatch));
    expect(double.count("save_export")).toBe(0);
    fill("export-password-again", "glass otter parade");
    fill("export-proof", "wrong");
    click("export-go");
    await waitFor(() => expect(the("export-sheet").textContent).toContain(en.failure.wrong_passphrase.title));
    expect(double.last("save_export")).toMatchObject({ request: { target: "keyhaven", password: "glass otter parade" } });
    fill("export-proof", PASSPHRASE);
    click("export-go");
    await gone("export-sheet");
    expect(all("plain-export")).toHaveLength(0);
  });
  it("has nothing to export when nothing is chosen", async () => {
    await sheet();
    click("export-none");
    await waitFor(() => expect(the<HTMLButtonElement>("export-go").disabled).toBe(true));
  });
});

describe("what could not be understood", () => {
  it("is saved to a file after a proof, from the line that counts it", async () => {
    const double = await openPage({ phase: "open", ...openView({ set_aside: 2 }) }, 5);
    const line = all("banner").find((banner) => banner.dataset["kind"] === "set-aside");
    const action = line?.querySelector<HTMLButtonElement>(".act");
    expect(action?.textContent).toBe(en.aside.open(2));
    action?.click();
    await soon("aside-sheet");
    await expectAccessible();
    click("aside-go");
    expect(double.count("save_set_aside")).toBe(0);
    fill("aside-proof", "wrong");
    click("aside-go");
    await waitFor(() => expect(the("aside-sheet").textContent).toContain(en.failure.wrong_passphrase.title));
    fill("aside-proof", PASSPHRASE);
    click("aside-go");
    await gone("aside-sheet");
    expect(double.last("save_set_aside")).toEqual({ proof: { passphrase: PASSPHRASE, recovery_key: null } });
    await waitFor(() => expect(document.body.textContent).toContain(en.aside.done("/home/me/keyhaven-set-aside.jsonl")));
  });
  it("stays on the sheet when no file was chosen", async () => {
    const double = await openPage({ phase: "open", ...openView({ set_aside: 1 }) }, 5);
    double.answers["save_set_aside"] = () => null;
    document.querySelector<HTMLButtonElement>('[data-kind="set-aside"] .act')?.click();
    await soon("aside-sheet");
    fill("aside-proof", PASSPHRASE);
    click("aside-go");
    await waitFor(() => expect(double.count("save_set_aside")).toBe(1));
    await waitFor(() => expect(the<HTMLButtonElement>("aside-go").disabled).toBe(false));
    expect(all("aside-sheet")).toHaveLength(1);
  });
});
